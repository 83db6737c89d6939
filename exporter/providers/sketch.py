"""A document that grows pointer by pointer, until it is written as JSON, XML or a text."""

import copy
import html
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from exporter.providers.spellings import Scalar, Spellings
from exporter.providers.texts import Wanted, reads, text_for
from exporter.providers.values import plain_text, steps

Format = Literal["json", "text", "xml"]

_ELEMENT = re.compile(r"[^\W\d.-][\w.-]*")
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FILLER = True
"""Stands where something has to be, whatever it is."""


class ConflictError(Exception):
    """Two things are wanted of one place, or of a place what its document can't hold."""


@dataclass(slots=True)
class Sketch:
    """A part of a document: members or elements, or what a scalar may be (one of `spellings` that fits `patterns`)."""

    members: "dict[str, Sketch]" = field(default_factory=dict)
    is_array: bool = False
    is_object: bool = False
    is_there: bool = False
    spellings: Spellings | None = None
    patterns: list[Wanted] = field(default_factory=list)

    def copy(self) -> "Sketch":
        """A sketch of its own, equal to this one."""
        return copy.deepcopy(self)

    def at(self, pointer: str) -> "Sketch":
        """The part that a JSON Pointer leads to, made where it isn't there; a step of digits leads into an array."""
        part = self
        for step in steps(pointer):
            part = part.into(step, is_array=step.isdigit() and not part.members)
        return part

    def into(self, step: str, *, is_array: bool = False) -> "Sketch":
        """One member or element, made where it isn't there."""
        if step not in self.members:
            if self.members and self.is_array != is_array and not (self.is_array and step.isdigit()):
                raise ConflictError
            self.is_array = self.is_array or is_array
            self.members[step] = Sketch()
        return self.members[step]

    def put(self, spellings: Spellings, pattern: str | None = None) -> None:
        """Want a scalar here that is one of these, or of which a pattern reads one of these."""
        if pattern is not None:
            self.patterns.append(Wanted(pattern, tuple(dict.fromkeys(_text(each) for each in spellings))))
        elif self.spellings is None:
            self.spellings = spellings
        else:
            also = {(type(each), each) for each in spellings}
            self.spellings = tuple(each for each in self.spellings if (type(each), each) in also)
        if self.spellings == ():
            raise ConflictError

    def be_there(self) -> None:
        """Want anything here."""
        self.is_there = True

    def written(self, form: Format) -> bytes:
        """The document's bytes.

        Raises:
            ConflictError: there is no such document of this format.
        """
        document = self._document()
        if form == "json":
            return json.dumps({} if document is None else document, ensure_ascii=False).encode("utf-8", "surrogatepass")
        if form == "text":
            return ("" if document is None else _text(document)).encode("utf-8", "surrogatepass")
        if document is None:
            document = {"answer": ""}
        if not isinstance(document, dict) or len(document) != 1 or isinstance(next(iter(document.values())), list):
            raise ConflictError
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{_elements(document)}\n'.encode()

    def _document(self) -> Any:
        if self.spellings is None and not self.patterns:
            if self.is_array:
                places = [int(step) for step in self.members]
                return [
                    self.members[str(place)]._document() if place in places else None
                    for place in range(max(places) + 1)
                ]
            if self.members or self.is_object:
                return {name: part._document() for name, part in self.members.items()}
            return _FILLER if self.is_there else None
        if self.members:
            raise ConflictError
        return self._scalar()

    def _scalar(self) -> Scalar:
        if self.spellings is not None:
            for spelling in self.spellings:
                if all(reads(wanted, _text(spelling)) for wanted in self.patterns):
                    return spelling
            raise ConflictError
        text = text_for(self.patterns)
        if text is None:
            raise ConflictError
        return text


def _text(scalar: Any) -> str:
    text = plain_text(scalar)
    if text is None:
        raise ConflictError
    return text


def _elements(document: Any) -> str:
    if isinstance(document, dict):
        return "".join(_named(name, part) for name, part in document.items())
    text = "" if document is None else _text(document)
    if _NO_XML.search(text):
        raise ConflictError
    return html.escape(text, quote=False).replace("\r", "&#13;")


def _named(name: str, part: Any) -> str:
    if not _ELEMENT.fullmatch(name):
        raise ConflictError
    parts: Sequence[Any] = part if isinstance(part, list) else [part]
    return "".join(f"<{name}>{_elements(each)}</{name}>" for each in parts)
