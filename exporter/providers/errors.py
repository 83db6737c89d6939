"""Which answers are failures, and why: by a code in the body, the body's form, the HTTP status."""

from collections.abc import Mapping
from typing import Any

from exporter.failure import Failure, Reason
from exporter.providers import values
from exporter.providers.definition import BodyError, Definition
from exporter.providers.values import MISSING, WrongTypeError, at

_STATUS_REASONS = {
    401: Reason.UNAUTHORIZED,
    403: Reason.FORBIDDEN,
    429: Reason.RATE_LIMITED,
}


def failure_of(status: int, document: Any, definition: Definition) -> Failure | None:
    """What an answer fails by: a code in the body, then the body's form, then the HTTP status; None if nothing."""
    errors = definition.errors
    code = MISSING if errors.code is None else at(document, errors.code)
    has_code = code is not MISSING and code != ""
    form = next((form for form in errors.bodies if _matches(form, document)), None)
    reason = _reason_of_code(code, errors.codes) if has_code else form.reason if form else None
    detail = f"HTTP {status}"
    if reason is not None:
        detail += f", code {code}" if has_code else ", told by the body"
    elif not 200 <= status < 300:
        # A code that nobody has documented takes the provider's own meaning of a status away.
        reason = (None if has_code else errors.statuses.get(status)) or _reason_of_status(status)
    elif has_code or form is not None:
        reason = Reason.INVALID_RESPONSE
        detail += ", but the body tells an error that is not documented"
    else:
        return None
    return Failure(reason, detail, _retry_after(document, errors.retry_after))


def _reason_of_status(status: int) -> Reason:
    """The reason that an HTTP status gives by itself, where it is no 2xx."""
    if status in _STATUS_REASONS:
        return _STATUS_REASONS[status]
    if 300 <= status < 400:
        return Reason.REDIRECT
    if 400 <= status < 500:
        return Reason.BAD_REQUEST
    return Reason.SERVER_ERROR if 500 <= status < 600 else Reason.INVALID_RESPONSE


def _reason_of_code(code: Any, codes: Mapping[str, Reason]) -> Reason | None:
    if isinstance(code, float) and code.is_integer():
        code = int(code)
    if isinstance(code, bool) or not isinstance(code, str | int):
        return None
    word = str(code).casefold()
    return next((reason for known, reason in codes.items() if known.casefold() == word), None)


def _matches(form: BodyError, document: Any) -> bool:
    return values.matches(form.where, document) and all(at(document, pointer) is not MISSING for pointer in form.has)


def _retry_after(document: Any, pointer: str) -> float | None:
    try:
        return values.as_number(at(document, pointer))
    except WrongTypeError:
        return None
