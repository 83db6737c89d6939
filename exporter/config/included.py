"""The files that a configuration names: of accounts (`account_files`), and of definitions (`provider_files`)."""

import glob
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath

from exporter import files
from exporter.documents import reader
from exporter.documents.faults import Path
from exporter.documents.reader import Value
from exporter.documents.report import PATHS_ARE_RELATIVE, Report

_KEYS = ("account_files", "provider_files")
_LARGEST_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Included:
    """A file that a configuration names."""

    file: FilePath
    content: bytes


@dataclass(frozen=True, slots=True)
class Missing:
    """A name in a configuration, at its path, for which there is nothing to be read."""

    path: Path
    message: str
    hint: str = ""
    is_fault: bool = True

    def tell(self, report: Report) -> None:
        """Notes it."""
        (report.fault if self.is_fault else report.warn)(self.path, self.message, self.hint)


def included(document: Value, key: str, folder: FilePath, main: FilePath | None = None) -> Iterator[Included | Missing]:
    """The files that one of the keys names, relative to `folder`: each once, and not the `main` file itself."""
    seen = {main.absolute()} if main else set()
    for index, pattern in _patterns(document, key):
        path, found = (key, index), files_of(pattern, folder)
        if not found:
            yield Missing(path, "no file has such a name", PATHS_ARE_RELATIVE, is_fault=False)
        for file in found:
            if file.absolute() in seen:
                continue
            seen.add(file.absolute())
            try:
                yield Included(file, files.read_or_pipe(file, _LARGEST_BYTES))
            except files.FileError as error:
                which = f"{file}: " if _is_pattern(pattern) else ""
                hint = PATHS_ARE_RELATIVE if error.is_missing else ""
                yield Missing(path, f"{which}the file can't be read: {error}", hint)


def patterns_in(content: bytes) -> tuple[str, ...]:
    """All that a configuration's bytes name; nothing where they can't be read."""
    try:
        document = reader.read(content, gather=True).value
    except reader.DocumentError:
        return ()
    return tuple(each for key in _KEYS for _, each in _patterns(document, key))


def files_of(pattern: str, folder: FilePath) -> list[FilePath]:
    """The files that a pattern stands for, by name; one without a `*` stands for itself, whether it is there or not."""
    if not _is_pattern(pattern):
        return [folder / pattern]
    try:
        found = glob.glob(pattern, root_dir=folder, recursive=True)  # noqa: PTH207  # Path.glob refuses an absolute one
    except ValueError:  # it holds a NUL
        return []
    return [folder / name for name in sorted(found) if not (folder / name).is_dir()]


def _patterns(document: Value, key: str) -> Iterator[tuple[int, str]]:
    """What is written under a key, each with its index in the list; what is no text there is left out."""
    written = document.get(key) if isinstance(document, dict) else None
    if isinstance(written, list):
        yield from ((index, each) for index, each in enumerate(written) if isinstance(each, str) and each)


def _is_pattern(text: str) -> bool:
    return re.search(r"[*?\[]", text) is not None
