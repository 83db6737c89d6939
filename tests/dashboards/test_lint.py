"""The field's lint rules (grafana/dashboard-linter's, as far as they are for Prometheus), and what we ask beyond them."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from dashboards.frame import SCHEMA_VERSION
from tests.dashboards.reading import DASHBOARDS, ROOT, Query, graphs, panels, queries
from tests.dashboards.test_names import CLIENT, RECORDED, selectors, without_texts

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
KINDS = {"stat", "table", "timeseries", "bargauge", "state-timeline"}
UNITS = {"none", "s", "bytes", "locale", "bool_yes_no", "percentunit", "dateTimeFromNow", "dateTimeAsIso"}
"""Those of the linter's list that are used here."""

OF_QUERIES = {"suffix: days", "suffix: min", "reqpm"}
"""Grafana knows these too; the linter doesn't, but looks at a panel's own unit alone."""

EVERY = pytest.mark.parametrize("dashboard", DASHBOARDS.values(), ids=DASHBOARDS)
EVERY_PANEL = pytest.mark.parametrize(
    "panel",
    [pytest.param(panel, id=f"{uid}-{panel['title']}") for uid, one in DASHBOARDS.items() for panel in graphs(one)],
)
EVERY_QUERY = pytest.mark.parametrize("query", [pytest.param(query, id=str(query)) for query in queries()])

WITHOUT_INSTANCE = {
    "ALERTS": "an alert is one for an account, whatever the replicas",
    "ALERTS_FOR_STATE": "an alert is one for an account, whatever the replicas",
    **dict.fromkeys(RECORDED, "a recording rule gives one series for an account, whatever the replicas"),
}
"""Exceptions from target-instance-rule: these series have no `instance`."""

ONE_OF_THEM = {
    ("sms-account", "provider"): "the dashboard shows one account, so one provider",
    ("sms-account", "account"): "the dashboard shows one account",
}
"""Variables without All: exceptions from what template-job-rule asks of `job` and `instance`, held here for all."""


@EVERY
def test_the_frame_is_what_every_grafana_from_10_on_reads(dashboard: Any) -> None:
    assert dashboard["id"] is None
    assert dashboard["schemaVersion"] == SCHEMA_VERSION == 38
    assert re.fullmatch(r"[a-z-]{8,40}", dashboard["uid"])
    assert dashboard["tags"] == ["sms-exporter"]
    assert (dashboard["timezone"], dashboard["graphTooltip"]) == ("browser", 1)
    assert dashboard["refresh"] == "1m"
    assert dashboard["editable"] is False  # uneditable-dashboard
    assert "__inputs" not in dashboard
    assert {panel["type"] for panel in graphs(dashboard)} <= KINDS


def test_uids_and_titles_are_unique() -> None:
    assert {uid: one["uid"] for uid, one in DASHBOARDS.items()} == {uid: uid for uid in DASHBOARDS}
    assert set(DASHBOARDS) == {"sms-overview", "sms-account", "sms-exporter"}
    assert len({dashboard["title"] for dashboard in DASHBOARDS.values()}) == len(DASHBOARDS)


@EVERY
def test_variables_are_as_the_linter_asks(dashboard: Any) -> None:
    source, *others = dashboard["templating"]["list"]
    # template-datasource-rule
    assert (source["type"], source["name"], source["label"]) == ("datasource", "datasource", "Data source")
    assert source["query"] == "prometheus"
    names = [variable["name"] for variable in others]
    assert names == ["job", "namespace", "instance", "provider", "account"][: len(names)]
    for variable in others:
        # template-job-rule, template-instance-rule
        assert variable["type"] == "query"
        assert variable["datasource"] == SOURCE
        assert variable["label"] == variable["name"].capitalize()
        # template-label-promql-rule
        assert re.fullmatch(r"label_values\(\w+(\{.*\})?, \w+\)", variable["query"]["query"])
        assert variable["definition"] == variable["query"]["query"]
        # template-on-time-change-reload-rule
        assert variable["refresh"] == 2
        many = (dashboard["uid"], variable["name"]) not in ONE_OF_THEM
        assert (variable["multi"], variable["includeAll"]) == (many, many)
        # A target outside Kubernetes has no namespace: All takes in those too.
        every = ".*" if variable["name"] == "namespace" else ".+"
        assert variable.get("allValue") == (every if many else None)


