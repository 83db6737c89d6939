"""The providers that a configuration knows: those that come with the exporter, and those of its `provider_files`."""

from collections import ChainMap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import cast

from exporter.config.included import Missing, included
from exporter.documents import reader
from exporter.documents.faults import ConfigError, Fault, quoted
from exporter.documents.reader import Value
from exporter.providers import catalogue
from exporter.providers.catalogue import Catalogue
from exporter.providers.definition import Definition


@dataclass(slots=True)
class Known:
    """The definitions by their ids, a user's `own` among them; none of those built in is read before it is asked for.

    `faulty` are the ids of those that can't be used, `faults` what is wrong with them, `missing` are files that the
    configuration names in vain.
    """

    built_in: Mapping[str, Definition]
    own: dict[str, Definition] = field(default_factory=dict)
    faulty: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)

    definitions: Mapping[str, Definition] = field(init=False)

    def __post_init__(self) -> None:
        self.definitions = ChainMap(self.own, cast("dict[str, Definition]", self.built_in))

    def mentioning(self, text: str) -> Iterator[Definition]:
        """The definitions in which a text may stand."""
        yield from self.own.values()
        yield from self.built_in.holding(text) if isinstance(self.built_in, Catalogue) else self.built_in.values()

    def named_in(self, document: Value) -> Iterator[Definition]:
        """The definitions of the providers that the accounts of a document name."""
        accounts = document.get("accounts") if isinstance(document, dict) else None
        written = (
            [each.get("provider") for each in accounts if isinstance(each, dict)] if isinstance(accounts, list) else []
        )
        names = dict.fromkeys(name for name in written if isinstance(name, str))
        return (self.definitions[name] for name in names if name in self.definitions)


def known_providers(document: Value, folder: FilePath, built_in: Mapping[str, Definition]) -> Known:
    """What a configuration's document knows; `provider_files` are relative to `folder`."""
    known = Known(built_in)
    first: dict[str, FilePath] = {}
    for each in included(document, "provider_files", folder):
        if isinstance(each, Missing):
            known.missing.append(each)
            continue
        try:
            definition = catalogue.read(str(each.file), each.content)
        except ConfigError as error:
            known.faults += error.faults
            known.faulty |= _id_in(each.content)
            continue
        if definition.id in built_in:
            known.faults.append(taken(each.file, each.content, definition.id, "comes with the exporter"))
        elif definition.id in first:
            known.faults.append(
                taken(each.file, each.content, definition.id, f"is defined in {first[definition.id]} too")
            )
        else:
            first[definition.id] = each.file
            known.own[definition.id] = definition
    return known


def taken(file: FilePath, content: bytes, name: str, how: str) -> Fault:
    """The fault of a definition whose id another has; `how` says which."""
    line = reader.read(content).line(("id",))
    return Fault(str(file), line, "id", f"a provider {quoted(name)} {how}", "give this one another id")


def _id_in(content: bytes) -> set[str]:
    """The id in a definition that has faults, as far as it can be read: accounts may name it."""
    try:
        document = reader.read(content, gather=True).value
    except reader.DocumentError:
        return set()
    name = document.get("id") if isinstance(document, dict) else None
    return {name} if isinstance(name, str) else set()
