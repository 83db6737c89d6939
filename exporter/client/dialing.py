"""New connections: directly or through a proxy, guarded from their first byte."""

import asyncio
import contextlib
import functools
import socket
import ssl
from collections.abc import Coroutine
from typing import TYPE_CHECKING, cast

import aiohappyeyeballs
import aiohttp
import yarl
from aiohttp.client_proto import ResponseHandler

from exporter.client.protocol import GuardedProtocol
from exporter.client.reasons import OUT_OF_FILES
from exporter.client.resolver import Resolver
from exporter.client.tls_sessions import ResumingContext
from exporter.failure import Failure, FailureError, Reason

if TYPE_CHECKING:
    from aiohttp.tracing import Trace

_KEEPALIVE = {"TCP_KEEPIDLE": 20, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 20_000}
"""An idle connection that leads nowhere is found within 35 s, before the next scrape; the last is in milliseconds."""

_SECOND_ADDRESS_SECONDS = 0.25
"""An address that is silent for so long has the next one tried beside it (RFC 8305)."""

_UNLIMITED = aiohttp.ClientTimeout(total=None)


class Dialler(aiohttp.TCPConnector):
    """Opens connections for one TLS context and one proxy (a URL, or None); keeps none of them.

    Names and tunnels are aiohttp's; connections and handshakes are opened here, with less around them: when a provider
    is down, opening is all that a scrape does.
    """

    def __init__(self, context: ResumingContext, proxy: str | None, resolver: Resolver) -> None:
        super().__init__(limit=0, ssl=context, resolver=resolver)
        guarded: type[ResponseHandler] = GuardedProtocol
        self._factory = functools.partial(guarded, self._loop)
        self._context = context
        self._proxy: yarl.URL | None = None
        self._proxy_headers: dict[str, str] = {}
        if proxy is not None:
            self._proxy, self._proxy_headers = _without_user(yarl.URL(proxy))

    @property
    def proxy_headers(self) -> dict[str, str]:
        """What a request over plain HTTP tells the proxy besides."""
        credential = self._proxy_headers.get("Authorization")
        return {} if credential is None else {"Proxy-Authorization": credential}

    async def dial(self, scheme: str, host: str, port: int, server_name: str | None) -> GuardedProtocol:
        """A new connection; `server_name` is the name that the certificate has to have, where it isn't the host's.

        Raises:
            OSError: no connection, or no acceptable certificate.
            aiohttp.ClientError: the proxy refused.
            FailureError: `connection`, no address.
        """
        try:
            if self._proxy is None:
                return await self._open(host, port, self._tls_for(scheme), server_name)
            request = self._request(yarl.URL.build(scheme=scheme, host=host, port=port), server_name)
            return _guarded(await self._create_connection(request, [], _UNLIMITED))
        except (ssl.SSLError, aiohttp.ClientSSLError):
            self._context.forget(server_name or host)
            raise

    def _tls_for(self, scheme: str) -> ResumingContext | None:
        return self._context if scheme == "https" else None

    def _request(self, url: yarl.URL, server_name: str | None) -> aiohttp.ClientRequest:
        """What aiohttp wants to know for a way through a proxy."""
        return aiohttp.ClientRequest(
            "GET",
            url,
            loop=self._loop,
            ssl=self._context,
            proxy=self._proxy,
            proxy_headers=self._proxy_headers,
            server_hostname=server_name,
        )

    async def _create_direct_connection(
        self,
        req: aiohttp.ClientRequest,
        traces: "list[Trace]",
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109  # aiohttp's
        *,
        client_error: type[Exception] = aiohttp.ClientConnectorError,
    ) -> tuple[asyncio.Transport, ResponseHandler]:
        """The connection to the proxy."""
        del traces, timeout, client_error
        url = req.url
        protocol = await self._open(url.raw_host or "", req.port or 0, self._tls_for(url.scheme), req.server_hostname)
        return cast("asyncio.Transport", protocol.transport), protocol  # uvloop's is none by its class

    async def _open(
        self, host: str, port: int, context: ResumingContext | None, server_name: str | None
    ) -> GuardedProtocol:
        """Connect to one of a host's addresses; where a handshake fails the next address is tried."""
        infos = await self._addresses(host, port)
        while True:
            connected = await self._connected(infos)
            try:
                return await self._guard(connected, context, server_name or host)
            except OSError:
                aiohappyeyeballs.pop_addr_infos_interleave(infos, 1)
                if not infos:
                    raise

    async def _addresses(self, host: str, port: int) -> list[aiohttp.AddrInfoType]:
        try:
            return self._convert_hosts_to_addr_infos(await self._resolve_host(host, port))
        except OSError as error:
            if error.errno in OUT_OF_FILES:
                raise
            raise FailureError(Failure(Reason.CONNECTION, "host name not found")) from error

    async def _connected(self, infos: list[aiohttp.AddrInfoType]) -> socket.socket:
        if len(infos) > 1:
            return await aiohappyeyeballs.start_connection(
                infos, happy_eyeballs_delay=_SECOND_ADDRESS_SECONDS, interleave=1
            )
        family, kind, number, _, address = infos[0]
        connecting = socket.socket(family, kind, number)
        try:
            connecting.setblocking(False)
            await self._loop.sock_connect(connecting, address)
        except BaseException:
            connecting.close()
            raise
        return connecting

    async def _guard(self, connected: socket.socket, context: ResumingContext | None, name: str) -> GuardedProtocol:
        """The connection of a socket that is connected, with TLS where there is a context."""
        set_keepalive(connected)
        if context is None:
            _, protocol = await self._loop.create_connection(self._factory, sock=connected)
            return _guarded(protocol)
        # Certificates have names without the dot at the end.
        create = functools.partial(self._loop.create_connection, server_hostname=name.rstrip("."))
        return await _unbroken(connected, create(self._factory, ssl=context, sock=connected))


