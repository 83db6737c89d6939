"""Texts with names in braces, which stand for settings, secrets and what a session keeps: `/v1/{api_key}/balance`."""

import re
from collections.abc import Callable, Iterator, Mapping
from string import Formatter
from typing import Any, Self

from exporter.documents.reader import Plain
from exporter.documents.scalars import WrongValueError

_NAME = re.compile("[a-z_][a-z0-9_]*")
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_HINT = "write {name}, and a literal brace twice"


class Template(str):
    """A text with names in braces; a literal brace is doubled.

    `pieces` are texts, each with the name that follows it (None after the last).
    """

    __slots__ = ("pieces",)
    pieces: tuple[tuple[str, str | None], ...]

    def __new__(cls, text: str) -> Self:
        """Takes a text that `parse` would take.

        Raises:
            ValueError: a brace isn't closed, or not opened.
        """
        made = super().__new__(cls, text)
        made.pieces = tuple((literal, name) for literal, name, _, _ in Formatter().parse(text))
        return made

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in the order in which they stand."""
        return tuple(name for _, name in self.pieces if name is not None)

    def fill(self, values: Mapping[str, str], encode: Callable[[str], str] = str) -> str:
        """The text with values in place of the names, each encoded for where it stands."""
        return "".join(text + ("" if name is None else encode(values[name])) for text, name in self.pieces)


def parse(text: object) -> Template:
    """The template of a text; what is wrong with it is a fault."""
    if not isinstance(text, str):
        raise WrongValueError("a text belongs here")
    try:
        found = [*Formatter().parse(text)]
    except ValueError:
        raise WrongValueError(
            "a brace that isn't closed, or not opened", "write {name}, and a literal brace twice"
        ) from None
    for _, name, form, conversion in found:
        if name is not None and (not _NAME.fullmatch(name) or form or conversion):
            raise WrongValueError("no name stands in these braces", _HINT)
    return Template(text)


Json = Template | bool | int | float | dict[str, "Json"] | list["Json"] | None
"""A JSON document of which every text is a template."""


def parse_json(value: Any) -> Json:
    """The JSON that a part of a file stands for: plain numbers, `true`, `false`, null are JSON's, the rest texts."""
    if isinstance(value, dict):
        return {key: parse_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [parse_json(item) for item in value]
    if value is None:
        return None
    if isinstance(value, Plain):
        if value in {"true", "false"}:
            return value == "true"
        if _JSON_NUMBER.fullmatch(value):
            return float(value) if re.search("[.eE]", value) else int(value)
    return parse(value)


def fill_json(node: Json, values: Mapping[str, str]) -> Any:
    """The document with values in place of the names."""
    if isinstance(node, Template):
        return node.fill(values)
    if isinstance(node, dict):
        return {key: fill_json(item, values) for key, item in node.items()}
    if isinstance(node, list):
        return [fill_json(item, values) for item in node]
    return node


def names_in(node: Json) -> Iterator[str]:
    """Every name in a document."""
    if isinstance(node, Template):
        yield from node.names
    elif isinstance(node, dict):
        for item in node.values():
            yield from names_in(item)
    elif isinstance(node, list):
        for item in node:
            yield from names_in(item)
