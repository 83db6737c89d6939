"""Finds the definitions of the providers."""

from collections.abc import Collection, Iterator, Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from operator import itemgetter

from exporter.documents import reader
from exporter.documents.faults import ConfigError, Fault, nearest, rendered
from exporter.documents.report import Report
from exporter.documents.validate import validate
from exporter.providers.definition import Definition

LARGEST_BYTES = 1024 * 1024
"""A file that is larger is no definition."""


class Catalogue(Mapping[str, Definition]):
    """The definitions that come with the exporter, by their ids, in alphabetical order.

    Each is the `provider.yml` of a folder that is named as its id, and read when it is first asked for: neither start
    nor memory grows with their number.
    """

    def __init__(self, folder: Traversable) -> None:
        files = [(each.name, each.joinpath("provider.yml")) for each in folder.iterdir()]
        self._files = {name: file for name, file in sorted(files, key=itemgetter(0)) if file.is_file()}
        self._read: dict[str, Definition] = {}

    def __getitem__(self, name: str) -> Definition:
        if name not in self._read:
            file = self._files[name]
            self._read[name] = read(str(file), file.read_bytes())
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def __contains__(self, name: object) -> bool:
        return name in self._files

    @property
    def loaded(self) -> Collection[str]:
        """The ids of those that have been read."""
        return self._read.keys()

    def holding(self, text: str) -> Iterator[Definition]:
        """The definitions that a text stands in: the others aren't read, but searched."""
        wanted = text.encode()
        return (self[name] for name, file in self._files.items() if wanted in file.read_bytes())


def meant(word: str, known: Mapping[str, Definition]) -> str:
    """A hint for what is no provider's id: whose name it is, or was, the id that it is close to, else all of them."""
    wanted = _folded(word)
    for name, definition in known.items():
        if wanted in map(_folded, (definition.name, *definition.also)):
            return f"that is {name}"
    return nearest(word, known, "there are")


def _folded(name: str) -> str:
    return "".join(filter(str.isalnum, name)).casefold()


@cache
def builtin() -> Catalogue:
    """The definitions that come with the exporter."""
    return Catalogue(resources.files(__package__).joinpath("definitions"))


def read(name: str, content: bytes) -> Definition:
    """The definition that a file's bytes hold; faults call the file `name`.

    Raises:
        ConfigError: anything is wrong; it has every fault.
    """
    try:
        report = Report(name, reader.read(content, gather=True))
    except reader.DocumentError as error:
        raise ConfigError(
            Fault(name, each.line, rendered(each.path), each.message, each.hint) for each in error.faults
        ) from None
    definition = validate(Definition, report)
    report.raise_faults()
    return definition
