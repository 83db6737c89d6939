"""How an answer goes over the wire: late, never, in half, or with the connection reset."""

import asyncio
import socket
import struct
from contextlib import suppress

from aiohttp import web

from exporter.simulator.faults import Fault

_LONGEST_HANG_SECONDS = 120.0


async def send(
    request: web.Request, fault: Fault, latency_seconds: float, closing: asyncio.Event
) -> web.StreamResponse:
    """Send what `fault` says, after the latency; no wait outlasts `closing`."""
    await _wait(fault.delay_seconds + latency_seconds, closing)
    headers = {"Content-Type": fault.content_type, **fault.headers}
    match fault.ending:
        case "hang":
            await _wait(_LONGEST_HANG_SECONDS, closing)
            return web.Response(status=504)
        case "reset":
            _reset(request)
            return web.Response()
        case "truncate":
            return await _half(request, fault, headers)
        case _:
            return web.Response(status=fault.status or 200, body=fault.body, headers=headers)


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


async def _half(request: web.Request, fault: Fault, headers: dict[str, str]) -> web.StreamResponse:
    response = web.StreamResponse(status=fault.status or 200, headers=headers)
    response.content_length = len(fault.body) + 1
    await response.prepare(request)
    await response.write(fault.body[: len(fault.body) // 2 + 1])
    if request.transport is not None:  # pragma: no branch - else the client has gone by itself
        request.transport.close()
    return response
