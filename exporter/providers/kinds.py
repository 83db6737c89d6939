"""The kinds of single values in a definition: what a text may be, and what a person is told if it isn't."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Annotated, Any

from exporter.documents.faults import nearest
from exporter.documents.scalars import TEXT, Scalar, WrongValueError, as_seconds, as_text, as_whole
from exporter.failure import Reason
from exporter.providers import template
from exporter.sign_in import FORMS

API_NAMES = ("credit", "subscription", "contacts", "prices")
"""Every api that a provider can have, in the order in which they are shown."""

OK = "ok"
"""The meaning of a code that is no failure."""

_WRITTEN = re.compile(r"1(?P<thousands>\D?)234(?:(?P<decimal>\D)56)?")


def _pointer(text: str) -> str:
    if text and not text.startswith("/"):
        raise WrongValueError(
            "not a JSON Pointer", "one begins with /, such as /data/balance; an empty one is the whole answer"
        )
    return text


@cache
def compiled(text: str) -> Any:
    """The pattern, which is held to whole texts, by RE2, which takes linear time; what is wrong with it is a fault."""
    import re2  # noqa: PLC0415  # what reads no definition does without

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(text, options=options)
    except re2.error as error:
        (words,) = error.args
        raise WrongValueError(f"not a regular expression (RE2): {words.decode(errors='replace')}") from None


def _pattern(text: str) -> str:
    compiled(text)
    return text


def _grouped(text: str) -> str:
    if compiled(text).groups < 1:
        raise WrongValueError("the pattern has no group", "put what is the value into round brackets: ([A-Z]{3}) .*")
    return text


def _written(text: str) -> str:
    match = _WRITTEN.fullmatch(text)
    if match is None or (match["thousands"] and match["thousands"] == match["decimal"]):
        raise WrongValueError("not a way to write numbers", "write 1234.56 in that way, such as 1.234,56 or 1,234.56")
    return text


def _divisor(value: object) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise WrongValueError("not a number", "write digits, such as 10000") from None
    if not number.is_finite() or number <= 0:
        raise WrongValueError("nothing is divided by this", "write a number above 0, such as 10000")
    return number


@cache
def marks(written: str) -> tuple[str, str]:
    """The marks of thousands and of decimals in a way of writing numbers; empty where there is none."""
    match = _WRITTEN.fullmatch(written)
    return ("", "") if match is None else (match["thousands"] or "", match["decimal"] or "")


def _text(check: Callable[[str], str], schema: Mapping[str, Any]) -> Scalar:
    """A text with a rule of its own."""
    return Scalar(lambda value: check(as_text(value)), schema)


def _of_form(pattern: str, message: str, hint: str) -> Scalar:
    """A text that matches a pattern as a whole."""

    def check(text: str) -> str:
        if re.fullmatch(pattern, text, re.ASCII) is None:
            raise WrongValueError(message, hint)
        return text

    return _text(check, {"type": "string", "pattern": f"^({pattern})$"})


def _one_of(words: tuple[str, ...], what: str) -> Scalar:
    def check(word: str) -> str:
        if word not in words:
            raise WrongValueError(f"there is no such {what}", nearest(word, words))
        return word

    return _text(check, {"enum": [*words]})


def _template(pattern: str, message: str, hint: str) -> Scalar:
    """A template whose text matches a pattern as a whole."""

    def parse(value: object) -> template.Template:
        parsed = template.parse(value)
        if re.fullmatch(pattern, parsed, re.ASCII) is None:
            raise WrongValueError(message, hint)
        return parsed

    return Scalar(parse, {"type": "string", "pattern": f"^({pattern})$"})


Pointer = Annotated[str, _text(_pointer, {"type": "string", "pattern": "^(/|$)"})]
Pattern = Annotated[str, _text(_pattern, {"type": "string"})]
Grouped = Annotated[str, _text(_grouped, {"type": "string"})]
Seconds = Annotated[float, Scalar(as_seconds, {"type": "string", "pattern": "^([0-9]+(y|w|d|h|m|s|ms))+$"})]
Written = Annotated[str, _text(_written, {"type": ["string", "number"]})]
Divisor = Annotated[Decimal, Scalar(_divisor, {"type": "number", "exclusiveMinimum": 0})]
Id = Annotated[str, _of_form("[a-z0-9]+", "not an id", "use small letters and digits")]
Day = Annotated[str, _of_form("[0-9]{4}-[0-9]{2}-[0-9]{2}", "not a day", "write it like 2026-11-22")]
Name = Annotated[str, _of_form("[a-z_][a-z0-9_]*", "not a name", "use small letters, digits and _, as in {name}")]
HeaderName = Annotated[str, _of_form(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", "not a header's name", "write it like X-Api-Key")]
FormName = Annotated[str, _one_of(tuple(FORMS), "sign-in form")]
ApiName = Annotated[str, _one_of(API_NAMES, "api")]
Meaning = Annotated[str, _one_of((OK, *(reason.value for reason in Reason)), "reason")]
StatusCode = Annotated[int, Scalar(as_whole, {"type": "string", "pattern": "^[0-9]+$"})]
Text = Annotated[template.Template, Scalar(template.parse, TEXT.schema)]
Path = Annotated[template.Template, _template("/[!-~]*", "not a path", "it begins with / and has no spaces")]
BaseUrl = Annotated[
    template.Template,
    _template("https?://[!-~]+[^/]", "not an http or https URL", "write it like https://host, without a / at its end"),
]
TokenUrl = Annotated[
    template.Template, _template("(/|https?://)[!-~]*", "neither a path nor a URL", "write it like /oauth/token")
]
Json = Annotated[Any, Scalar(template.parse_json, {})]
