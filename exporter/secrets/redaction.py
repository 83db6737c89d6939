"""Takes secrets out of texts: one registry of every value that the process ever loaded.

A value is hidden wherever it stands, also base64, percent-encoded, or escaped for JSON, HTML and
Python. A value of two or three characters is hidden only where it stands alone (`pin 123`, not `41230`):
to hide it inside of other words would make a log unreadable, and tell the secret by what is missing. A
single character, which is guessed in a hundred tries, is left: every "a" of a log would go.
"""

import base64
import html
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote, quote_plus

SHOWN = "<secret>"
_SHORT = 4

_forms: dict[str, bool] = {}
"""Every text to hide, and whether only where it stands alone."""


def register(value: str) -> None:
    """Hides a value from now on, for as long as the process lives (rotated values stay hidden)."""
    if len(value) < 2:
        return
    alone = len(value) < _SHORT
    for form in {
        value,
        *encoded(value),
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        html.escape(value),
        repr(value)[1:-1],
        repr(f"{value}\"'")[1:-4],  # within a longer text that holds both quotes
    }:
        _forms[form] = alone and _forms.get(form, True)


def register_base64(text: str) -> None:
    """Hides what base64 makes of a text, as HTTP's basic authentication does of `user:password`."""
    for form in _base64(text):
        register(form)


@contextmanager
def forgetting() -> Iterator[None]:
    """Forgets at its end what is registered within: for tests, which share one process."""
    before = dict(_forms)
    try:
        yield
    finally:
        _forms.clear()
        _forms.update(before)


def redact(text: str) -> str:
    """The text with `<secret>` in place of every secret in it."""
    # A copy, since a reload registers from another thread.
    forms = tuple(_forms.items())
    hidden = [place for form, alone in forms if form in text for place in _places(form, text, alone=alone)]
    if not hidden:
        return text
    # What was hidden before stays as it is, even where a secret is the word "secret".
    marks = [(mark.start(), mark.end()) for mark in re.finditer(SHOWN, text)]
    parts, end = [], 0
    for first, last in _joined(hidden):
        if any(start <= first and last <= stop for start, stop in marks):
            continue
        parts += [text[end:first], SHOWN]
        end = last
    return "".join([*parts, text[end:]])


def encoded(value: str) -> list[str]:
    """A secret in the forms in which it may be sent: percent-encoded, or base64 with and without its padding."""
    forms = [quote(value), quote(value, safe=""), quote_plus(value)]
    return [
        *forms,
        *(re.sub("%[0-9A-F]{2}", lambda escape: escape[0].lower(), form) for form in forms),
        *_base64(value),
    ]


def _base64(value: str) -> list[str]:
    raw = value.encode()
    forms = [encode(raw).decode() for encode in (base64.b64encode, base64.urlsafe_b64encode)]
    return [*forms, *(form.rstrip("=") for form in forms)]


def _places(form: str, text: str, *, alone: bool) -> Iterator[tuple[int, int]]:
    first = text.find(form)
    while first >= 0:
        last = first + len(form)
        if not alone or not (_in_word(text[:first][-1:]) or _in_word(text[last : last + 1])):
            yield first, last
        # One further, not past it: places may overlap, and what is left over is a part of a secret.
        first = text.find(form, first + 1)


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _joined(places: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The places in order, those that overlap made one, so that no part of a secret is left."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(places):
        if joined and first < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined
