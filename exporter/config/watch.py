"""Auto-reload: looks at the configuration's files now and then, and has them loaded when their content is another."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

from exporter import files
from exporter.config.included import files_of, patterns_in

_LARGEST_BYTES = 32 * 1024 * 1024


class Watch:
    """A configuration's content, that of the files it names included: is it another one than was loaded last?

    It counts whether that went well or not. Content and not time stamps: Kubernetes changes ConfigMaps and Secrets by a
    symlink, and a file that is written without a change needs no reload. A file that can't be read is content too, of
    its own kind; so is one that a pattern finds anew.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._loaded: bytes | None = None
        self._named: tuple[bytes, tuple[str, ...]] = (b"", ())

    def loading(self) -> None:
        """Note that the present content is being loaded; call it before reading the files."""
        self._loaded = self._digest()

    def has_changed(self) -> bool:
        """Whether the content is another one than at the last `loading`."""
        return self._digest() != self._loaded

    def _digest(self) -> bytes:
        content, main = _content(self._path)
        if self._named[0] != main:
            self._named = main, patterns_in(content)
        found = {file: None for pattern in self._named[1] for file in files_of(pattern, self._path.parent)}
        digests = [f"{file}\0".encode("utf-8", "surrogateescape") + _content(file)[1] for file in found]
        return b"\0".join([main, *digests])


def _content(path: Path) -> tuple[bytes, bytes]:
    """A file's bytes, and what stands for them."""
    try:
        content = files.read(path, _LARGEST_BYTES)
    except files.FileError as error:
        return b"", str(error).encode()
    return content, hashlib.sha256(content).digest()


async def keep_loaded(watch: Watch, interval_seconds: float, reload: Callable[[], Awaitable[object]]) -> None:
    """Reload whenever a file has changed, for as long as the task lives; `reload` calls `Watch.loading`."""
    while True:
        await asyncio.sleep(interval_seconds)
        if await asyncio.to_thread(watch.has_changed):
            await reload()
