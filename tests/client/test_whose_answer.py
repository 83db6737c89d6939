"""An answer belongs to the request before it: nothing that arrives at another time is taken for one."""

import asyncio

import httpx
import pytest

from exporter.client import tls
from exporter.client.connections import GuardedTransport, Way
from exporter.client.http import HttpClient
from exporter.client.resolver import Resolver
from exporter.failure import FailureError, Reason
from exporter.settings import TlsSettings
from tests.client.raw import PLAIN, Connection, answering, at, bodies, public, raw, signed, turns
from tests.injected_faults import chunk, chunked, response


async def test_a_second_copy_on_an_idle_connection_closes_it_and_no_account_gets_anothers_balance(
    client: HttpClient,
) -> None:
    doubled = asyncio.Event()

    async def talk(connection: Connection) -> None:
        while True:
            key = await connection.request()
            await connection.send(response(key.encode()))
            if key == "A" and not doubled.is_set():
                await turns()
                await connection.send(response(key.encode()))
                doubled.set()
                assert await connection.closed()
                return

    async with raw(talk) as server:
        calls = [signed(server, key) for key in "ABC"]
        assert await bodies(client, *calls) == [b"A", b"B", b"C"]
        await doubled.wait()
        for _ in range(3):
            for call, expected in zip(calls, (b"A", b"B", b"C"), strict=True):
                assert await bodies(client, call) == [expected]
        assert server.connections == 4


BEHIND = {
    "a second answer": response(b"other"),
    "two more": response(b"other") * 2,
    "the beginning of one": b"HTTP/1.1 200 OK\r\nContent-Le",
    "one byte": b"H",
    "a line": b"\r\n",
    "what is no HTTP": b"garbage\r\n\r\n",
    "an informational answer": b"HTTP/1.1 100 Continue\r\n\r\n",
}


@pytest.mark.parametrize("behind", BEHIND.values(), ids=BEHIND.keys())
@pytest.mark.parametrize(
    "answer", [response(b"right"), chunked(chunk(b"right"), b"0\r\n\r\n")], ids=["length", "chunks"]
)
async def test_bytes_behind_an_answer_cost_its_connection_and_nothing_else(
    client: HttpClient, answer: bytes, behind: bytes
) -> None:
    async def talk(connection: Connection) -> None:
        await connection.request()
        await connection.send(answer + behind)
        if connection.number == 1:
            assert await connection.closed()
        else:
            await connection.request()

    async with raw(talk) as server:
        call = signed(server, "A")
        assert await bodies(client, call) == [b"right"]
        assert await bodies(client, call) == [b"right"]
        assert server.connections == 2


@pytest.mark.parametrize(
    "pieces", [[response(b"ri"[:2], length=5), b"ght"], [response(b"right")[:30], response(b"right")[30:]]]
)
async def test_bytes_behind_an_answer_in_pieces_do_the_same(client: HttpClient, pieces: list[bytes]) -> None:
    async def talk(connection: Connection) -> None:
        await connection.request()
        for piece in pieces[:-1]:
            await connection.send(piece)
            await turns(3)
        await connection.send(pieces[-1] + response(b"other"))
        assert await connection.closed()

    async with raw(talk) as server:
        call = signed(server, "A")
        assert await bodies(client, call) == [b"right"]
        assert await bodies(client, call) == [b"right"]
        assert server.connections == 2


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
@pytest.mark.parametrize("pause", [False, True])
async def test_a_body_where_none_belongs_is_not_taken_for_the_next_answer(
    client: HttpClient, status: str, pause: bool
) -> None:
    async def talk(connection: Connection) -> None:
        await connection.request()
        if connection.number > 1:
            await connection.send(response(b"right"))
            return
        head, body = f"HTTP/1.1 {status}\r\nContent-Length: 43\r\n\r\n".encode(), response(b"other")
        await connection.send(head if pause else head + body)
        if pause:
            await turns(3)
            await connection.send(body)
        assert await connection.closed()

    async with raw(talk) as server:
        call = signed(server, "A")
        assert await bodies(client, call) == [b""]
        assert await bodies(client, call) == [b"right"]
        assert server.connections == 2


