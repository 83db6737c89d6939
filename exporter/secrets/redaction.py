"""Takes secrets out of texts: one registry of every value that the process holds.

A value is hidden wherever it stands and in whatever case, also base64, percent-encoded, or escaped for JSON, HTML and
Python. A value of two or three characters is hidden only where it stands alone (`pin 123`, not `41230`):
to hide it inside of other words would make a log unreadable, and tell the secret by what is missing. A
single character, which is guessed in a hundred tries, is left: every "a" of a log would go.

A text is searched at each of its places for the first characters of all forms at once, so that it costs the same at
one and at thousands of secrets. An automaton (ahocorasick_rs, pyahocorasick) is ten times as fast, 3 µs a line, but is
built anew for every secret that changes: 70 ms at 2,000 accounts, whose secrets may all change between two lines.
"""

import base64
import html
import json
import math
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import NoReturn
from urllib.parse import quote, quote_plus

SHOWN = "<secret>"
SHORTEST = 4
"""Characters from which on a value is hidden everywhere."""

KEPT_SECONDS = 3600.0
"""How long a value stays hidden that nothing holds any more: calls that were under way still speak of it."""

MOST_PAST = 20_000
"""Values that are hidden though nothing holds them any more."""


class Hidden:
    """Values that stay hidden for as long as this lives, and a while beyond."""

    __slots__ = ("_released", "_values")

    def __init__(self, values: tuple[str, ...], released: "deque[tuple[str, ...]]") -> None:
        """Use `register`."""
        self._values = values
        self._released = released

    def __del__(self) -> None:
        # The collector may come in any thread, also in one that has the lock of `Redactor`: this takes none.
        self._released.append(self._values)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret isn't pickled")


class Redactor:
    """Values with all their forms. Readers take no lock: a reload registers from another thread meanwhile."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, most_past: int = MOST_PAST) -> None:
        """`clock` gives seconds that only go forward; of more than `most_past` that nothing holds the oldest go."""
        self.generation = 0
        """Another number whenever there is a value that there wasn't before."""
        self._clock = clock
        self._most_past = most_past
        self._lock = threading.Lock()
        self._anywhere = _Forms(SHORTEST)
        self._alone = _Forms(2)
        self._holders: dict[str, int] = {}
        self._past: dict[str, float] = {}
        self._due = math.inf
        self._released: deque[tuple[str, ...]] = deque()

    def register(self, *values: str) -> Hidden:
        """Hides values while what this returns lives, and `KEPT_SECONDS` beyond."""
        kept = tuple(dict.fromkeys(value for value in values if len(value) > 1))
        with self._lock:
            self._settle()
            for value in kept:
                if self._past.pop(value, None) is None and value not in self._holders:
                    self._of(value).add(_forms(value))
                    self.generation += 1
                self._holders[value] = self._holders.get(value, 0) + 1
        return Hidden(kept, self._released)

    def redact(self, text: str) -> str:
        """The text with `<secret>` in place of every secret in it."""
        self._forget()
        folded = _fold(text)
        hidden = [*self._anywhere.places(folded), *self._places_alone(folded)]
        return _hide(text, hidden) if hidden else text

    def holds(self, text: str) -> bool:
        """Whether a text holds a secret of `SHORTEST` or more characters, in any of its forms."""
        self._forget()
        return any(True for _ in self._anywhere.places(_fold(text)))

    def copy(self, clock: Callable[[], float]) -> "Redactor":
        """Another one that hides the same for good."""
        other = Redactor(clock)
        with self._lock:
            for value in (*self._holders, *self._past):
                other._of(value).add(_forms(value))
                other._holders[value] = 1
        return other

    def _of(self, value: str) -> "_Forms":
        return self._alone if len(value) < SHORTEST else self._anywhere

    def _places_alone(self, text: str) -> Iterator[tuple[int, int]]:
        for first, last in self._alone.places(text):
            if not (_in_word(text[:first][-1:]) or _in_word(text[last : last + 1])):
                yield first, last

    def _forget(self) -> None:
        if self._released or self._clock() >= self._due:
            with self._lock:
                self._settle()

    def _settle(self) -> None:
        """Note what nothing holds any more, and forget what nothing has held for long."""
        now = self._clock()
        while self._released:
            for value in self._released.popleft():
                self._holders[value] -= 1
                if not self._holders[value]:
                    del self._holders[value]
                    self._past[value] = now + KEPT_SECONDS
        while self._past:
            value, self._due = next(iter(self._past.items()))
            if self._due > now and len(self._past) <= self._most_past:
                return
            del self._past[value]
            self._of(value).remove(_forms(value))
        self._due = math.inf


