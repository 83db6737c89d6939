"""What is wrong with an account: which severity, which words, in which order."""

import math
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.accounts.observation import Observation, View
from exporter.check.health import REASONS, Finding, Severity, findings, rank, worst
from exporter.check.words import amount, limit, percent
from exporter.durations import format_span
from exporter.failure import Failure, Reason
from exporter.readings import STATUSES, ContactQuota, Credit, Readings, Subscription
from exporter.settings import AccountSettings, Pair, Thresholds
from tests.virtual import WALL, account

DAY = 86400.0
THRESHOLDS = Thresholds(
    {"EUR": Pair(100.0, 50.0)}, contacts_used_ratio=Pair(0.8, 1.0), subscription_remaining=Pair(30 * DAY, 7 * DAY)
)


def view(
    readings: Mapping[str, Readings | Failure | None], settings: AccountSettings | None = None, **kept: Readings
) -> View:
    """A view of apis by name; what is `kept` is served beside a failure."""
    return View(
        settings or account(thresholds=THRESHOLDS),
        tuple(
            Observation(api, kept.get(api), told) if isinstance(told, Failure) else Observation(api, told)
            for api, told in readings.items()
        ),
    )


def judged(readings: Readings, settings: AccountSettings | None = None) -> list[tuple[str, str]]:
    return [(f.severity.word, f.text) for f in findings(view({"credit": readings}, settings), WALL)]


USUAL = Pair(100.0, 50.0)


def credit(balance: float, currency: str = "EUR", pair: Pair = USUAL) -> list[tuple[str, str]]:
    settings = account(thresholds=Thresholds({"EUR": pair}, pair if currency != "EUR" else Pair()))
    return judged(Readings(credits=(Credit(balance, currency),)), settings)


@pytest.mark.parametrize(
    ("balance", "found"),
    [
        (100.0, []),
        (99.999, [("warning", "Credit below 100 EUR: 99.99 EUR left")]),
        (50.0, [("warning", "Credit below 100 EUR: 50.00 EUR left")]),
        (49.999, [("critical", "Credit below 50 EUR: 49.99 EUR left")]),
        (0.001, [("critical", "Credit below 50 EUR: 0.00 EUR left")]),
        (0.0, [("critical", "Credit is used up: 0.00 EUR left")]),
        (-7.5, [("critical", "Credit is used up: -7.50 EUR left")]),
    ],
)
def test_credit_is_judged_below_its_thresholds_and_never_rounded_up_to_one(
    balance: float, found: list[tuple[str, str]]
) -> None:
    assert credit(balance) == found


def test_credit_without_a_threshold_is_never_too_low() -> None:
    assert credit(-1e6, pair=Pair()) == []
    assert judged(Readings(credits=(Credit(1.0, "DKK"),))) == []


def test_credit_with_one_of_the_two_thresholds_is_judged_by_that_one() -> None:
    assert credit(1, pair=Pair(warning=5)) == [("warning", "Credit below 5 EUR: 1.00 EUR left")]
    assert credit(1, pair=Pair(critical=5)) == [("critical", "Credit below 5 EUR: 1.00 EUR left")]
    assert credit(6, pair=Pair(critical=5)) == []


def test_nothing_left_is_critical_even_where_only_a_warning_is_set_but_not_where_debt_is_allowed() -> None:
    assert credit(0, pair=Pair(warning=5)) == [("critical", "Credit is used up: 0.00 EUR left")]
    assert credit(-60, pair=Pair(-50, -100)) == [("warning", "Credit below -50 EUR: -60.00 EUR left")]
    assert credit(-100, pair=Pair(-50, -100)) == [("critical", "Credit is used up: -100.00 EUR left")]


def test_what_is_judged_is_what_is_available_and_the_pot_is_named() -> None:
    line = Credit(-3.0, "EUR", overdraft=100.0)
    assert judged(Readings(credits=(line,))) == [
        ("warning", "Credit below 100 EUR: 97.00 EUR left (balance -3.00 EUR)")
    ]
    assert judged(Readings(credits=(Credit(-3.0, "EUR", overdraft=103.0),))) == []
    assert judged(Readings(credits=(Credit(-100.0, "EUR", overdraft=100.0),))) == [
        ("critical", "Credit is used up: 0.00 EUR left (balance -100.00 EUR)")
    ]
    assert judged(Readings(credits=(Credit(0.1, "EUR", overdraft=0.2),)))[0][1].startswith(
        "Credit below 50 EUR: 0.30 EUR left"
    )


