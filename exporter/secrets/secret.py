"""Secrets from a literal, a file or the environment: read again on change, and never shown."""

import logging
import os
import re
import time
from pathlib import Path
from typing import Literal, NoReturn, Self

from exporter import files
from exporter.secrets import redaction
from exporter.secrets.redaction import redact
from exporter.sign_in import Characters

__all__ = ["Secret", "SecretError", "SecretNotFoundError", "redact"]

logger = logging.getLogger(__name__)

_LARGEST_BYTES = 16 * 1024
_SETTLED_NS = 2_000_000_000
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


class SecretError(ValueError):
    """A secret can't be had or can't be sent; the message never quotes it, nor where it comes from."""


class SecretNotFoundError(SecretError):
    """There is no file of that name."""


class Secret:
    """A value that is used but never shown; two are equal if they come from the same place."""

    __slots__ = ("_failing", "_hidden", "_identifier", "_kind", "_origin", "_rules", "_stamp", "_value")

    def __init__(self, kind: Literal["literal", "file", "environment"], origin: str, *, identifier: bool) -> None:
        """Reads the value; use the class methods."""
        self._hidden: list[redaction.Hidden] = []
        self._kind = kind
        self._origin = origin
        self._identifier = identifier
        self._rules: set[Characters] = {"text"}
        self._stamp: files.Stamp | None = None
        self._failing = False
        self._value = self._checked(self._read())
        self._hide()

    @classmethod
    def literal(cls, text: str, *, identifier: bool = False) -> Self:
        """A secret written out. An `identifier` is a user's name: `redact` leaves it alone.

        Raises:
            SecretError: it is empty, too large, or has control characters.
        """
        return cls("literal", text, identifier=identifier)

    @classmethod
    def from_file(cls, path: str | Path, *, identifier: bool = False) -> Self:
        """A secret in a file, which is read now and by `refresh`.

        Raises:
            SecretError: it can't be read, is empty, too large, not UTF-8, or has control characters.
        """
        return cls("file", str(path), identifier=identifier)

    @classmethod
    def from_environment(cls, name: str, *, identifier: bool = False) -> Self:
        """A secret in an environment variable, which is read now.

        Raises:
            SecretError: it is unset, empty, too large, not UTF-8, or has control characters.
        """
        return cls("environment", name, identifier=identifier)

    def value(self) -> str:
        """The secret itself, without white space at its ends."""
        return self._value

    def hold_to(self, rule: Characters) -> None:
        """Checks the value, and from now on every later one, by a further rule.

        Raises:
            SecretError: the value is against the rule.
        """
        _check(self._value, rule)
        self._rules.add(rule)

    def refresh(self) -> bool:
        """Reads a file that changed since, and says whether the value is another one.

        A file that is gone or holds no secret any more leaves the last value, and one line in the log.
        """
        if self._kind != "file" or (self._stamp is not None and self._stamp == files.stamp(self._origin)):
            return False
        try:
            value = self._checked(self._read())
        except SecretError as error:
            if not self._failing:
                logger.warning(
                    "Secret file can't be used, its last value stays",
                    extra={"file": self._origin, "err": str(error)},
                )
            self._failing = True
            return False
        if self._failing:
            logger.info("Secret file can be used again", extra={"file": self._origin})
        self._failing = False
        changed = value != self._value
        self._value = value
        self._hide()
        return changed

    def _read(self) -> str:
        if self._kind == "literal":
            return self._origin
        if self._kind == "environment":
            value = os.environ.get(self._origin)
            if value is None:
                raise SecretError("the environment variable isn't set")
            return value
        self._stamp = None
        content, self._stamp = _read_file(self._origin)
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise SecretError("it isn't UTF-8") from None

    def _checked(self, text: str) -> str:
        value = text.strip()
        for rule in self._rules:
            _check(value, rule)
        return value

    def hide_too(self, *hidden: redaction.Hidden) -> None:
        """Keeps these hidden for as long as there is the secret: parts and forms of it."""
        self._hidden += hidden

    def _hide(self) -> None:
        if not self._identifier:
            self._hidden = [redaction.register(self._value)]

    def __repr__(self) -> str:
        return redaction.SHOWN

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return (self._kind, self._origin) == (other._kind, other._origin)

    def __hash__(self) -> int:
        return hash((self._kind, self._origin))

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret isn't pickled")


def _check(value: str, rule: Characters) -> None:
    if not value:
        raise SecretError("it is empty")
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise SecretError("it isn't UTF-8") from None
    if size > _LARGEST_BYTES:
        raise SecretError(f"it is larger than {_LARGEST_BYTES} bytes")
    if _CONTROL.search(value):
        raise SecretError("it has a line break or another control character, which no header may carry")
    if rule == "header" and not value.isascii():
        raise SecretError("it has a character outside of ASCII, which no header may carry")
    if rule == "username" and ":" in value:
        raise SecretError("a user name may not have a colon")


def _read_file(path: str) -> tuple[bytes, files.Stamp | None]:
    """A file's bytes and its stamp; no stamp if it changed so lately that it may change again unseen."""
    try:
        with files.opened(path) as file:
            status, content = os.fstat(file.fileno()), file.read(_LARGEST_BYTES + 1)
    except files.FileError as error:
        kind = SecretNotFoundError if error.is_missing else SecretError
        raise kind(f"the file can't be read: {error}") from None
    if len(content) > _LARGEST_BYTES:
        raise SecretError(f"it is larger than {_LARGEST_BYTES} bytes")
    settled = abs(time.time_ns() - status.st_mtime_ns) > _SETTLED_NS
    return content, files.stamp_of(status) if settled else None
