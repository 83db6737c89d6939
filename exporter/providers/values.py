"""Single values out of a document: pointers, and the types that a value must have."""

import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from exporter.providers.currencies import CODES
from exporter.providers.definition import Value

MISSING = object()
"""What a pointer gives that leads nowhere; null counts as missing everywhere."""

LONGEST_TEXT = 256
"""A longer text is no name: it would only swell every series that carries it."""

_DECIMAL = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)
_COUNTRY = re.compile(r"[A-Za-z]{2,3}")
_PREFIX = re.compile(r"\+?([0-9]{1,15})")
_LONGEST_TIER = 32
_UNITS = frozenset({"credits", "messages"})


class WrongTypeError(Exception):
    """A value is there, but isn't what it has to be; the text says what was expected."""


@cache
def steps(pointer: str) -> tuple[str, ...]:
    """The unescaped steps of a JSON Pointer (RFC 6901)."""
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])


def step_into(item: Any, step: str) -> Any:
    """The member or element that one step leads to, or `MISSING`."""
    if isinstance(item, dict):
        return item.get(step, MISSING)
    if isinstance(item, list) and step.isascii() and step.isdigit() and len(step) < 10 and int(step) < len(item):
        return item[int(step)]
    return MISSING


def at(item: Any, pointer: str) -> Any:
    """What a JSON Pointer leads to, or `MISSING`; null is missing too."""
    for step in steps(pointer):
        item = step_into(item, step)
    return MISSING if item is None else item


def each(item: Any, pattern: str) -> Iterator[tuple[Any, dict[str, str]]]:
    """Every item that a pointer with `*` and `{name}` steps leads to, with the names that it bound.

    A scalar where a step goes through members gives no item.
    """
    found: list[tuple[Any, dict[str, str]]] = [(item, {})]
    for step in steps(pattern):
        name = step[1:-1] if step.startswith("{") and step.endswith("}") else None
        following: list[tuple[Any, dict[str, str]]] = []
        for parent, names in found:
            if step == "*" or name is not None:
                members = parent.items() if isinstance(parent, dict) else ()
                elements = enumerate(parent) if isinstance(parent, list) else members
                following += [(child, names if name is None else {**names, name: str(key)}) for key, child in elements]
            elif (child := step_into(parent, step)) is not MISSING:
                following.append((child, names))
        found = following
    yield from found


def matches(where: Mapping[str, str], item: Any) -> bool:
    """Whether every pointer of `where` leads to its text; numbers and booleans count as they are written."""
    for pointer, wanted in where.items():  # noqa: SIM110  # twice as fast, and every answer is asked several times
        if _plain_text(at(item, pointer)) != wanted:
            return False
    return True


def _plain_text(raw: Any) -> str | None:
    if isinstance(raw, bool):
        return "true" if raw else "false"
    return str(raw) if isinstance(raw, str | int | float) else None


def read(value: Value, item: Any, names: Mapping[str, str]) -> Any:
    """The raw value that a definition points at, or `MISSING`; `pattern` is applied to a text.

    Raises:
        WrongTypeError: `pattern` doesn't match, or there is no text for it to match.
    """
    if value.constant is not None:
        return value.constant
    if value.key is not None:
        return names.get(value.key, MISSING)
    raw = MISSING
    for pointer in value.pointers:
        raw = at(item, pointer)
        if raw is not MISSING:
            break
    if raw is MISSING or value.pattern is None:
        return raw
    match = re.search(value.pattern, raw) if isinstance(raw, str) else None
    if match is None:
        raise WrongTypeError("a text of the documented form")
    return match[1]


def number(value: Value, item: Any, names: Mapping[str, str]) -> float | None:
    """A finite JSON number or decimal string, scaled; None where there is none."""
    raw = read(value, item, names)
    if raw is MISSING:
        return None
    return as_number(raw) if value.scale is None else as_number(as_number(raw) * value.scale)


def as_number(raw: Any) -> float:
    """A finite float from a JSON number or a decimal string; booleans and all else are of the wrong type."""
    decimal = isinstance(raw, str) and len(raw) <= LONGEST_TEXT and _DECIMAL.fullmatch(raw)
    if decimal or (isinstance(raw, int | float) and not isinstance(raw, bool)):
        try:
            result = float(raw)
        except OverflowError:  # an integer beyond the floats
            result = math.inf
        if math.isfinite(result):
            return result
    raise WrongTypeError("a finite number or a decimal string")


