"""How an answer is sent: in the form that the client takes, compressed, and cut off where nobody takes it."""

import asyncio

from aiohttp import web

from exporter.metrics.exposition import compress
from exporter.web.negotiation import accepts_gzip

_COMPRESS_IN_THREAD_BYTES = 256 * 1024

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
    try:
        async with asyncio.timeout(SEND_SECONDS):
            await response.prepare(request)
            await response.write_eof()
    except ConnectionError:
        pass  # it has left: a scraper whose own timeout was shorter
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()
    return response


def bad_request(message: str) -> web.Response:
    """A request that can't be answered, and what would be right."""
    return web.Response(status=400, text=f"{message}\n")
