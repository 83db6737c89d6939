"""New connections: by aiohttp's connector, directly or through a proxy, guarded from their first byte."""

import functools
import socket
import ssl
from typing import TYPE_CHECKING

import aiohttp
import yarl
from aiohttp.client_proto import ResponseHandler

from exporter.client.protocol import GuardedProtocol
from exporter.client.resolver import Resolver
from exporter.client.tls_sessions import ResumingContext

if TYPE_CHECKING:
    from aiohttp.tracing import Trace

_KEEPALIVE = {"TCP_KEEPIDLE": 20, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 20_000}
"""An idle connection that leads nowhere is found within 35 s, before the next scrape; the last is in milliseconds."""

_UNLIMITED = aiohttp.ClientTimeout(total=None)


class Dialler(aiohttp.TCPConnector):
    """Opens connections for one TLS context and one proxy (a URL, or None); keeps none of them."""

    def __init__(self, context: ResumingContext, proxy: str | None, resolver: Resolver) -> None:
        super().__init__(limit=0, ssl=context, resolver=resolver, socket_factory=open_socket)
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

    async def dial(self, url: yarl.URL, server_name: str | None) -> GuardedProtocol:
        """A new connection; `server_name` is the name that the certificate has to have, where it isn't the URL's.

        Raises:
            aiohttp.ClientError: no address, no connection, no acceptable certificate, or the proxy refused.
        """
        request = aiohttp.ClientRequest(
            "GET",
            url,
            loop=self._loop,
            ssl=self._context,
            proxy=self._proxy,
            proxy_headers=self._proxy_headers,
            server_hostname=server_name,
        )
        try:
            protocol = await self._create_connection(request, [], _UNLIMITED)
        except aiohttp.ClientSSLError:
            self._context.forget(server_name or url.raw_host or "")
            raise
        assert isinstance(protocol, GuardedProtocol)  # noqa: S101  # for the type checker
        return protocol


class SocksDialler(Dialler):
    """Opens connections through a SOCKS proxy, which looks up the names itself."""

    def __init__(self, context: ResumingContext, proxy: str, resolver: Resolver) -> None:
        super().__init__(context, None, resolver)
        self._socks = yarl.URL(proxy)

    async def _create_connection(
        self,
        req: aiohttp.ClientRequest,
        traces: "list[Trace]",
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109  # aiohttp's
    ) -> GuardedProtocol:
        # Few ask through one: the others don't pay for the import.
        from exporter.client.socks import connect  # noqa: PLC0415

        del traces, timeout
        through = await self._resolve_host(str(self._socks.host), self._socks.port or 1080)
        connected = await connect(self._socks, through[0]["host"], str(req.url.host), req.port or 0)
        set_keepalive(connected)
        context = self._context if req.is_ssl() else None
        name = (req.server_hostname or str(req.url.host)).rstrip(".") if context is not None else None
        try:
            _, protocol = await self._loop.create_connection(
                self._factory, sock=connected, ssl=context, server_hostname=name
            )
        except ssl.CertificateError as error:
            raise aiohttp.ClientConnectorCertificateError(req.connection_key, error) from error
        except ssl.SSLError as error:
            raise aiohttp.ClientConnectorSSLError(req.connection_key, error) from error
        assert isinstance(protocol, GuardedProtocol)  # noqa: S101  # for the type checker
        return protocol


def open_socket(address: aiohttp.AddrInfoType) -> socket.socket:
    """A socket for an address, that finds out by itself when the other end is gone."""
    family, kind, number, _, _ = address
    opened = socket.socket(family, kind, number)
    set_keepalive(opened)
    return opened


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
