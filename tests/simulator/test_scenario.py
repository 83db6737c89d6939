import itertools
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from exporter.simulator.account import CYCLE_SECONDS, DAY, HOUR, Automatic, Monthly, interpolate
from exporter.simulator.balance import Balance
from exporter.simulator.configuration import configuration
from exporter.simulator.scenario import DEFAULT_SPEED, AccountState, Scenario

from .conftest import START
from .crowd import crowd

CYCLE = range(0, int(CYCLE_SECONDS), 900)
EUROS = {"warning": 100.0, "critical": 50.0}


def spending(balance: Balance, begin: float, end: float) -> float:
    """What goes between two times."""
    money_in = sum(top_up.amount for top_up in balance.top_ups(end) if top_up.at > begin and not top_up.failed)
    return balance.at(begin) + money_in - balance.at(end)


def history(scenario: Scenario) -> Iterator[float]:
    return (scenario.begin + hour * HOUR for hour in range(35 * 24))


def test_the_same_seed_gives_the_same_scenario() -> None:
    one, other = Scenario(7, START), Scenario(7, START)
    at = START + 3.3 * DAY
    other.state("bank-otp", at + 20 * DAY)  # looking further ahead first changes nothing
    for account in one.accounts:
        assert one.state(account.name, at) == other.state(account.name, at)


def test_another_seed_gives_another_scenario(scenario: Scenario) -> None:
    other = Scenario(scenario.seed + 1, START)
    at = START - 3.3 * DAY
    assert other.state("bank-otp", at).balance != scenario.state("bank-otp", at).balance


def test_there_are_accounts_of_every_kind(scenario: Scenario) -> None:
    assert 12 <= len(scenario.accounts) <= 20
    assert {(a.provider, next(iter(a.auth))) for a in scenario.accounts} == {
        ("agiletelecom", "api_key"),
        ("agiletelecom", "basic"),
        ("agiletelecom", "oauth1"),
        ("gatewayapi", "token"),
        ("gatewayapi", "oauth1"),
        ("qlara", "api_key"),
        ("qlara", "basic"),
    }
    assert {account.currency for account in scenario.accounts} == {"EUR", "DKK", "CHF"}
    assert {account.billing for account in scenario.accounts} == {"prepaid", "postpaid"}


@given(
    place=st.integers(0, 19),
    begin=st.floats(-35 * DAY, 14 * DAY),
    length=st.floats(0, 2 * DAY),
)
def test_a_balance_falls_unless_topped_up(scenario: Scenario, place: int, begin: float, length: float) -> None:
    account = scenario.accounts[place]
    balance = scenario.balance(account.name)
    earlier, later = balance.at(START + begin), balance.at(START + begin + length)
    came = [t for t in balance.top_ups(START + begin + length) if t.at > START + begin and not t.failed]
    if came:
        assert spending(balance, START + begin, START + begin + length) >= -1e-6
    else:
        assert later <= earlier


@pytest.mark.parametrize("place", range(20))
def test_a_prepaid_balance_never_falls_below_nothing_and_moves_without_jumps_down(
    scenario: Scenario, place: int
) -> None:
    account = scenario.accounts[place]
    balances = [scenario.state(account.name, at).balance for at in history(scenario)]
    balances += [scenario.state(account.name, START + offset).balance for offset in CYCLE]
    if account.billing == "prepaid":
        assert min(balances) >= 0
    most_an_hour = account.spending.weekly / 3
    assert all(after >= before - most_an_hour for before, after in itertools.pairwise(balances))


def test_only_the_live_cycle_runs_dry(scenario: Scenario) -> None:
    for account in scenario.accounts:
        if account.billing == "prepaid":
            assert min(scenario.state(account.name, at).balance for at in history(scenario)) > 10


@pytest.mark.parametrize(
    ("name", "busier", "quieter"),
    [("parcel-alerts", 17, 2), ("clinic-reminders", 9, 23), ("bank-otp", 18, 3), ("hotel-desk", 22, 8)],
)
def test_spending_by_day_is_not_that_by_night(scenario: Scenario, name: str, busier: int, quieter: int) -> None:
    midnight = START - START % DAY - 3 * DAY - HOUR  # of Central Europe, on a Sunday
    balance = scenario.balance(name)
    days = [midnight - number * DAY for number in range(2, 20)]

    def spent(hour: int) -> float:
        return sum(spending(balance, day + hour * HOUR, day + (hour + 1) * HOUR) for day in days)

    assert spent(busier) > 3 * spent(quieter)


