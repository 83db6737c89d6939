"""Texts of others as a terminal may have them: without the characters that it would take for commands."""

import re

_CONTROL = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f"  # C0 but for the line end, DEL, C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # what turns the direction of a line (UAX 9), and its forerunners
    "\u2028\u2029\ufeff\ufff9-\ufffb\ud800-\udfff]"  # line ends, marks without width, halves of a character
)
_SPACE = re.compile("[\t-\r\x1c-\x1f\x85\u2028\u2029]")

_REPLACEMENT = "\ufffd"


def printable(text: str) -> str:
    """The text with U+FFFD for every control character; line ends stay."""
    return _CONTROL.sub(_REPLACEMENT, text) if _CONTROL.search(text) else text


def on_one_line(text: str) -> str:
    """The text with spaces for line ends and tabs, and U+FFFD for every other control character."""
    return printable(_SPACE.sub(" ", text))


def escaped(text: str) -> str:
    r"""Written JSON, or what is quoted like it, with `\u` escapes for the control characters that JSON lets be."""
    return _CONTROL.sub(lambda control: f"\\u{ord(control[0]):04x}", text) if _CONTROL.search(text) else text
