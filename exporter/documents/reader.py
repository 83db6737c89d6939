"""Reads YAML without surprises: every scalar is text, every value has a line, nothing is executed."""

import re
from dataclasses import dataclass

import yaml

from exporter.documents import slips
from exporter.documents.composer import Composer, DocumentError, Node, Place, Plain, Value, YamlFault
from exporter.documents.faults import Path

__all__ = ["Document", "DocumentError", "Place", "Plain", "Value", "YamlFault", "kind", "read"]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NOT_ALLOWED = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_OPEN = "expected ',' or"

# The parser's own words may quote what it stumbled over (an alias, a tag, a snippet), which may be a
# secret: only these words of ours are shown. The texts are libyaml's and PyYAML's.
_SYNTAX = (
    (
        "cannot start any token",
        "a character that no plain text may begin with",
        "put the text in quotes",
    ),
    ("mapping values are not allowed", "a colon where none belongs", "put a text that has one in quotes"),
    (_OPEN, "a bracket or brace that isn't closed, or a comma that is missing", ""),
    ("end of stream", "a quoted text that isn't closed", ""),
    ("escape", "a backslash sequence that YAML doesn't know", "use single quotes"),
    ("tag", "a tag", "put a text that begins with ! in quotes"),
    ("alias", "an alias without a name", "put a text that begins with * in quotes"),
    ("anchor", "an anchor without a name", "put a text that begins with & in quotes"),
    ("expected", "the indentation or a list's dash isn't right", "indent the keys of one mapping alike"),
)

_LAYOUT = frozenset({"", "cannot start any token", "mapping values are not allowed", "expected"})
"""What the parser says where spaces, dashes or colons may be the cause."""


@dataclass(frozen=True, slots=True, repr=False)
class Document:
    """What a text holds: texts, None, dicts and lists. Aliased parts are shared: don't change them.

    `faults` are keys given twice (the first counts) and tags: wrong, but the rest can be read.
    """

    value: Value
    faults: tuple[YamlFault, ...]
    _root: Node

    def line(self, path: Path) -> int:
        """The line of a value's key, or of a list's item; for what isn't there, of what would hold it."""
        return self.place(path)[0]

    def place(self, path: Path) -> Place:
        """Line and column, as `line`."""
        place, node = self._root.place, self._root
        for step in path:
            found = node.children.get(step)
            if found is None:
                break
            place, node = found
        return place

    def value_at(self, path: Path) -> Value:
        """The value at a path; None for what isn't there."""
        node = self._root
        for step in path:
            if step not in node.children:
                return None
            node = node.children[step][1]
        return node.value


def read(content: bytes | str, *, gather: bool = False) -> Document:
    """The one document in a YAML text; an empty text is None.

    Every scalar is a str, save a plain `null`, `~` or nothing, which are None. Anchors, aliases and
    `<<` work.

    Raises:
        DocumentError: it can't be read, or has more than one document; unless told to `gather` them, for
            the document's `faults` too.
    """
    composer = Composer()
    text = _decoded(content)
    try:
        root = composer.root(yaml.parse(text, Loader=_LOADER))
    except yaml.YAMLError as error:
        words = f"{getattr(error, 'problem', '')} {getattr(error, 'context', '')}"
        raise DocumentError(_syntax(text, words, _line(error, text))) from None
    if composer.faults and not gather:
        raise DocumentError(*composer.faults)
    return Document(root.value, tuple(composer.faults), root)


def _decoded(content: bytes | str) -> str:
    try:
        text = content if isinstance(content, str) else content.decode()
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise DocumentError(YamlFault(line, "not UTF-8", "save the file in UTF-8")) from None
    text = text.removeprefix("\ufeff")
    if wrong := _NOT_ALLOWED.search(text):
        line = text.count("\n", 0, wrong.start()) + 1
        raise DocumentError(YamlFault(line, f"the character U+{ord(wrong[0]):04X}", "remove it"))
    return text


def _line(error: yaml.YAMLError, text: str) -> int:
    """Where a parser stumbled; of what isn't closed at the text's end, where that begins."""
    stumbled, began = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    mark = began if stumbled and began and stumbled.index >= len(text.rstrip()) else stumbled
    return mark.line + 1 if mark else 1


def _syntax(text: str, complaint: str, line: int) -> YamlFault:
    known = next((each for each in _SYNTAX if each[0] in complaint), ("", "", ""))
    words, message, hint = known
    in_brackets = words == _OPEN
    slip = slips.find(text, line, in_brackets=in_brackets) if in_brackets or words in _LAYOUT else None
    if slip is not None:
        line, message, hint = slip
    return YamlFault(line, f"not YAML: {message}" if message else "not YAML", hint)


def kind(value: object) -> str:
    """What a value is, in a person's words."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return "nothing" if value is None else "a single value"