def test_an_office_rests_at_weekends(scenario: Scenario) -> None:
    days = [START - START % DAY - HOUR - number * DAY for number in range(1, 29)]
    spent = {day: spending(scenario.balance("clinic-reminders"), day, day + DAY) for day in days}
    weekend = [s for day, s in spent.items() if datetime.fromtimestamp(day + 2 * HOUR, UTC).weekday() >= 5]
    assert max(weekend) < 0.3 * sum(spent.values()) / len(spent)


def test_a_campaign_stands_out(scenario: Scenario) -> None:
    wednesday_nine = START - START % DAY - 7 * DAY + 8 * HOUR
    balance = scenario.balance("crm-loyalty")
    mailing = spending(balance, wednesday_nine, wednesday_nine + 2 * HOUR)
    assert mailing > 5 * spending(balance, wednesday_nine - DAY, wednesday_nine - DAY + 2 * HOUR)


def test_the_history_has_top_ups_of_every_kind_and_failed_ones(scenario: Scenario) -> None:
    came: dict[type, list[bool]] = {Automatic: [], Monthly: []}
    for account in scenario.accounts:
        for top_up in scenario.balance(account.name).top_ups(START):
            came.setdefault(type(account.money), []).append(top_up.failed)
    assert len(came) == 3
    assert all(not all(failed) for failed in came.values())
    assert any(came[Automatic])


def test_a_bounced_transfer_comes_two_days_later(scenario: Scenario) -> None:
    late = START + 90 * DAY
    ups = scenario.balance("clinic-reminders").top_ups(late)
    bounced = next(number for number, top_up in enumerate(ups) if top_up.failed)
    assert datetime.fromtimestamp(ups[bounced].at, UTC).day == 1
    assert ups[bounced + 1].at - ups[bounced].at == pytest.approx(2 * DAY, abs=300)
    assert not ups[bounced + 1].failed


def test_the_history_has_a_burst_of_pumping(scenario: Scenario) -> None:
    balance = scenario.balance("login-codes")
    begin = START - 12 * DAY
    assert spending(balance, begin, begin + 5 * HOUR) > 8 * spending(balance, begin - 5 * HOUR, begin)


def test_the_live_scenario_goes_on_where_the_history_ends(scenario: Scenario) -> None:
    for account in scenario.accounts:
        before, after = (scenario.state(account.name, START + offset) for offset in (-1, 1))
        assert after.balance == pytest.approx(before.balance, rel=0.01, abs=0.5)
        if before.contacts is not None and after.contacts is not None:
            assert abs(after.contacts.used - before.contacts.used) <= 5
        assert after.errors == before.errors
        assert (after.subscription and after.subscription.status) == (
            before.subscription and before.subscription.status
        )


def test_an_event_is_given_as_the_real_time_at_which_it_happens() -> None:
    scenario = Scenario(1, START, speed=60)
    at = START + 6 * DAY
    real = START + 6 * DAY / 60
    for account in scenario.accounts:
        state = scenario.state(account.name, at)
        if state.last_recharge_at is not None:
            assert state.last_recharge_at <= real
    plan = scenario.state("pharmacy-net", START + 1 * DAY).subscription
    assert plan is not None
    assert plan.end == START + 3 * DAY / 60
    soon = scenario.state("school-board", START + 1 * DAY).subscription
    assert soon is not None
    assert 12 * DAY < soon.end - scenario.real_time(START + 1 * DAY) < 21 * DAY


def test_a_cycle_happens_again_with_dates_of_its_own() -> None:
    scenario = Scenario(1, START)
    first, second = (scenario.state("tour-office", START + n * CYCLE_SECONDS + DAY).subscription for n in (0, 1))
    assert first is not None
    assert second is not None
    assert second.end - first.end == CYCLE_SECONDS


def test_copies_are_alike_but_for_name_and_secret(scenario: Scenario) -> None:
    copied = Scenario(scenario.seed, START, accounts=crowd(50))
    assert len({account.name for account in copied.accounts}) == 1000
    assert len({str(account.auth) for account in copied.accounts}) == 1000
    state, copy = (copied.state(name, START + DAY) for name in ("bank-otp", "bank-otp-50"))
    assert copy.balance == state.balance
    assert copy.account_id != state.account_id


