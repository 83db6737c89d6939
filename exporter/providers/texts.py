r"""A text of which patterns read the wanted values: the way back through `Value.pattern`, where it is plain.

Plain are patterns of literal texts, character classes and groups with their alternatives. What a pattern leaves open
is filled with another value that is wanted of the same text, or with the shortest text that fits. Not followed are
`\Q…\E`, and a number of repetitions above 64.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice, product
from typing import NamedTuple

from exporter.providers.kinds import compiled

MOST_TRIED = 1000
"""Texts that are tried of one pattern."""

_LONGEST_REPETITION = 64
_QUANTIFIER = re.compile(r"(?:([*+?])|\{(\d+)(?:,\d*)?\})\??")
_GROUP_BEGIN = re.compile(r"\((?:\?(?:P?<(?P<name>[^>]+)>|(?P<flags>[a-zA-Z-]*)(?P<end>[:)])))?")
_CLASS = re.compile(r"\[\^?\]?(?:\[:\^?[a-z]+:\]|\\.|[^\]\\])*\]")
_ESCAPE = re.compile(r"\\(?:x\{[0-9A-Fa-f]+\}|x[0-9A-Fa-f]{2}|[pP]\{[^}]+\}|[pP].|.)", re.DOTALL)
_NOTHING = frozenset({"^", "$", r"\A", r"\z", r"\b", r"\B"})
_SAMPLES = "x0X1 -_.:,;" + "".join(map(chr, range(33, 127))) + "\t\n€é"


class Wanted(NamedTuple):
    """A pattern, and the texts of which any may be its first group."""

    pattern: str
    spellings: tuple[str, ...]


class _Open(NamedTuple):
    """A part of a pattern that is no literal text."""

    source: str
    sample: str


class _Group(NamedTuple):
    """The first group of a pattern."""

    source: str
    sample: str = ""


_Outline = tuple[str | _Open | _Group, ...]
"""One way through a pattern."""


class _NotPlainError(Exception):
    """The pattern holds what isn't followed."""


def text_for(wanted: Sequence[Wanted]) -> str | None:
    """A text that every pattern matches whole, its first group one of the spellings; None where none is found."""
    for each in wanted:
        others = [spelling for other in wanted if other is not each for spelling in _likely(other)]
        for outline in _outlines(each.pattern):
            slots = [_filled(piece, each.spellings, others) for piece in outline]
            for parts in islice(product(*slots), MOST_TRIED):
                text = "".join(parts)
                if all(reads(one, text) for one in wanted):
                    return text
    return None


def sample(pattern: str) -> str | None:
    """Some text that a pattern matches whole; None where none is found."""
    try:
        ways = _Parser(pattern, has_group=True).alternatives()
    except _NotPlainError:
        return None
    texts = ("".join(piece if isinstance(piece, str) else piece.sample for piece in way) for way in ways)
    return next((text for text in texts if compiled(pattern).fullmatch(text)), None)


def reads(wanted: Wanted, text: str) -> bool:
    """Whether a text gives one of the wanted values."""
    match = compiled(wanted.pattern).fullmatch(text)
    return match is not None and match[1] in wanted.spellings


def _filled(piece: str | _Open | _Group, spellings: Sequence[str], others: Sequence[str]) -> Sequence[str]:
    if isinstance(piece, str):
        return (piece,)
    if isinstance(piece, _Group):
        return _matching(piece.source, spellings)
    return [*_matching(piece.source, others), piece.sample]


def _matching(source: str, texts: Sequence[str]) -> list[str]:
    return [text for text in texts if compiled(source).fullmatch(text)]


def _likely(wanted: Wanted) -> list[str]:
    """The spellings that fit the pattern's own group."""
    groups = {piece.source for outline in _outlines(wanted.pattern) for piece in outline if isinstance(piece, _Group)}
    return [spelling for source in groups for spelling in _matching(source, wanted.spellings)]


@cache
def _outlines(pattern: str) -> Sequence[_Outline]:
    """The ways through a pattern, the plainest first."""
    try:
        return _Parser(pattern).alternatives()
    except _NotPlainError:
        return ()


class _Parser:
    """Goes through a pattern that RE2 has compiled: its syntax is right."""

    def __init__(self, pattern: str, *, has_group: bool = False) -> None:
        self._pattern = pattern
        self._at = 0
        self._has_group = has_group

    def alternatives(self) -> list[_Outline]:
        """What stands between brackets, or the whole."""
        found = self._sequence()
        while self._pattern.startswith("|", self._at):
            self._at += 1
            found += self._sequence()
        return found

    def _sequence(self) -> list[_Outline]:
        made: list[_Outline] = [()]
        while self._at < len(self._pattern) and self._pattern[self._at] not in "|)":
            atoms = self._group() if self._pattern[self._at] == "(" else self._single()
            made = [left + right for left, right in islice(product(made, atoms), MOST_TRIED)]
        return made

    def _group(self) -> list[_Outline]:
        place = self._at
        begin = self._taken(_GROUP_BEGIN)
        if begin["end"] == ")":
            return [()]
        is_first = begin["end"] is None and not self._has_group
        self._has_group = self._has_group or is_first
        inner = self.alternatives()
        self._at += 1
        source = self._pattern[place : self._at]
        least = self._least()
        if is_first:
            return [(_Group(source),)]
        if least == 0:
            is_needed = any(isinstance(piece, _Group) for outline in inner for piece in outline)
            return [*inner, ()] if is_needed else [(), *inner]
        return [outline * (least or 1) for outline in inner]

    def _single(self) -> list[_Outline]:
        begin = self._at
        character = self._pattern[begin]
        if character == "[":
            self._taken(_CLASS)
        elif character == "\\":
            self._taken(_ESCAPE)
        else:
            self._at += 1
        source = self._pattern[begin : self._at]
        if source in _NOTHING:
            return [()]
        if source == r"\Q":
            raise _NotPlainError
        least = self._least()
        if least is None and len(source) == 1 and source != ".":
            return [(source,)]
        if least is None and re.fullmatch(r"\\[^A-Za-z0-9]", source):
            return [(source[1],)]
        return [(_Open(self._pattern[begin : self._at], _sample(source) * (1 if least is None else least)),)]

    def _least(self) -> int | None:
        """The least number of repetitions, None where nothing says one."""
        match = _QUANTIFIER.match(self._pattern, self._at)
        if match is None:
            return None
        self._at = match.end()
        least = {"*": 0, "?": 0, "+": 1}[match[1]] if match[1] else int(match[2])
        if least > _LONGEST_REPETITION:
            raise _NotPlainError
        return least

    def _taken(self, token: "re.Pattern[str]") -> "re.Match[str]":
        match = token.match(self._pattern, self._at)
        if match is None:
            raise _NotPlainError
        self._at = match.end()
        return match


def _sample(source: str) -> str:
    return next(_fitting(source), "")


def _fitting(source: str) -> Iterator[str]:
    pattern = compiled(source)
    return (character for character in _SAMPLES if pattern.fullmatch(character))
