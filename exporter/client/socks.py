"""Connections through a SOCKS 5 proxy."""

import socket

import yarl
from python_socks import ProxyError, ProxyType
from python_socks.async_.asyncio import Proxy

from exporter.failure import Failure, FailureError, Reason


async def connect(proxy: yarl.URL, address: str, host: str, port: int) -> socket.socket:
    """A socket that the proxy, which has that address, has connected to a host and a port.

    Raises:
        OSError: no connection to the proxy.
        FailureError: `connection`, the proxy refused.
    """
    through = Proxy(ProxyType.SOCKS5, address, proxy.port or 1080, proxy.user, proxy.password, rdns=True)
    try:
        return await through.connect(host, port)
    except ProxyError as error:
        raise FailureError(Failure(Reason.CONNECTION, "the SOCKS proxy refused to connect")) from error
