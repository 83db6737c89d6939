"""The counters of spend that the exporter shows beside a balance, for worlds that are written as balances alone."""

import re
from collections.abc import Iterator
from typing import Any

from exporter.accounts.spending import Spending
from exporter.readings import Credit, Readings

SPIKE = "sms_credit_spend_spike_threshold_ratio"
_BALANCE = "sms_credit_balance{"
_TOLD = ("sms_credit_spent_total", "sms_credit_recharged_total", "sms_credit_watched_seconds_total")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_RUN = re.compile(r"(?P<first>-?[0-9.e]+|_|stale)(?:(?P<step>[+-][0-9.e]+(?:e-[0-9]+)?)?x(?P<times>[0-9]+))?")


def with_counters(document: dict[str, Any]) -> dict[str, Any]:
    """The same worlds with what the exporter counts of each balance, and with its own threshold of the spike."""
    for test in document["tests"]:
        seconds = _seconds(test["interval"])
        written = {each["series"]: each["values"] for each in test["input_series"]}
        told = {
            labels: values
            for series, values in written.items()
            if (labels := _labels(series, "sms_credit_spent_total"))
        }
        for series, values in list(written.items()):
            labels = _labels(series, "sms_credit_balance")
            if labels is None:
                continue
            if labels not in told:
                up = written.get(f'sms_api_up{{{_account(labels)},api="credit"}}')
                for name, counted in zip(_TOLD, _counted(list(_values(values)), up, seconds), strict=True):
                    test["input_series"].append({"series": f"{name}{{{labels}}}", "values": counted})
            spike = f'{SPIKE}{{{_account(labels)},severity="warning"}}'
            if not any(each.startswith(f"{SPIKE}{{{_account(labels)}") for each in written):
                written[spike] = ""
                test["input_series"].append({"series": spike, "values": f"5x{len(list(_values(values)))}"})
    return document


def _labels(series: str, name: str) -> str | None:
    return series.removeprefix(f"{name}{{").removesuffix("}") if series.startswith(f"{name}{{") else None


def _account(labels: str) -> str:
    """The labels without those of one pot."""
    return ",".join(re.sub(r",?\b(currency|wallet)=\"[^\"]*\"", "", labels).strip(",").split(","))


def _seconds(interval: str) -> float:
    number, unit = re.fullmatch(r"([0-9]+)([smhd])", interval).groups()  # type: ignore[union-attr]
    return float(number) * _UNITS[unit]


def _values(text: str) -> Iterator[float | str]:
    """A course in promtool's notation, a value a step; `_` and `stale` as they are."""
    for run in text.split():
        found = _RUN.fullmatch(run)
        assert found is not None, run
        first, step = found["first"], float(found["step"] or 0)
        count = 0 if found["times"] is None else int(found["times"])
        if first in {"_", "stale"}:
            yield from [first] * max(1, count)
        else:
            yield from (float(first) + step * number for number in range(count + 1))


def _counted(balances: list[float | str], up: str | None, seconds: float) -> tuple[str, ...]:
    """The counters: they stay where the provider gives no answer, and are gone where the exporter is."""
    ups = [] if up is None else list(_values(up))
    spending, courses = Spending(), [[] for _ in _TOLD]  # type: ignore[var-annotated]
    for number, balance in enumerate(balances):
        if isinstance(balance, float):
            spending.note(Readings(credits=(Credit(balance, "EUR"),)), number * seconds)
        fails = number < len(ups) and ups[number] == 0
        for course, value in zip(courses, ("spent", "recharged", "watched_seconds"), strict=True):
            known = spending.sums and (isinstance(balance, float) or fails)
            course.append(
                f"{getattr(spending.sums[0], value):.9g}" if known else str(balance) if balance == "stale" else "_"
            )
    return tuple(" ".join(_shortened(course)) for course in courses)


def _shortened(course: list[str]) -> Iterator[str]:
    """Equal values in a row as one run."""
    start = 0
    for end in range(1, len(course) + 1):
        if end == len(course) or course[end] != course[start]:
            yield (
                course[start]
                if end - start == 1 or course[start] == "stale"
                else f"{course[start]}x{end - start - (course[start] != '_')}"
            )
            start = end