def test_of_several_pots_each_is_judged_by_its_own_thresholds_and_named() -> None:
    limits = Thresholds({"messages": Pair(100, 50)}, wallets={"mail": Pair(9, 3), "free": Pair()})
    pots = (
        Credit(5000, "messages", wallet="sms"),
        Credit(0, "messages", wallet="mail"),
        Credit(49, "messages", wallet="rcs"),
        Credit(0, "messages", wallet="free"),
    )
    assert judged(Readings(credits=pots), account(thresholds=limits)) == [
        ("critical", "Credit of mail is used up: 0 messages left"),
        ("critical", "Credit of rcs below 50 messages: 49 messages left"),
    ]


@pytest.mark.parametrize(
    ("remaining", "balance", "part", "found"),
    [
        (14 * DAY, 500, 120, ["Credit of sms expires in 14 days: 120 messages"]),
        (3 * DAY, 500, None, ["Credit of sms expires in 3 days: up to 500 messages"]),
        (0, 500, None, ["Credit of sms expires in less than a minute: up to 500 messages"]),
        (14 * DAY + 1, 500, 120, []),
        (-1, 500, 120, []),
        (DAY, 0, 120, []),
        (DAY, -5, None, []),
        (DAY, 500, 0, []),
    ],
)
def test_a_pot_with_something_in_it_that_is_lost_within_14_days_is_a_warning(
    remaining: float, balance: float, part: float | None, found: list[str]
) -> None:
    pot = Credit(balance, "messages", wallet="sms", expires_timestamp_seconds=WALL + remaining, expiring=part)
    assert judged(Readings(credits=(pot,))) == [("warning", text) for text in found]


def test_a_postpaid_account_has_no_finding_of_credit() -> None:
    pot = Credit(-5, "EUR", expires_timestamp_seconds=WALL + DAY, expiring=1)
    assert judged(Readings(credits=(pot,), postpaid=True)) == []
    assert judged(Readings(postpaid=True, contacts=ContactQuota(5, 5))) == [("critical", "Contacts at 100 % of 5")]
    assert judged(Readings(credits=(pot,), postpaid=False)) != []


def test_a_sum_beyond_all_numbers_is_the_balance() -> None:
    assert Credit(1.7e308, "EUR", overdraft=1.7e308).available == 1.7e308


def test_units_other_than_money_are_whole() -> None:
    assert credit(1200, "messages", Pair(5000)) == [("warning", "Credit below 5,000 messages: 1,200 messages left")]
    assert amount(0.5, "credits") == "0.50 credits"


@pytest.mark.parametrize(
    ("used", "found"),
    [
        (39_999, []),
        (40_000, [("warning", "Contacts at 80 % of 50,000")]),
        (49_999, [("warning", "Contacts at 99 % of 50,000")]),
        (50_000, [("critical", "Contacts at 100 % of 50,000")]),
        (61_000, [("critical", "Contacts at 122 % of 50,000")]),
    ],
)
def test_contacts_are_judged_at_or_above_their_thresholds(used: float, found: list[tuple[str, str]]) -> None:
    assert judged(Readings(contacts=ContactQuota(used, 50_000))) == found


@pytest.mark.parametrize("quota", [ContactQuota(5), ContactQuota(5, 0)])
def test_contacts_without_a_limit_are_never_too_many(quota: ContactQuota) -> None:
    assert judged(Readings(contacts=quota)) == []


def test_contacts_without_a_threshold_are_never_too_many() -> None:
    assert judged(Readings(contacts=ContactQuota(9, 5)), account()) == []


def plan(status: str = "active", remaining: float | None = None, **more: object) -> list[tuple[str, str]]:
    end = None if remaining is None else WALL + remaining
    return judged(Readings(subscription=Subscription(status, end_timestamp_seconds=end, **more)))  # type: ignore[arg-type]


@pytest.mark.parametrize("status", STATUSES)
def test_a_plans_status_is_judged(status: str) -> None:
    assert plan(status) == {
        "suspended": [("critical", "Suspended by the provider")],
        "expired": [("critical", "Plan has expired")],
        "cancelled": [("critical", "Plan is cancelled")],
        "unknown": [("warning", "Plan has a status that isn't known")],
    }.get(status, [])


