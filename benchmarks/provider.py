"""A provider that is too fast to be the limit: the three calls of qlara, each answered after a fixed time.

A bare protocol, one write an answer: `python -m benchmarks.provider PORT SECONDS varied [CERT_FILE KEY_FILE]`; `steady`
in the place of `varied` lets the plan stay the same. It counts calls, connections, TLS handshakes and how many of these
resumed a session, and tells them at `/counts`. What else is asked for there changes how it behaves, and tells them too:

- `/close`: every other connection is closed, as a load balancer closes idle ones.
- `/reset`: every other connection is reset at the next byte that comes on it.
- `/hole`: no other connection is answered any more; new ones are.
- `/fail`, `/heal`: calls are answered by 500 with a page; no longer.
"""

import asyncio
import itertools
import json
import resource
import socket
import ssl
import struct
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import cast

PREFIX = b"/api/v1/partner-gateway/subscription"
VARIANTS = 997
"""So many plans, credits and quotas in turn, so that an account is told others at every scrape."""


def _answer(document: object) -> bytes:
    body = json.dumps(document).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def _answers(document: Callable[[int], object]) -> Iterator[bytes]:
    return itertools.cycle([_answer(document(number)) for number in range(VARIANTS)])


def answers(varied: bool) -> dict[bytes, Iterator[bytes]]:
    """What is told at each path, one after the other; without `varied` the plan stays the same."""
    return {
        PREFIX: _answers(
            lambda number: {
                "subscriptionId": "sub_1",
                "plan": "Business Pro",
                "status": "ACTIVE",
                "startDate": "2026-01-01T00:00:00+01:00",
                "endDate": "2026-12-31T23:59:59+01:00",
                "autoRenew": True,
                "features": {
                    "sms": True,
                    "rcs": True,
                    "whatsapp": True,
                    "maxContacts": 50000 + (number if varied else 0),
                    "webhooks": True,
                },
            }
        ),
        PREFIX + b"/credit": _answers(
            lambda number: {
                "balance": round(1250.75 - 0.07 * number, 2),
                "currency": "EUR",
                "lastRechargeDate": "2026-04-01T00:00:00+02:00",
                "lastRechargeAmount": 500.0,
                "estimatedMessagesRemaining": {
                    "sms": 35735 - number,
                    "rcs": 25015 - number,
                    "whatsapp": 17867 - number,
                },
            }
        ),
        PREFIX + b"/contacts": _answers(
            lambda number: {"used": 32450 + number, "total": 50000, "percentage": 64.9, "lists": 12}
        ),
    }


FAILURE = (
    b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/html\r\nContent-Length: 31\r\n\r\n"
    b"<html>Something broke.</html>\r\n"
)
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER: closing sends a reset at once."""


class Server:
    """What all connections share: the counts, who is connected, and whether calls fail."""

    def __init__(self, seconds: float, varied: bool) -> None:
        self.answers = answers(varied)
        self.loop = asyncio.get_running_loop()
        self.seconds = seconds
        self.counts = Counter({"calls": 0, "connections": 0, "handshakes": 0, "resumed": 0})
        self.connected: set[Conversation] = set()
        self.fails = False

    def obey(self, what: bytes, asker: "Conversation") -> bytes:
        """Do what a control path asks for; the counts."""
        others = self.connected - {asker}
        if what == b"/close":
            for other in others:
                other.transport.close()
        elif what in {b"/reset", b"/hole"}:
            for other in others:
                other.stale = what
        elif what in {b"/fail", b"/heal"}:
            self.fails = what == b"/fail"
        return _answer(self.counts)


class Conversation(asyncio.Protocol):
    """One connection; requests may be pipelined."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._buffer = b""
        self.stale = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count it."""
        self.transport = cast("asyncio.WriteTransport", transport)  # uvloop's is none by inheritance
        self._server.connected.add(self)
        self._server.counts["connections"] += 1
        tls = transport.get_extra_info("ssl_object")
        if tls is not None:
            self._server.counts["handshakes"] += 1
            self._server.counts["resumed"] += tls.session_reused

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Forget it."""
        self._server.connected.discard(self)

    def data_received(self, data: bytes) -> None:
        """Answer every whole request, unless this connection has gone stale."""
        if self.stale:
            if self.stale == b"/reset":
                self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
                self.transport.abort()
            return
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            request, self._buffer = self._buffer[:end], self._buffer[end + 4 :]
            path = request.split(b" ", 2)[1]
            if path in self._server.answers:
                self._server.counts["calls"] += 1
                answer = FAILURE if self._server.fails else next(self._server.answers[path])
                self._server.loop.call_later(self._server.seconds, self._send, answer)
            else:
                self._send(self._server.obey(path, self))

    def _send(self, answer: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(answer)


async def serve(port: int, seconds: float, varied: bool, context: ssl.SSLContext | None) -> None:
    """Serve until the process ends."""
    server = Server(seconds, varied)
    listening = await server.loop.create_server(
        lambda: Conversation(server), "127.0.0.1", port, ssl=context, backlog=4096
    )
    print("ready", flush=True)
    await listening.serve_forever()


def main() -> None:
    """Run on the fast loop."""
    import uvloop  # noqa: PLC0415

    most_files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
    port, seconds, plan, *pair = sys.argv[1:]
    context = None
    if pair:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*pair)
    uvloop.run(serve(int(port), float(seconds), plan == "varied", context))


if __name__ == "__main__":
    main()
