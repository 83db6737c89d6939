"""Which answers are failures, and why: by a code in the body, the body's form, the HTTP status."""

import re
from collections.abc import Mapping
from typing import Any

from exporter.failure import Failure, Reason
from exporter.providers import values
from exporter.providers.blocks import Predicate, Value
from exporter.providers.definition import Definition, Errors
from exporter.providers.kinds import OK
from exporter.providers.values import MISSING, WrongTypeError, at

_STATUS_REASONS = {
    401: Reason.UNAUTHORIZED,
    403: Reason.FORBIDDEN,
    429: Reason.RATE_LIMITED,
}

_FIRST_TIMESTAMP = 1e9

_ZERO = re.compile("0+")

_SUCCESS = frozenset({"success", "Success", "SUCCESS", "ok", "Ok", "OK", "isSuccess", "IsSuccess"})
"""Members by which an answer says whether it is one."""

_ERROR = frozenset({"error", "Error", "ERROR", "isError", "IsError", "hasError"})
"""Members that say so by a flag the other way round; as a text or an object they are the definitions' concern."""


def failure_of(status: int, document: Any, definition: Definition) -> Failure | None:
    """What an answer fails by: a code in the body, then the body's form, then the HTTP status; None if nothing."""
    errors = definition.errors
    code = _code(document, errors.code)
    meaning = None if code is None else errors.meaning_of.get(code.strip().casefold())
    if meaning == OK or (meaning is None and _is_no_error(code, errors)):
        code = meaning = None
    form = None if code is not None else next((each for each in errors.bodies if fits(each, document)), None)
    word = meaning or (None if form is None else form.reason)
    told = code is not None or form is not None or _says_that_it_failed(document)
    reason = None if word in (None, OK) else Reason(word)
    detail, by_status = f"HTTP {status}", False
    if reason is not None:
        detail += f", code {code}" if code is not None else ", told by the body"
    elif not 200 <= status < 300:
        # A code that nobody has documented takes the provider's own meaning of a status away.
        word = None if code is not None else errors.statuses.get(status)
        reason = _reason_of_status(status) if word in (None, OK) else Reason(word)
        by_status = True
    elif told:
        reason = Reason.INVALID_RESPONSE
        detail += ", but the body tells an error that is not documented"
    else:
        return None
    return Failure(reason, detail, _retry_after(document, errors), by_status)


def wait_seconds(told: Any, now_timestamp_seconds: float) -> float | None:
    """How long a rate limit holds, told as a number of seconds or, above 10⁹, as a Unix time; None where it is none."""
    try:
        number = values.as_number(told)
    except WrongTypeError:
        return None
    return number - now_timestamp_seconds if number > _FIRST_TIMESTAMP else number


def fits(predicate: Predicate, document: Any) -> bool:
    """Whether an answer, or an item of one, is as a predicate says; one that can't be read lacks nothing."""
    if document is MISSING or not values.matches(predicate.where, document, in_any_case=True):
        return False
    # Loops: every answer is held to every predicate, most of which name nothing here.
    for pointer in predicate.has:
        if at(document, pointer) is MISSING:
            return False
    for pointer in predicate.lacks:  # noqa: SIM110
        if at(document, pointer) is not MISSING:
            return False
    return True


def _reason_of_status(status: int) -> Reason:
    """The reason that an HTTP status gives by itself, where it is no 2xx."""
    if status in _STATUS_REASONS:
        return _STATUS_REASONS[status]
    if 300 <= status < 400:
        return Reason.REDIRECT
    if 400 <= status < 500:
        return Reason.BAD_REQUEST
    return Reason.SERVER_ERROR if 500 <= status < 600 else Reason.INVALID_RESPONSE


def _code(document: Any, value: Value | None) -> str | None:
    """The code that a body carries, as a text; None where it has none."""
    if value is None:
        return None
    try:
        raw = values.read(value, document, {})
    except WrongTypeError:
        return None
    if raw is MISSING or raw == "":
        return None
    if isinstance(raw, float) and raw.is_integer():
        raw = int(raw)
    return values.plain_text(raw) or "of the wrong type"


def _is_no_error(code: str | None, errors: Errors) -> bool:
    """Whether a code that isn't listed is 0, which back ends write for "no error"; one with `ok` listed is strict."""
    return code is not None and _ZERO.fullmatch(code.strip()) is not None and OK not in errors.codes.values()


def says_that_it_succeeded(document: Mapping[str, Any]) -> bool:
    """Whether an answer says `success: true` in one of the ways that back ends write that."""
    return _has_flag(document, _SUCCESS, told=True)


def _says_that_it_failed(document: Any) -> bool:
    """Whether it, or what is in its envelope, says `success: false` or `error: true` as back ends write that."""
    within = document.get("data") if isinstance(document, dict) else None
    return any(
        isinstance(each, dict) and (_has_flag(each, _SUCCESS, told=False) or _has_flag(each, _ERROR, told=True))
        for each in (document, within)
    )


def _has_flag(document: Mapping[str, Any], names: frozenset[str], *, told: bool) -> bool:
    for name in names & document.keys():
        try:
            if values.as_flag(document[name]) is told:
                return True
        except WrongTypeError:
            continue
    return False


def _retry_after(document: Any, errors: Errors) -> float | None:
    if errors.retry_after is None or errors.retry_after.pointer is None:
        return None
    try:
        return values.as_number(at(document, errors.retry_after.pointer))
    except WrongTypeError:
        return None
