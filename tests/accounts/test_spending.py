"""Spend as it is counted from one good answer to the next: each answer counts once the next one is there."""

import asyncio
import json
import math
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from exporter.accounts.registry import Registry
from exporter.accounts.scrape import scrape
from exporter.accounts.spending import MOST_POTS, Spending, Spent
from exporter.client.http import Call
from exporter.config.loading import load
from exporter.readings import Credit, Readings
from exporter.settings import AccountSettings
from tests.config.providers import known
from tests.virtual import Reply, ScriptedClient, VirtualLoop, account, rng, run, settings

MINUTE = 60.0


def sums(answers: Iterable[Credit | float], every: float = MINUTE) -> Spent:
    """The sums after answers at equal distances, each a pot of EUR."""
    spending = Spending()
    for number, each in enumerate(answers):
        credit = each if isinstance(each, Credit) else Credit(each, "EUR")
        spending.note(Readings(credits=(credit,)), number * every)
    (only,) = spending.sums
    return only


def euro(balance: float, at: float | None = None, amount: float | None = None) -> Credit:
    return Credit(balance, "EUR", last_recharge_timestamp_seconds=at, last_recharge_amount=amount)


@pytest.mark.parametrize(
    ("answers", "spent", "recharged", "watched"),
    [
        ([100], 0, 0, 0),
        ([100, 90], 0, 0, 0),
        ([100, 90, 90], 10, 0, 1),
        ([100, 90, 80, 70, 70], 30, 0, 3),
        ([5, 5, 5, 5], 0, 0, 2),
        # A rise: the top-up alone, and none of the time.
        ([100, 90, 80, 80, 180, 170, 170], 20, 90, 4),
        ([-3, -5, -5, 95, 95, 95], 2, 100, 3),
        # Between a fall and a rise one answer alone is taken for an odd one: what is certain is the difference.
        ([100, 90, 190, 180, 180], 0, 80, 2),
        # One 0, one old or one odd value leaves nothing behind.
        ([100, 99, 0, 98, 97, 97], 3, 0, 4),
        ([100, 99, 98, 99, 97, 96, 96], 4, 0, 5),
        ([100, 99, 500, 98, 97, 97], 3, 0, 4),
    ],
)
def test_falls_and_rises(answers: Sequence[float], spent: float, recharged: float, watched: float) -> None:
    assert sums(answers) == Spent("EUR", None, spent, recharged, watched * MINUTE)


def test_a_rise_counts_one_answer_later_where_it_is_not_certain_before() -> None:
    rising = [100.0, 90.0, 90.0, 190.0]
    assert [sums([*rising, *[190.0] * more]).recharged for more in range(3)] == [0, 0, 100]


@pytest.mark.parametrize(
    ("answers", "spent", "recharged", "watched"),
    [
        # Told: what was spent beside it is known, and the time was watched.
        ([euro(100, 1, 50), euro(90, 1, 50), euro(180, 2, 100), euro(180, 2, 100), euro(180, 2, 100)], 20, 100, 3),
        # A recharge from before the first answer is none.
        ([euro(100, 2, 100), euro(150, 2, 100), euro(150, 2, 100), euro(150, 2, 100)], 0, 50, 1),
        # A date without a rise waits for it.
        ([euro(100, 1, 9), euro(90, 2, 100), euro(80, 2, 100), euro(170, 2, 100), *[euro(170, 2, 100)] * 2], 30, 100, 4),
        # It is used once: a later rise is its own.
        ([euro(10), euro(100, 2, 100), euro(100, 2, 100), euro(105, 2, 100), *[euro(105, 2, 100)] * 2], 10, 105, 3),
        # Less was told than came: only the rise is certain.
        ([euro(10), euro(210, 2, 100), euro(210, 2, 100), euro(210, 2, 100)], 0, 200, 1),
        ([euro(10), euro(110, 2), euro(110, 2), euro(110, 2)], 0, 100, 1),
        ([euro(10), euro(110, None, 100), euro(110, None, 100), euro(110, None, 100)], 0, 100, 1),
    ],
)  # fmt: skip
def test_a_recharge_that_is_told(answers: Sequence[Credit], spent: float, recharged: float, watched: float) -> None:
    assert sums(answers) == Spent("EUR", None, spent, recharged, watched * MINUTE)


