"""The forms in which a secret may stand in a text, and a search for thousands of them at once."""

import base64
import html
import json
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus


class FormIndex:
    """Folded texts to search for, by their first characters and lengths."""

    def __init__(self, beginning: int) -> None:
        """No text is shorter than `beginning`, which is the number of characters that are looked up."""
        self._beginning = beginning
        self._counts: dict[str, int] = {}
        self._lengths: dict[tuple[str, ...], dict[int, int]] = {}

    def add(self, forms: Iterable[str]) -> None:
        """Search for these too; one that is added twice is removed twice."""
        for form in forms:
            self._counts[form] = self._counts.get(form, 0) + 1
            if self._counts[form] == 1:
                lengths = self._lengths.setdefault(tuple(form[: self._beginning]), {})
                lengths[len(form)] = lengths.get(len(form), 0) + 1

    def remove(self, forms: Iterable[str]) -> None:
        """Search for these no longer."""
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


def encoded(value: str) -> list[str]:
    """A secret in the forms in which it may be sent: percent-encoded, or base64 with and without its padding."""
    return [quote(value), quote(value, safe=""), quote_plus(value), *base64_of(value)]


def base64_of(text: str) -> list[str]:
    """What base64 makes of a text, in both alphabets, with padding and without."""
    raw = text.encode()
    forms = [encode(raw).decode() for encode in (base64.b64encode, base64.urlsafe_b64encode)]
    return [*forms, *(form.rstrip("=") for form in forms)]


def forms_of(value: str) -> set[str]:
    """Every text to hide for a value, folded."""
    return {
        fold(form)
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


def fold(text: str) -> str:
    """The text without regard to case; each character stays in its place."""
    if text.isascii():
        return text.lower()
    return "".join(folded if len(folded := character.casefold()) == 1 else character for character in text)
