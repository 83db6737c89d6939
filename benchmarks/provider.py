"""A provider that is too fast to be the limit: the three calls of qlara, each answered after a fixed time.

A bare protocol, one write an answer: `python -m benchmarks.provider PORT SECONDS [CERT_FILE KEY_FILE]`. It counts
calls and connections and tells them at `/counts`.
"""

import asyncio
import itertools
import json
import ssl
import sys
from collections.abc import Callable, Iterator
from typing import cast

PREFIX = b"/api/v1/partner-gateway/subscription"
VARIANTS = 997
"""So many credits and quotas in turn, so that an account is told another one at every scrape; its plan stays."""


def _answer(document: object) -> bytes:
    body = json.dumps(document).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def _answers(document: Callable[[int], object]) -> Iterator[bytes]:
    return itertools.cycle([_answer(document(number)) for number in range(VARIANTS)])


ANSWERS = {
    PREFIX: _answers(
        lambda _: {
            "subscriptionId": "sub_1",
            "plan": "Business Pro",
            "status": "ACTIVE",
            "startDate": "2026-01-01T00:00:00+01:00",
            "endDate": "2026-12-31T23:59:59+01:00",
            "autoRenew": True,
            "features": {"sms": True, "rcs": True, "whatsapp": True, "maxContacts": 50000, "webhooks": True},
        }
    ),
    PREFIX + b"/credit": _answers(
        lambda number: {
            "balance": round(1250.75 - 0.07 * number, 2),
            "currency": "EUR",
            "lastRechargeDate": "2026-04-01T00:00:00+02:00",
            "lastRechargeAmount": 500.0,
            "estimatedMessagesRemaining": {"sms": 35735 - number, "rcs": 25015 - number, "whatsapp": 17867 - number},
        }
    ),
    PREFIX + b"/contacts": _answers(
        lambda number: {"used": 32450 + number, "total": 50000, "percentage": 64.9, "lists": 12}
    ),
}


class Conversation(asyncio.Protocol):
    """One connection; requests may be pipelined."""

    calls = 0
    connections = 0

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self._loop = loop
        self._seconds = seconds
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count it."""
        Conversation.connections += 1
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's is none by inheritance

    def data_received(self, data: bytes) -> None:
        """Answer every whole request."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            request, self._buffer = self._buffer[:end], self._buffer[end + 4 :]
            path = request.split(b" ", 2)[1]
            if path == b"/counts":
                counts = {"calls": Conversation.calls, "connections": Conversation.connections}
                self._send(_answer(counts))
            else:
                Conversation.calls += 1
                self._loop.call_later(self._seconds, self._send, next(ANSWERS[path]))

    def _send(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)


async def serve(port: int, seconds: float, context: ssl.SSLContext | None) -> None:
    """Serve until the process ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Conversation(loop, seconds), "127.0.0.1", port, ssl=context, backlog=4096)
    print("ready", flush=True)
    await server.serve_forever()


def main() -> None:
    """Run on the fast loop."""
    import uvloop  # noqa: PLC0415

    context = None
    if len(sys.argv) > 3:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[3], sys.argv[4])
    uvloop.run(serve(int(sys.argv[1]), float(sys.argv[2]), context))


if __name__ == "__main__":
    main()
