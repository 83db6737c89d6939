"""The kinds of single values in a configuration: what a text may be, and what a person is told if it isn't."""

import math
import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import PlainValidator, WithJsonSchema

from exporter.client.addresses import AddressError, parse_base_url, parse_proxy_url
from exporter.documents.model import fault
from exporter.documents.reader import kind
from exporter.durations import parse_duration

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_PERCENT = re.compile(r"[0-9]{1,3} ?%")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_API_PATH = re.compile(r"/[!-~]*")
_NEARLY_BOOLEAN = {"yes": "true", "on": "true", "1": "true", "no": "false", "off": "false", "0": "false"}

_DURATION_SCHEMA = {
    "anyOf": [
        {
            "type": "string",
            "pattern": "^(0|(?=.)([0-9]+y)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?)$",
        },
        {"const": 0},
    ]
}


def as_text(value: object) -> str:
    """A text; anything else is a fault."""
    if not isinstance(value, str):
        raise fault(f"a text belongs here, not {kind(value)}")
    return value


def _filled(value: object) -> str:
    text = as_text(value)
    if not text:
        raise fault("this is empty", "leave the key out or write null to have none")
    return text


def _parsed(text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        message, _, hint = str(error).partition("; ")
        raise fault(message, hint) from None


def _duration(value: object) -> float:
    return _parsed(as_text(value))


def _positive_duration(value: object) -> float:
    seconds = _duration(value)
    if seconds == 0:
        raise fault("a timeout of nothing", "write it like 10s")
    return seconds


def _number(value: object) -> float:
    text = as_text(value)
    number = float(text) if _NUMBER.fullmatch(text) else math.inf
    if not math.isfinite(number):
        raise fault("not a number", "write digits with a point, like 100 or 0.5")
    return number


def _ratio(value: object) -> float:
    text = as_text(value)
    if _PERCENT.fullmatch(text):
        raise fault("a percentage", f"write the ratio: {float(text.rstrip('% ')) / 100:g}")
    number = _number(text)
    if number <= 0:
        raise fault("a ratio is more than 0", "1 is a full quota")
    return number


def _boolean(value: object) -> bool:
    folded = as_text(value).lower()
    if folded not in {"true", "false"}:
        raise fault("neither true nor false", f"write {_NEARLY_BOOLEAN.get(folded, 'true or false')}")
    return folded == "true"


def _name(value: object) -> str:
    text = as_text(value)
    if not _NAME.fullmatch(text):
        raise fault("not a name", "use letters, digits, '.', '_' and '-', at most 64 of them")
    return text


def _api_path(value: object) -> str:
    text = as_text(value)
    if not _API_PATH.fullmatch(text) or "#" in text:
        raise fault("not a path", "it begins with / and has no spaces, # or letters outside of ASCII")
    return text


def _address(parse: Callable[[str], str]) -> Callable[[object], str]:
    def validate(value: object) -> str:
        try:
            return parse(as_text(value))
        except AddressError as error:
            raise fault(error.message, error.hint) from None

    return validate


def one_of(*words: str, also: dict[str, str] | None = None) -> PlainValidator:
    """Exactly one of some words; `also` maps other spellings to the word for the hint."""

    def validate(value: object) -> str:
        text = as_text(value)
        if text not in words:
            meant = (also or {}).get(text.lower()) or next((w for w in words if w.lower() == text.lower()), None)
            raise fault("not a word that is known here", f"write {meant or ' or '.join(words)}")
        return text

    return PlainValidator(validate)


def _codes(example: str) -> Callable[[object], list[str] | Literal["all"]]:
    def validate(value: object) -> list[str] | Literal["all"]:
        if value == "all":
            return "all"
        if not isinstance(value, list):
            message = f"a list of codes or the word all belongs here, not {kind(value)}"
            raise fault(message, f"write it like {example}")
        if not all(isinstance(item, str) for item in value):
            raise fault("the codes of the list are texts", f"write it like {example}")
        return value

    return validate


def _codes_schema(pattern: str) -> dict[str, Any]:
    return {"anyOf": [{"const": "all"}, {"type": "array", "items": {"type": "string", "pattern": pattern}}]}


def _type(validate: Callable[[Any], object], schema: dict[str, Any]) -> tuple[PlainValidator, WithJsonSchema]:
    return PlainValidator(validate), WithJsonSchema(schema)


# The schema's types are what editors make of a plain scalar, which is a text to us: `00451234`, `true`.
_SCALAR = {"type": ["string", "number", "boolean"]}

Text = Annotated[str, *_type(as_text, _SCALAR)]
Filled = Annotated[str, *_type(_filled, {**_SCALAR, "minLength": 1})]
Name = Annotated[str, *_type(_name, {"type": ["string", "integer"], "pattern": "^[A-Za-z0-9._-]{1,64}$"})]
Duration = Annotated[float, *_type(_duration, _DURATION_SCHEMA)]
PositiveDuration = Annotated[float, *_type(_positive_duration, _DURATION_SCHEMA)]
Number = Annotated[float, *_type(_number, {"type": "number"})]
Ratio = Annotated[float, *_type(_ratio, {"type": "number", "exclusiveMinimum": 0})]
Boolean = Annotated[bool, *_type(_boolean, {"type": "boolean"})]
ApiPath = Annotated[str, *_type(_api_path, {"type": "string", "pattern": "^/[!-~]*$"})]
BaseUrl = Annotated[str, *_type(_address(parse_base_url), {"type": "string", "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://"})]
_PROXY_SCHEMA = {"type": "string", "pattern": "^([Hh][Tt][Tt][Pp][Ss]?|[Ss][Oo][Cc][Kk][Ss]5[Hh]?)://"}
ProxyUrl = Annotated[str, *_type(_address(parse_proxy_url), _PROXY_SCHEMA)]
Countries = Annotated[list[str] | Literal["all"], *_type(_codes("[DK, IT]"), _codes_schema("^[A-Z]{2}$"))]
Currencies = Annotated[list[str] | Literal["all"], *_type(_codes("[EUR, DKK]"), _codes_schema("^[A-Z]{3}$"))]