def test_two_back_ends_in_strict_turns_are_one_pace() -> None:
    """One is ten minutes behind; 480 a day."""
    pace = 480 / 86400
    told = [1000 - pace * (MINUTE * n - (600 if n % 2 else 0)) for n in range(1440)]
    found = sums(told)
    assert found.spent / found.watched_seconds == pytest.approx(pace, rel=0.01)
    assert found.recharged == 0


def test_a_recharge_that_is_seen_in_turns_with_an_old_back_end_is_no_spend() -> None:
    pace = 480 / 86400

    def told(n: int) -> Credit:
        at = MINUTE * n - (600 if n % 2 else 0)
        recharged = at >= 43200
        return euro(1000 - pace * at + 100 * recharged, 43200 if recharged else 0, 100 if recharged else 50)

    found = sums(map(told, range(1440)))
    assert found.recharged == pytest.approx(100, rel=0.05)
    assert found.spent == pytest.approx(pace * 86400, rel=0.02)


def test_an_outage_counts_whole() -> None:
    spending = Spending()
    for at, balance in ((0, 100), (60, 99), (120, 98), (3 * 86400, 38), (3 * 86400 + 60, 38)):
        spending.note(Readings(credits=(Credit(balance, "EUR"),)), at)
    assert spending.sums == (Spent("EUR", None, 62, 0, 3 * 86400),)


def test_pots_and_currencies_are_apart_and_one_that_is_not_told_forgets_but_keeps_its_sums() -> None:
    spending = Spending()

    def note(at: float, *pots: Credit) -> None:
        spending.note(Readings(credits=pots), at)

    def sms(balance: float) -> Credit:
        return Credit(balance, "messages", wallet="sms")

    for at, mails in enumerate((9, 8, 7, 7)):
        note(at, sms(50 - at), Credit(mails, "messages", wallet="mail"))
    assert spending.sums == (
        Spent("messages", "sms", 2, 0, 2),
        Spent("messages", "mail", 2, 0, 2),
    )
    note(4, Credit(10, "EUR"))
    note(5, sms(20), Credit(10, "EUR"))
    note(6, sms(19), Credit(10, "EUR"))
    note(7, sms(19), Credit(10, "EUR"))
    assert [*spending.sums] == [
        Spent("messages", "sms", 3, 0, 3),
        Spent("messages", "mail", 2, 0, 2),
        Spent("EUR", None, 0, 0, 2),
    ]


def test_no_sum_ever_falls_whatever_is_told() -> None:
    draw = random.Random(7)
    spending, before = Spending(), (0.0, 0.0, 0.0)
    for at in range(2000):
        if draw.random() < 0.05:
            spending.note(Readings(), at)
            continue
        credit = euro(
            draw.choice([0, -5, 1e300, draw.uniform(0, 100)]), draw.choice([None, at]), draw.choice([None, 50])
        )
        spending.note(Readings(credits=(credit,)), at)
        (found,) = spending.sums
        now = found.spent, found.recharged, found.watched_seconds
        assert all(new >= old and math.isfinite(new) for new, old in zip(now, before, strict=True))
        before = now


def test_pots_are_bounded() -> None:
    spending = Spending()
    for at in range(3 * MOST_POTS):
        spending.note(Readings(credits=(Credit(1, "EUR", wallet=f"w{at}"),)), at)
    assert len(spending.sums) == MOST_POTS


class Provider:
    """Tells an account of Agile Telecom's balances one after the other, or what `reply` says."""

    def __init__(self, *balances: float) -> None:
        self.balances = [*balances]
        self.reply: Reply | None = None
        self.client = ScriptedClient(self)

    def __call__(self, _call: Call) -> Reply:
        return self.reply or Reply(json.dumps({"credit": self.balances.pop(0)}).encode())


async def spent(accounts: Registry) -> tuple[Spent, ...]:
    (view,) = await scrape(accounts, 9)
    return view.observations[0].spent


def registry(loop: VirtualLoop, provider: Provider, one: AccountSettings) -> Registry:
    return Registry(settings(one), provider.client, loop.clock(), rng())


