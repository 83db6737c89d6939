"""How an answer is sent: in the form that the client takes, compressed, and cut off where nobody takes it."""

import asyncio
from collections.abc import Iterable, Mapping

from aiohttp import web

from exporter.metrics.exposition import Text, compress
from exporter.web.negotiation import accepts_gzip

_COMPRESS_IN_THREAD_BYTES = 256 * 1024

_PIECE_BYTES = 128 * 1024

SEND_SECONDS = 30.0
"""How long a reader may take for an answer: longer than any scrape's timeout."""


def header(request: web.Request, name: str) -> str | None:
    """A list's header whole: it may come in several lines (RFC 9110, 5.3)."""
    lines = request.headers.getall(name, [])
    return ", ".join(lines) if lines else None


class Streamed(web.StreamResponse):
    """A large answer, sent in pieces: aiohttp would hold it twice, the second time joined with its headers."""

    def __init__(self, pieces: Iterable[bytes], size: int, headers: Mapping[str, str]) -> None:
        super().__init__(headers=headers)
        self.content_length = size
        self._pieces = pieces

    async def write_all(self) -> None:
        """Send the body, piece by piece as it is taken, and forget it: the server keeps an answer until the next."""
        pieces, self._pieces = self._pieces, ()
        for piece in pieces:
            whole = memoryview(piece)
            for first in range(0, len(whole), _PIECE_BYTES):
                await self.write(whole[first : first + _PIECE_BYTES])


async def expose(request: web.Request, content_type: str, text: Text) -> web.StreamResponse:
    """An exposition in the form that the client takes."""
    return await pack(request, text, {"Content-Type": content_type, "Vary": "Accept, Accept-Encoding"})


async def pack(request: web.Request, text: Text, headers: dict[str, str]) -> web.StreamResponse:
    """An answer, compressed where the client takes that."""
    if not accepts_gzip(header(request, "Accept-Encoding")):
        return answer(text, text.size, headers)
    headers["Content-Encoding"] = "gzip"
    is_large = text.size > _COMPRESS_IN_THREAD_BYTES
    packed = await asyncio.to_thread(compress, text) if is_large else compress(text)
    return answer([packed], len(packed), headers)


def answer(pieces: Iterable[bytes], size: int, headers: Mapping[str, str]) -> web.StreamResponse:
    """An answer of so many bytes."""
    if size > _PIECE_BYTES:
        return Streamed(pieces, size, headers)
    return web.Response(body=b"".join(pieces), headers=headers)


async def send(request: web.Request, response: web.StreamResponse) -> None:
    """Send the answer until its reader has taken it; one that doesn't is cut off, for the answer fills memory."""
    if request.transport is not None:
        # Sent is what the kernel has: a buffer of ours would hold an answer that counts no longer.
        request.transport.set_write_buffer_limits(0)
    try:
        async with asyncio.timeout(SEND_SECONDS):
            await response.prepare(request)
            if isinstance(response, Streamed) and request.method != "HEAD":
                await response.write_all()
            await response.write_eof()
    except ConnectionError:
        pass  # it has left: a scraper whose own timeout was shorter
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()


def bad_request(message: str) -> web.Response:
    """A request that can't be answered, and what would be right."""
    return web.Response(status=400, text=f"{message}\n")
