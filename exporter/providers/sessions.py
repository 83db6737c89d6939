"""Answers of the calls that sign in: what a session keeps, and the tokens of OAuth 2.0 (RFC 6749).

Both are pure functions of status, body and definition, and give values or `FailureError`.
"""

from dataclasses import replace
from typing import Any

from exporter.failure import Failure, FailureError, Reason, invalid_response
from exporter.providers import errors, extract, values
from exporter.providers.blocks import Value
from exporter.providers.definition import Definition, Request, Session
from exporter.providers.template import Template
from exporter.providers.values import MISSING, WrongTypeError

LONGEST_KEPT = 16 * 1024
"""Characters of a value that is kept: half of the longest header."""

_TOKEN_REQUEST = Request(path=Template("/"))
"""Stands for the form that RFC 6749 documents: its answer is JSON."""

_REFUSALS_OF_CLIENTS = frozenset({"invalid_client", "invalid_grant", "unauthorized_client"})
"""What RFC 6749, section 5.2, lets a token's endpoint say under 400 as well as under 401."""


def kept(status: int, body: bytes, definition: Definition, session: Session) -> dict[str, str]:
    """What a session keeps of the answer to its call, by name.

    Raises:
        FailureError: the answer tells a failure, can't be read, or lacks what is kept.
    """
    document = _document(status, body, definition, session)
    return {name: _kept(value, document) for name, value in session.keep.items()}


def token(status: int, body: bytes, definition: Definition) -> tuple[str, float | None]:
    """An access token, and for how many seconds it holds; None where the answer doesn't say.

    Raises:
        FailureError: the answer tells a failure, can't be read, or has no token.
    """
    document = _document(status, body, definition, _TOKEN_REQUEST)
    try:
        seconds = values.number(Value(pointer=("/expires_in",)), document, {})
    except WrongTypeError:
        seconds = None
    return _kept(Value(pointer=("/access_token",)), document), seconds


def _document(status: int, body: bytes, definition: Definition, request: Request) -> Any:
    unreadable = None
    try:
        document = extract.parse(body, request)
    except FailureError as error:
        document, unreadable = MISSING, error.failure
    failure = errors.failure_of(status, document, definition)
    if failure is not None and failure.reason is Reason.BAD_REQUEST and request is _TOKEN_REQUEST:
        failure = _of_client(failure, document)
    failure = failure or unreadable
    if failure is not None:
        raise FailureError(replace(failure, detail=f"the sign-in: {failure.detail}"))
    return document


def _of_client(failure: Failure, document: Any) -> Failure:
    word = values.at(document, "/error")
    if word in _REFUSALS_OF_CLIENTS:
        return replace(failure, reason=Reason.UNAUTHORIZED, detail=f"{failure.detail}, error {word}")
    return failure


def _kept(value: Value, document: Any) -> str:
    name = value.field_name or "the body"
    try:
        raw = values.read(value, document, {})
    except WrongTypeError as expected:
        raise invalid_response(f"the sign-in: {name} is not {expected}") from None
    text = str(raw) if type(raw) is int else raw.strip() if isinstance(raw, str) else raw
    if text in (MISSING, ""):
        raise invalid_response(f"the sign-in: {name} is missing")
    # It goes into headers, as a secret does that is given in the configuration.
    if not isinstance(text, str) or len(text) > LONGEST_KEPT or not (text.isascii() and text.isprintable()):
        raise invalid_response(f"the sign-in: {name} is not a text of visible ASCII")
    return text
