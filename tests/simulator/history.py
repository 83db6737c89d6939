"""What an exporter would have shown before the scenario's start, as OpenMetrics with timestamps for promtool."""

import platform
import random
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from tempfile import TemporaryFile
from typing import TextIO

from exporter import __version__
from exporter.accounts.observation import Observation, View
from exporter.accounts.spending import Spending
from exporter.failure import Failure, FailureError, Reason
from exporter.metrics.exposition import escape, headers, number
from exporter.metrics.families import (
    ACCOUNT_FAMILIES,
    EXPORTER_FAMILIES,
    AccountFamily,
    ApiFamily,
    ApiStateFamily,
    ExporterState,
    Family,
    ReadingFamily,
    Sample,
    SettingsFamily,
    SpendFamily,
)
from exporter.providers import extract
from exporter.readings import Readings
from exporter.settings import AccountSettings, ApiSettings, Settings
from exporter.simulator.account import DAY
from exporter.simulator.answers import told
from exporter.simulator.scenario import Scenario

_TARGET = {"job": "sms", "instance": "demo:10077"}
_SCRAPE_SECONDS = 60.0
_DURATION_SECONDS = (0.02, 0.12)
_UP = Family("up", "Whether the scrape succeeded (1) or not (0)")


def write_history(
    scenario: Scenario,
    settings: Settings,
    out: TextIO,
    *,
    days: float = 35,
    step_seconds: int = 300,
    end: float | None = None,
    target: Mapping[str, str] = _TARGET,
) -> None:
    """Write the `days` before `end` (Unix seconds; the scenario's start), a sample of every series each step.

    `settings` are those that an exporter of the scenario's accounts has; `target` are the labels that
    Prometheus gives it. Feed the text to `promtool tsdb create-blocks-from openmetrics`, with
    `--max-block-duration=1536h`: it reads the whole text again for every block.
    """
    last = int(scenario.start if end is None else end)
    times = range(max(last - int(days * DAY), int(scenario.begin) + 1), last + 1, step_seconds)
    with ExitStack() as stack:
        parts = [stack.enter_context(TemporaryFile("w+", encoding="utf-8")) for _ in ACCOUNT_FAMILIES]
        for account in settings.accounts:
            _write_account(scenario, account, settings.label_names, times, target, parts)
        for family, part in zip(ACCOUNT_FAMILIES, parts, strict=True):
            if part.tell():
                out.write(headers(family, family.help + ".")[1])
                part.seek(0)
                shutil.copyfileobj(part, out)
    _write_exporter(settings, times, target, out)
    out.write("# EOF\n")


def _write_account(
    scenario: Scenario,
    account: AccountSettings,
    label_names: Sequence[str],
    times: Iterable[int],
    target: Mapping[str, str],
    parts: Sequence[TextIO],
) -> None:
    # OpenMetrics wants the points of a series together: an account's are gathered, then written.
    labels = {**target, "provider": account.provider.id, "account": account.name}
    labels |= {name: account.labels.get(name, "") for name in label_names}
    series: list[dict[tuple[str | None, ...], _Series]] = [{} for _ in ACCOUNT_FAMILIES]
    for at, view in _views(scenario, account, times):
        for family, found in zip(ACCOUNT_FAMILIES, series, strict=True):
            for values, value in _samples(family, view):
                if values not in found:
                    found[values] = _Series(family, labels, values)
                found[values].add(value, at)
    for found, part in zip(series, parts, strict=True):
        for one in found.values():
            part.writelines(one.lines)


def _write_exporter(settings: Settings, times: range, target: Mapping[str, str], out: TextIO) -> None:
    state = ExporterState(__version__, platform.python_version(), len(settings.accounts), True, times[0])
    for family in (_UP, *EXPORTER_FAMILIES):
        samples: Iterable[Sample] = [((), 1.0)] if family is _UP else family.samples(state)  # type: ignore[attr-defined]
        out.write(headers(family, family.help + ".")[1])
        for values, value in samples:
            one = _Series(family, target, values)
            for at in times:
                one.add(value, at)
            out.writelines(one.lines)


class _Series:
    """The lines of one series."""

    def __init__(self, family: Family, labels: Mapping[str, str], values: Sequence[str | None]) -> None:
        every = {**labels, **dict(zip(family.labels, values, strict=True))}
        text = ",".join(f'{name}="{escape(value)}"' for name, value in every.items() if value is not None)
        self._name = f"{family.name}{{{text}}} "
        self.lines: list[str] = []

    def add(self, value: float, at: int) -> None:
        self.lines.append(f"{self._name}{number(value)} {at}\n")


def _samples(family: Family, view: View) -> Iterator[Sample]:
    if isinstance(family, AccountFamily):
        yield from family.samples(view)
    elif isinstance(family, SettingsFamily):
        yield from family.samples(view.settings)
    for observation in view.observations:
        if isinstance(family, ApiFamily | ApiStateFamily):
            yield from (((observation.api, *values), value) for values, value in family.samples(observation))
        elif isinstance(family, SpendFamily):
            yield from family.samples(observation)
        elif isinstance(family, ReadingFamily) and observation.readings is not None:
            yield from family.samples(observation.readings, view.settings)


def _views(scenario: Scenario, account: AccountSettings, times: Iterable[int]) -> Iterator[tuple[int, View]]:
    apis = [_ObservedApi(scenario, account, api) for api in account.apis]
    before: int | None = None
    for at in times:
        seconds = _SCRAPE_SECONDS if before is None else at - before
        yield at, View(account, tuple(api.observe(at, seconds) for api in apis))
        before = at


class _ObservedApi:
    """One api of one account as an exporter sees it that is scraped every minute."""

    def __init__(self, scenario: Scenario, account: AccountSettings, api: ApiSettings) -> None:
        self._story = scenario
        self._settings = account
        self._api = api
        self._random = random.Random(f"{scenario.seed}/{account.name}/{api.name}")
        self._requests = 0.0
        self._failures = 0.0
        self._last_success: float | None = None
        self._spending = Spending()

    def observe(self, at: int, seconds: float) -> Observation:
        """What it shows at `at`, `seconds` after the time before."""
        result = self._result(at)
        failed = isinstance(result, Failure)
        calls = max(1.0, seconds / max(_SCRAPE_SECONDS, self._api.cache_ttl_seconds))
        self._requests += calls
        self._failures += calls if failed else 0.0
        if not isinstance(result, Failure):
            self._last_success = at
            self._spending.note(result, at)
        timeout = failed and result.reason is Reason.TIMEOUT  # type: ignore[union-attr]
        return Observation(
            self._api.name,
            None if isinstance(result, Failure) else result,
            result if isinstance(result, Failure) else None,
            self._last_success,
            self._api.timeout_seconds if timeout else self._random.uniform(*_DURATION_SECONDS),
            int(self._requests),
            int(self._failures),
            self._spending.sums,
        )

    def _result(self, at: float) -> Readings | Failure:
        found = told(self._story, self._story.account(self._settings.name), self._api.name, at)
        return self._failure(found) if isinstance(found, str) else found

    def _failure(self, error: str) -> Failure:
        """What an error comes to."""
        definition = self._settings.provider
        answer = self._story.providers[definition.id].error(self._api.name, error)
        if answer.status is None:
            return Failure(Reason.TIMEOUT, "no answer in time")
        try:
            extract.answer(answer.status, answer.body, definition, definition.apis[self._api.name])
        except FailureError as raised:
            return raised.failure
        raise AssertionError(f"{error} of {definition.id} is no failure")