async def test_a_body_after_head_is_not_taken_for_the_next_answer() -> None:
    transport = GuardedTransport(tls.context(TlsSettings()), None, Resolver())

    async def talk(connection: Connection) -> None:
        await connection.request()
        if connection.number > 1:
            await connection.send(response(b"other"))
            return
        await connection.send(response(b"", length=43))
        await turns(3)
        await connection.send(response(b"wrong"))
        assert await connection.closed()

    async with raw(talk) as server:
        extensions = {"way": Way("A")}
        for method, expected in (("HEAD", b""), ("GET", b"other")):
            answer = await transport.handle_async_request(httpx.Request(method, server.url(), extensions=extensions))
            assert await answer.aread() == expected
            await answer.aclose()
        assert server.connections == 2
    await transport.aclose()


async def test_the_end_of_an_answer_so_large_that_reading_paused_is_not_trusted(client: HttpClient) -> None:
    async def talk(connection: Connection) -> None:
        await connection.request()
        body = b"x" * 1_000_000
        await connection.send(response(body, length=len(body)) + b"HTTP/1.1 200 OK\r\nContent-")
        await connection.closed()

    async with raw(talk) as server:
        call = signed(server, "A", max_bytes=2_000_000)
        for _ in range(5):
            assert len((await bodies(client, call))[0]) == 1_000_000
        assert server.connections == 5


async def test_an_answer_before_the_request_was_sent_whole_ends_its_connection(client: HttpClient) -> None:
    async def talk(connection: Connection) -> None:
        if connection.number == 1:
            await connection.reader.read(10)
            await connection.send(response(b"early"))
            await asyncio.Event().wait()
        await connection.request()
        await connection.send(response(b"right"))

    async with raw(talk) as server:
        sizes = iter([16_000_000, 10])
        call = signed(server, "A")
        call.sign = lambda made: made.with_headers({"X-Api-Key": "k" * next(sizes)})
        assert (await client.get(call, PLAIN)).body == b"early"
        assert (await client.get(call, PLAIN)).body == b"right"
        assert server.connections == 2


async def test_what_lies_in_the_system_unread_is_seen_before_the_next_request(client: HttpClient) -> None:
    """The second copy arrives while the loop is busy, and the request would be sent before it is read."""

    kept: list[Connection] = []

    async def talk(connection: Connection) -> None:
        kept.append(connection)
        await answering()(connection)

    async with raw(talk) as server:
        call = signed(server, "A")
        assert await bodies(client, call) == [b"A"]
        kept[0].writer.write(response(b"other"))  # sent at once, and the client's end has no turn before its request
        assert await bodies(client, call) == [b"A"]
        assert server.connections == 2


async def test_connections_are_never_shared_between_credentials_and_used_again_by_their_own(client: HttpClient) -> None:
    async with raw(answering()) as server:
        first, second, open_to_all = signed(server, "A"), signed(server, "A"), public(server)
        for call in (first, second, open_to_all):
            await bodies(client, call)
        assert server.connections == 3
        for call in (first, second, open_to_all):
            await bodies(client, call)
        assert server.connections == 3


async def test_the_apis_of_one_account_share_its_connections(client: HttpClient) -> None:
    async with raw(answering()) as server:
        first = signed(server, "A")
        other = at(first, server.url("/y"))
        await bodies(client, first)
        await bodies(client, other)
        assert server.connections == 1


async def test_an_answer_that_changes_the_protocol_is_none(client: HttpClient) -> None:
    async def talk(connection: Connection) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nbytes")

    async with raw(talk) as server:
        with pytest.raises(FailureError) as error:
            await client.get(signed(server, "A"), PLAIN)
        assert error.value.failure.reason is Reason.INVALID_RESPONSE


async def test_the_newest_idle_connection_is_used_first(client: HttpClient) -> None:
    second_is_heard = asyncio.Event()
    numbers: list[int] = []

    async def talk(connection: Connection) -> None:
        await connection.request()
        if connection.number == 1:
            await second_is_heard.wait()
        else:
            second_is_heard.set()
            await turns()
        await connection.send(response(b"1"))
        while True:
            await connection.request()
            numbers.append(connection.number)
            await connection.send(response(b"2"))

    async with raw(talk) as server:
        call = signed(server, "A")
        await bodies(client, call, call)
        for _ in range(3):
            await bodies(client, call)
        assert server.connections == 2
        assert numbers == [2, 2, 2]
