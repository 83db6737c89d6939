"""Every query of every panel, variable and annotation against a real Prometheus with rules and 35 days of the scenario."""

import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from dashboards.words import STATUSES
from exporter.simulator import accounts
from tests.dashboards import history
from tests.dashboards.reading import DASHBOARDS, Query, answer, ask, filled, graphs, queries, variables
from tests.processes import eventually, exporter, prometheus, simulator

pytestmark = pytest.mark.end_to_end

DAY = 86400
SPAN_SECONDS, STEP_SECONDS = 7 * DAY, 1200
ACCOUNTS = [{"provider": account.provider, "account": account.name} for account in accounts.ACCOUNTS]
EVERY_QUERY = pytest.mark.parametrize("query", [pytest.param(query, id=str(query)) for query in queries()])

NOT_IN_THE_STORY = {
    "sms-overview / Spend in the last day / B": "all of the scenario's accounts are charged in money, none in units",
    "sms-overview / Spend a day by currency / B": "all of the scenario's accounts are charged in money, none in units",
    **{
        f"sms-account / Terms of the credit / {letter}": "none of the scenario's providers tells any of it"
        for letter in "ABCDE"
    },
    **dict.fromkeys(
        ("sms-account / Plan / B", "sms-account / Plan ends / C", "sms-account / Plan ends / D"),
        "every plan of the scenario can be asked",
    ),
    "sms-overview / Next to run dry / D": "the one account that can't be asked isn't among the ten",
    **{
        f"sms-overview / {panel} / {letter}": "all of the scenario's accounts have one job and no namespace"
        for panel, letters in (("Alerts that fire, worst first", "CD"), ("Accounts", "JK"))
        for letter in letters
    },
    "sms-exporter / annotation The exporter's alerts / Anno": "the scenario's exporter is up, and its configuration good",
}
LIVE = {
    "sms-exporter / Loaded, and started / B": "process_*: a history has no process",
    "sms-exporter / Version / B": "python_info: a history has no process",
    "sms-exporter / Length of a scrape / A": "Prometheus' own series: a history has no scrapes",
    "sms-exporter / Samples of a scrape / A": "Prometheus' own series: a history has no scrapes",
    "sms-exporter / CPU / A": "process_*: a history has no process",
    "sms-exporter / Memory / A": "process_*: a history has no process",
    "sms-exporter / Open files / A": "process_*: a history has no process",
    "sms-exporter / Open files / B": "process_*: a history has no process",
}
"""Queries that the history can't answer; a live exporter does, below."""


def choices(query: Query) -> list[dict[str, str]]:
    """What the variables are filled in with: the account dashboard shows one account at a time."""
    return ACCOUNTS if query.dashboard == "sms-account" else [{}]


@EVERY_QUERY
def test_a_query_returns_data_unless_it_is_excused(scenario: str, query: Query) -> None:
    found = [answer(scenario, query, history.END, SPAN_SECONDS, STEP_SECONDS, **chosen) for chosen in choices(query)]
    excused = str(query) in NOT_IN_THE_STORY or str(query) in LIVE
    assert any(found) != excused


TIMELINES = [
    query
    for query in queries()
    for panel in graphs(DASHBOARDS[query.dashboard])
    if panel["type"] == "state-timeline" and panel["title"] == query.place
]


@pytest.mark.parametrize("query", [pytest.param(query, id=str(query)) for query in TIMELINES])
def test_a_timeline_has_a_band_for_every_account_and_a_word_for_its_value(scenario: str, query: Query) -> None:
    (panel,) = (one for one in graphs(DASHBOARDS[query.dashboard]) if one["title"] == query.place)
    known = set(panel["fieldConfig"]["defaults"]["mappings"][0]["options"])
    for chosen in choices(query):
        found = answer(scenario, query, history.END, SPAN_SECONDS, STEP_SECONDS, **chosen)
        assert found, f"{chosen}: the panel would say that the data has no time"
        assert {value for one in found for _, value in one["values"]} <= known, chosen


@EVERY_QUERY
def test_a_query_stands_five_weeks_at_once_and_an_hour(scenario: str, query: Query) -> None:
    for chosen in choices(query)[:1]:
        answer(scenario, query, history.END, 35 * DAY, 3600, **chosen)
        answer(scenario, query, history.END, 3600, 15, **chosen)


