"""Takes secrets out of texts: one registry of every value that the process holds.

A value is hidden wherever it stands and in whatever case, also base64, percent-encoded, or escaped for JSON, HTML and
Python. A value of two or three characters is hidden only where it stands alone (`pin 123`, not `41230`):
to hide it inside of other words would make a log unreadable, and tell the secret by what is missing. A
single character, which is guessed in a hundred tries, is left: every "a" of a log would go.

A text is searched at each of its places for the first characters of all forms at once, so that it costs the same at
one and at thousands of secrets. An automaton (ahocorasick_rs, pyahocorasick) is ten times as fast, 3 µs a line, but is
built anew for every secret that changes: 70 ms at 2,000 accounts, whose secrets may all change between two lines.
"""

import math
import re
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from exporter.secrets.forms import FormIndex, base64_of, fold, forms_of

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
        self._anywhere = FormIndex(SHORTEST)
        self._alone = FormIndex(2)
        self._holders: dict[str, int] = {}
        # Not a dict, whose first entry is ever slower to find where the first ones go.
        self._past: OrderedDict[str, float] = OrderedDict()
        self._due = math.inf
        self._released: deque[tuple[str, ...]] = deque()

    def register(self, *values: str) -> Hidden:
        """Hides values while what this returns lives, and `KEPT_SECONDS` beyond."""
        kept = tuple(dict.fromkeys(value for value in values if len(value) > 1))
        with self._lock:
            self._settle()
            for value in kept:
                if self._past.pop(value, None) is None and value not in self._holders:
                    self._of(value).add(forms_of(value))
                    self.generation += 1
                self._holders[value] = self._holders.get(value, 0) + 1
        return Hidden(kept, self._released)

    def redact(self, text: str) -> str:
        """The text with `<secret>` in place of every secret in it."""
        self._forget()
        folded = fold(text)
        hidden = [*self._anywhere.places(folded), *self._places_alone(folded)]
        return _hide(text, hidden) if hidden else text

    def holds(self, text: str) -> bool:
        """Whether a text holds a secret of `SHORTEST` or more characters, in any of its forms."""
        self._forget()
        return any(True for _ in self._anywhere.places(fold(text)))

    def copy(self, clock: Callable[[], float]) -> "Redactor":
        """Another one that hides the same for good."""
        other = Redactor(clock)
        with self._lock:
            for value in (*self._holders, *self._past):
                other._of(value).add(forms_of(value))
                other._holders[value] = 1
        return other

    def _of(self, value: str) -> FormIndex:
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
            self._of(value).remove(forms_of(value))
        self._due = math.inf


_redactors = [Redactor()]
"""The last is in force: a test puts its own on top."""


def register(*values: str) -> Hidden:
    """Hides values while what this returns lives, and an hour beyond."""
    return _redactors[-1].register(*values)


def register_base64(text: str) -> Hidden:
    """Hides what base64 makes of a text, as HTTP's basic authentication does of `user:password`."""
    return register(*base64_of(text))


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
