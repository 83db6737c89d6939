"""The committed dashboards as the tests read them, and their queries with the variables filled in."""

import json
import re
import urllib.error
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.processes import fetch

ROOT = Path(__file__).parents[2]
DASHBOARDS: Mapping[str, Any] = {
    path.stem: json.loads(path.read_text("utf-8")) for path in sorted((ROOT / "dashboards").glob("sms-*.json"))
}


@dataclass(frozen=True)
class Query:
    """A query of a panel or an annotation; `instant` is what a table or a large figure asks for."""

    dashboard: str
    place: str
    ref: str
    expr: str
    instant: bool

    def __str__(self) -> str:
        return f"{self.dashboard} / {self.place} / {self.ref}"


def panels(dashboard: Any) -> Iterator[Any]:
    """Every panel, rows among them."""
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", ())


def graphs(dashboard: Any) -> Iterator[Any]:
    """Every panel that shows something."""
    return (panel for panel in panels(dashboard) if panel["type"] != "row")


def queries() -> Iterator[Query]:
    """Every query of every panel and annotation."""
    for uid, dashboard in DASHBOARDS.items():
        for panel in graphs(dashboard):
            for target in panel["targets"]:
                yield Query(uid, panel["title"], target["refId"], target["expr"], target["instant"])
        for mark in dashboard["annotations"]["list"]:
            yield Query(uid, f"annotation {mark['name']}", "Anno", mark["expr"], False)


def variables(dashboard: Any) -> Iterator[tuple[str, str, str]]:
    """Name, series and label of every variable that asks for the values of a label."""
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            found = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"])
            assert found, variable
            yield variable["name"], found[1], found[2]


def filled(expr: str, step_seconds: int, **values: str) -> str:
    """An expression as Grafana sends it; what isn't given is All."""
    chosen = {"job": ".+", "namespace": ".*", "instance": ".+", "provider": ".+", "account": ".+", **values}
    # Four scrapes of the history, or a step and a scrape: as Grafana reckons it.
    chosen["__rate_interval"] = f"{max(4 * 300, step_seconds + 300)}s"
    chosen["__interval"] = f"{step_seconds}s"
    return re.sub(r"\$(\w+)", lambda match: chosen[match[1]], expr)


def ask(url: str, path: str, **parameters: str | float) -> Any:
    """The data of an answer of Prometheus' API; an error in the query fails with what Prometheus says."""
    try:
        return json.loads(fetch(f"{url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"))["data"]
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{parameters.get('query')}: {error.read().decode()}") from error


def answer(url: str, query: Query, end: float, span_seconds: int, step_seconds: int, **values: str) -> list[Any]:
    """The series that a query gives: at `end`, or over the span before it."""
    expr = filled(query.expr, step_seconds, **values)
    if query.instant:
        found: list[Any] = ask(url, "query", query=expr, time=end)["result"]
    else:
        found = ask(url, "query_range", query=expr, start=end - span_seconds, end=end, step=step_seconds)["result"]
    return found
