"""Accounts in virtual time: cache, one call in flight, backoff, what a scrape gets to see."""

import asyncio
import copy
import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exporter.accounts.observation import View, shown
from exporter.accounts.registry import Registry
from exporter.accounts.scrape import scrape
from exporter.client.http import Call
from exporter.failure import Reason
from exporter.readings import ContactQuota, Credit, Readings
from exporter.secrets.credential import Credential
from exporter.secrets.secret import Secret
from exporter.settings import AccountSettings
from tests.virtual import WALL, Reply, ScriptedClient, VirtualLoop, account, agile, rng, run, settings

REFUSED = Reply(b'{"status": "fail", "data": {"authentication": "?"}}', 401)
PRICES = b'{"standard": [{"country": "DK", "prefix": 45, "eur": 0.03}]}'
QLARA_BODIES = {
    "subscription": b'{"status": "ACTIVE"}',
    "credit": b'{"balance": 5, "currency": "EUR"}',
    "contacts": b'{"used": 1}',
}


def qlara(call: Call) -> Reply:
    return Reply(QLARA_BODIES[call.url.rpartition("/")[2]])


def accounts_of(loop: VirtualLoop, client: ScriptedClient, *all_settings: AccountSettings) -> Registry:
    return Registry(settings(*all_settings), client, loop.clock(), rng())


def reasons(view: View) -> list[str]:
    return ["up" if o.failure is None else o.failure.reason.value for o in view.observations]


def has_values(view: View) -> list[bool]:
    return [o.readings is not None for o in view.observations]


async def one(accounts: Registry, seconds: float | None = 9.5) -> View:
    return (await scrape(accounts, seconds))[0]


def test_an_answer_younger_than_cache_ttl_is_served_again_without_a_call() -> None:
    async def main(loop: VirtualLoop) -> None:
        client = ScriptedClient(lambda _: agile())
        accounts = accounts_of(loop, client, account(cache_ttl=30.0))
        for pause, calls in ((0.0, 1), (29.0, 1), (2.0, 2), (29.9, 2), (0.2, 3)):
            loop.now += pause
            view = await one(accounts)
            assert client.count() == calls
            assert reasons(view) == ["up"]
        assert view.observations[0].requests == 3
        assert view.observations[0].last_success_timestamp_seconds == WALL + loop.now

    run(main)


def test_an_answer_is_read_again_only_where_it_differs_from_the_one_before(key_file: Path) -> None:
    async def main(loop: VirtualLoop) -> None:
        answers = iter([agile(5), agile(5), agile(6), agile(6), agile(6)])
        client = ScriptedClient(lambda _: next(answers))
        key = Credential("api_key", {"api_key": Secret.from_file(key_file)})
        accounts = accounts_of(loop, client, account(credential=key, cache_ttl=0.0))
        readings = []
        for number in range(5):
            if number == 4:
                key_file.write_text("another key")  # the same answer may give this one back
            readings.append((await one(accounts)).observations[0].readings)
        assert client.count() == 5
        assert [later is earlier for earlier, later in itertools.pairwise(readings)] == [True, False, True, False]
        assert [read.credits[0].balance for read in readings if read is not None] == [5, 5, 6, 6, 6]

    run(main)


def test_however_many_ask_there_is_one_call_in_flight() -> None:
    async def main(loop: VirtualLoop) -> None:
        client = ScriptedClient(qlara)
        accounts = accounts_of(loop, client, account(provider="qlara"))
        views = await asyncio.gather(*(one(accounts) for _ in range(20)))
        assert client.count() == 3
        assert client.most_in_flight == 1
        assert all(reasons(view) == ["up"] * 3 for view in views)

    run(main)


def test_with_cache_ttl_zero_every_scrape_asks_but_those_at_once_share_a_call() -> None:
    async def main(loop: VirtualLoop) -> None:
        client = ScriptedClient(lambda _: agile())
        accounts = accounts_of(loop, client, account(cache_ttl=0.0))
        await one(accounts)
        await asyncio.gather(one(accounts), one(accounts))
        assert client.count() == 2

    run(main)


def test_all_accounts_and_apis_are_asked_at_once() -> None:
    async def main(loop: VirtualLoop) -> None:
        client = ScriptedClient(lambda call: Reply(qlara(call).body, seconds=0.5))
        accounts = accounts_of(loop, client, *(account(f"a{n}", "qlara") for n in range(100)))
        views = await scrape(accounts, 9.5)
        assert loop.now == 0.5
        assert all(reasons(view) == ["up"] * 3 for view in views)

    run(main)


