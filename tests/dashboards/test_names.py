"""Every name in a dashboard exists, and every family of the exporter has a reader."""

import re
from collections.abc import Iterator

import pytest

from dashboards import words
from dashboards.words import ALERTS, EXPORTER_ALERTS, INFO_ALERTS, KINDS
from exporter.metrics.families import ACCOUNT_FAMILIES, EXPORTER_FAMILIES
from exporter.readings import STATUSES
from tests.dashboards import history
from tests.dashboards.reading import DASHBOARDS, ROOT, queries, variables

FAMILIES = {family.name: {"provider", "account", *family.labels} for family in ACCOUNT_FAMILIES}
FAMILIES |= {family.name: set(family.labels) for family in EXPORTER_FAMILIES}
PROMETHEUS = {
    "up": set[str](),
    "scrape_duration_seconds": set(),
    "scrape_samples_scraped": set(),
    "ALERTS": {"alertname", "alertstate", "severity", "provider", "account"},
    "ALERTS_FOR_STATE": {"alertname", "severity", "provider", "account"},
}
CLIENT = {
    "process_start_time_seconds": set[str](),
    "process_cpu_seconds_total": set(),
    "process_resident_memory_bytes": set(),
    "process_open_fds": set(),
    "process_max_fds": set(),
    "python_info": {"implementation"},
}
"""What Prometheus and the client library give beside the exporter's own; the test with a live exporter asks them all."""

RECORDED = {rule.record for rule in history.recorded()}
TARGET = {"job", "namespace", "instance"}

UNREAD: dict[str, str] = {}
"""Families of the exporter that no panel and no rule reads, with the reason."""


def selectors(expr: str) -> Iterator[tuple[str, set[str]]]:
    """Every metric of an expression with the labels that its matchers name."""
    for name, matchers in re.findall(r"([a-zA-Z_:][\w:]*)\{([^{}]*)\}", without_texts(expr)):
        yield name, set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers))


def without_texts(expr: str) -> str:
    return re.sub(r'"[^"]*"', '""', expr)


def every_expression() -> Iterator[tuple[str, str]]:
    for query in queries():
        yield str(query), query.expr
    for uid, dashboard in DASHBOARDS.items():
        for name, series, label in variables(dashboard):
            assert label in TARGET | {"provider", "account"}
            yield f"{uid} / variable {name}", series if "{" in series else f"{series}{{}}"


def test_the_reader_of_selectors_finds_names_and_labels() -> None:
    expr = 'sum(a:b:c{job=~"$job", currency=~"[A-Z]{3}"}) / up{x!="1"} unless on (job) y{}'
    assert list(selectors(expr)) == [("a:b:c", {"job", "currency"}), ("up", {"x"}), ("y", set())]


@pytest.mark.parametrize(("place", "expr"), list(every_expression()))
def test_metrics_and_labels_exist(place: str, expr: str) -> None:
    known = {**FAMILIES, **PROMETHEUS, **CLIENT}
    own = set().union(*known.values()) | TARGET
    found = list(selectors(expr))
    assert found, place
    for name, labels in found:
        assert name in known or name in RECORDED, f"{place}: there is no {name}"
        assert labels <= (known[name] | TARGET if name in known else own), f"{place}: {name} has not all of {labels}"
    bare = re.sub(r"\{[^{}]*\}", "", without_texts(expr))
    for names in re.findall(r"\b(?:by|on|without|ignoring|group_left|group_right) \(([^)]*)\)", bare):
        assert {name.strip() for name in names.split(",") if name.strip()} <= own, place


def test_every_family_of_the_exporter_is_read_by_a_panel_or_a_rule_or_excused() -> None:
    read = " ".join([*(expr for _, expr in every_expression()), *(rule.expr for rule in history.recorded())])
    read += " ".join(rule["expr"] for group in history.groups() for rule in group["rules"])
    unread = {name for name in FAMILIES if not re.search(rf"(?<![\w:]){name}(?![\w:])", read)}
    assert unread == set(UNREAD), (
        "families that no panel in dashboards/ and no rule reads: add one, or a reason in UNREAD"
    )


def test_every_recording_rule_for_people_has_a_panel() -> None:
    shown = {name for query in queries() for name, _ in selectors(query.expr)}
    spend = {f"account:sms_credit_spend:{window}" for window in ("1h", "1d", "7d", "30d")}
    assert spend | {"account:sms_credit_balance:min", "account:sms_credit_runway:seconds"} <= shown & RECORDED


def test_every_alert_has_its_words_its_kind_and_its_runbook() -> None:
    rules = [rule for group in history.groups() for rule in group["rules"] if "alert" in rule]
    assert {rule["alert"] for rule in rules} == set(ALERTS), (
        "alerts without their words and kind in dashboards/words.py"
    )
    kinds = [alert for _, alerts in KINDS.values() for alert in alerts]
    assert sorted([*kinds, *EXPORTER_ALERTS, *INFO_ALERTS]) == sorted(ALERTS)
    assert {rule["alert"] for rule in rules if rule["labels"]["severity"] == "info"} == set(INFO_ALERTS)
    for alert in ALERTS:
        assert (ROOT / f"docs/alerts/{alert}.md").is_file()


def test_every_status_has_its_word() -> None:
    assert sorted(words.STATUSES) == sorted(STATUSES)
