"""The commonest slips in writing YAML, looked for where a parser stumbles: it mostly does so lines after the cause."""

import re
from collections.abc import Callable, Sequence

MOST_LINES_BACK = 3
"""How far above the parser's line a cause is looked for: a plain text goes on over the lines that follow it."""

Slip = tuple[int, str, str]
"""A line, what is wrong in it, and what would be right. No text of the document is in it: that may be a secret."""

_SPACES = "\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000\ufeff"
_ODD_SPACE = re.compile(f"^ *[{_SPACES}]|[:-][{_SPACES}]")
_TAB = re.compile(r"^ *\t")
_DASH = re.compile(r"^ *-[A-Za-z_\"'{]")
_COLON = re.compile(r"^ *(?:- +)?[A-Za-z_]\w*:[^\s/]")
_BARE = re.compile(r"^ *(?:- +)?[A-Za-z_]\w*$")
_PAIR = re.compile(r"^( *(?:- +)?)\w[\w-]*:(?: +([^\s#].*))?$")
_EQUALS = re.compile(r"^ *(?:- +)?[A-Za-z_]\w* *=(?!=)")
_CONFLICT = re.compile(r"^(?:<{7}|={7}|>{7}|\|{7})(?: |$)")
_FENCE = re.compile(r"^ *(?:```|~~~)")
_COMMENTED = re.compile(r"[{\[][^}\]#\"']*\s#.*[}\]]")
_OPENED = re.compile(r"[{\[]\s*$")
_BELOW = re.compile(r"[|>&]|[{\[][^}\]]*$")
"""What a value begins with that goes on in the lines below it."""


def find(text: str, line: int, *, in_brackets: bool = False) -> Slip | None:
    """The slip that makes a parser stumble at a line (from 1), in brackets or outside of them; None for others."""
    lines = text.splitlines()
    number = min(line, len(lines))
    for back in range(min(number, MOST_LINES_BACK + 1)):
        at = number - back
        for looks, message, hint in _IN_BRACKETS if in_brackets else _SLIPS:
            if looks(lines, at):
                return at, message, hint
    return None


def _matches(pattern: re.Pattern[str]) -> Callable[[Sequence[str], int], bool]:
    return lambda lines, at: pattern.search(lines[at - 1]) is not None


def _is_too_deep(lines: Sequence[str], at: int) -> bool:
    """Whether a pair stands deeper than the pair before it, which has its value already."""
    own = _PAIR.match(lines[at - 1])
    before = next(
        (line for line in reversed(lines[: at - 1]) if line.strip() and not line.lstrip().startswith("#")), ""
    )
    pair = _PAIR.match(before)
    if own is None or pair is None or pair[2] is None or _BELOW.match(pair[2]):
        return False
    return len(own[1]) > len(pair[1])


def _is_bare(lines: Sequence[str], at: int) -> bool:
    """Whether a word stands alone above what is indented below it."""
    below = lines[at] if at < len(lines) else ""
    word = _BARE.match(lines[at - 1])
    return word is not None and _indentation(below) > _indentation(lines[at - 1])


def _is_dash_in_brackets(lines: Sequence[str], at: int) -> bool:
    """Whether a list's dash follows a bracket that has just been opened."""
    return at > 1 and _OPENED.search(lines[at - 2]) is not None and lines[at - 1].lstrip().startswith("- ")


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


_Looks = tuple[Callable[[Sequence[str], int], bool], str, str]

_IN_BRACKETS: Sequence[_Looks] = (
    (_matches(_COMMENTED), "a # behind a space, which begins a comment", "put a text that has one in quotes"),
)

_SLIPS: Sequence[_Looks] = (
    (_matches(_CONFLICT), "a mark of a conflict that a merge left", "keep one of the two and remove the marks"),
    (_matches(_FENCE), "a fence of Markdown, as copied from a page", "remove it"),
    (_matches(_TAB), "a tab in the indentation", "indent with spaces"),
    (_matches(_ODD_SPACE), "a space that only looks like one, as copied from a web page", "type it anew"),
    (_matches(_DASH), "no space behind the dash", "write - name: …"),
    (_matches(_COLON), "no space behind the colon", "write name: …"),
    (_matches(_EQUALS), "an equals sign behind the key", "write name: …"),
    *_IN_BRACKETS,
    (_is_dash_in_brackets, "a list's dash inside a bracket or brace", "remove the bracket in the line above"),
    (_is_too_deep, "a key deeper than the one before it, which has its value", "indent the keys of one mapping alike"),
    (_is_bare, "no colon behind the key", "write name: and what belongs to it below"),
)