def test_a_scrape_ends_at_its_deadline_with_a_timeout_of_its_own_alone() -> None:
    async def main(loop: VirtualLoop) -> None:
        client = ScriptedClient(lambda _: agile(seconds=6))
        accounts = accounts_of(loop, client, account(cache_ttl=0.0))

        async def patient() -> View:
            await asyncio.sleep(1)
            return await one(accounts, 8)

        hasty, calm = await asyncio.gather(one(accounts, 2), patient())
        assert reasons(hasty) == ["timeout"]
        assert has_values(hasty) == [False]
        assert hasty.observations[0].failures == 0
        assert reasons(calm) == ["up"]
        assert client.count() == 1
        assert calm.observations[0].failures == 0

    run(main)


def test_an_answer_that_comes_after_its_waiters_left_serves_the_next_scrape_even_past_cache_ttl() -> None:
    async def main(loop: VirtualLoop) -> None:
        client = ScriptedClient(lambda _: agile(seconds=6))
        accounts = accounts_of(loop, client, account(cache_ttl=0.0, stale_for_seconds=0.0))
        assert reasons(await one(accounts, 2)) == ["timeout"]
        await asyncio.sleep(60)
        late = await one(accounts, 2)
        assert (reasons(late), has_values(late), client.count()) == (["up"], [True], 1)
        # It has been served once: the scrape after asks again.
        again = await one(accounts, 2)
        assert (reasons(again), has_values(again), client.count()) == (["timeout"], [False], 2)
        await asyncio.sleep(10)

    run(main)


def test_a_late_answer_serves_all_accounts_of_a_scrape_that_share_it() -> None:
    async def main(loop: VirtualLoop) -> None:
        client = ScriptedClient(lambda _: Reply(PRICES, seconds=6))
        of: dict[str, Any] = {"provider": "gatewayapi", "apis": ["prices"], "cache_ttl": 0.0}
        accounts = accounts_of(loop, client, account("one", **of), account("two", **of))
        assert [reasons(view) for view in await scrape(accounts, 2)] == [["timeout"]] * 2
        await asyncio.sleep(60)
        assert [reasons(view) for view in await scrape(accounts, 2)] == [["up"]] * 2
        assert client.count() == 1
        assert [reasons(view) for view in await scrape(accounts, 2)] == [["timeout"]] * 2
        await asyncio.sleep(10)

    run(main)


def test_a_late_answer_waits_five_minutes_at_most() -> None:
    async def main(loop: VirtualLoop) -> None:
        client = ScriptedClient(lambda _: agile(seconds=6))
        accounts = accounts_of(loop, client, account(cache_ttl=0.0, stale_for_seconds=0.0))
        await one(accounts, 2)
        await asyncio.sleep(4 + 301)
        view = await one(accounts, 2)
        assert (has_values(view), client.count()) == ([False], 2)
        await asyncio.sleep(10)

    run(main)


def test_a_cancelled_scrape_leaves_its_calls_to_themselves_and_no_task_behind() -> None:
    async def main(loop: VirtualLoop) -> None:
        client = ScriptedClient(lambda _: agile(seconds=3))
        accounts = accounts_of(loop, client, account(cache_ttl=0.0))
        task = asyncio.create_task(one(accounts))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(3)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        view = await one(accounts)  # nobody waited for the answer, so it serves this one
        assert (reasons(view), client.count()) == (["up"], 1)

    run(main)


def test_a_call_ends_at_the_accounts_timeout_and_counts_as_failed() -> None:
    async def main(loop: VirtualLoop) -> None:
        client = ScriptedClient(lambda _: agile(seconds=60))
        accounts = accounts_of(loop, client, account(timeout=4.0))
        view = await one(accounts, None)
        assert reasons(view) == ["timeout"]
        assert loop.now == 4.0
        assert (view.observations[0].requests, view.observations[0].failures) == (1, 1)

    run(main)


