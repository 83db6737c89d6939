"""Reads files beside the event loop, so that a mount that hangs holds up neither scrapes nor the end of the process."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")

PATIENT_SECONDS = 2.0
"""How long a request waits for a file; only the first that meets a hanging one waits at all."""

BRIEF_SECONDS = 0.1
"""How long the event loop itself may wait, where its caller can't."""

START_SECONDS = 10.0


class FileThread:
    """A thread that reads, one file at a time. While a reading hangs, all others fail at once."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "web-files")
        self._hanging: Future[Any] | None = None

    async def patiently(self, read: Callable[..., T], *arguments: object) -> T:
        """What `read` gives or raises.

        Raises:
            TimeoutError: it hangs.
        """
        reading = self._begin(read, *arguments)
        try:
            return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(reading)), PATIENT_SECONDS)
        except TimeoutError:
            self._hangs(reading)
            raise

    def briefly(self, read: Callable[..., T], *arguments: object, seconds: float = BRIEF_SECONDS) -> T:
        """The same for who can't await: nothing else runs meanwhile."""
        reading = self._begin(read, *arguments)
        try:
            return reading.result(seconds)
        except TimeoutError:
            self._hangs(reading)
            raise

    def _begin(self, read: Callable[..., T], *arguments: object) -> Future[T]:
        if self._hanging is not None:
            if not self._hanging.done():
                raise TimeoutError
            self._hanging = None
        return self._thread.submit(read, *arguments)

    def _hangs(self, reading: Future[Any]) -> None:
        if self._hanging is None and not reading.done():
            self._hanging = reading