def text(value: Value, item: Any, names: Mapping[str, str]) -> str | None:
    """A text (or an integer as text) fit for a label, translated by `words`; None where there is none."""
    raw = read(value, item, names)
    if raw is MISSING:
        return None
    result = as_text(raw)
    if value.words is None:
        return result
    return {word.casefold(): ours for word, ours in value.words.items()}.get(result.casefold(), result)


def as_text(raw: Any) -> str:
    """A label's value from a text or an integer (an account's number, a country's prefix)."""
    if isinstance(raw, int) and not isinstance(raw, bool) and abs(raw) < 10**18:
        return str(raw)
    # A lone surrogate has no UTF-8: it can't be exposed.
    if isinstance(raw, str) and len(raw) <= LONGEST_TEXT and not re.search("[\ud800-\udfff]", raw):
        return raw
    raise WrongTypeError(f"a text of {LONGEST_TEXT} characters at most")


def word(value: Value, item: Any, names: Mapping[str, str]) -> str | None:
    """A text that stands for a state: unlike `text`, a number is of the wrong type."""
    raw = read(value, item, names)
    if raw is MISSING:
        return None
    if isinstance(raw, str):
        return as_text(raw)
    raise WrongTypeError("a text")


def currency(value: Value, item: Any, names: Mapping[str, str]) -> str | None:
    """An ISO 4217 code in capitals, or `credits` / `messages`; None where there is none."""
    raw = text(value, item, names)
    return None if raw is None else as_currency(raw)


def as_currency(raw: str) -> str:
    """The currency in capitals, the unit in small letters."""
    if raw.lower() in _UNITS:
        return raw.lower()
    if len(raw) == 3 and raw.isascii() and raw.upper() in CODES:
        return raw.upper()
    raise WrongTypeError("a currency of ISO 4217")


def country(value: Value, item: Any, names: Mapping[str, str]) -> str | None:
    """A country's code of two or three letters, in capitals; None where there is none."""
    raw = read(value, item, names)
    if raw is MISSING:
        return None
    if isinstance(raw, str) and _COUNTRY.fullmatch(raw):
        return raw.upper()
    raise WrongTypeError("a country's code of two or three letters")


def prefix(value: Value, item: Any, names: Mapping[str, str]) -> str | None:
    """The digits that a country's numbers begin with, from a text or a number; None where there are none."""
    raw = read(value, item, names)
    if raw is MISSING:
        return None
    if isinstance(raw, float) and raw.is_integer():
        raw = int(raw)
    is_code = isinstance(raw, str | int) and not isinstance(raw, bool)
    digits = _PREFIX.fullmatch(str(raw)) if is_code and (isinstance(raw, str) or abs(raw) < 10**15) else None
    if digits is None:
        raise WrongTypeError("a prefix of 15 digits at most")
    return digits[1]


def tier(value: Value, item: Any, names: Mapping[str, str]) -> str | None:
    """The name of a part of a price list, short and without control characters; None where there is none."""
    raw = text(value, item, names)
    if raw is None or (len(raw) <= _LONGEST_TIER and raw.isprintable()):
        return raw
    raise WrongTypeError(f"a name of {_LONGEST_TIER} characters at most")


def flag(value: Value, item: Any, names: Mapping[str, str]) -> bool | None:
    """A JSON boolean; None where there is none."""
    raw = read(value, item, names)
    if raw is MISSING:
        return None
    if isinstance(raw, bool):
        return raw
    raise WrongTypeError("true or false")


def timestamp(value: Value, item: Any, names: Mapping[str, str]) -> float | None:
    """Unix seconds of an RFC 3339 date-time with its offset; None where there is none."""
    raw = read(value, item, names)
    if raw is MISSING:
        return None
    if isinstance(raw, str) and len(raw) <= LONGEST_TEXT and _RFC3339.fullmatch(raw):
        try:
            return datetime.fromisoformat(raw.upper()).timestamp()
        except (ValueError, OverflowError):  # the 31st of February, an offset of 99 hours, year 0
            pass
    raise WrongTypeError("an RFC 3339 date-time with its offset")
