"""XML as pointers go through it: by local names, and an element is a list where a step `*` follows.

Nothing is declared in an answer: a DOCTYPE is refused, and with it every entity of its own.
"""

from typing import Any
from xml.parsers import expat

_DEEPEST = 64


class XmlError(ValueError):
    """A text is no XML that is read here; the message says why."""


class Elements(list[Any]):
    """The elements of one name in their order; a pointer sees the only one in it."""


def parse(body: bytes) -> Any:
    """The document: `{root: Elements}`; an element is its text, or a mapping of names to `Elements`.

    Attributes aren't read.

    Raises:
        XmlError: it is no XML, has a DOCTYPE, or is nested too deeply.
    """
    reading = _Reading()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = reading.start
    parser.EndElementHandler = reading.end
    parser.CharacterDataHandler = reading.text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(body, True)
    except expat.ExpatError:
        raise XmlError("the body is not XML") from None
    return reading.root


def _refuse_doctype(*_declared: Any) -> None:
    raise XmlError("the body has a DOCTYPE")


class _Reading:
    """Builds mappings from the parser's events, without recursion."""

    def __init__(self) -> None:
        self.root: dict[str, Elements] = {}
        self._open: list[tuple[dict[str, Elements], list[str]]] = [(self.root, [])]

    def start(self, _name: str, _attributes: dict[str, str]) -> None:
        if len(self._open) > _DEEPEST:
            raise XmlError("the body is nested too deeply")
        self._open.append(({}, []))

    def end(self, name: str) -> None:
        children, texts = self._open.pop()
        local = name.rpartition(" ")[2]
        self._open[-1][0].setdefault(local, Elements()).append(children or "".join(texts))

    def text(self, data: str) -> None:
        self._open[-1][1].append(data)
