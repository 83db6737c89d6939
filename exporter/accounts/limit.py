"""How long a call may take: `asyncio.timeout` at half its cost, as a scrape of thousands of calls has one for each."""

import asyncio
from types import TracebackType


class Limit:
    """Cancels the task that is in it after some seconds, at once where none are left; that is a `TimeoutError`."""

    __slots__ = ("_handle", "_is_over", "_seconds", "_task")

    def __init__(self, task: "asyncio.Task[None]", seconds: float) -> None:
        self._task = task
        self._seconds = seconds
        self._is_over = False

    def __enter__(self) -> None:
        self._handle = self._task.get_loop().call_later(max(0.0, self._seconds), self._end)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._handle.cancel()
        # Somebody else may have cancelled the task as well: then that is what counts.
        if self._is_over and not self._task.uncancel() and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def _end(self) -> None:
        self._is_over = True
        self._task.cancel()
