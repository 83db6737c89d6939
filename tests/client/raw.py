"""Raw servers for the way to the providers: what they heard, and on how many connections."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace

from exporter.client.http import Answer, Call, HttpClient
from exporter.providers.request import Prepared
from exporter.settings import HttpSettings
from tests.injected_faults import reset, response, serving

PLAIN = HttpSettings()


@dataclass
class Connection:
    """One connection at the server's end."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int
    heard: list[str]

    async def request(self) -> str:
        """The next request's value of `x-api-key`, or an empty text."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        self.heard.append(head)
        lines = [line for line in head.split("\r\n") if line.lower().startswith("x-api-key: ")]
        return lines[0].partition(" ")[2] if lines else ""

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        """Close with RST."""
        reset(self.writer)

    async def closed(self) -> bool:
        """Wait until the client closes; True where it said nothing more."""
        try:
            return await asyncio.wait_for(self.reader.read(), 5) == b""
        except ConnectionError:
            return True


@dataclass
class Raw:
    """A server's port, and all that it has heard."""

    port: int = 0
    connections: int = 0
    heard: list[str] = field(default_factory=list)

    def url(self, path: str = "/x", scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.port}{path}"


@contextlib.asynccontextmanager
async def raw(
    talk: Callable[[Connection], Awaitable[None]], context: ssl.SSLContext | None = None
) -> AsyncIterator[Raw]:
    """A raw server on loopback; one conversation a connection."""
    server = Raw()

    async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections += 1
        await talk(Connection(reader, writer, server.connections, server.heard))

    async with serving(conversation, context) as server.port:
        yield server


def answering(body: Callable[[str], bytes] = str.encode) -> Callable[[Connection], Awaitable[None]]:
    """Answers every request; the body by the request's key."""

    async def talk(connection: Connection) -> None:
        while True:
            await connection.send(response(body(await connection.request())))

    return talk


def asking(url: str, key: str | None = None, max_bytes: int = 1000) -> Call:
    """A call with a key, which no other call shares, or a public one."""
    wanted = {"Accept": "application/json"}
    if key is None:
        return Call(Prepared("GET", url, wanted), max_bytes)
    return Call(Prepared("GET", url, wanted | {"X-Api-Key": key}), max_bytes, object())


def at(call: Call, url: str) -> Call:
    """The same account's call of another URL."""
    return Call(replace(call.prepared, url=url), call.max_bytes, call.owner, call.sign)


def signed(server: Raw, key: str, path: str = "/x", max_bytes: int = 1000, scheme: str = "http") -> Call:
    """An account's call: equal keys of two of them are two credentials all the same."""
    return asking(server.url(path, scheme), key, max_bytes)


def public(server: Raw, path: str = "/x", max_bytes: int = 1000, scheme: str = "http") -> Call:
    return asking(server.url(path, scheme), None, max_bytes)


async def turns(count: int = 20) -> None:
    """Let the loop take what has arrived."""
    for _ in range(count):
        await asyncio.sleep(0.001)


async def until(holds: Callable[[], bool]) -> None:
    """Let the loop and threads work until something holds."""
    for _ in range(10_000):
        if holds():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it never held")


async def bodies(client: HttpClient, *calls: Call, http: HttpSettings = PLAIN) -> list[bytes]:
    answers: list[Answer] = await asyncio.gather(*(client.get(call, http) for call in calls))
    return [answer.body for answer in answers]