class SocksDialler(Dialler):
    """Opens connections through a SOCKS proxy, which looks up the names itself."""

    def __init__(self, context: ResumingContext, proxy: str, resolver: Resolver) -> None:
        super().__init__(context, None, resolver)
        self._socks = yarl.URL(proxy)

    async def _open(
        self, host: str, port: int, context: ResumingContext | None, server_name: str | None
    ) -> GuardedProtocol:
        # Few ask through one: the others don't pay for the import.
        from exporter.client.socks import connect  # noqa: PLC0415

        through = await self._addresses(str(self._socks.host), self._socks.port or 1080)
        connected = await connect(self._socks, through[0][4][0], host, port)
        return await self._guard(connected, context, server_name or host)


async def _unbroken(
    connected: socket.socket, handshake: "Coroutine[object, object, tuple[object, ResponseHandler]]"
) -> GuardedProtocol:
    """The connection that a handshake ends in; whoever breaks it off lets it read the connection's end.

    Cancelled itself, uvloop's handshake may be left without an end: its objects (300 kB) live on for a minute then.
    Where writing fails as well, uvloop may leave the socket to be closed twice.
    """
    task = asyncio.ensure_future(handshake)
    try:
        _, protocol = await asyncio.shield(task)
    except asyncio.CancelledError:
        with contextlib.suppress(OSError):  # it has ended this moment
            connected.shutdown(socket.SHUT_RD)
        task.add_done_callback(_discard)
        raise
    return _guarded(protocol)


def _discard(task: "asyncio.Task[tuple[object, ResponseHandler]]") -> None:
    if not task.cancelled() and task.exception() is None:
        task.result()[1].abort()


def _guarded(protocol: ResponseHandler) -> GuardedProtocol:
    assert isinstance(protocol, GuardedProtocol)  # noqa: S101  # for the type checker
    return protocol


def set_keepalive(of: socket.socket) -> None:
    """Ask the system to look after an idle connection."""
    of.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if hasattr(socket, name):  # not all of them everywhere
            of.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _without_user(proxy: yarl.URL) -> tuple[yarl.URL, dict[str, str]]:
    """The proxy's URL, and its credential as the header into which aiohttp looks for it."""
    if proxy.user is None and proxy.password is None:
        return proxy, {}
    return proxy.with_user(None), {"Authorization": aiohttp.encode_basic_auth(proxy.user or "", proxy.password or "")}
