"""Auto-reload: looks at the configuration file now and then, and has it loaded when its content is another."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

_LARGEST_BYTES = 32 * 1024 * 1024


class Watch:
    """One file's content: whether it is another one than that which was loaded last, well or not.

    Content and not time stamps: Kubernetes changes ConfigMaps and Secrets by a symlink, and a file that is
    written without a change needs no reload. A file that can't be read is content too, of its own kind.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._loaded: bytes | None = None

    def loading(self) -> None:
        """Note that the present content is being loaded; call it before reading the file."""
        self._loaded = self._digest()

    def has_changed(self) -> bool:
        """Whether the content is another one than at the last `loading`."""
        return self._digest() != self._loaded

    def _digest(self) -> bytes:
        if not self._path.is_file() and self._path.exists():
            return b"no regular file"  # a pipe is empty once it is read, and never changes
        try:
            with self._path.open("rb") as file:
                return hashlib.sha256(file.read(_LARGEST_BYTES)).digest()
        except (OSError, ValueError) as error:
            return str(error).encode()


async def keep_loaded(watch: Watch, interval_seconds: float, reload: Callable[[], Awaitable[object]]) -> None:
    """Reload whenever the file has changed, for as long as the task lives; `reload` calls `Watch.loading`."""
    while True:
        await asyncio.sleep(interval_seconds)
        if await asyncio.to_thread(watch.has_changed):
            await reload()
