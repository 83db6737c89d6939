"""Name look-ups: one that hangs holds up its own host alone, and whoever asks for the same shares it."""

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from exporter.client.http import Call, HttpClient
from exporter.client.resolver import MOST_LOOK_UPS, Resolver
from exporter.failure import FailureError, Reason
from exporter.settings import HttpSettings
from tests.client.raw import PLAIN, answering, asking, raw, until


class System:
    """Stands for the system's look-up: names that begin with `hang` hang until they are let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.asked: Counter[str] = Counter()
        self.answers: dict[str, list[tuple[Any, ...]]] = {}

    def getaddrinfo(self, host: str, *_args: Any, **_kwargs: Any) -> list[tuple[Any, ...]]:
        self.asked[host] += 1
        if host.startswith("hang"):
            self.let_go.wait(30)
        if host.endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        found = self.answers.get(host, [("127.0.0.1", 0)])
        return [(socket.AF_INET if len(a) == 2 else socket.AF_INET6, 1, 6, "", a) for a in found]


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    system = System()
    monkeypatch.setattr(socket, "getaddrinfo", system.getaddrinfo)
    yield system
    system.let_go.set()


def at(host: str, port: int) -> Call:
    return asking(f"http://{host}:{port}/x", "A")


async def test_forty_hosts_that_hang_hold_up_no_other(client: HttpClient, system: System) -> None:
    async with raw(answering()) as server:
        hanging = [asyncio.create_task(client.get(at(f"hang-{n}.test", 9), PLAIN)) for n in range(40)]
        await asyncio.sleep(0)
        answer = await asyncio.wait_for(client.get(at("good.test", server.port), PLAIN), 5)
        assert answer.body == b"A"
        for task in hanging:
            task.cancel()
        await asyncio.wait(hanging)
    assert system.asked["hang-7.test"] == 1


async def test_all_who_wait_for_a_name_share_one_look_up_whatever_their_settings(
    client: HttpClient, system: System
) -> None:
    async with raw(answering()) as server:
        both = [PLAIN, HttpSettings(follow_redirects=True)]
        tasks = [asyncio.create_task(client.get(at("hang.test", server.port), http)) for http in both for _ in range(5)]
        await until(lambda: bool(system.asked))
        tasks[0].cancel()
        system.let_go.set()
        answers = await asyncio.gather(*tasks[1:])
    assert [answer.body for answer in answers] == [b"A"] * 9
    assert system.asked["hang.test"] == 1


async def test_connections_that_are_closed_for_others_break_off_no_call_under_way(
    client: HttpClient, system: System
) -> None:
    async with raw(answering()) as server:
        task = asyncio.create_task(client.get(at("hang.test", server.port), PLAIN))
        await until(lambda: bool(system.asked))
        client.keep_only(set())
        await asyncio.sleep(0)
        system.let_go.set()
        assert (await task).body == b"A"


async def test_a_name_that_is_not_found_is_a_matter_of_the_connection(client: HttpClient, system: System) -> None:
    del system
    with pytest.raises(FailureError, match="host name not found") as error:
        await client.get(at("no-such-host.invalid", 9), PLAIN)
    assert error.value.failure.reason is Reason.CONNECTION


async def test_too_many_look_ups_are_told_and_begin_no_further_thread(client: HttpClient, system: System) -> None:
    hanging = [asyncio.create_task(client.get(at(f"hang-{n}.test", 9), PLAIN)) for n in range(MOST_LOOK_UPS)]
    await until(lambda: len(system.asked) == MOST_LOOK_UPS)
    with pytest.raises(FailureError, match="too many host names") as error:
        await client.get(at("one-more.test", 9), PLAIN)
    assert error.value.failure.reason is Reason.CONNECTION
    assert "one-more.test" not in system.asked
    for task in hanging:
        task.cancel()
    await asyncio.wait(hanging)


async def test_addresses_come_in_the_systems_order_and_a_link_stays_named(system: System) -> None:
    system.answers["two.test"] = [("2001:db8::1", 0, 0, 0), ("127.0.0.1", 0)]
    found = await Resolver().resolve("two.test", 443)
    assert [(one["host"], one["port"], one["family"]) for one in found] == [
        ("2001:db8::1", 443, socket.AF_INET6),
        ("127.0.0.1", 443, socket.AF_INET),
    ]
    system.answers["link.test"] = [("fe80::1", 0, 0, 1)]
    assert (await Resolver().resolve("link.test"))[0]["host"] == "fe80::1%" + socket.if_indextoname(1)


async def test_a_name_that_idna_refuses_is_not_found(client: HttpClient) -> None:
    with pytest.raises(FailureError, match="host name not found"):
        await client.get(at("a" * 64 + ".test", 9), PLAIN)