@EVERY_PANEL
def test_panels_are_as_the_linter_asks(panel: Any) -> None:
    assert panel["datasource"] == SOURCE  # panel-datasource-rule
    assert panel["title"]  # panel-title-description-rule
    assert panel["targets"]  # panel-no-targets-rule
    assert all(target["datasource"] == SOURCE for target in panel["targets"])
    # panel-units-rule
    assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
    assert set(values_of(panel, "unit")) <= UNITS | OF_QUERIES


@EVERY_PANEL
def test_a_panel_says_what_it_answers_what_to_do_and_what_no_data_means(panel: Any) -> None:
    question, bad, none = panel["description"].split("\n\n")
    assert re.search(r"[\w)]\?", question)
    assert re.match(r"\*\*When it looks bad:\*\* .{20,}", bad)
    assert re.match(r"\*\*No data:\*\* .{10,}", none)
    shown = panel["fieldConfig"]["defaults"]["noValue"]
    if panel["type"] == "table":
        assert shown == "-"
    else:
        # Short enough for a small tile, and the beginning of what the description says.
        assert none.removeprefix("**No data:** ").startswith(shown)
        assert 5 < len(shown) <= 50


def values_of(panel: Any, key: str) -> Iterator[Any]:
    for override in panel["fieldConfig"]["overrides"]:
        yield from (one["value"] for one in override["properties"] if one["id"] == key)


def texts(mappings: Any) -> Iterator[str]:
    for one in mappings:
        results = one["options"].values() if one["type"] == "value" else [one["options"]["result"]]
        yield from (result.get("text", "") for result in results)


@EVERY_PANEL
def test_no_colour_is_without_its_words(panel: Any) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    assert defaults["color"]["mode"] in {"fixed", "palette-classic"}, "a colour by threshold has no words"
    assert "thresholds" not in defaults
    for mappings in [defaults.get("mappings", []), *values_of(panel, "mappings")]:
        assert all(texts(mappings))
    for override in panel["fieldConfig"]["overrides"]:
        of = {one["id"]: one["value"] for one in override["properties"]}
        if of.get("custom.cellOptions", {}).get("type") == "color-text":
            assert of["mappings"]
        if "color" in of and panel["type"] == "stat":
            # The name of the series stands beside the number.
            assert panel["options"]["textMode"] == "value_and_name"
    if panel["type"] == "state-timeline":
        assert defaults["mappings"]
        # Grafana's legend names every mapped word, there or not, and its pager stands under one page too.
        assert panel["options"]["legend"]["showLegend"] is False
        assert panel["options"]["perPage"] == 0
    if panel["type"] == "stat" and panel["options"]["colorMode"] == "background":
        named = panel["options"]["textMode"] == "value_and_name"
        assert defaults.get("mappings") or (named and len(list(values_of(panel, "color"))) == len(panel["targets"]))
    if panel["type"] == "timeseries":
        assert panel["options"]["legend"]["showLegend"] is True
        assert all(target["legendFormat"] != "__auto" for target in panel["targets"])


@EVERY
def test_ids_are_unique_and_no_panel_overlaps_another_or_leaves_the_grid(dashboard: Any) -> None:
    ids = [panel["id"] for panel in panels(dashboard)]
    assert len(ids) == len(set(ids))
    assert all(number > 0 for number in ids)
    titles = [panel["title"] for panel in graphs(dashboard)]
    assert len(titles) == len(set(titles))
    # A folded row's panels are where they are once it is open; what follows it is then moved down.
    groups = [dashboard["panels"], *([row, *row["panels"]] for row in dashboard["panels"] if row.get("panels"))]
    assert sum(len(group) for group in groups) == len(ids) + len(groups) - 1
    for group in groups:
        nothing_overlaps(group)


