"""A TLS front before a server on loopback, whose connections can be spoilt: what a load balancer does to kept ones.

`python -m benchmarks.front PORT SERVER_PORT CERT_FILE KEY_FILE`. Each line of input is obeyed: `close` ends every
connection, `reset` resets every connection of now at the next byte that the client sends on it.
"""

import asyncio
import os
import socket
import ssl
import sys
from typing import cast

from benchmarks.provider import RESET_ON_CLOSE


class Inner(asyncio.Protocol):
    """The connection to the server."""

    def __init__(self, outer: "Outer") -> None:
        self._outer = outer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send on what has come meanwhile."""
        self._outer.joined(cast("asyncio.WriteTransport", transport))

    def data_received(self, data: bytes) -> None:
        """Hand it to the client."""
        self._outer.transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the client's in the same way."""
        if exc is None:
            self._outer.transport.close()
        else:
            self._outer.reset()


class Outer(asyncio.Protocol):
    """A client's connection, with one of its own to the server."""

    def __init__(self, server_port: int, connected: "set[Outer]") -> None:
        self._server_port = server_port
        self._connected = connected
        self._inner: asyncio.WriteTransport | None = None
        self._waiting = b""
        self.stale = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connect to the server too."""
        self.transport = cast("asyncio.WriteTransport", transport)  # uvloop's is none by inheritance
        self._connected.add(self)
        self._joining = asyncio.create_task(self._join())

    async def _join(self) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: Inner(self), "127.0.0.1", self._server_port)
        except OSError:
            self.reset()

    def joined(self, inner: asyncio.WriteTransport) -> None:
        """The server's side is there."""
        self._inner = inner
        inner.write(self._waiting)
        if self.transport.is_closing():
            inner.close()

    def data_received(self, data: bytes) -> None:
        """Hand it to the server, unless this connection is to be reset."""
        if self.stale:
            self.reset()
        elif self._inner is None:
            self._waiting += data
        else:
            self._inner.write(data)

    def reset(self) -> None:
        """Break it off."""
        if not self.transport.is_closing():
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """End the server's side."""
        self._connected.discard(self)
        if self._inner is not None:
            self._inner.close()


def obey(lines: str, connected: set[Outer]) -> None:
    """Spoil the connections of now."""
    for line in lines.split():
        for outer in tuple(connected):
            if line == "close":
                outer.transport.close()
            elif line == "reset":
                outer.stale = True


async def serve(port: int, server_port: int, context: ssl.SSLContext) -> None:
    """Serve until the process ends."""
    loop = asyncio.get_running_loop()
    connected: set[Outer] = set()
    server = await loop.create_server(lambda: Outer(server_port, connected), "127.0.0.1", port, ssl=context)

    def read() -> None:
        lines = os.read(sys.stdin.fileno(), 65536).decode()
        if not lines:
            loop.remove_reader(sys.stdin.fileno())
        obey(lines, connected)

    loop.add_reader(sys.stdin.fileno(), read)
    await server.serve_forever()


def main() -> None:
    """Run on the fast loop."""
    import uvloop  # noqa: PLC0415

    port, server_port, *pair = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair)
    uvloop.run(serve(int(port), int(server_port), context))


if __name__ == "__main__":
    main()
