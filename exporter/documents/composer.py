"""Builds values from the events of a YAML parser, each with its place in the text."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import yaml

from exporter.documents.faults import Path

_DEEPEST = 64
_LARGEST_EXPANDED = 1_000_000
_NULLS = {"", "~", "null"}

Place = tuple[int, int]
"""Line and column, counted from 1."""


class Plain(str):
    """A text that was written without quotes: where JSON belongs, it may be a number, `true` or `false`."""

    __slots__ = ()


Value = str | None | dict[str, "Value"] | list["Value"]


@dataclass(frozen=True, slots=True)
class YamlFault:
    """Why a text can't be read. It never quotes a scalar of the text, only keys (in `path`)."""

    line: int
    message: str
    hint: str = ""
    path: Path = ()


class DocumentError(Exception):
    """A text can't be read; `faults` has at least one."""

    def __init__(self, *faults: YamlFault) -> None:
        super().__init__(f"line {faults[0].line}: {faults[0].message}")
        self.faults = faults


@dataclass(slots=True, repr=False)
class Node:
    """A value under construction: `children` are each with the place of their key or item."""

    place: Place
    value: Value = None
    children: dict[str | int, tuple[Place, "Node"]] = field(default_factory=dict)
    size: int = 1
    depth: int = 1


@dataclass(slots=True)
class _Open:
    """A collection whose end hasn't come; `key` is the one that waits for its value."""

    node: Node
    anchor: str | None
    mapping: bool
    key: str | None = None
    key_place: Place = (1, 1)
    merge: bool = False
    merge_place: Place | None = None
    merged: list[Node] = field(default_factory=list)

    @property
    def step(self) -> str | int:
        return (self.key or "") if self.mapping else len(self.node.children)


class Composer:
    """Builds values from the parser's events.

    Not from `yaml.compose`: with libyaml that recurses in C, and a file of brackets ends the process.
    """

    def __init__(self) -> None:
        self._open: list[_Open] = []
        self._anchors: dict[str, Node | None] = {}
        self.faults: list[YamlFault] = []
        self._root: Node | None = None
        self._work = 0

    def root(self, events: Iterable[yaml.Event]) -> Node:
        """The one document that the events make; a text without any is None.

        What leaves the rest readable (a key given twice, a tag) is gathered in `faults`.
        """
        for event in events:
            place = _place_of(event)
            if getattr(event, "tag", None) is not None:
                path = () if self._awaits_key() else self._path()
                self.faults.append(YamlFault(place[0], "a tag", "put a text that begins with ! in quotes", path))
            match event:
                case yaml.DocumentStartEvent() if self._root is not None:
                    raise self._wrong(place, "a second document", "one file holds one document: remove the ---")
                case yaml.AliasEvent():
                    self._alias(event.anchor or "", place)
                case yaml.ScalarEvent():
                    plain = event.style in (None, "")
                    null = plain and event.value in _NULLS
                    node = Node(place, None if null else Plain(event.value) if plain else event.value)
                    if event.anchor:
                        self._anchors[event.anchor] = node
                    self._take(node, place, merge=plain and event.value == "<<")
                case yaml.CollectionStartEvent():
                    self._begin(isinstance(event, yaml.MappingStartEvent), event.anchor, place)
                case yaml.CollectionEndEvent():
                    self._end(place)
        return self._root or Node((1, 1))

    def _begin(self, mapping: bool, anchor: str | None, place: Place) -> None:
        if self._awaits_key():
            raise self._wrong(place, "a mapping or a list as a key", "a key is a text")
        if len(self._open) >= _DEEPEST:
            raise self._too_deep(place)
        if anchor:
            self._anchors[anchor] = None
        self._open.append(_Open(Node(place, {} if mapping else []), anchor, mapping))

    def _end(self, place: Place) -> None:
        ended = self._open.pop()
        node = ended.node
        for source in ended.merged:
            self._work += len(source.children)
            for key, child in source.children.items():
                node.children.setdefault(key, child)
        children = [child for _, child in node.children.values()]
        node.size = 1 + sum(child.size for child in children)
        node.depth = 1 + max((child.depth for child in children), default=0)
        if node.depth > _DEEPEST:
            raise self._too_deep(place)
        if node.size > _LARGEST_EXPANDED or self._work > _LARGEST_EXPANDED:
            raise self._wrong(place, f"with its aliases this is more than {_LARGEST_EXPANDED} values")
        if ended.mapping:
            node.value = {str(key): child.value for key, (_, child) in node.children.items()}
        else:
            node.value = [child.value for child in children]
        if ended.anchor:
            self._anchors[ended.anchor] = node
        self._take(node, node.place)

    def _alias(self, name: str, place: Place) -> None:
        if name not in self._anchors:
            hint = "put a text that begins with * in quotes"
            raise self._wrong(place, "an alias whose anchor isn't there", hint)
        node = self._anchors[name]
        if node is None:
            raise self._wrong(place, "an alias inside its own anchor")
        self._take(node, place)

    def _take(self, node: Node, place: Place, *, merge: bool = False) -> None:
        """Puts a whole value, or a key, where it belongs."""
        if not self._open:
            self._root = node
            return
        holder = self._open[-1]
        if not holder.mapping:
            holder.node.children[holder.step] = (place, node)
        elif holder.key is None:
            self._take_key(holder, node, place, merge)
        elif holder.merge:
            self._merge(holder, node, place)
            holder.key = None
        else:
            self._take_value(holder, node)
            holder.key = None

    def _take_key(self, holder: _Open, node: Node, place: Place, merge: bool) -> None:
        if isinstance(node.value, dict | list):
            raise self._wrong(place, "a mapping or a list as a key", "a key is a text")
        if node.value is None:
            raise self._wrong(place, "an empty key", "write null in quotes where it is meant as a text")
        holder.key, holder.key_place, holder.merge = node.value, place, merge
        if merge and holder.merge_place is not None:
            message = f"<< is given twice, in line {holder.merge_place[0]} and in line {place[0]}"
            self.faults.append(YamlFault(place[0], message, "write one with a list: <<: [*one, *other]", self._path()))
        elif merge:
            holder.merge_place = place

    def _take_value(self, holder: _Open, node: Node) -> None:
        assert holder.key is not None  # noqa: S101 - for the type checker: `_take` looked
        first = holder.node.children.get(holder.key)
        if first is None:
            holder.node.children[holder.key] = (holder.key_place, node)
            return
        message = f"given twice, in line {first[0][0]} and in line {holder.key_place[0]}"
        self.faults.append(YamlFault(holder.key_place[0], message, "remove one of them", self._path()))

    def _merge(self, holder: _Open, node: Node, place: Place) -> None:
        sources = [child for _, child in node.children.values()] if isinstance(node.value, list) else [node]
        if not all(isinstance(source.value, dict) for source in sources):
            raise self._wrong(place, "<< takes a mapping or a list of mappings", 'a key of that name is "<<"')
        holder.merged.extend(sources)

    def _awaits_key(self) -> bool:
        return bool(self._open) and self._open[-1].mapping and self._open[-1].key is None

    def _path(self) -> Path:
        return tuple(collection.step for collection in self._open)

    def _too_deep(self, place: Place) -> DocumentError:
        return self._wrong(place, f"nested more than {_DEEPEST} deep")

    def _wrong(self, place: Place, message: str, hint: str = "") -> DocumentError:
        return DocumentError(*self.faults, YamlFault(place[0], message, hint))


def _place_of(event: yaml.Event) -> Place:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)
