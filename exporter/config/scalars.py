"""The kinds of single values in a configuration: what a text may be, and what a person is told if it isn't."""

import math
import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

from exporter.client.addresses import AddressError, parse_base_url, parse_proxy_url
from exporter.documents.reader import kind
from exporter.documents.scalars import TEXT, Scalar, WrongValueError, as_seconds, as_text

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_PERCENT = re.compile(r"[0-9]{1,3} ?%")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_API_PATH = re.compile(r"/[!-~]*")

_DURATION_SCHEMA = {
    "anyOf": [
        {
            "type": "string",
            "pattern": "^(0|(?=.)([0-9]+y)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?)$",
        },
        {"const": 0},
    ]
}


def _filled(value: object) -> str:
    text = as_text(value)
    if not text:
        raise WrongValueError("this is empty", "leave the key out or write null to have none")
    return text


def _positive_duration(value: object) -> float:
    seconds = as_seconds(value)
    if seconds == 0:
        raise WrongValueError("not a timeout that anything is answered in", "write it like 10s")
    return seconds


def _number(value: object) -> float:
    text = as_text(value)
    number = float(text) if _NUMBER.fullmatch(text) else math.inf
    if not math.isfinite(number):
        raise WrongValueError("not a number", "write digits with a point, like 100 or 0.5")
    return number


def _ratio(value: object) -> float:
    text = as_text(value)
    if _PERCENT.fullmatch(text):
        raise WrongValueError("not a ratio but a percentage", f"write the ratio: {float(text.rstrip('% ')) / 100:g}")
    number = _number(text)
    if number <= 0:
        raise WrongValueError("not a ratio above 0", "1 is a full quota")
    return number


def _limit(value: object) -> float:
    number = _number(value)
    if number <= 0:
        raise WrongValueError("not a limit above 0", "leave the key out to have none")
    return number


def _factor(value: object) -> float:
    number = _number(value)
    if number <= 1:
        raise WrongValueError("not more than the usual", "write how many times the usual, such as 5")
    return number


def _name(value: object) -> str:
    text = as_text(value)
    if not _NAME.fullmatch(text):
        raise WrongValueError("not a name", "use letters, digits, '.', '_' and '-', at most 64 of them")
    return text


def _api_path(value: object) -> str:
    text = as_text(value)
    if not _API_PATH.fullmatch(text) or "#" in text:
        raise WrongValueError("not a path", "it begins with / and has no spaces, # or letters outside of ASCII")
    return text


def _address(parse: Callable[[str], str]) -> Callable[[object], str]:
    def validate(value: object) -> str:
        try:
            return parse(as_text(value))
        except AddressError as error:
            raise WrongValueError(error.message, error.hint) from None

    return validate


def one_of(*words: str, also: dict[str, str] | None = None) -> Scalar:
    """One of some words, as they are written; `also` maps other spellings to the word for the hint."""

    def validate(value: object) -> str:
        text = as_text(value)
        if text not in words:
            meant = (also or {}).get(text.lower()) or next((w for w in words if w.lower() == text.lower()), None)
            raise WrongValueError("not a word that is known here", f"write {meant or ' or '.join(words)}")
        return text

    return Scalar(validate, {"enum": [*words]})


def _codes(example: str) -> Callable[[object], list[str] | Literal["all"]]:
    def validate(value: object) -> list[str] | Literal["all"]:
        if value == "all":
            return "all"
        if not isinstance(value, list):
            message = f"a list of codes or the word all belongs here, not {kind(value)}"
            raise WrongValueError(message, f"write it like {example}")
        if not all(isinstance(item, str) for item in value):
            raise WrongValueError("the codes of the list are texts", f"write it like {example}")
        return value

    return validate


def _codes_schema(pattern: str) -> dict[str, Any]:
    return {"anyOf": [{"const": "all"}, {"type": "array", "items": {"type": "string", "pattern": pattern}}]}


Text = Annotated[str, TEXT]
Filled = Annotated[str, Scalar(_filled, {**TEXT.schema, "minLength": 1})]
Name = Annotated[str, Scalar(_name, {"type": ["string", "integer"], "pattern": "^[A-Za-z0-9._-]{1,64}$"})]
Duration = Annotated[float, Scalar(as_seconds, _DURATION_SCHEMA)]
PositiveDuration = Annotated[float, Scalar(_positive_duration, _DURATION_SCHEMA)]
Number = Annotated[float, Scalar(_number, {"type": "number"})]
Ratio = Annotated[float, Scalar(_ratio, {"type": "number", "exclusiveMinimum": 0})]
Limit = Annotated[float, Scalar(_limit, {"type": "number", "exclusiveMinimum": 0})]
Factor = Annotated[float, Scalar(_factor, {"type": "number", "exclusiveMinimum": 1})]
ApiPath = Annotated[str, Scalar(_api_path, {"type": "string", "pattern": "^/[!-~]*$"})]
BaseUrl = Annotated[str, Scalar(_address(parse_base_url), {"type": "string", "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://"})]
_PROXY_SCHEMA = {"type": "string", "pattern": "^([Hh][Tt][Tt][Pp][Ss]?|[Ss][Oo][Cc][Kk][Ss]5[Hh]?)://"}
ProxyUrl = Annotated[str, Scalar(_address(parse_proxy_url), _PROXY_SCHEMA)]
Countries = Annotated[list[str] | Literal["all"], Scalar(_codes("[DK, IT]"), _codes_schema("^[A-Z]{2}$"))]
Currencies = Annotated[list[str] | Literal["all"], Scalar(_codes("[EUR, DKK]"), _codes_schema("^[A-Z]{3}$"))]