def test_after_a_failure_the_last_good_value_is_served_until_cache_ttl_and_stale_for_have_passed() -> None:
    async def main(loop: VirtualLoop) -> None:
        replies: list[Reply] = [agile()]
        client = ScriptedClient(lambda _: replies[-1])
        accounts = accounts_of(loop, client, account(cache_ttl=30.0, stale_for_seconds=300.0))
        await one(accounts)
        replies.append(Reply(status=500))
        for age, values in ((31, True), (329, True), (331, False)):
            loop.now = 0.1 + age - 0.1  # the call itself takes 0.1 s
            view = await one(accounts)
            assert (reasons(view), has_values(view)) == (["server_error"], [values])
            assert view.observations[0].last_success_timestamp_seconds == WALL + 0.1

    run(main)


def test_after_a_failure_it_asks_again_once_the_shorter_of_cache_ttl_and_30_s_has_passed() -> None:
    async def main(loop: VirtualLoop) -> None:
        client = ScriptedClient(lambda _: Reply(b"<html>", seconds=0.0))
        accounts = accounts_of(loop, client, account(cache_ttl=300.0), account("hasty", cache_ttl=5.0))
        for at, patient, hasty in ((0, 1, 1), (4.9, 1, 1), (5, 1, 2), (29, 1, 3), (30, 2, 3)):
            loop.now = at
            views = await scrape(accounts, 9)
            assert [view.observations[0].requests for view in views] == [patient, hasty]

    run(main)


@pytest.mark.parametrize(
    "reply",
    [Reply(failure=Reason.CONNECTION), Reply(status=502), Reply(status=503), Reply(b'{"code": 8}', 504)],
    ids=["connection", "502", "503", "504 with the code of a server error"],
)
def test_a_short_outage_gets_one_retry(reply: Reply) -> None:
    async def main(loop: VirtualLoop) -> None:
        replies = iter([reply, agile()])
        client = ScriptedClient(lambda _: next(replies))
        view = await one(accounts_of(loop, client, account()))
        assert reasons(view) == ["up"]
        assert (view.observations[0].requests, view.observations[0].failures) == (2, 1)

    run(main)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=500),
        Reply(b'{"code": 100}', 503),
        Reply(b'{"code": 9}', 503),
        Reply(status=404),
        Reply(failure=Reason.TLS),
        Reply(b"<html>"),
    ],
    ids=["500", "503 with another reason", "503 with a timeout's code", "404", "tls", "not understood"],
)
def test_nothing_else_is_retried(reply: Reply) -> None:
    async def main(loop: VirtualLoop) -> None:
        client = ScriptedClient(lambda _: reply)
        view = await one(accounts_of(loop, client, account()))
        assert (client.count(), view.observations[0].failures) == (1, 1)

    run(main)


def test_a_retry_fails_no_more_than_once_and_needs_time() -> None:
    async def main(loop: VirtualLoop) -> None:
        client = ScriptedClient(lambda _: Reply(status=503, seconds=2))
        accounts = accounts_of(loop, client, account(cache_ttl=0.0))
        assert (await one(accounts, 9)).observations[0].requests == 2
        assert (await one(accounts, 3)).observations[0].requests == 3

    run(main)


def test_a_refused_key_holds_back_the_whole_account() -> None:
    async def main(loop: VirtualLoop) -> None:
        client = ScriptedClient(lambda _: REFUSED)
        accounts = accounts_of(loop, client, account(provider="qlara"))
        view = await one(accounts)
        assert (reasons(view), client.count()) == (["unauthorized"] * 3, 3)
        for _ in range(29):
            await asyncio.sleep(1)
            assert reasons(await one(accounts)) == ["unauthorized"] * 3
        assert client.count() == 3
        await asyncio.sleep(8)
        # One api asks first; the others don't, because it is refused again.
        assert reasons(await one(accounts)) == ["unauthorized"] * 3
        assert client.count() == 4

    run(main)


def test_once_the_key_is_accepted_again_the_others_follow_in_the_same_scrape() -> None:
    async def main(loop: VirtualLoop) -> None:
        accepted = False
        client = ScriptedClient(lambda call: qlara(call) if accepted else REFUSED)
        accounts = accounts_of(loop, client, account(provider="qlara"))
        await one(accounts)
        accepted = True
        await asyncio.sleep(40)
        view = await one(accounts)
        assert (reasons(view), client.count()) == (["up"] * 3, 6)
        starts = sorted(at for at, _ in client.calls[3:])
        assert starts[0] < starts[1] == starts[2]

    run(main)


