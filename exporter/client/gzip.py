"""Bodies that come compressed: gzip with every byte counted, whatever stands before, between and behind its members."""

import zlib

from exporter.failure import FailureError, invalid_response

MOST_MEMBERS = 1000
"""Each costs some microseconds and is eighteen bytes long."""

_MAGIC = b"\x1f\x8b"


class Gunzip:
    """Decompresses piece by piece; neither what comes nor what becomes of it goes past `max_bytes`."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._compressed = 0
        self._length = 0
        self._members = 0
        self._inflate = zlib.decompressobj(wbits=31)
        self._between = b""
        """The first byte of what may be a further member."""
        self._is_behind = False

    def feed(self, data: bytes) -> bytes:
        """What a piece decompresses to.

        Raises:
            FailureError: `invalid_response`: no gzip, or larger than allowed.
        """
        self._compressed += len(data)
        if self._compressed > self._max_bytes:
            raise self._too_large()
        pieces = []
        while data:
            if self._inflate.eof and not (data := self._next_member(data)):
                break
            pieces.append(self._inflated(data))
            data = self._inflate.unused_data
        return b"".join(pieces)

    def end(self) -> None:
        """Say that nothing more comes.

        Raises:
            FailureError: `invalid_response`: the last member isn't whole.
        """
        if not self._inflate.eof:
            raise invalid_response("the compressed body ends too early")

    def _inflated(self, data: bytes) -> bytes:
        try:
            piece = self._inflate.decompress(data, self._max_bytes - self._length + 1)
        except zlib.error as error:
            raise invalid_response("the body is not gzip as it says") from error
        self._length += len(piece)
        if self._length > self._max_bytes:
            raise self._too_large()
        return piece

    def _next_member(self, data: bytes) -> bytes:
        """The bytes of a further member; none where what follows is no member: that is dropped, as others do."""
        data = self._between + data
        self._between = data if data == _MAGIC[:1] else b""
        self._is_behind = self._is_behind or not data.startswith((_MAGIC, self._between or _MAGIC))
        if self._is_behind or self._between:
            return b""
        self._members += 1
        if self._members >= MOST_MEMBERS:
            raise invalid_response(f"the body has more than {MOST_MEMBERS} parts of gzip")
        self._inflate = zlib.decompressobj(wbits=31)
        return data

    def _too_large(self) -> FailureError:
        return invalid_response(f"the body is larger than {self._max_bytes} bytes")
