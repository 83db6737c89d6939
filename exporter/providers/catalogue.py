"""Finds the definitions of the providers."""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType

from exporter.documents import reader
from exporter.documents.faults import ConfigError, Fault, rendered
from exporter.documents.report import Report
from exporter.documents.validate import validate
from exporter.providers.definition import Definition

LARGEST_BYTES = 1024 * 1024
"""A file that is larger is no definition."""


@cache
def builtin() -> Mapping[str, Definition]:
    """The definitions that come with the exporter, by their ids, in alphabetical order.

    Each is the `provider.yml` of a folder of its own in `definitions/`.
    """
    folders = resources.files(__package__).joinpath("definitions").iterdir()
    files = [file for folder in folders if (file := folder.joinpath("provider.yml")).is_file()]
    definitions = [read(str(file), file.read_bytes()) for file in files]
    return MappingProxyType({each.id: each for each in sorted(definitions, key=lambda each: each.id)})


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