def test_a_key_revoked_for_an_hour_costs_an_account_of_three_apis_12_calls_at_most() -> None:
    async def main(loop: VirtualLoop) -> None:
        client = ScriptedClient(lambda _: REFUSED)
        accounts = accounts_of(loop, client, account(provider="qlara"))
        while loop.now < 3600:
            await one(accounts)
            await asyncio.sleep(5)
        assert client.count() <= 12

    run(main)


def test_an_api_that_is_refused_beside_others_that_are_not_is_asked_ever_more_seldom() -> None:
    async def main(loop: VirtualLoop) -> None:
        client = ScriptedClient(lambda call: REFUSED if call.url.endswith("/credit") else qlara(call))
        accounts = accounts_of(loop, client, account(provider="qlara", cache_ttl=0.0))
        for _ in range(60):
            await one(accounts)
            loop.now += 60
        # Held back for 30, 60, 120, 240, 480 and then 900 s, a fifth more at most.
        assert 7 <= client.count("/credit") <= 10
        client.script = qlara
        loop.now += 1080
        for _ in range(2):
            view = await one(accounts)
        assert reasons(view) == ["up"] * 3
        client.script = lambda call: REFUSED if call.url.endswith("/credit") else qlara(call)
        await one(accounts)
        before = client.count("/credit")
        loop.now += 37
        await one(accounts)
        assert client.count("/credit") == before + 1  # from 30 s again

    run(main)


def test_an_api_refused_while_another_is_fresh_makes_both_unauthorized_and_the_refused_one_asks_first() -> None:
    async def main(loop: VirtualLoop) -> None:
        refused = False
        client = ScriptedClient(lambda call: REFUSED if refused else qlara(call))
        accounts = accounts_of(loop, client, account(provider="qlara"))
        await one(accounts)
        refused = True
        await asyncio.sleep(60)  # credit is due, the others are fresh
        view = await one(accounts)
        assert (reasons(view), has_values(view), client.count()) == (["unauthorized"] * 3, [True] * 3, 4)
        refused = False
        await asyncio.sleep(60)
        view = await one(accounts)
        assert client.calls[4][1].endswith("/credit")
        # The others' answers are still younger than their cache_ttl: no call is needed.
        assert (reasons(view), client.count()) == (["up"] * 3, 5)

    run(main)


def test_if_the_first_to_ask_fails_otherwise_the_others_stay_held_and_the_next_time_another_goes_first() -> None:
    async def main(loop: VirtualLoop) -> None:
        script: dict[str, Reply] = dict.fromkeys(QLARA_BODIES, REFUSED)
        client = ScriptedClient(lambda call: script[call.url.rpartition("/")[2]])
        accounts = accounts_of(loop, client, account(provider="qlara"))
        await one(accounts)
        script.update(dict.fromkeys(QLARA_BODIES, Reply(status=500)))
        first = set()
        for _ in range(3):
            await asyncio.sleep(40)
            view = await one(accounts)
            first.add(client.calls[-1][1])
            assert sorted(set(reasons(view))) in (["server_error"], ["server_error", "unauthorized"])
        assert (client.count(), len(first)) == (6, 3)

    run(main)


def test_public_prices_are_not_held_by_a_refused_token() -> None:
    async def main(loop: VirtualLoop) -> None:
        def script(call: Call) -> Reply:
            if call.url.endswith("/me"):
                return Reply(b'{"code": "0x0229"}', 401)
            return Reply(b'{"standard": [{"country": "DK", "prefix": 45, "eur": 0.03}]}')

        client = ScriptedClient(script)
        accounts = accounts_of(loop, client, account(provider="gatewayapi", apis=["credit", "prices"]))
        assert reasons(await one(accounts)) == ["unauthorized", "up"]
        sent = dict(zip([url for _, url in client.calls], client.headers, strict=True))
        assert [bool(headers) for url, headers in sorted(sent.items())] == [False, True]

    run(main)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(status=403), "forbidden"),
        (Reply(b'{"code": 100}', 503), "ip_not_allowed"),
    ],
)
def test_a_refused_api_is_held_back_alone_and_ever_longer(reply: Reply, reason: str) -> None:
    async def main(loop: VirtualLoop) -> None:
        client = ScriptedClient(lambda _: reply)
        accounts = accounts_of(loop, client, account(cache_ttl=0.0))
        calls = []
        while loop.now < 7200:
            assert reasons(await one(accounts)) == [reason]
            calls.append(client.count())
            await asyncio.sleep(1)
        starts = [at for at, _ in client.calls]
        pauses = [after - before for before, after in itertools.pairwise(starts)]
        bounds = [30, 60, 120, 240, 480, 900, 900, 900]
        for pause, bound in zip(pauses, bounds, strict=False):
            assert bound <= pause <= min(bound * 1.2, 900) + 2.5

    run(main)


