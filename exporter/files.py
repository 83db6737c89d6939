"""Files as the exporter reads them: whole, up to a limit, and whether one may have changed since."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

Stamp = tuple[int, int, int, int, int]
"""What is another one once a file has been changed or replaced."""


class FileError(Exception):
    """A file can't be had; the text says why, without its name."""

    def __init__(self, reason: str, *, is_missing: bool = False) -> None:
        super().__init__(reason)
        self.is_missing = is_missing


class TooLargeError(FileError):
    """A file is larger than what is read of one."""

    def __init__(self, most_bytes: int) -> None:
        super().__init__(f"larger than {most_bytes} bytes")


@contextmanager
def opened(path: str | Path) -> Iterator[BinaryIO]:
    """A regular file, open: a pipe would wait for its writer, and has nothing left to be read a second time.

    Raises:
        FileError: it can't be opened or read, or isn't a regular file.
    """
    descriptor = _open(path)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise FileError("not a regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            yield file
    except OSError as error:
        raise _why(error) from None
    finally:
        os.close(descriptor)


def read(path: str | Path, most_bytes: int) -> bytes:
    """The bytes of a regular file.

    Raises:
        FileError: it can't be read; as `TooLargeError`, it has more than `most_bytes`.
    """
    with opened(path) as file:
        return _whole(file, most_bytes)


def read_or_pipe(path: str | Path, most_bytes: int) -> bytes:
    """The bytes of a file that may be a pipe, as a shell's `<(…)` is; then it is read to its end.

    Raises:
        FileError: it can't be read; as `TooLargeError`, it has more than `most_bytes`.
    """
    try:
        with Path(path).open("rb") as file:
            return _whole(file, most_bytes)
    except (OSError, ValueError) as error:
        raise _why(error) from None


def stamp(path: str | Path) -> Stamp | None:
    """The file's stamp; None where there is no file."""
    try:
        return stamp_of(Path(path).stat())
    except (OSError, ValueError):
        return None


def stamp_of(status: os.stat_result) -> Stamp:
    """The stamp of a file whose status is known."""
    return (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino, status.st_dev)


def _open(path: str | Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        raise _why(error) from None


def _why(error: OSError | ValueError) -> FileError:
    if isinstance(error, OSError):
        return FileError(os.strerror(error.errno or 0), is_missing=isinstance(error, FileNotFoundError))
    return FileError("no file has such a name")  # it holds a NUL


def _whole(file: BinaryIO, most_bytes: int) -> bytes:
    content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise TooLargeError(most_bytes)
    return content
