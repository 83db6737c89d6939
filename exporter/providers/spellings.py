"""The ways in which a definition lets a value stand in an answer: the way back through `values`.

Each function gives what could stand there, the likeliest first, before any `pattern`. What a notation can't show is
rounded: a `date` tells whole days, a number without a decimal mark is whole.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from exporter.providers.blocks import Value
from exporter.providers.kinds import marks
from exporter.providers.values import plain_text

Scalar = str | int | float | bool
Spellings = tuple[Scalar, ...]

_MOST_DECIMALS = 8
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")
_DAY_SECONDS = 86400


def number(value: Value, wanted: float) -> Spellings:
    """A number, multiplied where it is divided, and written as the definition says."""
    exact = Decimal(str(wanted)) * (value.divide_by or 1)
    if value.written is not None:
        return _distinct(_marked(exact, value.written))
    plain = _plain(exact)
    if value.divide_by is None:
        likely: list[Scalar] = [wanted, int(exact)] if exact == int(exact) else [wanted]
    elif exact == int(exact):
        likely = [int(exact)]
    else:
        # A text keeps every digit of what is no float.
        likely = [float(exact)] if str(float(exact)) == plain else []
    return _distinct([*likely, *_padded(exact)])


def text(value: Value, wanted: str) -> Spellings:
    """A text in the provider's own words; a whole number may stand as one."""
    theirs = [word for word, ours in (value.words or {}).items() if ours == wanted]
    if wanted.casefold() not in {word.casefold() for word in value.words or {}}:
        theirs.append(wanted)
    return _distinct(spelling for word in theirs for spelling in _whole_or_text(word))


def currency(value: Value, wanted: str) -> Spellings:
    """A currency or a unit, in capitals or in small letters."""
    theirs = [word for word, ours in (value.words or {}).items() if ours.strip().casefold() == wanted.casefold()]
    return _distinct([*theirs, *text(value, wanted), *text(value, wanted.lower())])


def flag(_value: Value, wanted: bool) -> Spellings:  # as the others
    """A boolean, or 1 and 0, or their texts."""
    return (True, 1, "true", "1") if wanted else (False, 0, "false", "0")


def instant(value: Value, wanted: float) -> Spellings:
    """A moment (Unix seconds) in the documented form; a `date` is the day at whose end it lies, or the day of it."""
    if value.time in ("unix", "unix_ms"):
        exact = Decimal(str(wanted)) * (1000 if value.time == "unix_ms" else 1)
        return _distinct([*([int(exact)] if exact == int(exact) else [float(exact)]), *_padded(exact)])
    if value.time == "date":
        days = math.ceil(Decimal(str(wanted)) / _DAY_SECONDS) - 1
        return ((datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=days)).date().isoformat(),)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=round(Decimal(str(wanted)) * 1_000_000))
    unzoned = moment.replace(tzinfo=None)
    precise = [unzoned.isoformat()]
    if not unzoned.microsecond:
        precise += [f"{precise[0]}.000", *([unzoned.isoformat(timespec="minutes")] if not unzoned.second else [])]
    elif unzoned.microsecond % 1000 == 0:
        precise.append(unzoned.isoformat(timespec="milliseconds"))
    zones = [""] if value.time == "utc" else ["+00:00", "Z", "+0000"]
    return tuple(each.replace("T", gap) + zone for gap in ("T", " ") for each in precise for zone in zones)


def literal(wanted: str) -> Spellings:
    """What is written like a text: JSON's own number or boolean of this form, and the text itself."""
    try:
        parsed = json.loads(wanted)
    except ValueError:
        return (wanted,)
    is_it = isinstance(parsed, bool | int | float) and plain_text(parsed) == wanted
    return (parsed, wanted) if is_it else (wanted,)


def _whole_or_text(word: str) -> Spellings:
    return (int(word), word) if _INTEGER.fullmatch(word) else (word,)


def _marked(exact: Decimal, written: str) -> Iterator[str]:
    """With its marks: thousands in groups, then without."""
    thousands, decimal = marks(written)
    for text in _padded(exact if decimal else exact.to_integral_value(ROUND_HALF_EVEN)):
        whole, _, part = text.partition(".")
        if part and not decimal:
            continue
        end = decimal + part if part else ""
        sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
        yield sign + f"{int(digits):,}".replace(",", thousands) + end
        yield whole + end


def _padded(exact: Decimal) -> Sequence[str]:
    """Without an exponent: as short as it is, then with more decimals."""
    plain = _plain(exact)
    has = len(plain.partition(".")[2])
    return [plain, *(format(exact, f".{decimals}f") for decimals in range(has + 1, _MOST_DECIMALS + 1))]


def _plain(exact: Decimal) -> str:
    text = format(exact, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _distinct(spellings: Iterable[Scalar]) -> Spellings:
    """Each once; 1, 1.0 and true are different."""
    return tuple({(type(each), each): each for each in spellings}.values())
