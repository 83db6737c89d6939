"""How an answer is sent: in the form that the client takes, compressed, and cut off where nobody takes it."""

import asyncio

from aiohttp import web

from exporter.metrics.exposition import compress
from exporter.web.negotiation import accepts_gzip

_COMPRESS_IN_THREAD_BYTES = 256 * 1024

_PIECE_BYTES = 128 * 1024

SEND_SECONDS = 30.0
"""How long a reader may take for an answer: longer than any scrape's timeout."""


def header(request: web.Request, name: str) -> str | None:
    """A list's header whole: it may come in several lines (RFC 9110, 5.3)."""
    lines = request.headers.getall(name, [])
    return ", ".join(lines) if lines else None


async def expose(request: web.Request, content_type: str, body: bytearray) -> web.Response:
    """An exposition in the form that the client takes."""
    return await pack(request, body, {"Content-Type": content_type, "Vary": "Accept, Accept-Encoding"})


async def pack(request: web.Request, body: bytes | bytearray, headers: dict[str, str]) -> web.Response:
    """An answer, compressed where the client takes that."""
    if accepts_gzip(header(request, "Accept-Encoding")):
        headers["Content-Encoding"] = "gzip"
        if len(body) > _COMPRESS_IN_THREAD_BYTES:
            body = await asyncio.to_thread(compress, body)
        else:
            body = compress(body)
    return web.Response(body=body, headers=headers)


async def send(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """The answer, once its reader has taken it; one that doesn't is cut off, for the answer fills memory meanwhile."""
    if request.transport is not None:
        # Sent is what the kernel has: a buffer of ours would hold an answer that counts no longer.
        request.transport.set_write_buffer_limits(0)
    try:
        async with asyncio.timeout(SEND_SECONDS):
            body = body_of(response)
            if len(body) <= _PIECE_BYTES or request.method == "HEAD":
                await response.prepare(request)
                await response.write_eof()
            else:
                response = await _send_in_pieces(request, response, body)
    except ConnectionError:
        pass  # it has left: a scraper whose own timeout was shorter
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()
    return response


def body_of(response: web.StreamResponse) -> bytes | bytearray:
    """An answer's body, which it holds until it is sent."""
    body = response.body if isinstance(response, web.Response) else None
    return body if isinstance(body, bytes | bytearray) else b""


async def _send_in_pieces(
    request: web.Request, response: web.StreamResponse, body: bytes | bytearray
) -> web.StreamResponse:
    """A large body as it is: aiohttp would hold it twice until it is sent, the second time joined with its headers."""
    whole = memoryview(body)
    sent = web.StreamResponse(status=response.status, headers=response.headers)
    sent.content_length = len(whole)
    await sent.prepare(request)
    for first in range(0, len(whole), _PIECE_BYTES):
        await sent.write(whole[first : first + _PIECE_BYTES])
    await sent.write_eof()
    return sent


def bad_request(message: str) -> web.Response:
    """A request that can't be answered, and what would be right."""
    return web.Response(status=400, text=f"{message}\n")
