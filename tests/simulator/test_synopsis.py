from exporter.simulator.script import DAY
from exporter.simulator.story import Story
from exporter.simulator.synopsis import synopsis

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


def test_life_size_tells_hours(story: Story) -> None:
    assert lines(story, START + DAY)["pharmacy-net"].endswith("turns EXPIRED in 2d")


def test_nothing_is_announced_of_the_past(story: Story) -> None:
    assert "answers server error in" not in lines(story, START + 2 * DAY)["hotel-desk"]
