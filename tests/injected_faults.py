"""Injected faults: providers that misbehave, as raw servers on loopback, each with the reason that it must give."""

import asyncio
import contextlib
import datetime as dt
import gzip
import socket
import ssl
import struct
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import trustme

from exporter.failure import Reason

Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

GOOD = b'{"credit": 10.324}'


@dataclass(frozen=True)
class Behaviour:
    """One way to misbehave; `reason` is None where the answer is good all the same."""

    name: str
    reason: Reason | None
    talk: Conversation
    tls: str = ""


def response(body: bytes, status: str = "200 OK", *headers: str, length: int | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def sends(data: bytes) -> Conversation:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(data)
        await writer.drain()

    return talk


def answers(body: bytes, status: str = "200 OK", *headers: str) -> Conversation:
    return sends(response(body, status, *headers))


def then(*steps: bytes | float) -> Conversation:
    """Bytes to send and seconds to wait, in turn."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for step in steps:
            if isinstance(step, bytes):
                writer.write(step)
                await writer.drain()
            else:
                await asyncio.sleep(step)

    return talk


def drips(data: bytes, pause: float) -> Conversation:
    steps: list[bytes | float] = []
    for place in range(len(data)):
        steps += [data[place : place + 1], pause]
    return then(*steps)


def resets(data: bytes = b"") -> Conversation:
    """Closes with RST, after the request and whatever of an answer."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(data)
        await writer.drain()
        await asyncio.sleep(0.05)
        reset(writer)

    return talk


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST."""
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def closes_at_once(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    pass


async def answers_anything(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.write(response(b"", "400 Bad Request"))


async def never_reads(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


def bomb(megabytes: int) -> Conversation:
    """gzip that grows a thousandfold, sent piece by piece; stops when nobody reads on."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n")
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        for _ in range(megabytes):
            writer.write(packer.compress(b" " * 1024 * 1024))
            await writer.drain()
        writer.write(packer.flush())
        await writer.drain()

    return talk


