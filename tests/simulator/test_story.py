import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from exporter.simulator.cast import CAUSES
from exporter.simulator.configuration import configuration
from exporter.simulator.script import CYCLE_SECONDS, DAY, HOUR, Automatic, Monthly, interpolate
from exporter.simulator.story import DEFAULT_SPEED, Story, Truth

from .conftest import START

CYCLE = range(0, int(CYCLE_SECONDS), 900)
EUROS = {"warning": 100.0, "critical": 50.0}


def history(story: Story) -> Iterator[float]:
    return (story.begin + hour * HOUR for hour in range(35 * 24))


def test_the_same_seed_tells_the_same_story() -> None:
    one, other = Story(7, START), Story(7, START)
    at = START + 3.3 * DAY
    other.state("bank-otp", at + 20 * DAY)  # looking further ahead first changes nothing
    for account in one.accounts:
        assert one.state(account.name, at) == other.state(account.name, at)


def test_another_seed_tells_another_story(story: Story) -> None:
    other = Story(story.seed + 1, START)
    at = START - 3.3 * DAY
    assert other.state("bank-otp", at).balance != story.state("bank-otp", at).balance


def test_there_are_accounts_of_every_kind(story: Story) -> None:
    assert 12 <= len(story.accounts) <= 20
    assert {(a.provider, a.sign_in_form) for a in story.accounts} == {
        ("agiletelecom", "api_key"),
        ("agiletelecom", "basic"),
        ("agiletelecom", "oauth1"),
        ("gatewayapi", "token"),
        ("gatewayapi", "oauth1"),
        ("qlara", "api_key"),
        ("qlara", "basic"),
    }
    assert {account.currency for account in story.accounts} == {"EUR", "DKK", "CHF"}
    assert {account.billing for account in story.accounts} == {"prepaid", "postpaid"}


@given(
    place=st.integers(0, 19),
    begin=st.floats(-35 * DAY, 14 * DAY),
    length=st.floats(0, 2 * DAY),
)
def test_a_balance_falls_unless_topped_up(story: Story, place: int, begin: float, length: float) -> None:
    account = story.accounts[place]
    ledger = story.ledger(account.name)
    earlier, later = ledger.balance(START + begin), ledger.balance(START + begin + length)
    came = [t for t in ledger.top_ups(START + begin + length) if t.at > START + begin and not t.failed]
    if came:
        assert ledger.spent(START + begin, START + begin + length) >= -1e-6
    else:
        assert later <= earlier


@pytest.mark.parametrize("place", range(20))
def test_a_prepaid_balance_never_falls_below_nothing_and_moves_without_jumps_down(story: Story, place: int) -> None:
    account = story.accounts[place]
    balances = [story.state(account.name, at).balance for at in history(story)]
    balances += [story.state(account.name, START + offset).balance for offset in CYCLE]
    if account.billing == "prepaid":
        assert min(balances) >= 0
    most_an_hour = account.habit.weekly / 3
    assert all(after >= before - most_an_hour for before, after in itertools.pairwise(balances))


def test_only_the_live_cycle_runs_dry(story: Story) -> None:
    for account in story.accounts:
        if account.billing == "prepaid":
            assert min(story.state(account.name, at).balance for at in history(story)) > 10


@pytest.mark.parametrize(
    ("name", "busier", "quieter"),
    [("parcel-alerts", 17, 2), ("clinic-reminders", 9, 23), ("bank-otp", 18, 3), ("hotel-desk", 22, 8)],
)
def test_spending_by_day_is_not_that_by_night(story: Story, name: str, busier: int, quieter: int) -> None:
    midnight = START - START % DAY - 3 * DAY - HOUR  # of Central Europe, on a Sunday
    ledger = story.ledger(name)
    days = [midnight - number * DAY for number in range(2, 20)]

    def spent(hour: int) -> float:
        return sum(ledger.spent(day + hour * HOUR, day + (hour + 1) * HOUR) for day in days)

    assert spent(busier) > 3 * spent(quieter)


def test_an_office_rests_at_weekends(story: Story) -> None:
    days = [START - START % DAY - HOUR - number * DAY for number in range(1, 29)]
    spent = {day: story.ledger("clinic-reminders").spent(day, day + DAY) for day in days}
    weekend = [s for day, s in spent.items() if datetime.fromtimestamp(day + 2 * HOUR, UTC).weekday() >= 5]
    assert max(weekend) < 0.3 * sum(spent.values()) / len(spent)