@pytest.mark.parametrize(("offset", "value"), [(-5, 1.0), (0, 1.0), (5, 2.0), (10, 3.0), (99, 3.0)])
def test_lines_go_through_their_points_and_end_with_them(offset: float, value: float) -> None:
    assert interpolate([(0, 1.0), (10, 3.0)], offset) == value


# Every cause that an alert names, as section 7 of the contract words it.

CAUSES: Mapping[str, str] = {
    "SMSCreditLow": "bakery-it",
    "SMSCreditCritical": "bakery-it",
    "SMSCreditExhausted": "webshop-orders",
    "SMSCreditRunwayShort": "museum-tickets",
    "SMSCreditRunwayCritical": "bakery-it",
    "SMSCreditSpendSpike": "login-codes",
    "SMSCreditThresholdMissing": "shop-dk",
    "SMSSubscriptionSuspended": "gym-members",
    "SMSSubscriptionExpired": "pharmacy-net",
    "SMSSubscriptionStatusUnknown": "startup-trial",
    "SMSSubscriptionEndingSoon": "school-board",
    "SMSSubscriptionEndingCritical": "pharmacy-net",
    "SMSSubscriptionRenewalOverdue": "tour-office",
    "SMSContactsQuotaHigh": "crm-loyalty",
    "SMSContactsQuotaExhausted": "crm-loyalty",
    "SMSContactsQuotaFilling": "crm-loyalty",
    "SMSFeatureMissing": "fashion-outlet",
    "SMSKeyRejected": "old-intranet",
    "SMSAddressNotAllowed": "parcel-alerts",
    "SMSPermissionMissing": "insurance-claims",
    "SMSRateLimited": "fashion-outlet",
    "SMSProviderFailing": "hotel-desk",
    "SMSAnswerNotUnderstood": "clinic-reminders",
}
"""Two more refusals count as alerts: `insufficient_credit` (museum-tickets, webshop-orders) as exhausted,
`suspended` (festival-news) as suspended."""


class Cycle:
    """One account through one cycle, with its thresholds."""

    def __init__(self, scenario: Scenario, name: str, number: int) -> None:
        self.scenario, self.account = scenario, scenario.account(name)
        self.begin = scenario.start + number * CYCLE_SECONDS
        written = yaml.safe_load(configuration(scenario, "http://127.0.0.1:1"))["accounts"]
        own = next(account for account in written if account["name"] == name).get("thresholds", {})
        credit = own.get("credit", {}) or {}
        units = EUROS if self.account.currency == "EUR" else {}
        self.credit = {**units, **credit, **credit.get(self.account.currency, {})}

    def states(self) -> Iterator[tuple[float, AccountState]]:
        for offset in CYCLE:
            yield self.begin + offset, self.scenario.state(self.account.name, self.begin + offset)

    def ever(self, holds: Callable[[AccountState], bool]) -> bool:
        return any(holds(state) for _, state in self.states())

    def below(self, severity: str) -> bool:
        return self.ever(lambda state: state.balance < self.credit[severity])

    def refuses(self, error: str) -> bool:
        lasting = [error in state.errors.values() for _, state in self.states()]
        return sum(lasting) * 900 >= 12 * HOUR

    def runway_below(self, seconds: float) -> bool:
        balance = self.scenario.balance(self.account.name)
        return any(0 < state.balance < spending(balance, at - DAY, at) / DAY * seconds for at, state in self.states())

    def spikes(self) -> bool:
        balance = self.scenario.balance(self.account.name)
        return any(
            spending(balance, at - HOUR, at) > 5 * spending(balance, at - 7 * DAY, at) / (7 * 24)
            for at, _ in self.states()
        )

    def status(self, *words: str) -> bool:
        return self.ever(lambda state: state.subscription is not None and state.subscription.status in words)

    def ends_within(self, days: float, *, auto_renew: bool) -> bool:
        return any(
            state.subscription is not None
            and state.subscription.status == "ACTIVE"
            and state.subscription.auto_renew == auto_renew
            and state.subscription.end - self.scenario.real_time(at) < days * DAY
            for at, state in self.states()
        )

    def full(self, ratio: float) -> bool:
        return self.ever(
            lambda state: state.contacts is not None and state.contacts.used >= ratio * state.contacts.limit
        )

    def fills(self) -> bool:
        used = [state.contacts.used for _, state in self.states() if state.contacts is not None]
        limit = self.account.contacts.limit if self.account.contacts else 0
        day = int(DAY / 900)
        return any(
            before < after < limit and after + 7 * (after - before) >= limit
            for before, after in itertools.pairwise(used[::day])
        )