@pytest.mark.parametrize(
    ("reply", "pause"),
    [
        (Reply(status=429, retry_after=90), 90),
        (Reply(status=429), 60),
        (Reply(status=429, retry_after=86400), 3600),
        (Reply(b'{"status": 429, "retryAfter": 45}', 429), 45),
        (Reply(b'{"status": 429, "retryAfter": %.1f}' % (WALL + 45.1), 429), 45),
        (Reply(b'{"status": 429, "retryAfter": 45}', 429, retry_after=90), 90),
        (Reply(status=429, retry_after=0), 30),
        (Reply(b'{"status": 429, "retryAfter": -5}', 429), 60),
    ],
)
def test_a_rate_limit_holds_back_its_api_for_as_long_as_the_provider_says(reply: Reply, pause: float) -> None:
    async def main(loop: VirtualLoop) -> None:
        client = ScriptedClient(lambda _: reply)
        accounts = accounts_of(loop, client, account(provider="qlara", apis=["contacts"]))
        await one(accounts)
        loop.now = pause + 0.05
        assert reasons(await one(accounts)) == ["rate_limited"]
        assert client.count() == 1
        loop.now = pause + 0.15
        await one(accounts)
        assert client.count() == 2

    run(main)


@pytest.mark.parametrize(
    ("provider", "reply", "reason", "pause"),
    [
        ("gatewayapi", Reply(status=403, retry_after=90), "rate_limited", 90),
        ("gatewayapi", Reply(b'{"code": "0x9999"}', 403, retry_after=90), "rate_limited", 90),
        ("gatewayapi", Reply(b'{"code": "0x0212"}', 403, retry_after=5), "ip_not_allowed", 30),
        ("agiletelecom", Reply(b'{"code": 100}', 403, retry_after=5), "ip_not_allowed", 30),
        ("agiletelecom", Reply(status=403, retry_after=86400), "rate_limited", 3600),
        ("agiletelecom", Reply(status=503, retry_after=600), "server_error", 600),
        ("agiletelecom", Reply(status=503, retry_after=86400), "server_error", 3600),
        ("agiletelecom", Reply(status=502, retry_after=600), "server_error", 600),
        ("agiletelecom", Reply(status=503, retry_after=5), "server_error", 30),
        ("agiletelecom", Reply(b'{"status": "error", "code": 2}', 503, retry_after=600), "insufficient_credit", 30),
    ],
)
def test_who_says_how_long_to_wait_is_not_asked_before(provider: str, reply: Reply, reason: str, pause: float) -> None:
    async def main(loop: VirtualLoop) -> None:
        client = ScriptedClient(lambda _: reply)
        accounts = accounts_of(loop, client, account(provider=provider, apis=["credit"]))
        assert reasons(await one(accounts)) == [reason]
        assert client.count() == 1  # no retry within the scrape either
        loop.now = pause - 0.1
        assert reasons(await one(accounts)) == [reason]
        assert client.count() == 1
        loop.now = pause * 1.2 + 0.2
        await one(accounts)
        assert client.count() == 2

    run(main)


def test_who_asks_for_no_wait_is_asked_again_at_once() -> None:
    async def main(loop: VirtualLoop) -> None:
        replies = iter([Reply(status=503, retry_after=0), Reply(b'{"credit": 5}')])
        client = ScriptedClient(lambda _: next(replies))
        assert reasons(await one(accounts_of(loop, client, account(apis=["credit"])))) == ["up"]
        assert client.count() == 2

    run(main)