@pytest.mark.parametrize(
    ("series", "label"),
    [
        pytest.param(series, label, id=f"{uid}-{name}")
        for uid, one in DASHBOARDS.items()
        for name, series, label in variables(one)
        if label != "namespace"  # the scenario doesn't run in Kubernetes
    ],
)
def test_a_variable_has_values(scenario: str, series: str, label: str) -> None:
    chosen = {"provider": "qlara"} if '="$provider"' in series else {}
    span: dict[str, str | float] = {"start": history.END - DAY, "end": history.END}
    assert ask(scenario, f"label/{label}/values", **{"match[]": filled(series, STEP_SECONDS, **chosen)}, **span)


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prometheus that scrapes a real exporter each second."""
    folder = tmp_path_factory.mktemp("live")
    with simulator(folder) as providers, exporter(folder, providers.config_file) as (address, _):
        job = {"job_name": "sms", "static_configs": [{"targets": [address]}]}
        scrape = {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": [job]}
        with prometheus(folder, scrape) as url:
            up = "count_over_time(process_cpu_seconds_total[1m]) > 3"
            eventually("four scrapes", lambda: ask(url, "query", query=up)["result"] or None)
            yield url


@pytest.mark.parametrize("name", LIVE)
def test_what_a_history_cannot_answer_a_live_exporter_does(live: str, name: str) -> None:
    (query,) = (one for one in queries() if str(one) == name)
    assert answer(live, query, time.time(), 60, 5)


def of(uid: str, title: str) -> list[Query]:
    return [query for query in queries() if (query.dashboard, query.place) == (uid, title)]


def now(url: str, query: Query, **chosen: str) -> list[tuple[dict[str, str], float]]:
    found = answer(url, query, history.END, SPAN_SECONDS, STEP_SECONDS, **chosen)
    return [(one["metric"], float(one["value"][1])) for one in found]


def test_every_account_is_in_the_table_and_the_worst_come_first(scenario: str) -> None:
    (urgency, *_), (severity, *_) = of("sms-overview", "Accounts"), of("sms-overview", "Alerts that fire, worst first")
    urgent = {metric["account"]: value for metric, value in now(scenario, urgency)}
    assert set(urgent) == {account["account"] for account in ACCOUNTS}
    worst: dict[str, float] = {}
    for metric, rank in now(scenario, severity):
        worst[metric["account"]] = max(rank, worst.get(metric["account"], 0))
    assert all(int(value) == worst.get(account, 0) for account, value in urgent.items())
    assert set(worst.values()) == {1, 2, 3}
    # Among the critical ones, the one that runs dry first.
    first = max(urgent, key=lambda account: urgent[account])
    assert first == "bakery-it"


def test_a_choice_of_accounts_narrows_every_panel_of_the_overview(scenario: str) -> None:
    chosen = {"account": "(bakery-it|crm-loyalty)", "provider": "(agiletelecom|qlara)"}
    for query in queries():
        if query.dashboard == "sms-overview":
            for series in answer(scenario, query, history.END, SPAN_SECONDS, STEP_SECONDS, **chosen):
                assert series["metric"].get("account", "bakery-it") in {"bakery-it", "crm-loyalty"}, query
    (state,) = of("sms-overview", "State")
    assert now(scenario, state, account="bank-otp") == [({}, 0.0)]
    assert now(scenario, state, account="nobody") == []


def test_the_words_agree_with_the_alerts_that_fire(scenario: str) -> None:
    (state,) = of("sms-overview", "State")
    assert now(scenario, state) == [({}, 3.0)]
    (state,) = of("sms-account", "State")
    says = {one["account"]: now(scenario, state, **one)[0][1] for one in ACCOUNTS}
    assert (says["old-intranet"], says["school-board"], says["shop-dk"], says["bank-otp"]) == (3, 2, 1, 0)
    (plan, _) = of("sms-account", "Plan")
    ((_, number),) = now(scenario, plan, provider="qlara", account="gym-members")
    assert STATUSES[int(number) - 1] == "suspended"
    (credit, _) = of("sms-account", "Credit")
    words = {one["account"]: now(scenario, credit, **one)[0][1] for one in ACCOUNTS}
    assert (words["webshop-orders"], words["bakery-it"], words["bank-otp"], words["shop-dk"]) == (2, 1, 0, -1)


def test_the_kinds_count_accounts_and_the_rest_is_fine(scenario: str) -> None:
    counts = [now(scenario, query)[0][1] for query in of("sms-overview", "Accounts by what is wrong")]
    fine, troubled = counts[-1], counts[:-1]
    assert troubled[0] == 1  # gym-members can't send
    assert 0 < fine < len(ACCOUNTS)
    assert sum(troubled) >= len(ACCOUNTS) - fine


def test_top_ups_are_marked_where_the_scenario_has_them(scenario: str) -> None:
    *_, points = of("sms-account", "Balance, thresholds and top-ups")
    chosen = {"provider": "qlara", "account": "crm-loyalty"}
    ((last,),) = (
        [value for _, value in now(scenario, query, **chosen)] for query in of("sms-account", "Last top-up")[:1]
    )
    (series,) = answer(scenario, points, history.END, 35 * DAY, 3600, **chosen)
    marked = [float(at) for at, _ in series["values"]]
    assert any(0 <= at - last / 1000 <= 2 * 3600 for at in marked)


@pytest.mark.parametrize(
    ("uid", "panel"),
    [
        pytest.param(uid, panel, id=f"{uid}-{panel['title']}")
        for uid, one in DASHBOARDS.items()
        for panel in graphs(one)
        if panel["type"] == "table"
    ],
)
def test_a_table_names_every_column_that_it_gets_and_no_other(
    scenario: str, uid: str, panel: Mapping[str, Any]
) -> None:
    fields = set()
    for query in of(uid, panel["title"]):
        fields.add("Value" if len(panel["targets"]) == 1 else f"Value #{query.ref}")
        for chosen in choices(query):
            fields |= {label for metric, _ in now(scenario, query, **chosen) for label in metric}
    organized = panel["transformations"][1]["options"]
    shown, hidden = set(organized["indexByName"]), set(organized["excludeByName"]) - {"Time"}
    # Columns or not: only in Kubernetes has an account a namespace, and no account of the scenario has pots.
    assert shown | hidden == fields | {"namespace"} | ({"wallet", "in_namespace", "in_job"} & shown)
    assert not shown & hidden
    assert {override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"]} == shown
    links = re.findall(r"__data\.fields\.(\w+)", str(panel["fieldConfig"]["overrides"]))
    assert set(links) <= shown