@pytest.mark.parametrize(
    ("remaining", "found"),
    [
        (30 * DAY, []),
        (30 * DAY - 1, [("warning", "Plan ends in 29 days and doesn't renew itself")]),
        (7 * DAY, [("warning", "Plan ends in 7 days and doesn't renew itself")]),
        (7 * DAY - 1, [("critical", "Plan ends in 6 days and doesn't renew itself")]),
        (DAY, [("critical", "Plan ends in 1 day and doesn't renew itself")]),
        (30, [("critical", "Plan ends in less than a minute and doesn't renew itself")]),
        (-2 * DAY, [("critical", "Plan ended 2 days ago and doesn't renew itself")]),
    ],
)
def test_a_plan_that_does_not_renew_itself_is_judged_by_what_remains(
    remaining: float, found: list[tuple[str, str]]
) -> None:
    assert plan(remaining=remaining, auto_renew=False) == found


def test_a_plan_of_which_the_renewal_is_not_known_is_judged_like_one_that_does_not_renew_itself() -> None:
    assert plan(remaining=3 * DAY) == [("critical", "Plan ends in 3 days and may not renew itself")]


@pytest.mark.parametrize("status", ["expired", "cancelled"])
def test_a_plan_that_is_over_does_not_end_as_well(status: str) -> None:
    assert len(plan(status, -DAY, auto_renew=False)) == 1


@pytest.mark.parametrize(
    ("status", "remaining", "found"),
    [
        ("active", DAY, []),
        ("active", -DAY, []),
        ("active", -DAY - 1, [("warning", "Plan's renewal is overdue: its term ended 1 day ago")]),
        ("trial", -9 * DAY, []),
    ],
)
def test_a_renewal_is_overdue_a_day_past_the_end_of_an_active_plan(
    status: str, remaining: float, found: list[tuple[str, str]]
) -> None:
    assert plan(status, remaining, auto_renew=True) == found


def test_an_expected_feature_that_is_off_or_not_known_or_not_listed_is_a_warning() -> None:
    settings = account(expect_features=("sms", "rcs", "whatsapp", "webhooks"))
    features = {"sms": True, "rcs": False, "whatsapp": None}
    assert judged(Readings(subscription=Subscription("active", features=features)), settings) == [
        ("warning", "Expected of the plan, but off: rcs, whatsapp, webhooks")
    ]
    assert judged(Readings(credits=(Credit(1, "EUR"),)), settings) == []


@pytest.mark.parametrize("reason", Reason)
def test_a_failing_api_is_unknown_unless_the_refusal_says_that_sending_has_stopped(reason: Reason) -> None:
    (finding,) = findings(view({"credit": Failure(reason, "as the test says")}), WALL)
    stopped = reason in {Reason.SUSPENDED, Reason.INSUFFICIENT_CREDIT}
    assert finding.severity is (Severity.CRITICAL if stopped else Severity.UNKNOWN)
    assert finding.text == REASONS[reason][1]
    assert finding.api == "credit"


def test_a_failure_names_its_apis_where_others_work_and_is_told_once() -> None:
    down, fine = Failure(Reason.CONNECTION, "refused"), Readings()
    (finding,) = findings(view({"credit": down, "contacts": down, "subscription": fine}), WALL)
    assert (finding.text, finding.api) == ("Provider can't be reached (credit, contacts)", None)
    (finding,) = findings(view({"credit": down, "contacts": down}), WALL)
    assert finding.text == "Provider can't be reached"


def test_a_rejected_key_is_the_accounts_whatever_else_works() -> None:
    (finding,) = findings(view({"credit": Failure(Reason.UNAUTHORIZED, ""), "prices": Readings()}), WALL)
    assert finding.text == "Key rejected"


def test_an_api_that_has_said_nothing_yet_is_unknown() -> None:
    (finding,) = findings(view({"credit": None, "prices": Readings()}), WALL)
    assert (finding.severity, finding.text) == (Severity.UNKNOWN, "Nothing known yet (credit)")


def test_readings_that_are_kept_are_judged_beside_the_failure() -> None:
    kept = Readings(credits=(Credit(10.0, "EUR"),))
    found = findings(view({"credit": Failure(Reason.TIMEOUT, "")}, credit=kept), WALL)
    assert [(f.severity.word, f.text) for f in found] == [
        ("critical", "Credit below 50 EUR: 10.00 EUR left"),
        ("unknown", "No answer in time"),
    ]
    assert worst(found) is Severity.CRITICAL