class _Forms:
    """Texts to search for, by their first characters and lengths, in whatever case."""

    def __init__(self, beginning: int) -> None:
        """No text is shorter than `beginning`, which is the number of characters that are looked up."""
        self._beginning = beginning
        self._counts: dict[str, int] = {}
        self._lengths: dict[tuple[str, ...], dict[int, int]] = {}

    def add(self, forms: Iterable[str]) -> None:
        for form in forms:
            self._counts[form] = self._counts.get(form, 0) + 1
            if self._counts[form] == 1:
                lengths = self._lengths.setdefault(tuple(form[: self._beginning]), {})
                lengths[len(form)] = lengths.get(len(form), 0) + 1

    def remove(self, forms: Iterable[str]) -> None:
        for form in forms:
            self._counts[form] -= 1
            if not self._counts[form]:
                del self._counts[form]
                beginning = tuple(form[: self._beginning])
                lengths = self._lengths[beginning]
                lengths[len(form)] -= 1
                if not lengths[len(form)]:
                    del lengths[len(form)]
                if not lengths:
                    del self._lengths[beginning]

    def places(self, text: str) -> Iterator[tuple[int, int]]:
        """Where they stand, those that overlap too: what is left over of one would be a part of a secret."""
        # Without a Python step a character, as nearly every text has nothing to hide.
        if not self._lengths or self._lengths.keys().isdisjoint(self._beginnings(text)):
            return
        for first, beginning in enumerate(self._beginnings(text)):
            # A list, since another thread may change it.
            for length in [*self._lengths.get(beginning, ())]:
                if text[first : first + length] in self._counts:
                    yield first, first + length

    def _beginnings(self, text: str) -> Iterator[tuple[str, ...]]:
        return zip(*(text[start:] for start in range(self._beginning)), strict=False)


_redactors = [Redactor()]
"""The last is in force: a test puts its own on top."""


def register(*values: str) -> Hidden:
    """Hides values while what this returns lives, and an hour beyond."""
    return _redactors[-1].register(*values)


def register_base64(text: str) -> Hidden:
    """Hides what base64 makes of a text, as HTTP's basic authentication does of `user:password`."""
    return register(*_base64(text))


def redact(text: str) -> str:
    """The text with `<secret>` in place of every secret in it."""
    return _redactors[-1].redact(text)


def holds(text: str) -> bool:
    """Whether a text holds a secret of four or more characters, in any of its forms."""
    return _redactors[-1].holds(text)


def generation() -> int:
    """Another number whenever there is a secret that there wasn't before."""
    return _redactors[-1].generation


@contextmanager
def forgetting(clock: Callable[[], float] = time.monotonic) -> Iterator[None]:
    """Forgets at its end what is registered within: for tests, which share one process."""
    _redactors.append(_redactors[-1].copy(clock))
    try:
        yield
    finally:
        _redactors.pop()


def encoded(value: str) -> list[str]:
    """A secret in the forms in which it may be sent: percent-encoded, or base64 with and without its padding."""
    return [quote(value), quote(value, safe=""), quote_plus(value), *_base64(value)]


def _base64(text: str) -> list[str]:
    raw = text.encode()
    forms = [encode(raw).decode() for encode in (base64.b64encode, base64.urlsafe_b64encode)]
    return [*forms, *(form.rstrip("=") for form in forms)]


def _forms(value: str) -> set[str]:
    """Every text to hide for a value, folded."""
    return {
        _fold(form)
        for form in (
            value,
            *encoded(value),
            json.dumps(value)[1:-1],
            json.dumps(value, ensure_ascii=False)[1:-1],
            html.escape(value),
            repr(value)[1:-1],
            repr(f"{value}\"'")[1:-4],  # within a longer text that holds both quotes
        )
    }


def _fold(text: str) -> str:
    """The text without regard to case; each character stays in its place."""
    if text.isascii():
        return text.lower()
    return "".join(folded if len(folded := character.casefold()) == 1 else character for character in text)


def _hide(text: str, places: list[tuple[int, int]]) -> str:
    # What was hidden before stays as it is, even where a secret is the word "secret".
    marks = [(mark.start(), mark.end()) for mark in re.finditer(SHOWN, text)]
    parts, end = [], 0
    for first, last in _joined(places):
        if any(start <= first and last <= stop for start, stop in marks):
            continue
        parts += [text[end:first], SHOWN]
        end = last
    return "".join([*parts, text[end:]])


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
