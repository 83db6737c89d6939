"""Single values out of a document: pointers, and the types that a value must have."""

import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from typing import Any, NamedTuple

from exporter.printable import on_one_line
from exporter.providers import currencies
from exporter.providers.blocks import Value
from exporter.providers.kinds import compiled, marks
from exporter.providers.xml import Elements

MISSING = object()
"""What a pointer gives that leads nowhere; null counts as missing everywhere."""

LONGEST_TEXT = 256
"""A longer text is no name: it would only swell every series that carries it."""

LONGEST_MATCHED = 4096
"""A pattern is held to no longer text."""

_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_INSTANT = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d|\d{8})"
    r"(?:[Tt ](?P<hour>\d\d)(?::?(?P<minute>\d\d)(?::?(?P<second>\d\d(?:[.,]\d+)?))?)?"
    r"\s*(?P<zone>[Zz]|UTC|GMT|[+-]\d\d(?::?\d\d)?)?(?(zone)(?: [A-Z]{3,5})?))?",
    re.ASCII,
)
_ZONE_NAME = re.compile(r"\[[A-Za-z0-9_+/-]+\]$")
_COUNTRY = re.compile(r"[A-Za-z]{2,3}")
_PREFIX = re.compile(r"\+?([0-9]{1,15})")
_LONGEST_TIER = 32
_FIRST_DATE = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
_LAST_DATE = datetime(9999, 12, 31, tzinfo=UTC).timestamp()


class WrongTypeError(Exception):
    """A value is there, but isn't what it has to be; the text says what was expected."""


@cache
def steps(pointer: str) -> tuple[str, ...]:
    """The unescaped steps of a JSON Pointer (RFC 6901)."""
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])


def step_into(item: Any, step: str) -> Any:
    """The member or element that one step leads to, or `MISSING`; the name of no XML element begins with a digit."""
    if isinstance(item, list) and step.isascii() and step.isdigit():
        return item[int(step)] if len(step) < 10 and int(step) < len(item) else MISSING
    item = only(item)
    return item.get(step, MISSING) if isinstance(item, dict) else MISSING


def only(item: Any) -> Any:
    """The only element of its name where a document is XML; anything else as it is."""
    return item[0] if isinstance(item, Elements) and len(item) == 1 else item


def at(item: Any, pointer: str) -> Any:
    """What a JSON Pointer leads to, or `MISSING`; null is missing too."""
    for step in steps(pointer):
        # An object of JSON is the usual: every answer is asked several times, and this is twice as fast.
        item = item.get(step, MISSING) if type(item) is dict else step_into(item, step)
    if type(item) is Elements:
        item = only(item)
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


def matches(where: Mapping[str, str], item: Any, *, in_any_case: bool = False) -> bool:
    """Whether every pointer of `where` leads to its text; numbers and booleans count as they are written."""
    for pointer, wanted in where.items():
        raw = at(item, pointer)
        text = None if raw is MISSING else plain_text(raw)
        if text is None or (text != wanted and not (in_any_case and _folded(text) == _folded(wanted))):
            return False
    return True


def _folded(text: str) -> str:
    return text[:LONGEST_TEXT].strip().casefold()


def plain_text(raw: Any) -> str | None:
    """A text, or a number or boolean as it is written in JSON; None for anything else."""
    if type(raw) is str:
        return raw
    if isinstance(raw, bool):
        return "true" if raw else "false"
    return str(raw) if isinstance(raw, str | int | float) else None