def test_what_two_apis_tell_alike_is_told_once() -> None:
    suspended = Readings(subscription=Subscription("suspended"))
    found = findings(view({"credit": Failure(Reason.SUSPENDED, ""), "subscription": suspended}), WALL)
    assert [(f.text, f.api) for f in found] == [("Suspended by the provider", "credit")]


def test_findings_are_worst_first_and_the_most_urgent_first_among_equals() -> None:
    readings = Readings(
        credits=(Credit(99.0, "EUR"),), contacts=ContactQuota(90, 100), subscription=Subscription("unknown")
    )
    found = findings(view({"credit": readings, "prices": Failure(Reason.TLS, "")}), WALL)
    assert [f.severity for f in found] == [Severity.UNKNOWN, Severity.WARNING, Severity.WARNING, Severity.WARNING]
    assert [f.text.split()[0] for f in found] == ["No", "Contacts", "Plan", "Credit"]


def test_nothing_wrong_is_fine() -> None:
    assert findings(view({"credit": Readings(credits=(Credit(500, "EUR"),))}), WALL) == ()
    assert worst(()) is Severity.FINE
    assert sorted(Severity) == [Severity.CRITICAL, Severity.UNKNOWN, Severity.WARNING, Severity.FINE]


def test_among_equals_names_are_in_natural_order() -> None:
    names = ["", "a", "a0", "a1", "a01", "a9", "a10", "a10b2", "a10b10", "a" + "9" * 5000, "b", "²", "٣"]
    assert sorted(sorted(names), key=lambda name: rank((), name)) == [
        "", "a", "a0", "a01", "a1", "a9", "a10", "a10b2", "a10b10", "a" + "9" * 5000, "b", "²", "٣",
    ]  # fmt: skip
    low, gone = (Finding(Severity.WARNING, "", None, urgency) for urgency in (0.1, 0.9))
    assert sorted(((), (low,), (gone,)), key=lambda found: rank(found, "")) == [(gone,), (low,), ()]


def test_lengths_and_figures_are_as_a_person_writes_them() -> None:
    assert [format_span(s) for s in (59, 60, 119, 3600, 86399, 2 * DAY, 4000 * DAY)] == [
        "less than a minute", "1 minute", "1 minute", "1 hour", "23 hours", "2 days", "4,000 days",
    ]  # fmt: skip
    assert [limit(v) for v in (50.0, 50_000.0, 0.5, 1234.5, 1e300)] == ["50", "50,000", "0.5", "1,234.5", "1e+300"]
    assert [percent(r) for r in (0.29, 0.7999, 12.0, 1e300)] == ["29 %", "79 %", "1,200 %", "1e+302 %"]
    assert [percent(r, 1) for r in (0.649, 0.1, 0.79999, 1.0)] == ["64.9 %", "10.0 %", "79.9 %", "100.0 %"]
    assert amount(-0.001, "EUR") == "-0.01 EUR"
    assert amount(1e300, "EUR") == "1e+300 EUR"


anything = st.floats(allow_nan=False, allow_infinity=False)


@given(anything, anything, st.none() | anything, st.none() | anything)
def test_any_figures_are_judged_as_the_comparison_says(
    value: float, size: float, warning: float | None, critical: float | None
) -> None:
    pair = Pair(warning, critical)
    settings = account(
        thresholds=Thresholds(credit_any=pair, contacts_used_ratio=pair, subscription_remaining=Pair(warning, critical))
    )
    told = Readings(
        credits=(Credit(value, "EUR"), Credit(value, "messages")),
        subscription=Subscription("active", end_timestamp_seconds=value),
        contacts=ContactQuota(value, size),
    )
    found = findings(view({"credit": told}, settings), 0.0)
    assert found == tuple(sorted(found, key=lambda finding: (finding.severity, -finding.urgency)))
    assert all(isinstance(f, Finding) and f.text and (math.isfinite(f.urgency)) for f in found)
    is_critical = critical is not None and value < critical
    if is_critical:
        assert any(f.severity is Severity.CRITICAL and f.text.startswith("Credit") for f in found)
    elif warning is not None and value < warning:
        assert any(f.severity <= Severity.WARNING and f.text.startswith("Credit") for f in found)
