"""The least that one process can do for a scrape: a plain asyncio.Protocol that asks and counts.

`python -m benchmarks.prototype PORT BASE_URL ACCOUNTS [CA_FILE]` makes the exporter's calls over kept connections,
reads answers by their Content-Length, parses them, writes a few lines by hand, and serves them at PORT. It bounds,
judges, retries and hides nothing: it is what the exporter's CPU is divided by.
"""

import asyncio
import gc
import json
import resource
import ssl
import sys
from typing import Any, cast
from urllib.parse import urlsplit

PATHS = ("", "/credit", "/contacts")
PREFIX = "/api/v1/partner-gateway/subscription"
SCRAPE_SECONDS = 120.0


class Pool:
    """Connections to one provider: the newest idle one is taken first, a new one is opened where none is idle."""

    def __init__(self, base_url: str, context: ssl.SSLContext | None) -> None:
        url = urlsplit(base_url)
        assert url.hostname is not None
        assert url.port is not None
        self._address = (url.hostname, url.port)
        self._context = context
        self.idle: dict[Connection, None] = {}

    async def ask(self, request: bytes) -> bytes:
        """The answer's body."""
        if self.idle:
            return await self.idle.popitem()[0].ask(request)
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: Connection(self), *self._address, ssl=self._context)
        return await connection.ask(request)


class Connection(asyncio.Protocol):
    """One kept connection, one call at a time."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._buffer = b""
        self._answer: asyncio.Future[bytes] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep it."""
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's is none by inheritance

    def ask(self, request: bytes) -> asyncio.Future[bytes]:
        """Send a request; the body of its answer."""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def data_received(self, data: bytes) -> None:
        """Hand over the body once it is whole."""
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0 or self._answer is None:
            return
        begin = self._buffer.index(b"Content-Length: ") + 16
        end = head + 4 + int(self._buffer[begin : self._buffer.index(b"\r\n", begin)])
        if len(self._buffer) >= end:
            answer, body = self._answer, self._buffer[head + 4 : end]
            self._buffer, self._answer = b"", None
            self._pool.idle[self] = None
            answer.set_result(body)

    def connection_lost(self, exc: Exception | None) -> None:
        """Out of the pool; whoever waits is told."""
        self._pool.idle.pop(self, None)
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("closed before the answer"))


def lines(name: str, subscription: Any, credit: Any, contacts: Any) -> str:
    """An account's text, by hand."""
    features = "".join(
        f'contacts_feature{{account="{name}",feature="{feature}"}} {int(has)}\n'
        for feature, has in subscription["features"].items()
        if isinstance(has, bool)
    )
    return (
        f'credit_balance{{account="{name}",currency="{credit["currency"]}"}} {credit["balance"]}\n'
        f'credit_recharge{{account="{name}",currency="{credit["currency"]}"}} {credit["lastRechargeAmount"]}\n'
        f'contacts_used{{account="{name}"}} {contacts["used"]}\n'
        f'contacts_limit{{account="{name}"}} {contacts["total"]}\n'
        f'subscription_active{{account="{name}"}} {int(subscription["status"] == "ACTIVE")}\n'
        f'subscription_plan{{account="{name}",plan="{subscription["plan"]}"}} 1\n{features}'
    )


class Scraper:
    """All accounts at once."""

    def __init__(self, pool: Pool, host: str, accounts: int) -> None:
        self._pool = pool
        head = f"Host: {host}\r\nAccept: application/json\r\nX-Api-Key: key-number-"
        self._requests = [
            [f"GET {PREFIX}{path} HTTP/1.1\r\n{head}{number}\r\n\r\n".encode() for path in PATHS]
            for number in range(accounts)
        ]

    async def _account(self, number: int) -> str:
        bodies = await asyncio.gather(*(self._pool.ask(request) for request in self._requests[number]))
        return lines(f"a{number}", *(json.loads(body) for body in bodies))

    async def text(self) -> bytes:
        """The page."""
        async with asyncio.timeout(SCRAPE_SECONDS):
            texts = await asyncio.gather(*(self._account(number) for number in range(len(self._requests))))
        return "".join(texts).encode()


class Page(asyncio.Protocol):
    """`/metrics`, whatever is asked for; the connection is closed after it."""

    def __init__(self, scraper: Scraper) -> None:
        self._scraper = scraper

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep it."""
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        """Scrape once the request is whole."""
        if data.endswith(b"\r\n\r\n"):
            self._task = asyncio.create_task(self._serve())

    async def _serve(self) -> None:
        try:
            body = await self._scraper.text()
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        finally:
            self._transport.close()


async def serve(port: int, scraper: Scraper) -> None:
    """Serve until the process ends."""
    gc.freeze()
    server = await asyncio.get_running_loop().create_server(lambda: Page(scraper), "127.0.0.1", port)
    await server.serve_forever()


def main() -> None:
    """Run on the fast loop."""
    import uvloop  # noqa: PLC0415

    port, base_url, accounts, *ca_file = sys.argv[1:]
    most_files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
    context = ssl.create_default_context(cafile=ca_file[0]) if ca_file else None
    uvloop.run(serve(int(port), Scraper(Pool(base_url, context), urlsplit(base_url).netloc, int(accounts))))


if __name__ == "__main__":
    main()
