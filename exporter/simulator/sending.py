"""An answer, and how it goes over the wire: late, never, in half, or with the connection reset."""

import asyncio
import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from aiohttp import web

_LONGEST_HANG_SECONDS = 120.0

Ending = Literal["whole", "hang", "reset", "truncate"]
"""How an answer ends: as it should; never (no header comes); with a reset; with half of its body missing."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent; where it ends before its header, there is no status."""

    status: int | None = None
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    delay_seconds: float = 0.0
    ending: Ending = "whole"


async def send(
    request: web.Request, answer: Answer, latency_seconds: float, closing: asyncio.Event
) -> web.StreamResponse:
    """Send an answer after the latency; no wait outlasts `closing`."""
    await _wait(answer.delay_seconds + latency_seconds, closing)
    headers = {"Content-Type": answer.content_type, **answer.headers}
    match answer.ending:
        case "hang":
            await _wait(_LONGEST_HANG_SECONDS, closing)
            return web.Response(status=504)
        case "reset":
            _reset(request)
            return web.Response()
        case "truncate":
            return await _half(request, answer, headers)
        case _:
            return web.Response(status=answer.status or 200, body=answer.body, headers=headers)


async def _wait(seconds: float, closing: asyncio.Event) -> None:
    if seconds > 0:
        with suppress(TimeoutError):
            await asyncio.wait_for(closing.wait(), seconds)


def _reset(request: web.Request) -> None:
    if request.transport is not None:  # pragma: no branch - else the client has gone by itself
        connection: socket.socket = request.transport.get_extra_info("socket")
        # Lingering for no time makes the kernel send RST where it would say FIN.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()


async def _half(request: web.Request, answer: Answer, headers: dict[str, str]) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status or 200, headers=headers)
    response.content_length = len(answer.body) + 1
    await response.prepare(request)
    await response.write(answer.body[: len(answer.body) // 2 + 1])
    if request.transport is not None:  # pragma: no branch - else the client has gone by itself
        request.transport.close()
    return response
