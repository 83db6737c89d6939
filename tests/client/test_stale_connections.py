"""Kept connections that are dead: no account is lost to those that are reset, one scrape at most to a black hole."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from exporter.accounts.registry import Registry
from exporter.accounts.resource import Clock
from exporter.accounts.scrape import scrape
from exporter.client import tls
from exporter.client.connections import GuardedTransport
from exporter.client.dialing import set_keepalive
from exporter.client.http import HttpClient
from exporter.client.resolver import Resolver
from exporter.failure import FailureError, Reason
from exporter.settings import HttpSettings
from tests.client.raw import PLAIN, Connection, Raw, answering, bodies, public, raw, signed, turns, until
from tests.injected_faults import GOOD, Authority, response
from tests.virtual import account, rng, settings


def first_then(lost: Callable[[Connection], Awaitable[None]], lasting: int) -> Callable[[Connection], Awaitable[None]]:
    """The first connections answer once, and then are lost; later ones go on answering."""

    async def talk(connection: Connection) -> None:
        while True:
            await connection.request()
            await connection.send(response(GOOD))
            if connection.number <= lasting:
                await lost(connection)
                return

    return talk


async def is_reset(connection: Connection) -> None:
    await connection.reader.read(1)
    connection.reset()


async def leads_nowhere(connection: Connection) -> None:
    await connection.closed()


async def lost_in_scrapes(
    client: HttpClient, server: Raw, count: int, scheme: str = "http", http: HttpSettings = PLAIN
) -> tuple[list[list[str]], int]:
    """The failures of three scrapes of twenty accounts, and the requests that were counted."""
    one = [
        account(f"a{n}", base_url=f"{scheme}://127.0.0.1:{server.port}", http=http, cache_ttl=0.0) for n in range(count)
    ]
    accounts = Registry(settings(*one), client, Clock(), rng())
    lost = []
    for _ in range(3):
        views = await scrape(accounts, 3.0)
        failures = [view.observations[0].failure for view in views]
        lost.append([failure.detail for failure in failures if failure is not None])
    requests = sum(api.caller.requests for one in accounts for api in one.apis.values())
    await accounts.aclose()
    return lost, requests


@pytest.mark.parametrize("lost", [is_reset, leads_nowhere])
async def test_twenty_accounts_whose_connections_are_all_dead_lose_nothing(
    client: HttpClient, lost: Callable[[Connection], Awaitable[None]]
) -> None:
    async with raw(first_then(lost, 20)) as server:
        failures, requests = await lost_in_scrapes(client, server, 20)
        assert failures == [[], [], []]
        assert server.connections == 40
        assert requests == 80  # a retry is a request of its own
        assert len(server.heard) == 60  # what dead connections took was heard by nobody


async def test_over_tls_it_is_the_same(client: HttpClient, authority: Authority, trusting: HttpSettings) -> None:
    context = authority.context("good")
    async with raw(first_then(leads_nowhere, 20), context) as server:
        failures, _ = await lost_in_scrapes(client, server, 20, "https", trusting)
        assert failures == [[], [], []]
        assert server.connections == 40


async def test_without_a_retry_a_dead_connection_is_told_and_all_of_its_owner_are_closed(client: HttpClient) -> None:
    async with raw(first_then(leads_nowhere, 2)) as server:
        call = signed(server, "A")
        await bodies(client, call, call)
        assert server.connections == 2
        call.way.seconds = 1.0
        with pytest.raises(FailureError, match="a kept connection gave no byte in time") as error:
            await client.get(call, PLAIN)
        assert error.value.failure.reason is Reason.CONNECTION
        await bodies(client, call)
        assert server.connections == 3


async def test_a_call_that_hardly_anybody_waits_for_any_more_doubts_no_connection(client: HttpClient) -> None:
    async def talk(connection: Connection) -> None:
        while True:
            await connection.request()
            await turns(50)
            await connection.send(response(GOOD))

    async with raw(talk) as server:
        call = signed(server, "A")
        for call.way.seconds in (None, 0.05, 0.0, -1.0):
            assert await bodies(client, call) == [GOOD]
        assert server.connections == 1


async def test_a_provider_that_is_slow_itself_costs_no_doubt_and_no_second_request(client: HttpClient) -> None:
    async def talk(connection: Connection) -> None:
        while True:
            await connection.request()
            await turns(400)
            await connection.send(response(GOOD))

    async with raw(talk) as server:
        call = signed(server, "A")
        call.way.seconds = 1.0
        for _ in range(3):
            assert await bodies(client, call) == [GOOD]
        assert server.connections == 3
        call.way.seconds = 30.0
        for _ in range(3):
            assert await bodies(client, call) == [GOOD]
        assert server.connections == 4


async def test_the_end_of_a_kept_connection_is_seen_before_it_is_used(client: HttpClient) -> None:
    async def talk(connection: Connection) -> None:
        await connection.request()
        await connection.send(response(GOOD))

    async with raw(talk) as server:
        for _ in range(3):
            assert await bodies(client, public(server)) == [GOOD]
            await turns(2)
        assert server.connections == 3


async def test_idle_connections_are_closed_after_their_time() -> None:
    ended: list[int] = []

    async def talk(connection: Connection) -> None:
        await connection.request()
        await connection.send(response(GOOD))
        assert await connection.closed()
        ended.append(connection.number)

    client = HttpClient(lambda http, proxy: GuardedTransport(tls.context(http.tls), proxy, Resolver(), 0.05))
    async with raw(talk) as server:
        await bodies(client, signed(server, "A"), signed(server, "B"))
        await until(lambda: len(ended) == 2)
        await bodies(client, signed(server, "C"))
        assert server.connections == 3
    await client.aclose()


async def test_a_reload_goes_on_with_the_connections_of_before(client: HttpClient) -> None:
    """Those of an account whose key was made anew would be left to grow old, as many as there are reloads."""
    async with raw(answering(lambda _key: GOOD)) as server:
        one = account(base_url=server.url(""), cache_ttl=0.0)
        accounts = Registry(settings(one), client, Clock(), rng())
        for turn in range(3):
            await scrape(accounts, 3.0)
            accounts.replace(settings(replace(one, labels={"turn": str(turn)})))
        assert len(server.heard) == 3 * server.connections
        await accounts.aclose()


def test_connections_are_looked_after_by_the_system() -> None:
    with socket.socket() as opened:
        set_keepalive(opened)
        assert opened.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        seconds = [
            opened.getsockopt(socket.IPPROTO_TCP, option)
            for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        ]
        assert seconds[0] + seconds[1] * seconds[2] < 60
        assert 0 < opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) <= 60_000


@pytest.mark.parametrize("where", ["before the head", "in the body", "in the body over TLS"])
async def test_a_call_that_is_broken_off_frees_its_socket_at_once(
    client: HttpClient, where: str, authority: Authority, trusting: HttpSettings
) -> None:
    ended = asyncio.Event()

    async def talk(connection: Connection) -> None:
        await connection.request()
        if where != "before the head":
            await connection.send(response(GOOD, length=100))
        await connection.closed()
        ended.set()

    context = authority.context("good") if "TLS" in where else None
    async with raw(talk, context) as server:
        scheme = "http" if context is None else "https"
        task = asyncio.create_task(client.get(public(server, scheme=scheme), trusting))
        await until(lambda: bool(server.heard))
        await turns(5)
        task.cancel()
        await asyncio.wait_for(ended.wait(), 1)
        with pytest.raises(asyncio.CancelledError):
            await task