def nothing_overlaps(group: list[Any]) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in group:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert cells
        assert not cells & taken, panel["title"]
        assert place["x"] >= 0
        assert place["x"] + place["w"] <= 24
        taken |= cells


@EVERY_QUERY
def test_queries_are_as_the_linter_asks(query: Query) -> None:
    found = list(selectors(query.expr))
    names = re.findall(r"([a-zA-Z_:][\w:]*)\{([^{}]*)\}", re.sub(r"\{3\}", "", query.expr))
    assert len(names) == len(found)
    for name, matchers in names:
        assert 'job=~"$job"' in matchers  # target-job-rule
        assert 'namespace=~"$namespace"' in matchers
        assert ('instance=~"$instance"' in matchers) != (name in WITHOUT_INSTANCE)  # target-instance-rule
    # target-rate-interval-rule
    for window in re.findall(r"\b(?:rate|irate|increase)\([^\[\]]*\[([^\]]*)\]", without_texts(query.expr)):
        assert window == "$__rate_interval"
    # target-counter-agg-rule
    for counter in re.findall(r"(\w*\(?)\w+_total\{", query.expr):
        assert counter == "rate("


@EVERY_QUERY
def test_an_account_is_known_by_its_job_and_namespace_too(query: Query) -> None:
    for labels in re.findall(r"\b(?:by|on) \(([^()]*)\)", query.expr):
        if "account" in labels.split(", "):
            assert {"job", "namespace", "provider", "account"} <= set(labels.split(", "))


@EVERY_QUERY
def test_currencies_and_units_are_never_added_together(query: Query) -> None:
    families = "balance|spend|habit|threshold:max|recharge_amount|message_price"
    if not re.search(rf"sms_credit_(?:{families})|sms_message_price", query.expr):
        return
    # Whether it can be asked, and when it was, has no currency.
    money = r"(?!last_over_time\(sms_api_|account:sms_api_)"
    for operator, labels in re.findall(rf"\b(sum|avg|min|max|quantile)\b(?: by)? \(([^()]*)\) \({money}", query.expr):
        of_money = re.search(r"sms_credit_(?:balance|spend|habit|last_recharge_amount)|sms_message_price", query.expr)
        if of_money and "severity" not in labels:
            assert "currency" in labels, f"{operator} over currencies"
    # Units that are sold are each provider's own: they have no sum across providers.
    for labels in re.findall(r'\bsum by \(([^()]*)\) \([^()]*(?:\([^()]*)?currency!~"\[A-Z\]\{3\}"', query.expr):
        assert "provider" in labels


@EVERY
def test_annotations_are_read_by_an_old_grafana_and_by_a_new_one(dashboard: Any) -> None:
    marks = dashboard["annotations"]["list"]
    assert marks
    for mark in marks:
        assert mark["datasource"] == SOURCE
        assert (mark["target"]["expr"], mark["target"]["interval"]) == (mark["expr"], mark["step"])
        assert "placement" not in mark


def test_exceptions_are_needed_and_told_to_the_linter_itself() -> None:
    told = yaml.safe_load((ROOT / "dashboards/.lint").read_text("utf-8"))["exclusions"]
    assert list(told) == ["target-instance-rule"]
    assert all(one["reason"] for one in told.values())
    names = {name for query in queries() for name, _ in selectors(query.expr)}
    assert {"ALERTS", "ALERTS_FOR_STATE"} <= names
    assert set(CLIENT) <= names
    for uid, variable in ONE_OF_THEM:
        assert variable in {one["name"] for one in DASHBOARDS[uid]["templating"]["list"]}
