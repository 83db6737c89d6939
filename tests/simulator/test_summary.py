import re

from exporter.accounts.observation import Observation, View
from exporter.check.health import findings
from exporter.readings import Readings, Subscription
from exporter.settings import Pair, Thresholds
from exporter.simulator.account import DAY, Account
from exporter.simulator.scenario import Scenario, SubscriptionState
from exporter.simulator.summary import summarize
from tests import virtual

from .conftest import START


def lines(scenario: Scenario, at: float) -> dict[str, str]:
    return {line.partition(" ")[0]: line for line in summarize(scenario, at).splitlines()}


def test_every_account_has_a_line() -> None:
    scenario = Scenario(1, START, speed=60)
    summaries = lines(scenario, START)
    assert list(summaries) == [account.name for account in scenario.accounts]
    assert all(len(line) < 200 for line in summaries.values())


def test_what_comes_next_is_given_in_real_time() -> None:
    summaries = lines(Scenario(1, START, speed=60), START)
    assert summaries["bakery-it"].endswith("falls below 50 EUR in 1m 45s")
    assert summaries["hotel-desk"].endswith("answers server error in 45s")
    assert summaries["crm-loyalty"].endswith("has 80 % of its contacts in 1m 30s")
    assert summaries["gym-members"].endswith("now SUSPENDED; turns ACTIVE in 48m")
    assert summaries["old-intranet"].endswith("now answers key rejected")


def test_a_plans_end_is_worded_as_on_the_page() -> None:
    scenario = Scenario(1, START, speed=60)
    summaries = lines(scenario, START)
    assert summaries["school-board"].endswith("its plan doesn't renew itself; it ends in 13 days")
    assert summaries["pharmacy-net"].endswith("; it ends in 1 hour; turns EXPIRED in 1h 12m")
    for name, line in summaries.items():
        plan = scenario.state(name, START).subscription
        found = () if plan is None else _plan_findings(scenario.account(name), plan)
        assert all(f"it {ends}" in line for text in found for ends in re.findall(r"ends in [\d,]+ \w+", text))
    later = lines(scenario, START + 4 * DAY)
    assert "it ends" not in later["pharmacy-net"]


def _plan_findings(account: Account, state: SubscriptionState) -> list[str]:
    """What page and `check` say of a plan that a provider gives so."""
    plan = Subscription(status=state.status.lower(), end_timestamp_seconds=state.end, auto_renew=state.auto_renew)
    limits = Thresholds(subscription_remaining=Pair(30 * DAY, 7 * DAY))
    view = View(
        virtual.account(account.name, thresholds=limits), (Observation("subscription", Readings(subscription=plan)),)
    )
    return [finding.text for finding in findings(view, START)]


def test_life_size_gives_hours(scenario: Scenario) -> None:
    assert lines(scenario, START + DAY)["pharmacy-net"].endswith("turns EXPIRED in 2d")


def test_nothing_is_announced_of_the_past(scenario: Scenario) -> None:
    assert "answers server error in" not in lines(scenario, START + 2 * DAY)["hotel-desk"]