def test_a_price_list_is_fetched_once_for_all_accounts_and_the_shortest_cache_ttl_rules() -> None:
    async def main(loop: VirtualLoop) -> None:
        client = ScriptedClient(lambda _: Reply(PRICES))
        accounts = accounts_of(
            loop,
            client,
            account("one", "gatewayapi", apis=["prices"], cache_ttl=600.0),
            account("two", "gatewayapi", apis=["prices"], cache_ttl=60.0),
            account("elsewhere", "gatewayapi", "https://gatewayapi.test", apis=["prices"], cache_ttl=600.0),
        )
        views = await scrape(accounts, 9)
        assert [reasons(view) for view in views] == [["up"]] * 3
        assert [view.observations[0].requests for view in views] == [1, 0, 1]
        loop.now += 61
        await scrape(accounts, 9)
        assert client.count() == 3

    run(main)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.write_text("first-key-of-all")
    return path


def test_a_changed_secret_file_is_used_at_once_and_ends_the_backoff(key_file: Path) -> None:
    async def main(loop: VirtualLoop) -> None:
        client = ScriptedClient(lambda _: REFUSED)
        credential = Credential("api_key", {"api_key": Secret.from_file(key_file)})
        accounts = accounts_of(loop, client, account(provider="qlara", credential=credential))
        await one(accounts)
        client.script = qlara
        key_file.write_text("second-key-of-all\r\n")
        assert reasons(await one(accounts)) == ["up"] * 3
        assert client.headers[-1] == {"X-Api-Key": "second-key-of-all"}

    run(main)


def test_a_key_that_changes_while_one_api_asks_first_is_what_the_others_ask_with(key_file: Path) -> None:
    async def main(loop: VirtualLoop) -> None:
        client = ScriptedClient(lambda _: REFUSED)
        credential = Credential("api_key", {"api_key": Secret.from_file(key_file)})
        accounts = accounts_of(loop, client, account(provider="qlara", credential=credential))
        await one(accounts)
        await asyncio.sleep(40)
        client.script = lambda _: Reply(REFUSED.body, 401, seconds=5)
        before = asyncio.create_task(one(accounts))
        await asyncio.sleep(1)
        client.script = qlara
        key_file.write_text("second-key-of-all\n")
        after = await one(accounts)
        assert [reasons(await before), reasons(after)] == [["unauthorized", "up", "up"]] * 2
        assert client.headers[-1] == {"X-Api-Key": "second-key-of-all"}
        assert reasons(await one(accounts)) == ["up"] * 3

    run(main)


def test_a_refusal_of_the_old_key_that_comes_after_the_change_doesnt_hold_back_the_new_one(key_file: Path) -> None:
    async def main(loop: VirtualLoop) -> None:
        client = ScriptedClient(lambda _: Reply(REFUSED.body, 401, seconds=5))
        credential = Credential("api_key", {"api_key": Secret.from_file(key_file)})
        accounts = accounts_of(loop, client, account(provider="qlara", credential=credential))
        first = asyncio.create_task(one(accounts))
        await asyncio.sleep(1)
        key_file.write_text("second-key-of-all")
        second = await one(accounts)  # joins the call under way, whose key was the old one
        assert reasons(second) == ["unauthorized"] * 3
        await first
        client.script = qlara
        assert reasons(await one(accounts)) == ["up"] * 3

    run(main)


def test_a_reload_forgets_refusals_but_keeps_answers_calls_under_way_and_rate_limits() -> None:
    async def main(loop: VirtualLoop) -> None:
        def script(call: Call) -> Reply:
            return {
                "subscription": Reply(QLARA_BODIES["subscription"]),
                "credit": Reply(status=403),
                "contacts": Reply(status=429, retry_after=600),
            }[call.url.rpartition("/")[2]]

        client = ScriptedClient(script)
        old = account(provider="qlara")
        accounts = accounts_of(loop, client, old)
        assert reasons(await one(accounts)) == ["up", "forbidden", "rate_limited"]
        accounts.replace(settings(account(provider="qlara", labels={"tier": "gold"})))
        view = await one(accounts)
        assert reasons(view) == ["up", "forbidden", "rate_limited"]
        assert (client.count("/subscription"), client.count("/credit"), client.count("/contacts")) == (1, 2, 1)
        assert [o.requests for o in view.observations] == [1, 2, 1]
        assert view.settings.labels == {"tier": "gold"}

    run(main)


