"""How single values are read: what a model's annotation says of one, and the kinds that every document has."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from exporter.documents.faults import nearest
from exporter.documents.reader import kind
from exporter.durations import parse_duration

_WHOLE = re.compile("[0-9]{1,18}")
_NEARLY_BOOLEAN = {"yes": "true", "on": "true", "1": "true", "no": "false", "off": "false", "0": "false"}


class WrongValueError(Exception):
    """A value isn't what belongs at its place: a message and a hint in our own words, neither of which quotes it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True, eq=False)  # annotations are compared by identity, and hashed
class Scalar:
    """Part of an annotation: `read` makes of a written value what the model holds, or raises `WrongValueError`.

    `schema` is the value's JSON Schema, which an editor holds against what it makes of a plain scalar: `1`, `true`.
    """

    read: Callable[[Any], Any]
    schema: Mapping[str, Any]


def as_text(value: object) -> str:
    """A text; what it was written like is forgotten.

    Raises:
        WrongValueError: it is anything else.
    """
    if not isinstance(value, str):
        raise WrongValueError(f"a text belongs here, not {kind(value)}")
    return str(value)


def as_boolean(value: object) -> bool:
    """A truth value.

    Raises:
        WrongValueError: it is anything else.
    """
    folded = as_text(value).lower()
    if folded not in {"true", "false"}:
        raise WrongValueError("neither true nor false", f"write {_NEARLY_BOOLEAN.get(folded, 'true or false')}")
    return folded == "true"


def as_whole(value: object) -> int:
    """A whole number of digits alone.

    Raises:
        WrongValueError: it is anything else.
    """
    text = as_text(value)
    if not _WHOLE.fullmatch(text):
        raise WrongValueError("not a whole number")
    return int(text)


def as_count(value: object) -> int:
    """A whole number above 0.

    Raises:
        WrongValueError: it is anything else.
    """
    number = as_whole(value)
    if number == 0:
        raise WrongValueError("not a number above 0")
    return number


def as_seconds(value: object) -> float:
    """The seconds of a duration.

    Raises:
        WrongValueError: it is none.
    """
    try:
        return parse_duration(as_text(value))
    except ValueError as error:
        message, _, hint = str(error).partition("; ")
        raise WrongValueError(message, hint) from None


def one_of(words: tuple[str, ...]) -> Scalar:
    """One of some words, as they are written."""

    def read(value: object) -> str:
        text = as_text(value)
        if text not in words:
            raise WrongValueError("not a word that is known here", nearest(text, words))
        return text

    return Scalar(read, {"enum": [*words]})


TEXT = Scalar(as_text, {"type": ["string", "number", "boolean"]})
"""A text, which may be written as any scalar."""

Boolean = Annotated[bool, Scalar(as_boolean, {"type": "boolean"})]
Count = Annotated[int, Scalar(as_count, {"type": "integer", "exclusiveMinimum": 0})]