def read(value: Value, item: Any, names: Mapping[str, str]) -> Any:
    """The raw value that a definition points at, or `MISSING`; of a `pattern` its first group.

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
    if raw is MISSING or _means_none(value, raw):
        return MISSING
    if value.pattern is None:
        return raw
    matched = _matched(value.pattern, raw)
    return MISSING if matched is None or _means_none(value, matched) else matched


def is_missing(value: Value, item: Any, names: Mapping[str, str]) -> bool:
    """Whether nothing stands where a value should; what has the wrong form is there."""
    try:
        return read(value, item, names) is MISSING
    except WrongTypeError:
        return False


def _means_none(value: Value, raw: Any) -> bool:
    return bool(value.none) and (plain_text(raw) or "").strip() in value.none


def _matched(pattern: str, raw: Any) -> str | None:
    text = plain_text(raw)
    match = None if text is None or len(text) > LONGEST_MATCHED else compiled(pattern).fullmatch(text)
    if match is None:
        raise WrongTypeError("a text of the documented form")
    group: str | None = match[1]
    return group


def number(value: Value, item: Any, names: Mapping[str, str]) -> float | None:
    """A finite JSON number or decimal string, or one as it is `written`, divided; None where there is none."""
    raw = read(value, item, names)
    if raw is MISSING:
        return None
    if value.written is not None and isinstance(raw, str):
        raw = _from_written(value.written, raw)
    if value.divide_by is None:
        return as_number(raw)
    as_number(raw)
    try:
        # Decimal: 9670500 / 10000 is 967.05, which floats only come near to.
        return as_number(float(Decimal(str(raw).strip()) / value.divide_by))
    except (InvalidOperation, OverflowError):
        raise WrongTypeError("a finite number or a decimal string") from None


def _from_written(written: str, raw: str) -> str:
    """A number's text as JSON has it, from one with other marks: thousands in groups of three, or none."""
    match = _number_like(written).fullmatch(raw.strip())
    if match is None:
        raise WrongTypeError(f"a number written like {written}")
    thousands, decimal = marks(written)
    whole = match["whole"].replace(thousands, "") if thousands else match["whole"]
    return whole + (f".{match['part']}" if decimal and match["part"] else "")


@cache
def _number_like(written: str) -> "re.Pattern[str]":
    thousands, decimal = map(re.escape, marks(written))
    grouped = rf"[0-9]{{1,3}}(?:{thousands}[0-9]{{3}})+|" if thousands else ""
    part = rf"(?:{decimal}(?P<part>[0-9]+))?" if decimal else "(?P<part>)"
    return re.compile(rf"(?P<whole>[+-]?(?:{grouped}[0-9]+)){part}")


def as_number(raw: Any) -> float:
    """A finite float from a JSON number or a decimal string; booleans and all else are of the wrong type."""
    if type(raw) is float and math.isfinite(raw):
        return raw
    decimal = isinstance(raw, str) and len(raw) <= LONGEST_TEXT and _DECIMAL.fullmatch(raw.strip())
    if decimal or (isinstance(raw, int | float) and not isinstance(raw, bool)):
        try:
            result = float(raw)
        except OverflowError:  # an integer beyond the floats
            result = math.inf
        if math.isfinite(result):
            return result
    raise WrongTypeError("a finite number or a decimal string")


def amount(value: Value, item: Any, names: Mapping[str, str]) -> float | None:
    """A number of things, or a limit of them; None where there is none, as -1 and its like say."""
    found = number(value, item, names)
    return None if found is None or found < 0 else found


def text(value: Value, item: Any, names: Mapping[str, str]) -> str | None:
    """A text (or an integer as text) fit for a label, translated by `words`; None where there is none."""
    raw = read(value, item, names)
    if raw is MISSING:
        return None
    result = as_text(raw)
    return result if value.words is None else value.word_of.get(result.strip().casefold(), result)


def as_text(raw: Any) -> str:
    """A label's value from a text, without control characters, or an integer (an account's number, a prefix)."""
    if type(raw) is str and len(raw) <= LONGEST_TEXT and raw.isascii() and raw.isprintable():
        return raw  # as nearly every text is
    if isinstance(raw, int) and not isinstance(raw, bool) and abs(raw) < 10**18:
        return str(raw)
    # A lone surrogate has no UTF-8: it can't be exposed.
    if isinstance(raw, str) and len(raw) <= LONGEST_TEXT and not re.search("[\ud800-\udfff]", raw):
        return raw if raw.isprintable() else on_one_line(raw)
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
    """An ISO 4217 code in capitals, or one of `UNITS`; None where there is none."""
    raw = text(value, item, names)
    return None if raw is None else as_currency(raw)


def as_currency(raw: str) -> str:
    """The currency in capitals, the unit in small letters."""
    known = currencies.currency(raw)
    if known is None:
        raise WrongTypeError("a currency of ISO 4217")
    return known


def country(value: Value, item: Any, names: Mapping[str, str]) -> str | None:
    """A country's code of two or three letters, in capitals; None where there is none."""
    raw = read(value, item, names)
    if raw is MISSING:
        return None
    if isinstance(raw, str) and _COUNTRY.fullmatch(code := raw.strip()):
        return code.upper()
    raise WrongTypeError("a country's code of two or three letters")


