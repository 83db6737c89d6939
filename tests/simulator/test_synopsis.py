import re

from exporter.accounts.observation import Observation, View
from exporter.check.health import findings
from exporter.readings import Readings, Subscription
from exporter.settings import Pair, Thresholds
from exporter.simulator.script import DAY, Account
from exporter.simulator.story import Story, SubscriptionTruth
from exporter.simulator.synopsis import synopsis
from tests import virtual

from .conftest import START


def lines(story: Story, at: float) -> dict[str, str]:
    return {line.partition(" ")[0]: line for line in synopsis(story, at).splitlines()}


def test_every_account_has_a_line() -> None:
    story = Story(1, START, speed=60)
    told = lines(story, START)
    assert list(told) == [account.name for account in story.accounts]
    assert all(len(line) < 200 for line in told.values())


def test_what_comes_next_is_told_in_real_time() -> None:
    told = lines(Story(1, START, speed=60), START)
    assert told["bakery-it"].endswith("falls below 50 EUR in 1m 45s")
    assert told["hotel-desk"].endswith("answers server error in 45s")
    assert told["crm-loyalty"].endswith("has 80 % of its contacts in 1m 30s")
    assert told["gym-members"].endswith("now SUSPENDED; turns ACTIVE in 48m")
    assert told["old-intranet"].endswith("now answers key rejected")


def test_a_plans_end_is_told_as_the_page_tells_it() -> None:
    story = Story(1, START, speed=60)
    told = lines(story, START)
    assert told["school-board"].endswith("its plan doesn't renew itself; it ends in 13 days")
    assert told["pharmacy-net"].endswith("; it ends in 1 hour; turns EXPIRED in 1h 12m")
    for name, line in told.items():
        plan = story.state(name, START).subscription
        found = () if plan is None else _plan_findings(story.account(name), plan)
        assert all(f"it {ends}" in line for text in found for ends in re.findall(r"ends in [\d,]+ \w+", text))
    later = lines(story, START + 4 * DAY)
    assert "it ends" not in later["pharmacy-net"]


def _plan_findings(account: Account, told: SubscriptionTruth) -> list[str]:
    """What page and `check` say of a plan that a provider tells so."""
    plan = Subscription(status=told.status.lower(), end_timestamp_seconds=told.end, auto_renew=told.auto_renew)
    limits = Thresholds(subscription_remaining=Pair(30 * DAY, 7 * DAY))
    view = View(
        virtual.account(account.name, thresholds=limits), (Observation("subscription", Readings(subscription=plan)),)
    )
    return [finding.text for finding in findings(view, START)]


def test_life_size_tells_hours(story: Story) -> None:
    assert lines(story, START + DAY)["pharmacy-net"].endswith("turns EXPIRED in 2d")


def test_nothing_is_announced_of_the_past(story: Story) -> None:
    assert "answers server error in" not in lines(story, START + 2 * DAY)["hotel-desk"]
