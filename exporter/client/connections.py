"""The transport under httpx' interface: requests over guarded connections, each its owner's own."""

import asyncio
import select
from dataclasses import dataclass

import aiohttp
import httpx
import yarl
from aiohttp.http_parser import RawResponseMessage
from aiohttp.streams import StreamReader

from exporter.client.dialing import Dialler, SocksDialler
from exporter.client.pool import IDLE_SECONDS, Key, Pool
from exporter.client.protocol import GuardedProtocol, unheard
from exporter.client.resolver import Resolver
from exporter.client.tls_sessions import ResumingContext

MOST_QUEUEING_SECONDS = 1.0
"""A call waits so long for another one's connection before it opens its own, where there is a queue for that."""

LEAST_SECONDS = 1.0
"""In less there is no time to doubt a connection and to try another one."""


@dataclass(eq=False, slots=True)
class _Prepared:
    """A request as bytes, and where it goes: made once for each `httpx.Request`, which its headers stand for."""

    transport: "GuardedTransport"
    headers: httpx.Headers
    data: bytes
    key: Key


@dataclass(eq=False, slots=True)
class Way:
    """How a request travels: the extension `way` of an `httpx.Request`, set anew before each attempt.

    `owner` is the credential that it carries, or the URL of a public resource: connections are its own. `seconds` is
    how long the call is waited for: a kept connection that gives no byte within a third of it is given up.
    """

    owner: object
    seconds: float | None = None
    is_slow: bool = False
    """The provider itself takes longer than that third: no kept connection is doubted for it, and none is used."""

    prepared: _Prepared | None = None
    """What the transport keeps of the request that it carried last."""

    @property
    def patience_seconds(self) -> float | None:
        """How long a first byte is waited for; None where there is no time for another attempt anyway."""
        return None if self.seconds is None or self.seconds < LEAST_SECONDS else self.seconds / 3


class GuardedTransport(httpx.AsyncBaseTransport):
    """Asks over HTTP/1.1, and repeats nothing by itself. aiohttp's errors and `FailureError` go up as they are."""

    def __init__(
        self, context: ResumingContext, proxy: str | None, resolver: Resolver, idle_seconds: float = IDLE_SECONDS
    ) -> None:
        self._context = context
        is_socks = proxy is not None and proxy.lower().startswith("socks")
        self._dialler = SocksDialler(context, str(proxy), resolver) if is_socks else Dialler(context, proxy, resolver)
        self._has_http_proxy = proxy is not None and not is_socks
        self._pool = Pool(idle_seconds)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and read the head of its answer; closing the answer's stream frees the connection."""
        way: Way = request.extensions["way"]
        prepared = way.prepared
        if prepared is None or prepared.headers is not request.headers or prepared.transport is not self:
            prepared = way.prepared = self._prepare(request, way)
        protocol, is_new = await self._connection(prepared.key, way, request)
        try:
            message, body = await self._exchange(prepared, way, protocol, is_new, request.method == "HEAD")
        except BaseException as error:
            protocol.abort()
            if not is_new and not isinstance(error, asyncio.CancelledError):
                self._pool.drop(prepared.key)
            raise
        stream = _Body(self, prepared.key, protocol, body)
        return httpx.Response(message.code, headers=message.raw_headers, stream=stream, request=request)

    async def aclose(self) -> None:
        """Close every connection that is idle, and the others when their call ends.

        The connector holds none, and closing it would break off the look-ups of calls under way.
        """
        self._pool.close()

    async def _connection(self, key: Key, way: Way, request: httpx.Request) -> tuple[GuardedProtocol, bool]:
        while not way.is_slow and (kept := self._pool.take(key)) is not None:
            if not _is_readable(kept):
                return kept, False
            kept.abort()

        async def dial() -> GuardedProtocol:
            return await self._dialler.dial(key.scheme, key.host, key.port, request.extensions.get("sni_hostname"))

        while_seconds = MOST_QUEUEING_SECONDS if way.seconds is None else min(MOST_QUEUEING_SECONDS, way.seconds / 10)
        return await self._pool.open(key, dial, while_seconds)

    async def _exchange(
        self, prepared: _Prepared, way: Way, protocol: GuardedProtocol, is_new: bool, is_head: bool
    ) -> tuple[RawResponseMessage, StreamReader]:
        patience = way.patience_seconds
        loop = asyncio.get_running_loop()
        began = loop.time()
        protocol.ask(
            prepared.data,
            patience_seconds=None if is_new else patience,
            is_head=is_head,
        )
        try:
            message, body = await protocol.read()
        except aiohttp.SocketTimeoutError as error:
            raise unheard() from error
        way.is_slow = patience is not None and loop.time() - began > patience
        return message, body

    def give_back(self, key: Key, protocol: GuardedProtocol) -> None:
        """Keep a connection whose answer was read whole; close any other."""
        if not protocol.is_usable_again():
            protocol.abort()
            return
        if key.scheme == "https" and not protocol.is_remembered and protocol.transport is not None:
            protocol.is_remembered = True
            self._context.remember(protocol.transport.get_extra_info("ssl_object"))
        self._pool.give(key, protocol)

    def _prepare(self, request: httpx.Request, way: Way) -> _Prepared:
        """The request on the wire: in absolute form where a proxy is to read it.

        Raises:
            ValueError: a header holds what would end it.
        """
        url = yarl.URL(str(request.url), encoded=True)
        headers = [(name.lower(), value) for name, value in request.headers.raw]
        target = request.url.raw_path
        if self._has_http_proxy and url.scheme == "http":
            target = str(request.url.copy_with(userinfo=b"", fragment=None)).encode("ascii")
            headers += [(name.encode(), value.encode()) for name, value in self._dialler.proxy_headers.items()]
        lines = [b"%s %s HTTP/1.1" % (request.method.encode("ascii"), target), *(b"%s: %s" % pair for pair in headers)]
        if any(sign in line for line in lines for sign in (b"\r", b"\n", b"\0")):
            raise ValueError("a header holds an end of line or a null byte")
        key = Key(way.owner, url.scheme, url.raw_host or "", url.port or 0)
        return _Prepared(self, request.headers, b"\r\n".join([*lines, b"", request.content]), key)


class _Body(httpx.AsyncByteStream):
    """An answer's body, as it comes."""

    def __init__(self, transport: GuardedTransport, key: Key, protocol: GuardedProtocol, body: StreamReader) -> None:
        self._transport = transport
        self._key = key
        self._protocol: GuardedProtocol | None = protocol
        self._body = body

    def __aiter__(self) -> "_Body":
        return self

    async def __anext__(self) -> bytes:
        piece = await self._body.readany()
        if not piece:
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        """Give the connection back, or break it off where something is left unread."""
        if self._protocol is not None:
            self._transport.give_back(self._key, self._protocol)
            self._protocol = None


def _is_readable(protocol: GuardedProtocol) -> bool:
    """Whether bytes, or the connection's end, wait in the system: nobody has asked for them."""
    transport = protocol.transport
    if transport is None:
        return True
    poll = select.poll()
    poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
    return bool(poll.poll(0))