def test_a_campaign_stands_out(story: Story) -> None:
    wednesday_nine = START - START % DAY - 7 * DAY + 8 * HOUR
    ledger = story.ledger("crm-loyalty")
    mailing = ledger.spent(wednesday_nine, wednesday_nine + 2 * HOUR)
    assert mailing > 5 * ledger.spent(wednesday_nine - DAY, wednesday_nine - DAY + 2 * HOUR)


def test_the_history_has_top_ups_of_every_kind_and_failed_ones(story: Story) -> None:
    came: dict[type, list[bool]] = {Automatic: [], Monthly: []}
    for account in story.accounts:
        for top_up in story.ledger(account.name).top_ups(START):
            came.setdefault(type(account.money), []).append(top_up.failed)
    assert len(came) == 3
    assert all(not all(failed) for failed in came.values())
    assert any(came[Automatic])


def test_a_bounced_transfer_comes_two_days_later(story: Story) -> None:
    late = START + 90 * DAY
    ups = story.ledger("clinic-reminders").top_ups(late)
    bounced = next(number for number, top_up in enumerate(ups) if top_up.failed)
    assert datetime.fromtimestamp(ups[bounced].at, UTC).day == 1
    assert ups[bounced + 1].at - ups[bounced].at == pytest.approx(2 * DAY, abs=300)
    assert not ups[bounced + 1].failed


def test_the_history_has_a_burst_of_pumping(story: Story) -> None:
    ledger = story.ledger("login-codes")
    begin = START - 12 * DAY
    assert ledger.spent(begin, begin + 5 * HOUR) > 8 * ledger.spent(begin - 5 * HOUR, begin)


def test_the_live_story_goes_on_where_the_history_ends(story: Story) -> None:
    for account in story.accounts:
        before, after = (story.state(account.name, START + offset) for offset in (-1, 1))
        assert after.balance == pytest.approx(before.balance, rel=0.01, abs=0.5)
        if before.contacts is not None and after.contacts is not None:
            assert abs(after.contacts.used - before.contacts.used) <= 5
        assert after.troubles == before.troubles
        assert (after.subscription and after.subscription.status) == (
            before.subscription and before.subscription.status
        )


def test_an_event_is_told_as_the_real_time_at_which_it_happens() -> None:
    story = Story(1, START, speed=60)
    at = START + 6 * DAY
    real = START + 6 * DAY / 60
    for account in story.accounts:
        truth = story.state(account.name, at)
        if truth.last_recharge_at is not None:
            assert truth.last_recharge_at <= real
    plan = story.state("pharmacy-net", START + 1 * DAY).subscription
    assert plan is not None
    assert plan.end == START + 3 * DAY / 60
    soon = story.state("school-board", START + 1 * DAY).subscription
    assert soon is not None
    assert 12 * DAY < soon.end - story.real_time(START + 1 * DAY) < 21 * DAY


def test_a_cycle_happens_again_with_dates_of_its_own() -> None:
    story = Story(1, START)
    first, second = (story.state("tour-office", START + n * CYCLE_SECONDS + DAY).subscription for n in (0, 1))
    assert first is not None
    assert second is not None
    assert second.end - first.end == CYCLE_SECONDS


def test_copies_are_alike_but_for_name_and_secret(story: Story) -> None:
    crowd = Story(story.seed, START, copies=50)
    assert len({account.name for account in crowd.accounts}) == 1000
    assert len({str(account.auth) for account in crowd.accounts}) == 1000
    truth, copied = (crowd.state(name, START + DAY) for name in ("bank-otp", "bank-otp-50"))
    assert copied.balance == truth.balance
    assert copied.account_id != truth.account_id


@pytest.mark.parametrize(("offset", "value"), [(-5, 1.0), (0, 1.0), (5, 2.0), (10, 3.0), (99, 3.0)])
def test_lines_go_through_their_points_and_end_with_them(offset: float, value: float) -> None:
    assert interpolate([(0, 1.0), (10, 3.0)], offset) == value


# Every cause that an alert names, as section 7 of the contract words it.


