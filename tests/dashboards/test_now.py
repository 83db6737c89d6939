"""What the tiles of an account and the overview's state say in cases that the scenario doesn't have: promtool asks."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from dashboards import words
from tests.dashboards.reading import filled, queries
from tests.dashboards.test_crowd import MINUTES, series, shown

NOW = 60 * MINUTES
WHO = {"job": "sms", "provider": "qlara", "account": "x"}
LABELS = '{job="sms", provider="qlara", account="x"}'
HOUR, DAY = 3600, 86400


def recorded(name: str, value: float, **labels: str) -> dict[str, str]:
    return series(name, f"{value}x{MINUTES}", **WHO, **labels)


def query(uid: str, place: str, ref: str = "A", **values: str) -> str:
    (one,) = (one for one in queries() if (one.dashboard, one.place, one.ref) == (uid, place, ref))
    return filled(one.expr, 60, provider="qlara", account="x", **values)


def api(name: str, answers: bool, seen: int = NOW) -> list[dict[str, str]]:
    """An api as the exporter shows it and as the rules record it."""
    return [
        recorded("sms_api_up", int(answers), api=name, instance="a"),
        recorded("account:sms_api_up:max", int(answers), api=name),
        recorded("sms_api_last_success_timestamp_seconds", seen, api=name, instance="a"),
    ]


def plan(status: str, end: int, renews: int | None) -> list[dict[str, str]]:
    found = [
        recorded("account:sms_subscription_status:max", 1, status=status),
        recorded("account:sms_subscription_end_timestamp_seconds:max", end),
    ]
    return [*found, *([] if renews is None else [recorded("account:sms_subscription_auto_renew:max", renews)])]


def number(of: words.Words, word: str) -> float:
    (found,) = (value for value, (text, _) in of.items() if text == word)
    return float(found)


@pytest.mark.parametrize(
    ("status", "late", "renews", "renewal", "says"),
    [
        ("active", -DAY, 1, "Renews itself", "Active"),
        ("active", -DAY, 0, "Ends: nobody renews it", "Active"),
        ("active", HOUR, 1, "Renewal is due", "Active"),
        ("active", 25 * HOUR, 1, "Renewal is OVERDUE", "Active"),
        ("suspended", 25 * HOUR, 1, "Is OVER", "SUSPENDED"),
        ("suspended", -DAY, 1, "Renews itself", "SUSPENDED"),
        ("expired", HOUR, 1, "Is OVER", "EXPIRED"),
        ("active", HOUR, 0, "Is OVER", "OVER"),
        ("trial", HOUR, None, "Is OVER", "OVER"),
        ("unknown", HOUR, 0, "Is OVER", "Unknown word"),
        ("active", -DAY, None, None, "Active"),
    ],
)
@pytest.mark.parametrize("answers", [True, False])
def test_a_plan_past_its_end_says_what_became_of_it(
    status: str,
    late: int,
    renews: int | None,
    renewal: str | None,
    says: str,
    answers: bool,
    tmp_path: Path,
    promtool: str,
) -> None:
    given = [*api("subscription", answers), *plan(status, NOW - late, renews)]
    was = "" if answers else "Was: "
    ends: Mapping[str, float] = (
        {LABELS: number(words.was(words.RENEWS), f"{was}{renewal}")} if renewal is not None else {}
    )
    asked = {
        query("sms-account", "Plan ends"): ends,
        query("sms-account", "Plan"): {LABELS: number(words.was(words.STATUS_NUMBERS), f"{was}{says}")},
    }
    shown(tmp_path, promtool, given, asked)


def credit() -> list[dict[str, str]]:
    thresholds = [
        recorded("account:sms_credit_balance_threshold:max", value, currency="EUR", severity=word)
        for word, value in (("warning", 50), ("critical", 10))
    ]
    return [recorded("account:sms_credit_balance:min", 100, currency="EUR"), *thresholds]


EUROS = LABELS.replace("}", ', currency="EUR"}')


@pytest.mark.parametrize("away", ["answers", "fails", "exporter down"])
def test_what_is_not_current_says_when_it_was_seen(away: str, tmp_path: Path, promtool: str) -> None:
    seen = NOW - 5 * HOUR
    given = [*credit(), *api("credit", away == "answers", seen)]
    if away == "exporter down":
        # It answered until twenty minutes ago; the rules keep that for an hour.
        up = f"1x{MINUTES - 20}"
        given = [*credit(), recorded("account:sms_api_up:max", 1, api="credit"), given[-1]]
        given += [series("sms_api_up", up, **WHO, api="credit", instance="a")]
    given.append(recorded("account:sms_credit_runway:seconds", 90 * DAY, currency="EUR"))
    current = away == "answers"
    asked: dict[str, Mapping[str, float]] = {
        query("sms-account", "Credit"): {
            EUROS: number(words.was(words.CREDIT), "Enough" if current else "Was: Enough")
        },
        query("sms-account", "Balance"): {EUROS: 100} if current else {},
        query("sms-account", "Balance", "B"): {} if current else {EUROS: 100},
        query("sms-overview", "Accounts", "D"): {EUROS: words.MOST_DAYS if current else words.NOT_CURRENT},
        query("sms-account", "Balance", "C"): {} if current else {LABELS: 1000 * seen},
    }
    shown(tmp_path, promtool, given, asked)


@pytest.mark.parametrize(
    ("days", "colour"), [(1, "critical"), (5, "warning"), (30, "rest"), (3000, "rest"), (7, "rest"), (2, "warning")]
)
@pytest.mark.parametrize("currency", ["EUR", "messages"])
def test_a_runway_is_in_the_query_of_its_colour(
    days: int, colour: str, currency: str, tmp_path: Path, promtool: str
) -> None:
    limits = [
        recorded("account:sms_credit_runway_threshold_seconds:max", value * DAY, severity=word)
        for word, value in (("warning", 7), ("critical", 2))
    ]
    runway = recorded("account:sms_credit_runway:seconds", days * DAY, currency=currency)
    given = [*api("credit", True), *limits, runway]
    tile = {LABELS.replace("}", f', currency="{currency}"}}'): min(days, words.MOST_DAYS)}
    asked: dict[str, Mapping[str, float]] = {}
    for ref, name in zip("ABCD", ("critical", "warning", "rest", "not current"), strict=True):
        asked[query("sms-account", "Runway", ref)] = tile if name == colour else {}
        asked[query("sms-overview", "Next to run dry", ref)] = (
            {LABELS: min(days, words.MOST_DAYS)} if name == colour else {}
        )
    shown(tmp_path, promtool, given, asked)


ALERT = {"alertname": "SMSCreditLow", "alertstate": "firing", "severity": "warning"}


@pytest.mark.parametrize(
    ("more", "says", "row"),
    [
        ([], "No rules", {"alertname": "README"}),
        ([series("sms_exporter:alerts:loaded", f"1x{MINUTES}", job="sms")], "All is well", {"alertname": "README"}),
        ([recorded("ALERTS", 1, **{**ALERT, "alertstate": "pending"})], "All is well", {"alertname": "README"}),
        ([recorded("ALERTS", 1, **ALERT)], "Warning", {"alertname": "SMSCreditLow", **WHO}),
    ],
)
def test_all_is_well_only_where_rules_are_evaluated(
    more: list[dict[str, str]], says: str, row: Mapping[str, str], tmp_path: Path, promtool: str
) -> None:
    rank = number(words.SEVERITY, says)
    labels = "{" + ", ".join(f'{name}="{text}"' for name, text in row.items()) + "}"
    fine = {"All is well": {"{}": 1.0}, "Warning": {"{}": 0.0}, "No rules": {}}
    asked: dict[str, Mapping[str, float]] = {}
    for uid in ("sms-account", "sms-overview"):
        asked[query(uid, "State")] = {"{}": rank}
        asked[query(uid, "Alerts that fire, worst first")] = {labels: rank}
    asked[query("sms-overview", "Accounts by what is wrong", "F")] = fine[says]
    asked[query("sms-overview", "Accounts")] = {LABELS: rank}
    shown(tmp_path, promtool, [*api("credit", True), *more], asked)


@pytest.mark.parametrize(
    ("other", "shows"),
    [
        ({}, []),
        ({"namespace": "staging"}, ["in_namespace"]),
        ({"job": "sms-2"}, ["in_job"]),
        ({"namespace": "staging", "job": "sms-2"}, ["in_namespace", "in_job"]),
    ],
)
def test_job_and_namespace_stand_in_the_table_where_there_is_more_than_one(
    other: Mapping[str, str], shows: list[str], tmp_path: Path, promtool: str
) -> None:
    targets = [{"namespace": "prod", "job": "sms"}, {"namespace": "prod", "job": "sms", **other}]
    of = {"provider": "qlara", "api": "credit"}
    given = [
        series("account:sms_api_up:max", f"1x{MINUTES}", **target, **of, account=f"x{number}")
        for number, target in enumerate(targets)
    ]
    asked: dict[str, Mapping[str, float]] = {}
    for ref, label in (("J", "namespace"), ("K", "job")):
        rows = {
            f'{{{_as_matchers(target)}, provider="qlara", account="x{number}", in_{label}="{target[label]}"}}': 1.0
            for number, target in enumerate(targets)
        }
        (one,) = (one for one in queries() if str(one) == f"sms-overview / Accounts / {ref}")
        asked[filled(one.expr, 60)] = rows if f"in_{label}" in shows else {}
    shown(tmp_path, promtool, given, asked)


def _as_matchers(labels: Mapping[str, str]) -> str:
    return ", ".join(f'{name}="{text}"' for name, text in labels.items())
