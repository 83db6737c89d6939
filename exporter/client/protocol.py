"""One connection to a provider, guarded: an answer belongs to the request before it, or the connection ends."""

import asyncio
from collections import deque
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.helpers import _EXC_SENTINEL
from aiohttp.http_parser import RawResponseMessage
from aiohttp.streams import StreamReader

from exporter.failure import Failure, FailureError, Reason, invalid_response

MOST_INTERIM = 16
"""Informational answers (1xx) before the final one: there is no use for more than two."""

MOST_HEAD_BYTES = 256 * 1024
"""What may come besides twice the body: informational answers, the head, the signs of chunks, trailers."""

MOST_FIELD_BYTES = 32 * 1024 + 256
"""A header's name with its value."""

_HEAD_END = b"\r\n\r\n"
_NO_ANSWERS: deque[tuple[tuple[RawResponseMessage, StreamReader], int]] = deque(maxlen=0)
"""What connections at rest share: a queue of their own is 760 bytes."""

_WITHOUT_BODY = frozenset({204, 304})


class GuardedProtocol(ResponseHandler):
    """aiohttp's connection, that knows whether an answer is awaited.

    What arrives while none is closes it. Where more came than one answer, it is not used again: aiohttp would hand
    what is left over to the next request (its issue 13656).
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.idle_since = 0.0
        self.is_remembered = False
        """Whether its TLS session was kept for the next connections."""
        self._is_awaited = False
        self._has_head = False
        self._left: int | None = None
        self._interim = 0
        self._received = 0

    def ask(self, request: bytes, *, patience_seconds: float | None, is_head: bool) -> None:
        """Send a request. Its answer ends by `SocketTimeoutError` where no byte of it comes within the patience."""
        self.set_response_params(
            skip_payload=is_head,
            read_until_eof=True,
            auto_decompress=False,
            read_timeout=patience_seconds,
            read_bufsize=64 * 1024,
            max_field_size=MOST_FIELD_BYTES,
        )
        if self.transport is None:
            raise aiohttp.ServerDisconnectedError
        self.transport.write(request)
        self.start_timeout()

    def set_response_params(self, **params: Any) -> None:
        """Await one answer; aiohttp calls it as well, for a proxy's answer to CONNECT."""
        self._is_awaited, self._has_head, self._left = True, False, None
        self._interim = self._received = 0
        self._buffer = deque()
        super().set_response_params(**params)

    def is_usable_again(self) -> bool:
        """Whether a further request may be sent: nothing is left of the last one, neither to read nor to send."""
        return not (
            self._is_awaited or self.should_close or self.transport is None or self.transport.get_write_buffer_size()
        )

    def rest(self) -> None:
        """Wait for the next request: what the last answer's parser and body still hold, 3 kB, is let go."""
        self.idle_since = self._loop.time()
        self._parser = self._payload = None
        self._buffer = _NO_ANSWERS

    def pause_reading(self) -> None:
        """An answer so large that reading pauses is parsed later than it came: where it ended isn't known then."""
        self.force_close()
        super().pause_reading()

    def data_received(self, data: bytes) -> None:
        """Take bytes: an answer's head alone, then its body, so that what comes behind is seen.

        Where the head doesn't say how long the body is, its last byte goes alone.
        """
        if not data:  # reading goes on after a pause
            super().data_received(data)
            return
        if not self._is_awaited:
            self.abort()
            return
        self.read_timeout = None
        self._received += len(data)
        while data and self._is_reading():
            head_end = -1 if self._has_head else data.find(_HEAD_END)
            if head_end >= 0:
                cut = head_end + len(_HEAD_END)
            elif self._left:
                cut = min(self._left, len(data))
                self._left -= cut
            else:
                cut = max(1, len(data) - 1)
            super().data_received(data[:cut])
            data = data[cut:]
        if data:
            self.force_close()
        body_bytes = 0 if self._payload is None else self._payload.total_bytes
        if self._received > MOST_HEAD_BYTES + 2 * body_bytes and self._is_reading():
            self._refuse("the answer has more beside its body than allowed")

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        """Queue the final answer; drop the informational ones before it."""
        message, payload = data
        if 100 <= message.code < 200:
            self._interim += 1
            if self._interim > MOST_INTERIM:
                self._refuse("informational answers without end")
            elif message.code == 101:
                self._refuse("the answer changes the protocol")
        else:
            self._has_head = True
            if not message.chunked:
                self._left = int(message.headers.get("Content-Length", 0))
            if message.code in _WITHOUT_BODY or self._skip_payload:
                self.force_close()  # a body would come all the same
            super().feed_data(data, size)
            payload.on_eof(self._answered)

    def set_exception(self, exc: BaseException, exc_cause: BaseException = _EXC_SENTINEL) -> None:
        """End the answer by an error, in its body as well: aiohttp lets a reader of the body wait for ever."""
        super().set_exception(exc, exc_cause)
        body = self._payload
        if body is not None and not body.is_eof() and body.exception() is None:
            body.set_exception(exc, exc_cause)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Tell who waits."""
        self._is_awaited = False
        super().connection_lost(exc)

    def _is_reading(self) -> bool:
        return self._is_awaited and self.transport is not None and not self.transport.is_closing()

    def _answered(self) -> None:
        self._is_awaited = False

    def _refuse(self, why: str) -> None:
        """End the answer by a failure, wherever its reader waits. The failure is kept: `abort` would forget it."""
        self.set_exception(invalid_response(why))
        if self.transport is not None:
            self.transport.abort()


def unheard() -> FailureError:
    """The failure of a request on a kept connection that leads nowhere."""
    return FailureError(Failure(Reason.CONNECTION, "a kept connection gave no byte in time"))
