"""No answer fills the memory, and none holds up a scrape: what a provider sends without end, beside a healthy one."""

import asyncio
import contextlib
import gzip
import json
import struct
import sys
import zlib
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from exporter.client.http import HttpClient
from exporter.failure import FailureError, Reason
from tests.client.raw import PLAIN, Connection, public, raw
from tests.injected_faults import GOOD, answers, chunk, response, serving

OK = b"HTTP/1.1 200 OK\r\n"
GZIPPED = OK + b"Content-Encoding: gzip\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
EMPTY_BLOCK = b"\x00\x00\x00\xff\xff"


def _deflating() -> Iterator[bytes]:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    while True:
        yield packer.compress(b" " * 2**20)


def _for_ever(first: bytes, then: bytes) -> Iterator[bytes]:
    yield first
    while True:
        yield then * (2**16 // len(then))


GZIP_HEAD = struct.pack("<BBBBIBB", 0x1F, 0x8B, 8, 0, 0, 0, 255)
GZIP_NAMED = struct.pack("<BBBBIBB", 0x1F, 0x8B, 8, 8, 0, 0, 255)

FLOODS = {
    "100 Continue": lambda: _for_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "103 with links": lambda: _for_ever(b"", b"HTTP/1.1 103 Early Hints\r\nLink: " + b"x" * 8000 + b"\r\n\r\n"),
    "one head": lambda: _for_ever(OK, b"X-A: " + b"x" * 1000 + b"\r\n"),
    "one header": lambda: _for_ever(OK + b"X-A: ", b"x"),
    "a reason phrase": lambda: _for_ever(b"HTTP/1.1 200 ", b"x"),
    "a body": lambda: _for_ever(OK + b"\r\n", b" "),
    "chunks of one byte": lambda: _for_ever(CHUNKED, chunk(b" ")),
    "a chunk's extension": lambda: _for_ever(CHUNKED + b"1;", b"x"),
    "trailers": lambda: _for_ever(CHUNKED + b"0\r\n", b"X-A: x\r\n"),
    "a bomb": lambda: (piece for pieces in ([GZIPPED + b"\r\n"], _deflating()) for piece in pieces),
    "behind gzip's end": lambda: _for_ever(GZIPPED + b"\r\n" + gzip.compress(GOOD), b"\0"),
    "a file name in gzip": lambda: _for_ever(GZIPPED + b"\r\n" + GZIP_NAMED, b"x"),
    "empty blocks in gzip": lambda: _for_ever(GZIPPED + b"\r\n" + GZIP_HEAD, EMPTY_BLOCK),
    "members of gzip": lambda: _for_ever(GZIPPED + b"\r\n", gzip.compress(b"")),
    "an error's body": lambda: _for_ever(b"HTTP/1.1 503 x\r\n\r\n", b" "),
}


async def test_floods_are_refused_at_once_within_150_mib_and_beside_them_the_healthy_account_has_its_value() -> None:
    def flooding(pieces: Callable[[], Iterator[bytes]]) -> Callable[[Connection], Awaitable[None]]:
        async def talk(connection: Connection) -> None:
            await connection.request()
            for piece in pieces():
                await connection.send(piece)

        return talk

    async with contextlib.AsyncExitStack() as stack:
        healthy = await stack.enter_async_context(serving(answers(GOOD)))
        floods = [await stack.enter_async_context(raw(flooding(pieces))) for pieces in FLOODS.values()]
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.client.flooded", str(healthy), *(str(flood.port) for flood in floods)),
            cwd=Path(__file__).parents[2],
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await child.communicate()
    assert child.returncode == 0, err.decode()
    told = dict(zip(FLOODS, json.loads(out), strict=True))
    refused = {name: ["invalid_response"] for name in FLOODS} | {"an error's body": ["server_error"]}
    assert {name: flood["reasons"] for name, flood in told.items()} == refused
    assert {name: flood["balance"] for name, flood in told.items()} == dict.fromkeys(FLOODS, 10.324)
    assert {name: flood for name, flood in told.items() if flood["mebibytes"] >= 150 or flood["seconds"] >= 2.5} == {}


async def test_a_few_informational_answers_are_passed_over_and_too_many_refused(client: HttpClient) -> None:
    counts = iter([16, 17])

    async def talk(connection: Connection) -> None:
        await connection.request()
        hint = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        await connection.send(hint * next(counts) + response(GOOD))

    async with raw(talk) as server:
        assert (await client.get(public(server), PLAIN)).body == GOOD
        with pytest.raises(FailureError, match="informational answers without end"):
            await client.get(public(server), PLAIN)


async def test_a_header_of_32_kib_is_read_and_one_of_64_is_not(client: HttpClient) -> None:
    sizes = iter([32 * 1024, 64 * 1024])

    async def talk(connection: Connection) -> None:
        await connection.request()
        await connection.send(response(GOOD, "200 OK", "X-Long: " + "x" * next(sizes)))

    async with raw(talk) as server:
        assert (await client.get(public(server), PLAIN)).body == GOOD
        with pytest.raises(FailureError) as error:
            await client.get(public(server), PLAIN)
        assert error.value.failure.reason is Reason.INVALID_RESPONSE