def chunked(*chunks: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"".join(chunks)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


ELSEWHERE = "http://127.0.0.2:9/elsewhere"

BEHAVIOURS = [
    # connection
    Behaviour("closes at once", Reason.CONNECTION, closes_at_once),
    Behaviour("closes after the request", Reason.CONNECTION, sends(b"")),
    Behaviour("resets after the request", Reason.CONNECTION, resets()),
    Behaviour("resets in mid-headers", Reason.CONNECTION, resets(b"HTTP/1.1 200 OK\r\nContent-")),
    Behaviour("resets in mid-body", Reason.CONNECTION, resets(response(GOOD[:5], length=len(GOOD)))),
    Behaviour("body shorter than its length", Reason.CONNECTION, sends(response(GOOD[:5], length=len(GOOD)))),
    Behaviour("chunks end too early", Reason.CONNECTION, sends(chunked(chunk(GOOD[:5])))),
    # timeout
    Behaviour("hangs before headers", Reason.TIMEOUT, then(60.0)),
    Behaviour("hangs in mid-headers", Reason.TIMEOUT, then(b"HTTP/1.1 200 OK\r\n", 60.0)),
    Behaviour("hangs after headers", Reason.TIMEOUT, then(response(b"", length=18), 60.0)),
    Behaviour("hangs in mid-body", Reason.TIMEOUT, then(response(GOOD[:5], length=18), 60.0)),
    Behaviour("one byte every 600 ms", Reason.TIMEOUT, drips(response(GOOD), 0.6)),
    Behaviour("never reads", Reason.TIMEOUT, never_reads),
    Behaviour("hangs in the TLS handshake", Reason.TIMEOUT, never_reads, tls="silent"),
    # what is no HTTP
    Behaviour("no HTTP", Reason.INVALID_RESPONSE, sends(b"SSH-2.0-OpenSSH_9.2p1 Debian\r\n\r\n")),
    Behaviour("chunked garbage", Reason.INVALID_RESPONSE, sends(chunked(b"zzzz\r\nnot a chunk\r\n"))),
    Behaviour("a header of 100 kB", Reason.INVALID_RESPONSE, answers(GOOD, "200 OK", "X-Flood: " + "x" * 100_000)),
    Behaviour(
        "10,000 headers", Reason.INVALID_RESPONSE, answers(GOOD, "200 OK", *(f"X-{n}: x" for n in range(10_000)))
    ),
    Behaviour("negative length", Reason.INVALID_RESPONSE, sends(response(GOOD, length=-5))),
    # bodies that give no value
    Behaviour("20 MB body", Reason.INVALID_RESPONSE, answers(b" " * 20_000_000)),
    Behaviour("200 MB gzip bomb", Reason.INVALID_RESPONSE, bomb(200)),
    Behaviour("not gzip as it says", Reason.INVALID_RESPONSE, answers(GOOD, "200 OK", "Content-Encoding: gzip")),
    Behaviour(
        "gzip that ends too early",
        Reason.INVALID_RESPONSE,
        answers(gzip.compress(GOOD)[:-9], "200 OK", "Content-Encoding: gzip"),
    ),
    Behaviour("unasked coding", Reason.INVALID_RESPONSE, answers(GOOD, "200 OK", "Content-Encoding: br")),
    Behaviour("200,000 nested arrays", Reason.INVALID_RESPONSE, answers(b"[" * 200_000 + b"]" * 200_000)),
    Behaviour("bad UTF-8", Reason.INVALID_RESPONSE, answers(b'{"credit": 10, "x": "\xff\xfe"}')),
    Behaviour("UTF-16", Reason.INVALID_RESPONSE, answers('{"credit": 10}'.encode("utf-16"))),
    Behaviour(
        "HTML under 200",
        Reason.INVALID_RESPONSE,
        answers(b"<html>Maintenance</html>", "200 OK", "Content-Type: text/html"),
    ),
    Behaviour("empty body", Reason.INVALID_RESPONSE, answers(b"")),
    Behaviour("204 without a body", Reason.INVALID_RESPONSE, sends(b"HTTP/1.1 204 No Content\r\n\r\n")),
    Behaviour("JSON cut short", Reason.INVALID_RESPONSE, answers(GOOD[:-3])),
    Behaviour("a bare number", Reason.INVALID_RESPONSE, answers(b"900")),
    Behaviour("NaN", Reason.INVALID_RESPONSE, answers(b'{"credit": NaN}')),
    Behaviour("a number beyond all floats", Reason.INVALID_RESPONSE, answers(b'{"credit": 1e999}')),
    # redirects
    Behaviour("302 to another origin", Reason.REDIRECT, answers(b"", "302 Found", f"Location: {ELSEWHERE}")),
    Behaviour(
        "301 to itself", Reason.REDIRECT, answers(b"", "301 Moved Permanently", "Location: /services/sms/credit")
    ),
    Behaviour("307 without a location", Reason.REDIRECT, answers(b"", "307 Temporary Redirect")),
    # statuses
    Behaviour("401 without a body", Reason.UNAUTHORIZED, answers(b"", "401 Unauthorized")),
    Behaviour("403 with HTML", Reason.FORBIDDEN, answers(b"<html>", "403 Forbidden")),
    Behaviour("404", Reason.BAD_REQUEST, answers(b"", "404 Not Found")),
    Behaviour("429", Reason.RATE_LIMITED, answers(b"", "429 Too Many Requests", "Retry-After: 60")),
    Behaviour("500 with a good body", Reason.SERVER_ERROR, answers(GOOD, "500 Internal Server Error")),
    Behaviour("401 with 20 MB", Reason.UNAUTHORIZED, answers(b" " * 20_000_000, "401 Unauthorized")),
    Behaviour("429 in an unasked coding", Reason.RATE_LIMITED, answers(GOOD, "429 x", "Content-Encoding: br")),
    Behaviour("503 that isn't gzip as it says", Reason.SERVER_ERROR, answers(GOOD, "503 x", "Content-Encoding: gzip")),
    Behaviour("503", Reason.SERVER_ERROR, answers(b"", "503 Service Unavailable")),
    Behaviour("code 1", Reason.UNAUTHORIZED, answers(b'{"status": "error", "code": 1}', "500 x")),
    Behaviour("code 2", Reason.INSUFFICIENT_CREDIT, answers(b'{"status": "error", "code": 2}', "500 x")),
    Behaviour("code 9", Reason.TIMEOUT, answers(b'{"status": "error", "code": 9}', "500 x")),
    Behaviour("code 100 under 200", Reason.IP_NOT_ALLOWED, answers(b'{"status": "error", "code": 100}')),
    # TLS
    Behaviour("a certificate for another name", Reason.TLS, answers(GOOD), tls="wrong name"),
    Behaviour("an expired certificate", Reason.TLS, answers(GOOD), tls="expired"),
    Behaviour("an unknown authority", Reason.TLS, answers(GOOD), tls="unknown authority"),
    Behaviour("plain HTTP where TLS is expected", Reason.TLS, answers_anything, tls="none at all"),
    # odd, but good
    Behaviour("HTTP/1.0", None, sends(b"HTTP/1.0 200 OK\r\n\r\n" + GOOD)),
    Behaviour("a byte order mark", None, answers(b"\xef\xbb\xbf" + GOOD)),
    Behaviour("wrong content type", None, answers(GOOD, "200 OK", "Content-Type: image/png")),
    Behaviour("chunks of one byte", None, sends(chunked(*(chunk(GOOD[n : n + 1]) for n in range(18)), b"0\r\n\r\n"))),
    Behaviour("gzip", None, answers(gzip.compress(GOOD), "200 OK", "Content-Encoding: gzip")),
    Behaviour("201", None, answers(GOOD, "201 Created")),
    Behaviour("two cookies", None, answers(GOOD, "200 OK", "Set-Cookie: a=1", "Set-Cookie: b=2")),
    Behaviour("TLS", None, answers(GOOD), tls="good"),
]


class Authority:
    """A certificate authority of the tests' own, and servers' certificates by it."""

    def __init__(self) -> None:
        self.ca = trustme.CA()
        self._stranger = trustme.CA()

    def context(self, kind: str) -> ssl.SSLContext | None:
        if kind in {"", "silent", "none at all"}:
            return None
        expired = dt.datetime(2020, 1, 1, tzinfo=dt.UTC) if kind == "expired" else None
        ca = self._stranger if kind == "unknown authority" else self.ca
        name = "elsewhere.test" if kind == "wrong name" else "127.0.0.1"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ca.issue_cert(name, not_after=expired).configure_cert(context)
        return context


@contextlib.asynccontextmanager
async def serving(talk: Conversation, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A raw server on a free port of loopback; one conversation a connection."""
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
                await talk(reader, writer)
        finally:
            tasks.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError, TimeoutError, asyncio.CancelledError):
                await writer.wait_closed()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context, limit=2**20)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