def test_a_reload_keeps_what_is_known_by_the_content_of_the_definition_whoever_read_it() -> None:
    async def main(loop: VirtualLoop) -> None:
        client = ScriptedClient(lambda call: Reply(PRICES) if call.url.endswith("json") else Reply(status=403))
        old = account(provider="gatewayapi", apis=["credit", "prices"])
        accounts = accounts_of(loop, client, old)
        assert reasons(await one(accounts)) == ["ip_not_allowed", "up"]
        (known,) = accounts
        accounts.replace(settings(replace(old, provider=copy.deepcopy(old.provider))))
        assert (list(accounts), client.count()) == ([known], 2)
        assert [api.caller.requests for api in known.apis.values()] == [1, 1]
        # A word of the definition's is another: what the old one made of the answers counts no longer.
        changed = old.provider.errors.copy(statuses={403: Reason.SUSPENDED})
        other = replace(old, provider=old.provider.copy(errors=changed))
        accounts.replace(settings(other))
        view = await one(accounts)
        assert (reasons(view), client.count()) == (["suspended", "up"], 4)
        assert [o.requests for o in view.observations] == [1, 1]
        assert known not in list(accounts)
        await accounts.aclose()

    run(main)


def test_a_key_that_changed_before_a_reload_read_it_is_the_one_that_is_sent(key_file: Path) -> None:
    async def main(loop: VirtualLoop) -> None:
        def read() -> AccountSettings:
            return account(credential=Credential("api_key", {"api_key": Secret.from_file(key_file)}), cache_ttl=0.0)

        client = ScriptedClient(lambda _: agile())
        accounts = accounts_of(loop, client, read())
        await one(accounts)
        key_file.write_text("second-key-of-all")
        accounts.replace(settings(read()))
        view = await one(accounts)
        assert view.observations[0].requests == 2
        assert client.headers[-1]["X-Api-Key"] == "second-key-of-all"

    run(main)


def test_a_reload_in_mid_scrape_changes_nothing_of_what_that_scrape_sees() -> None:
    async def main(loop: VirtualLoop) -> None:
        client = ScriptedClient(lambda call: Reply(qlara(call).body, seconds=3))
        accounts = accounts_of(loop, client, account(provider="qlara"), account("gone", "qlara"))
        running = asyncio.create_task(scrape(accounts, 9))
        await asyncio.sleep(1)
        accounts.replace(settings(account(provider="qlara", apis=["credit"])))
        views = await running
        assert [len(view.observations) for view in views] == [3, 3]
        assert reasons(views[0]) == ["up"] * 3
        assert [reasons(view) for view in await scrape(accounts, 9)] == [["up"]]
        await accounts.aclose()

    run(main)


def test_an_account_with_another_key_starts_anew() -> None:
    async def main(loop: VirtualLoop) -> None:
        client = ScriptedClient(lambda _: agile(seconds=1))
        accounts = accounts_of(loop, client, account())
        waiting = asyncio.create_task(one(accounts))
        await asyncio.sleep(0.5)
        other = Credential("api_key", {"api_key": Secret.literal("another-key-here")})
        accounts.replace(settings(account(credential=other)))
        assert reasons(await waiting) == ["up"] or not has_values(await waiting)[0]
        view = await one(accounts)
        assert (view.observations[0].requests, client.headers[-1]["X-Api-Key"]) == (1, "another-key-here")
        await accounts.aclose()

    run(main)


def test_a_defect_below_is_internal_and_hides_nothing_else() -> None:
    async def main(loop: VirtualLoop) -> None:
        def script(call: Call) -> Reply:
            if "broken" in call.url:
                raise KeyError("a defect")
            return agile()

        client = ScriptedClient(script)
        accounts = accounts_of(loop, client, account("broken", base_url="https://broken.test"), account("healthy"))
        broken, healthy = await scrape(accounts, 9)
        assert (reasons(broken), reasons(healthy)) == (["internal"], ["up"])

    run(main)


def test_an_api_that_breaks_and_recovers_is_logged_once_each(caplog: pytest.LogCaptureFixture) -> None:
    async def main(loop: VirtualLoop) -> None:
        replies = iter([agile(), *[Reply(status=500)] * 3, agile(), agile()])
        client = ScriptedClient(lambda _: next(replies))
        accounts = accounts_of(loop, client, account(cache_ttl=0.0))
        for _ in range(6):
            await one(accounts)

    caplog.set_level("INFO")
    run(main)
    lines = [(r.getMessage(), r.__dict__["account"], r.__dict__.get("reason")) for r in caplog.records]
    assert lines == [("Api fails", "techstore", "server_error"), ("Api works again", "techstore", None)]