def several(value: Value, item: Any, names: Mapping[str, str]) -> list[Any]:
    """The raw values of a place that may hold a list of them; empty where there is nothing."""
    raw = read(value, item, names)
    if raw is MISSING:
        return []
    return [only(each) for each in raw if each is not None] if isinstance(raw, list) else [raw]


def as_prefix(raw: Any) -> str:
    """The digits that a country's numbers begin with, from a text or a number."""
    if isinstance(raw, float) and raw.is_integer():
        raw = int(raw)
    is_code = isinstance(raw, str | int) and not isinstance(raw, bool)
    digits = _PREFIX.fullmatch(str(raw).strip()) if is_code and (isinstance(raw, str) or abs(raw) < 10**15) else None
    if digits is None:
        raise WrongTypeError("a prefix of 15 digits at most")
    return digits[1]


def tier(value: Value, item: Any, names: Mapping[str, str]) -> str | None:
    """The name of a part of a price list, short and without control characters; None where there is none."""
    raw = text(value, item, names)
    if raw is None or (len(raw) <= _LONGEST_TIER and raw.isprintable()):
        return raw
    raise WrongTypeError(f"a name of {_LONGEST_TIER} characters at most")


_FLAGS = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}


def flag(value: Value, item: Any, names: Mapping[str, str]) -> bool | None:
    """A boolean: `true` or `false`, 1 or 0, or their texts; None where there is none."""
    raw = read(value, item, names)
    return None if raw is MISSING else as_flag(raw)


def as_flag(raw: Any) -> bool:
    """A boolean from JSON's own, from 1 and 0, or from their texts."""
    known = _FLAGS.get((plain_text(raw) or "").strip().lower())
    if known is None:
        raise WrongTypeError("true or false")
    return known


class Instant(NamedTuple):
    """A moment in Unix seconds, and what had to be supposed to know it."""

    timestamp_seconds: float
    remark: str | None = None


def instant(value: Value, item: Any, names: Mapping[str, str]) -> Instant | None:
    """A moment as the definition says that it is told, else ISO 8601 as back ends write it; None where there is none.

    Zero values of programs (before the year 2000) are no dates, and so is what no calendar has.
    """
    raw = read(value, item, names)
    if raw is MISSING:
        return None
    if value.time in ("unix", "unix_ms"):
        found = Instant(as_number(raw) / (1000 if value.time == "unix_ms" else 1))
    else:
        text = raw if isinstance(raw, str) and len(raw) <= LONGEST_TEXT else ""
        found = _from_iso8601(text, is_documented=value.time is not None)
    if found.timestamp_seconds < _FIRST_DATE:
        return None
    if found.timestamp_seconds > _LAST_DATE:
        raise WrongTypeError("a date that calendars have")
    return found


@lru_cache(1000)  # an account's dates stay the same for weeks
def _from_iso8601(text: str, *, is_documented: bool) -> Instant:
    match = _INSTANT.fullmatch(_ZONE_NAME.sub("", text.strip()))
    if match is None:
        raise WrongTypeError("a date and time of ISO 8601")
    day, hour, minute, second, zone = match.groups()
    try:
        if hour is None:
            # A day ends at its end. No calendar has a day after the last.
            end = datetime.fromisoformat(f"{day}T00:00:00+00:00") + timedelta(days=1)
            return Instant(end.timestamp(), None if is_documented else "has no time: its end in UTC is taken")
        offset = "+00:00" if zone is None or zone.isalpha() else zone
        midnight = datetime.fromisoformat(f"{day}T00:00:00{offset}")
        moment = midnight + _since_midnight(int(hour), int(minute or 0), float((second or "0").replace(",", ".")))
        return Instant(moment.timestamp(), None if zone or is_documented else "has no zone: UTC is taken")
    except (ValueError, OverflowError):  # the 31st of February, an offset of 99 hours, year 0
        raise WrongTypeError("a date and time of ISO 8601") from None


def _since_midnight(hour: int, minute: int, second: float) -> timedelta:
    """A time of day; 24:00 is the next day's start, and a second may be a leap second."""
    since = timedelta(hours=hour, minutes=minute, seconds=second)
    if minute > 59 or second >= 61 or (hour > 23 and since != timedelta(days=1)):
        raise ValueError("no time of day")
    return since
