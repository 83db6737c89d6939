"""What a panel shows: the frames that Grafana's backend makes of Prometheus' answers, and what a panel writes of them."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.dashboards.reading import answer, queries


@dataclass(frozen=True)
class Frame:
    """A series with its newest value; a query that gives nothing has one frame without a value."""

    ref: str
    name: str = ""
    value: float | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Shown:
    """A figure of a panel: its name, its text, and its colour."""

    name: str
    text: str
    colour: str


def frames(url: str, dashboard: str, panel: Any, end: float, **chosen: str) -> list[Frame]:
    """The frames of a panel that asks for the newest values."""
    made = []
    for query in queries():
        if (query.dashboard, query.place) == (dashboard, panel["title"]):
            (target,) = (target for target in panel["targets"] if target["refId"] == query.ref)
            found = answer(url, query, end, 3600, 60, **chosen)
            made += [frame(query.ref, target["legendFormat"], one) for one in found] or [Frame(query.ref)]
    return made


def frame(ref: str, legend: str, series: Any) -> Frame:
    """The frame of one series of Prometheus' answer."""
    labels = series["metric"]
    name = re.sub(r"\{\{(\w+)\}\}", lambda match: labels.get(match[1], ""), legend).strip()
    return Frame(ref, name, float(series["value"][1]), labels)


def empty(panel: Any) -> list[Frame]:
    """What comes where no query gives anything."""
    return [Frame(target["refId"]) for target in panel["targets"]]


def config(panel: Any, matched: str) -> dict[str, Any]:
    """The defaults with what an override of a query (`A`) or a field (`Value #A`) puts in their place."""
    of: dict[str, Any] = dict(panel["fieldConfig"]["defaults"])
    for override in panel["fieldConfig"]["overrides"]:
        if override["matcher"]["options"] == matched:
            of |= {one["id"]: one["value"] for one in override["properties"]}
    return of


@dataclass(frozen=True)
class Match:
    """What a value is mapped to; without a colour it keeps its own."""

    text: str
    color: str | None


def mapped(mappings: Sequence[Any], value: float | str) -> Match | None:
    """The text and colour that a value is mapped to."""
    key = value if isinstance(value, str) else f"{value:g}"
    for one in mappings:
        options = one["options"]
        if one["type"] == "value" and key in options:
            return Match(**{name: options[key].get(name) for name in ("text", "color")})
        if one["type"] == "range" and isinstance(value, float) and options["from"] <= value <= options["to"]:
            return Match(**{name: options["result"].get(name) for name in ("text", "color")})
    return None


def written(value: float | str, of: Mapping[str, Any], now: float) -> str:
    """A value as a panel writes it."""
    match = mapped(of.get("mappings", ()), value)
    if match is not None or isinstance(value, str):
        return match.text if match else str(value)
    unit, decimals = of["unit"], of.get("decimals")
    if unit == "dateTimeFromNow":
        return from_now(value / 1000 - now)
    number = f"{100 * value if unit == 'percentunit' else value:.{1 if decimals is None else decimals}f}"
    return number + {"percentunit": "%"}.get(unit, unit.removeprefix("suffix:") if unit.startswith("suffix:") else "")


def from_now(seconds: float) -> str:
    """About how long ago, or ahead."""
    size, word = next(
        (size, word)
        for size, word in ((86400, "days"), (3600, "hours"), (60, "minutes"), (0, ""))
        if abs(seconds) >= size
    )
    text = f"{math.floor(abs(seconds) / size)} {word}" if size else "seconds"
    return f"{text} ago" if seconds < 0 else f"in {text}"


def figures(panel: Any, given: Sequence[Frame], now: float) -> list[Shown]:
    """What a stat or a bar gauge shows."""
    defaults = panel["fieldConfig"]["defaults"]
    found = []
    for one in given:
        if one.value is not None:
            of = config(panel, one.ref)
            match = mapped(of.get("mappings", ()), one.value)
            colour = (match and match.color) or of["color"]["fixedColor"]
            found.append(Shown(one.name, written(one.value, of, now), colour))
    return found or [Shown("", defaults["noValue"], defaults["color"]["fixedColor"])]


def rows(panel: Any, given: Sequence[Frame], now: float) -> list[dict[str, str]]:
    """What a table shows: a row for each set of labels, by the heads of the columns that are in sight."""
    organized = panel["transformations"][1]["options"]
    hidden = {name for name, out in organized["excludeByName"].items() if out}
    order = sorted(organized["indexByName"], key=organized["indexByName"].get)
    shown = []
    for row in sorted(merged(panel, given), key=lambda row: _rank(panel, row), reverse=True):
        cells = {}
        for name in order:
            of = config(panel, name)
            if name in row and name not in hidden and not of.get("custom.hidden"):
                cells[of["displayName"]] = written(row[name], of, now)
        shown.append(cells)
    return shown


def _rank(panel: Any, row: Mapping[str, float | str]) -> float:
    (by,) = panel["options"]["sortBy"]
    (name,) = (name for name in row if config(panel, name).get("displayName") == by["displayName"])
    return float(row[name])


def merged(panel: Any, given: Sequence[Frame]) -> list[dict[str, float | str]]:
    """Rows that agree in all that they have in common become one, as Grafana's `merge` has it."""
    made: list[dict[str, float | str]] = []
    for row in _alone(panel, given):
        alike = [other for other in made if all(other[name] == row[name] for name in row.keys() & other.keys())]
        for other in alike:
            other.update(row)
        if not alike:
            made.append(row)
    return made


def _alone(panel: Any, given: Sequence[Frame]) -> Iterator[dict[str, float | str]]:
    for one in given:
        if one.value is not None:
            yield {**one.labels, "Value" if len(panel["targets"]) == 1 else f"Value #{one.ref}": one.value}