def test_an_odd_answer_is_logged_once_while_it_stays_as_odd(caplog: pytest.LogCaptureFixture) -> None:
    async def main(loop: VirtualLoop) -> None:
        words = iter([b"ACTIVE", b"PAUSED", b"PAUSED", b"ACTIVE", b"PAUSED"])
        client = ScriptedClient(lambda _: Reply(b'{"status": "%s"}' % next(words)))
        accounts = accounts_of(loop, client, account(provider="qlara", apis=["subscription"], cache_ttl=0.0))
        for _ in range(5):
            await one(accounts)

    run(main)
    assert [r.__dict__["detail"] for r in caplog.records] == ["status 'PAUSED' is not known"] * 2


@pytest.mark.parametrize(("cache_ttl", "stale_for"), [(0.0, 0.0), (1.0, 0.5)])
def test_what_a_scrape_itself_fetched_is_in_it_however_long_another_account_takes(
    cache_ttl: float, stale_for: float
) -> None:
    async def main(loop: VirtualLoop) -> None:
        client = ScriptedClient(lambda call: agile(seconds=5.0 if call.url.startswith("https://slow") else 0.1))
        accounts = accounts_of(
            loop,
            client,
            account(cache_ttl=cache_ttl, stale_for_seconds=stale_for),
            account("slow", base_url="https://slow.test", cache_ttl=cache_ttl, stale_for_seconds=stale_for),
        )
        for _ in range(3):
            assert [has_values(view) for view in await scrape(accounts, 9)] == [[True], [True]]
            await asyncio.sleep(3)
        (account_,) = (each for each in accounts if each.settings.name != "slow")
        (api,) = account_.apis.values()
        assert account_.observe(api, account_.now()).readings is None  # nobody has fetched that just now

    run(main)


def test_a_value_that_a_scrape_fetched_outlives_a_failure_of_another_scrape_meanwhile() -> None:
    async def main(loop: VirtualLoop) -> None:
        replies = iter([agile(), Reply(status=500)])
        client = ScriptedClient(lambda call: agile(seconds=5.0) if "slow" in call.url else next(replies))
        slow = account("slow", base_url="https://slow.test")
        accounts = accounts_of(loop, client, account(cache_ttl=0.0, stale_for_seconds=0.0), slow)
        first = asyncio.create_task(scrape(accounts, 9))
        await asyncio.sleep(1)
        second = asyncio.create_task(scrape(accounts, 9))
        assert [has_values(views[0]) for views in (await first, await second)] == [[True], [False]]

    run(main)


def test_an_account_shows_the_pots_that_it_names_and_the_same_object_while_the_answer_is_the_same() -> None:
    async def main(loop: VirtualLoop) -> None:
        pots = (Credit(5, "EUR"), Credit(7, "messages", wallet="sms"), Credit(9, "emails", wallet="mail"))
        answers = iter([agile(5), agile(5), agile(6)])
        only = replace(account(cache_ttl=0.0), wallets=frozenset({"sms"}))
        accounts = accounts_of(loop, ScriptedClient(lambda _: next(answers)), only)
        seen = [(await one(accounts)).observations[0].readings for _ in range(3)]
        assert [later is earlier for earlier, later in itertools.pairwise(seen)] == [True, False]
        assert [read.credits for read in seen if read is not None] == [()] * 3
        assert shown(Readings(credits=pots), only).credits == pots[1:2]
        everything = Readings(credits=pots)
        assert shown(everything, account()) is everything
        accounts.replace(settings(account(cache_ttl=30.0)))
        after = (await one(accounts)).observations[0].readings
        assert after is not None
        assert [credit.balance for credit in after.credits] == [6]

    run(main)


def test_the_operators_limit_of_contacts_holds_where_the_provider_tells_none() -> None:
    own = replace(account(), contacts_limit=400.0)
    for told, used_ratio in ((None, 0.5), (1000.0, 0.2), (0.0, None)):
        contacts = shown(Readings(contacts=ContactQuota(200, told)), own).contacts
        assert contacts is not None
        assert contacts.used_ratio == used_ratio
    assert shown(Readings(contacts=ContactQuota(200)), account()).contacts == ContactQuota(200)
