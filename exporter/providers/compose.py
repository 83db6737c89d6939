"""Readings, or the reason of a failure, to an answer that tells them, by a definition: the way back through `extract`.

Pure. What it makes is what the provider might have sent, as far as the definition knows: nothing in it that isn't read.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice, product

from exporter.failure import FailureError, Reason
from exporter.providers import extract, layouts, spellings
from exporter.providers.blocks import Predicate, Value
from exporter.providers.definition import Api, Definition, Errors, Session
from exporter.providers.kinds import OK
from exporter.providers.sketch import ConflictError, Format, Sketch
from exporter.readings import Readings

_MOST_WAYS = 1000
"""Ways to lay several pots into the items of an answer that are tried."""

_CONTENT_TYPES: Mapping[Format, str] = {"json": "application/json", "text": "text/plain", "xml": "application/xml"}
_STATUSES: Mapping[Reason, int] = {
    Reason.UNAUTHORIZED: 401,
    Reason.FORBIDDEN: 403,
    Reason.IP_NOT_ALLOWED: 403,
    Reason.INSUFFICIENT_CREDIT: 402,
    Reason.SUSPENDED: 403,
    Reason.RATE_LIMITED: 429,
    Reason.BAD_REQUEST: 400,
    Reason.SERVER_ERROR: 500,
    Reason.TIMEOUT: 504,
    Reason.REDIRECT: 302,
    Reason.INVALID_RESPONSE: 200,
}
"""The status that goes with a reason where the definition names none."""

_UNKNOWN_CODE = "undocumented"


@dataclass(frozen=True, slots=True)
class Composed:
    """An HTTP answer."""

    status: int
    body: bytes
    content_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


class ComposeError(ValueError):
    """There is no answer of this definition that tells what is wanted, or none that is found."""


def answer(readings: Readings, definition: Definition, api: Api) -> Composed:
    """An answer that gives these readings; numbers and dates as exactly as the definition's notation shows them.

    Remarks aren't composed: a status `unknown` stands as a word that is none of the definition's.

    Raises:
        ComposeError: the api tells no such thing, or a `pattern` in it is none that `texts` can follow.
    """
    for sketch in islice(layouts.sketches(readings, api), _MOST_WAYS):
        for has_code, is_filled in product((True, False), (False, True)):
            made = sketch.copy()
            try:
                if has_code:
                    _tell_success(made, definition.errors)
                if is_filled:
                    _fill_what_must_not_lack(made, definition.errors, () if readings.postpaid else api.postpaid)
                body = made.written(api.format)
                found = extract.answer(200, body, definition, api)
            except (ConflictError, FailureError):
                continue
            if _pots(found) == _pots(readings) and found.postpaid == readings.postpaid:
                return Composed(200, body, _CONTENT_TYPES[api.format])
    raise ComposeError(f"no answer of {definition.id} is found that tells this")


def failure(reason: Reason, definition: Definition, api: Api, retry_after_seconds: float | None = None) -> Composed:
    """An answer that fails for a reason: by a code, the body's form or a status, whichever the definition tells it by.

    `retry_after_seconds` stands where the definition has it, else in the header `Retry-After`.

    Raises:
        ComposeError: no answer of this provider tells this reason.
    """
    headers = {}
    told = definition.errors.retry_after if retry_after_seconds is not None else None
    if retry_after_seconds is not None and (told is None or told.pointer is None):
        name = "Retry-After" if told is None or told.header is None else told.header
        headers = {name: f"{retry_after_seconds:g}"}
    if reason is Reason.REDIRECT:
        headers["Location"] = "/"
    for status, sketch in _failing(reason, definition.errors):
        try:
            if told is not None and told.pointer is not None and retry_after_seconds is not None:
                sketch.at(told.pointer).put(spellings.number(Value(pointer=(told.pointer,)), retry_after_seconds))
            body = sketch.written(api.format)
            extract.answer(status, body, definition, api)
        except ConflictError:
            continue
        except FailureError as error:
            if error.failure.reason is reason:
                return Composed(status, body, _CONTENT_TYPES[api.format], headers)
    raise ComposeError(f"{definition.id} tells no {reason}")


def session(definition: Session, kept: Mapping[str, str]) -> Composed:
    """The answer of a call that signs in: what is kept of it stands where the definition finds it.

    Raises:
        ComposeError: a `pattern` in it is none that `texts` can follow.
    """
    sketch = Sketch()
    try:
        for name, value in definition.keep.items():
            layouts.put(sketch, value, spellings.text(value, kept[name]))
        return Composed(200, sketch.written(definition.format), _CONTENT_TYPES[definition.format])
    except ConflictError:
        raise ComposeError("no answer is found that gives what is kept") from None


def _pots(readings: Readings) -> set[tuple[str, str | None]]:
    return {(credit.currency, credit.wallet) for credit in readings.credits}


def _tell_success(sketch: Sketch, errors: Errors) -> None:
    """Put the code that means success, where there is one."""
    good = [code for code, meaning in errors.codes.items() if meaning == OK]
    if good and errors.code is not None:
        layouts.put(sketch, errors.code, tuple(each for code in good for each in spellings.literal(code)))


def _fill_what_must_not_lack(sketch: Sketch, errors: Errors, postpaid: Iterable[Predicate]) -> None:
    """Be there where a lack would mean something else."""
    for predicate in (*errors.bodies, *postpaid):
        for pointer in predicate.lacks:
            sketch.at(pointer).be_there()


def _failing(reason: Reason, errors: Errors) -> Iterator[tuple[int, Sketch]]:
    """Every way to tell a reason with the status that goes with it, then each with nothing missing in it."""
    ways = [*_tellings(reason, errors)]
    yield from ((status, sketch.copy()) for status, sketch in ways)
    for status, sketch in ways:
        _fill_what_must_not_lack(sketch, errors, ())
        yield status, sketch


def _tellings(reason: Reason, errors: Errors) -> Iterator[tuple[int, Sketch]]:
    """Every way to tell a reason, the plainest first."""
    statuses = [status for status, meaning in errors.statuses.items() if meaning == reason]
    usual = _STATUSES.get(reason, 500)
    generic = [
        Sketch(),
        *(made for each in errors.bodies if each.reason is None for made in layouts.fitting(Sketch(), each)),
    ]
    codes = [code for code, meaning in errors.codes.items() if meaning == reason]
    for code in codes:
        for sketch in reversed(generic):
            yield from ((usual, made) for made in _coded(sketch, errors.code, code))
    for each in errors.bodies:
        if each.reason == reason:
            yield from ((usual, made) for made in layouts.fitting(Sketch(), each))
    for sketch in reversed(generic):
        yield from ((status, sketch.copy()) for status in (*statuses, usual))
    for made in _coded(Sketch(), errors.code, _UNKNOWN_CODE):
        yield from ((status, made.copy()) for status in (*statuses, usual))


def _coded(sketch: Sketch, value: Value | None, code: str) -> Iterator[Sketch]:
    made = sketch.copy()
    try:
        layouts.put(made, value, spellings.literal(code))
    except ConflictError:
        return
    yield made
