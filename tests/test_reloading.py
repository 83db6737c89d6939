"""A reload under scrapes: each scrape has one configuration, whole, whichever moment the reload comes at."""

import asyncio
import re

import pytest
from aiohttp.test_utils import TestClient, TestServer

from exporter.accounts.registry import Registry
from exporter.accounts.scrape import STARTED_AT_ONCE, scrape
from exporter.accounts.service import Service
from exporter.client.http import Call
from exporter.metrics.exposition import Exposition
from exporter.settings import Pair, Settings, Thresholds
from exporter.web.routes import WebOptions, create_app
from tests.virtual import Reply, ScriptedClient, VirtualLoop, account, rng, run, settings

BODIES = {
    "subscription": b'{"status": "ACTIVE"}',
    "credit": b'{"balance": 5, "currency": "EUR"}',
    "contacts": b'{"used": 1, "limit": 10}',
}


def qlara(call: Call) -> Reply:
    """Answers after a tenth of a second, some at once."""
    name = call.url.rpartition("/")[2]
    return Reply(BODIES[name], seconds=0.0 if name == "credit" else 0.1)


def configuration(name: str, count: int = 2 * STARTED_AT_ONCE + 1) -> Settings:
    """`old` and `new` differ in labels, thresholds, apis, half of the URLs, and in the accounts that only one has."""
    is_new = name == "new"
    moved = "https://moved.test" if is_new else "https://provider.test"
    return settings(
        *(
            account(
                f"a{number}",
                "qlara",
                moved if number % 2 else "https://provider.test",
                apis=["credit", "contacts"] if is_new else ["subscription", "credit"],
                labels={f"of_{name}": name},
                thresholds=Thresholds(credit_any=Pair(7.0 if is_new else 6.0)),
                cache_ttl=0.0,
                stale_for_seconds=0.0 if is_new else 300.0,
            )
            for number in range(count - 5 if is_new else count)
        ),
        account(f"only-{name}", "qlara", labels={f"of_{name}": name}),
    )


def whole(text: str) -> str:
    """Which configuration a text is of; fails where it isn't the whole of one."""
    name = "new" if "of_new=" in text else "old"
    wanted = configuration(name)
    other = "old" if name == "new" else "new"
    assert f"of_{other}=" not in text
    assert f"only-{other}" not in text
    assert set(re.findall(r'account="([^"]+)"', text)) == {each.name for each in wanted.accounts}
    thresholds = re.findall(r'sms_credit_balance_threshold\{.*account="a.* (\S+)\n', text)
    assert set(thresholds) == {"7" if name == "new" else "6"}
    for api in ("subscription", "credit", "contacts"):
        having = sum(each.name == api for account in wanted.accounts for each in account.apis)
        assert len(re.findall(rf'sms_api_up\{{.*api="{api}"\}} 1\n', text)) == having, api
    assert text.count("sms_credit_balance{") == len(wanted.accounts)  # what each was asked for is there
    return name


async def exposed(accounts: Registry) -> str:
    """A scrape with its rendering, as `/metrics` has it."""
    rendering = Exposition.of(accounts.settings)
    return "".join(await rendering.accounts(await scrape(accounts, 9.5), openmetrics=False))


TURNS = range(16)
"""More turns of the loop than a scrape has that starts in batches, waits, and renders in parts."""


@pytest.mark.parametrize("later_seconds", [0.0, 0.05, 0.1])
@pytest.mark.parametrize("turn", TURNS)
def test_a_scrape_has_one_configuration_whichever_turn_the_reload_comes_in(turn: int, later_seconds: float) -> None:
    async def main(loop: VirtualLoop) -> None:
        client = ScriptedClient(qlara)
        accounts = Registry(configuration("old"), client, loop.clock(), rng())
        scrapes = [asyncio.create_task(exposed(accounts))]
        await asyncio.sleep(0)
        await asyncio.sleep(later_seconds)
        for _ in range(turn):
            await asyncio.sleep(0)
        accounts.replace(configuration("new"))
        scrapes.append(asyncio.create_task(exposed(accounts)))
        await asyncio.sleep(0)
        accounts.replace(configuration("old"))
        scrapes.append(asyncio.create_task(exposed(accounts)))
        assert [whole(text) for text in await asyncio.gather(*scrapes)] == ["old", "new", "old"]
        await accounts.aclose()

    run(main)


def test_what_only_the_configuration_before_calls_is_broken_off_once_its_scrapes_have_ended() -> None:
    async def main(loop: VirtualLoop) -> None:
        client = ScriptedClient(lambda call: Reply(qlara(call).body, seconds=5.0))
        accounts = Registry(settings(account("gone", "qlara")), client, loop.clock(), rng())
        impatient = asyncio.create_task(scrape(accounts, 2))
        await asyncio.sleep(1)
        accounts.replace(settings())
        assert len(client.in_flight) == sum(client.in_flight.values()) == 3
        (view,) = await impatient
        await asyncio.sleep(0)
        assert [each.failure is not None for each in view.observations] == [True] * 3
        assert sum(client.in_flight.values()) == 0
        assert loop.now == 2

    run(main)


async def test_over_http_every_scrape_has_one_configuration() -> None:
    present = "old"
    service = Service(lambda: configuration(present), ScriptedClient(qlara), rng=rng())
    client = TestClient(TestServer(create_app(service, WebOptions(enable_lifecycle=True, max_requests=0))))
    await client.start_server()

    async def text(path: str) -> str:
        async with client.get(path) as answer:
            assert answer.status == 200
            return await answer.text()

    found = []
    for number in range(20):
        scraping = [asyncio.create_task(text("/metrics")), asyncio.create_task(text("/probe?target=a1&debug=true"))]
        await asyncio.sleep(0.004 * number)
        scraping.append(asyncio.create_task(text("/metrics")))
        present = "new" if present == "old" else "old"
        async with client.post("/-/reload") as answer:
            assert answer.status == 200
        for each in await asyncio.gather(scraping[0], scraping[2]):
            found.append(whole(each))
            assert f"sms_exporter_accounts {len(configuration(found[-1]).accounts)}\n" in each
        await scraping[1]
    assert {*found} == {"old", "new"}
    await client.close()
    await service.aclose()