class Cycle:
    """One account through one cycle, with its thresholds."""

    def __init__(self, story: Story, name: str, number: int) -> None:
        self.story, self.account = story, story.account(name)
        self.begin = story.start + number * CYCLE_SECONDS
        written = yaml.safe_load(configuration(story, "http://127.0.0.1:1"))["accounts"]
        own = next(account for account in written if account["name"] == name).get("thresholds", {})
        credit = own.get("credit", {}) or {}
        units = EUROS if self.account.currency == "EUR" else {}
        self.credit = {**units, **credit, **credit.get(self.account.currency, {})}

    def truths(self) -> Iterator[tuple[float, Truth]]:
        for offset in CYCLE:
            yield self.begin + offset, self.story.state(self.account.name, self.begin + offset)

    def ever(self, holds: Callable[[Truth], bool]) -> bool:
        return any(holds(truth) for _, truth in self.truths())

    def below(self, severity: str) -> bool:
        return self.ever(lambda truth: truth.balance < self.credit[severity])

    def refuses(self, trouble: str) -> bool:
        lasting = [trouble in truth.troubles.values() for _, truth in self.truths()]
        return sum(lasting) * 900 >= 12 * HOUR

    def runway_below(self, seconds: float) -> bool:
        ledger = self.story.ledger(self.account.name)
        return any(0 < truth.balance < ledger.spent(at - DAY, at) / DAY * seconds for at, truth in self.truths())

    def spikes(self) -> bool:
        ledger = self.story.ledger(self.account.name)
        return any(
            ledger.spent(at - HOUR, at) > 5 * ledger.spent(at - 7 * DAY, at) / (7 * 24) for at, _ in self.truths()
        )

    def status(self, *words: str) -> bool:
        return self.ever(lambda truth: truth.subscription is not None and truth.subscription.status in words)

    def ends_within(self, days: float, *, auto_renew: bool) -> bool:
        return any(
            truth.subscription is not None
            and truth.subscription.status == "ACTIVE"
            and truth.subscription.auto_renew == auto_renew
            and truth.subscription.end - self.story.real_time(at) < days * DAY
            for at, truth in self.truths()
        )

    def full(self, ratio: float) -> bool:
        return self.ever(
            lambda truth: truth.contacts is not None and truth.contacts.used >= ratio * truth.contacts.limit
        )

    def fills(self) -> bool:
        used = [truth.contacts.used for _, truth in self.truths() if truth.contacts is not None]
        limit = self.account.contacts.limit if self.account.contacts else 0
        day = int(DAY / 900)
        return any(
            before < after < limit and after + 7 * (after - before) >= limit
            for before, after in itertools.pairwise(used[::day])
        )


CHECKS: dict[str, Callable[[Cycle], bool]] = {
    "SMSCreditLow": lambda c: c.below("warning"),
    "SMSCreditCritical": lambda c: c.below("critical"),
    "SMSCreditExhausted": lambda c: c.ever(lambda truth: truth.balance <= 0) and c.refuses("insufficient_credit"),
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
def test_every_cause_that_an_alert_names_happens_in_every_cycle(story: Story, alert: str, number: int) -> None:
    assert CHECKS[alert](Cycle(story, CAUSES[alert], number))


@pytest.mark.parametrize(("seed", "start"), [(number, START + number * 1.4 * DAY) for number in range(2, 6)])
def test_every_cause_happens_whatever_the_seed_and_the_start(seed: int, start: float) -> None:
    story = Story(seed, start)
    for alert, name in CAUSES.items():
        assert CHECKS[alert](Cycle(story, name, 0)), alert


@pytest.mark.parametrize("name", ["festival-news", "museum-tickets", "webshop-orders"])
def test_the_refusals_that_count_as_alerts_happen(story: Story, name: str) -> None:
    trouble = "suspended" if name == "festival-news" else "insufficient_credit"
    assert Cycle(story, name, 0).refuses(trouble)


@pytest.mark.parametrize("start", [START + number * 1.3 * DAY for number in range(6)])
def test_whoever_watches_for_two_minutes_sees_several_states(start: float) -> None:
    story = Story(1, start, speed=DEFAULT_SPEED)
    soon = start + 120 * DEFAULT_SPEED
    assert story.state("bakery-it", start).balance >= 50 > story.state("bakery-it", soon).balance
    contacts = [story.state("crm-loyalty", at).contacts for at in (start, soon)]
    assert [c is not None and c.used >= 0.8 * c.limit for c in contacts] == [False, True]
    assert story.state("old-intranet", start).troubles == {"credit": "key_rejected"}
    assert story.state("hotel-desk", start).troubles == {}
    assert story.state("hotel-desk", soon).troubles == {"credit": "server_error"}
    suspended = story.state("gym-members", start).subscription
    assert suspended is not None
    assert suspended.status == "SUSPENDED"
    healthy = [a.name for a in story.accounts if not story.state(a.name, soon).troubles]
    assert len(healthy) >= 15