def test_the_counters_are_there_with_the_first_good_answer_and_from_then_on_whatever_fails() -> None:
    async def main(loop: VirtualLoop) -> None:
        provider = Provider(100, 90, 90, 80, 80)
        accounts = registry(loop, provider, account(cache_ttl=30.0))
        provider.reply = Reply(status=500)
        assert await spent(accounts) == ()
        provider.reply = None
        loop.now += 60
        assert await spent(accounts) == (Spent("EUR", None),)
        for _ in range(2):
            loop.now += 60
            await spent(accounts)
        provider.reply = Reply(status=500)
        for _ in range(3):
            loop.now += 3600
            (found,) = await spent(accounts)
            assert found.spent == 10
        provider.reply = None
        for _ in range(2):
            loop.now += 60
            (found,) = await spent(accounts)
        assert found.spent == 20
        assert found.watched_seconds == pytest.approx(loop.now - 60 - 60 - 0.1, abs=1)

    run(main)


def test_answers_of_the_cache_and_of_a_second_scraper_add_nothing() -> None:
    async def main(loop: VirtualLoop) -> None:
        provider = Provider(100, 90, 80, 80)
        accounts = registry(loop, provider, account(cache_ttl=30.0))
        for _ in range(4):
            for _ in range(3):
                found, also = await asyncio.gather(spent(accounts), spent(accounts))
                assert found == also
            loop.now += 31
        (only,) = found
        assert (only.spent, provider.balances) == (20, [])

    run(main)


WAYS: dict[str, tuple[dict[str, Any], float]] = {
    "nothing": ({}, 20),
    "another threshold": ({"thresholds": {"runway": None}}, 20),
    "another timeout": ({"timeout": "5s"}, 20),
    "another address": ({"base_url": "https://other.example"}, 0),
    "another key": ({"auth": {"api_key": "key-2"}}, 0),
    "another sign-in": ({"auth": {"basic": {"username": "u", "password": "pass-word"}}}, 0),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_counters_go_on_through_a_reload_unless_it_asks_somebody_else(tmp_path: Path, way: str) -> None:
    changed, expected = WAYS[way]

    def configured(**more: Any) -> Any:
        written = {"name": "a", "provider": "agiletelecom", "auth": {"api_key": "key-1"}, **more}
        (tmp_path / "f.yml").write_text(json.dumps({"accounts": [written]}))
        return load(tmp_path / "f.yml", known()).settings

    async def main(loop: VirtualLoop) -> None:
        provider = Provider(100, 90, 80, 80, 80)
        accounts = Registry(configured(), provider.client, loop.clock(), rng())
        for _ in range(4):
            await spent(accounts)
            loop.now += 60
        accounts.replace(configured(**changed))
        (found,) = await spent(accounts) or (Spent("EUR", None),)
        assert found.spent == expected

    run(main)


def test_an_answer_that_a_reload_overtook_counts_for_nobody_else(tmp_path: Path) -> None:
    def configured(base_url: str) -> Any:
        written = {"name": "a", "provider": "agiletelecom", "auth": {"api_key": "key-1"}, "base_url": base_url}
        (tmp_path / "f.yml").write_text(json.dumps({"accounts": [written]}))
        return load(tmp_path / "f.yml", known()).settings

    async def main(loop: VirtualLoop) -> None:
        provider = Provider(1000, 50, 50, 50)
        accounts = Registry(configured("https://one.example"), provider.client, loop.clock(), rng())
        slow = asyncio.create_task(spent(accounts))
        await asyncio.sleep(0.01)
        accounts.replace(configured("https://other.example"))
        for _ in range(3):
            found = await spent(accounts)
            loop.now += 60
        await slow
        assert found == (Spent("EUR", None, 0, 0, found[0].watched_seconds),)

    run(main)


def test_only_the_pots_that_the_account_shows_are_counted_for_it(tmp_path: Path) -> None:
    text = """
id: pots
name: Pots
base_url: https://pots.example
sign_in: {api_key: {header: X-Key}}
apis:
  credit:
    path: /pots
    cache_ttl: 1m
    credit: {each: /pots/*, wallet: /name, balance: /left, currency: {constant: messages}}
"""
    (tmp_path / "f.yml").write_text("accounts: [{name: a, provider: pots, auth: {api_key: key-1}, wallets: [sms]}]")

    async def main(loop: VirtualLoop) -> None:
        body = {"pots": [{"name": "sms", "left": 5}, {"name": "mail", "left": 5}]}
        client = ScriptedClient(lambda _: Reply(json.dumps(body).encode()))
        accounts = Registry(load(tmp_path / "f.yml", known(text)).settings, client, loop.clock(), rng())
        assert await spent(accounts) == (Spent("messages", "sms"),)

    run(main)