CHECKS: dict[str, Callable[[Cycle], bool]] = {
    "SMSCreditLow": lambda c: c.below("warning"),
    "SMSCreditCritical": lambda c: c.below("critical"),
    "SMSCreditExhausted": lambda c: c.ever(lambda state: state.balance <= 0) and c.refuses("insufficient_credit"),
    "SMSCreditRunwayShort": lambda c: c.runway_below(7 * DAY),
    "SMSCreditRunwayCritical": lambda c: c.runway_below(2 * DAY),
    "SMSCreditSpendSpike": Cycle.spikes,
    "SMSCreditThresholdMissing": lambda c: not c.credit and c.account.billing == "prepaid",
    "SMSSubscriptionSuspended": lambda c: c.status("SUSPENDED"),
    "SMSSubscriptionExpired": lambda c: c.status("EXPIRED"),
    "SMSSubscriptionStatusUnknown": lambda c: c.status("PAUSED"),
    "SMSSubscriptionEndingSoon": lambda c: c.ends_within(30, auto_renew=False),
    "SMSSubscriptionEndingCritical": lambda c: c.ends_within(7, auto_renew=False),
    "SMSSubscriptionRenewalOverdue": lambda c: c.ends_within(-1, auto_renew=True),
    "SMSContactsQuotaHigh": lambda c: c.full(0.8) and not c.full(1.0001),
    "SMSContactsQuotaExhausted": lambda c: c.full(1),
    "SMSContactsQuotaFilling": Cycle.fills,
    "SMSFeatureMissing": lambda c: any(
        c.account.plan is not None and not c.account.plan.features[name] for name in c.account.expect_features
    ),
    "SMSKeyRejected": lambda c: c.refuses("key_rejected"),
    "SMSAddressNotAllowed": lambda c: c.refuses("address_not_allowed"),
    "SMSPermissionMissing": lambda c: c.refuses("permission_missing"),
    "SMSRateLimited": lambda c: c.refuses("rate_limited"),
    "SMSProviderFailing": lambda c: c.refuses("server_error") and c.refuses("timeout"),
    "SMSAnswerNotUnderstood": lambda c: c.refuses("not_understood"),
}


@pytest.mark.parametrize("alert", CAUSES)
@pytest.mark.parametrize("number", [0, 1])
def test_every_cause_that_an_alert_names_happens_in_every_cycle(scenario: Scenario, alert: str, number: int) -> None:
    assert CHECKS[alert](Cycle(scenario, CAUSES[alert], number))


@pytest.mark.parametrize(("seed", "start"), [(number, START + number * 1.4 * DAY) for number in range(2, 6)])
def test_every_cause_happens_whatever_the_seed_and_the_start(seed: int, start: float) -> None:
    scenario = Scenario(seed, start)
    for alert, name in CAUSES.items():
        assert CHECKS[alert](Cycle(scenario, name, 0)), alert


@pytest.mark.parametrize("name", ["festival-news", "museum-tickets", "webshop-orders"])
def test_the_refusals_that_count_as_alerts_happen(scenario: Scenario, name: str) -> None:
    error = "suspended" if name == "festival-news" else "insufficient_credit"
    assert Cycle(scenario, name, 0).refuses(error)


@pytest.mark.parametrize("start", [START + number * 1.3 * DAY for number in range(6)])
def test_whoever_watches_for_two_minutes_sees_several_states(start: float) -> None:
    scenario = Scenario(1, start, speed=DEFAULT_SPEED)
    soon = start + 120 * DEFAULT_SPEED
    assert scenario.state("bakery-it", start).balance >= 50 > scenario.state("bakery-it", soon).balance
    contacts = [scenario.state("crm-loyalty", at).contacts for at in (start, soon)]
    assert [c is not None and c.used >= 0.8 * c.limit for c in contacts] == [False, True]
    assert scenario.state("old-intranet", start).errors == {"credit": "key_rejected"}
    assert scenario.state("hotel-desk", start).errors == {}
    assert scenario.state("hotel-desk", soon).errors == {"credit": "server_error"}
    suspended = scenario.state("gym-members", start).subscription
    assert suspended is not None
    assert suspended.status == "SUSPENDED"
    healthy = [a.name for a in scenario.accounts if not scenario.state(a.name, soon).errors]
    assert len(healthy) >= 15
