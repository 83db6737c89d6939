"""What is wrong with a configuration, where, and what would be right."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path as FilePath

from exporter import files

Path = tuple[str | int, ...]
"""The way to one value of a document: keys of mappings and indices of lists."""

HIDDEN = "…"
"""Stands in a path for a key that may be a secret."""

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_LONGEST_WORD = 64


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, or with `warning` merely unwise; `str` is the line that a person reads.

    `line` counts from 1, and is 0 for a file that can't be read. `path` is rendered (`accounts[1].key`) and empty
    for the file as a whole.
    """

    file: str
    line: int
    path: str
    message: str
    hint: str = ""
    warning: bool = False

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        parts = [place, self.path, "warning" if self.warning else ""]
        text = f"{self.message}; {self.hint}" if self.hint else self.message
        return ": ".join([*filter(None, parts), text])


class ConfigError(Exception):
    """A configuration can't be used: every fault in it, and the warnings beside them."""

    def __init__(self, faults: Iterable[Fault], warnings: Iterable[Fault] = ()) -> None:
        self.faults = tuple(faults)
        self.warnings = tuple(warnings)
        super().__init__("\n".join(map(str, self.faults)))


def read_file(path: FilePath, most_bytes: int, *, if_missing: str = "", may_be_pipe: bool = True) -> bytes:
    """The bytes of a file that is to be a document; a pipe is read to its end.

    Raises:
        ConfigError: it can't be read; `if_missing` is the hint where there is no such file.
    """
    try:
        return (files.read_or_pipe if may_be_pipe else files.read)(path, most_bytes)
    except files.TooLargeError as error:
        raise ConfigError([Fault(str(path), 1, "", f"the file is {error}")]) from None
    except files.FileError as error:
        hint = if_missing if error.is_missing else ""
        raise ConfigError([Fault(str(path), 0, "", f"the file can't be read: {error}", hint)]) from None


def quoted(word: str) -> str:
    """A word of the operator's in double quotes: on one line, printable, and not too long."""
    cut = word if len(word) <= _LONGEST_WORD else word[:_LONGEST_WORD] + "…"
    written = json.dumps(cut, ensure_ascii=False)
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in written)


def rendered(path: Iterable[str | int]) -> str:
    """A path as a person writes it: `accounts[1].labels["cost center"]`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step == HIDDEN or (_PLAIN_KEY.fullmatch(step) and len(step) <= _LONGEST_WORD):
            text += f".{step}" if text else step
        else:
            text += f"[{quoted(step)}]"
    return text


def nearest(word: str, valid: Iterable[str], otherwise: str = "valid are") -> str:
    """A hint for a word that isn't valid: the one that it is close to, else all that are."""
    words = list(valid)
    close = closest(word, words)
    return f"did you mean {close}?" if close else f"{otherwise} {', '.join(words)}"


def closest(word: str, valid: Iterable[str]) -> str | None:
    """The valid word that a misspelt one begins (the shortest) or is close to, whatever its case and dashes."""
    import difflib  # noqa: PLC0415  # what is right does without

    by_folded = {_folded(candidate): candidate for candidate in valid}
    begun = [candidate for candidate in by_folded if len(word) > 3 and candidate.startswith(_folded(word))]
    if begun:
        return by_folded[min(begun, key=len)]
    # A long word is close to none of ours, and difflib takes quadratic time to find that out.
    close = difflib.get_close_matches(_folded(word[:_LONGEST_WORD]), by_folded, n=1, cutoff=0.7)
    return by_folded[close[0]] if close else None


def _folded(word: str) -> str:
    return word.lower().replace("-", "_")
