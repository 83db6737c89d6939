"""Finds the definitions of the providers."""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType

from exporter import documents
from exporter.providers.definition import Definition


@cache
def builtin() -> Mapping[str, Definition]:
    """The definitions that come with the exporter, by their ids, in alphabetical order.

    Each is the `provider.yml` of a folder of its own in `definitions/`.
    """
    folders = resources.files(__package__).joinpath("definitions").iterdir()
    files = [file for folder in folders if (file := folder.joinpath("provider.yml")).is_file()]
    definitions = [Definition.model_validate(documents.read(file.read_bytes()).value) for file in files]
    return MappingProxyType({each.id: each for each in sorted(definitions, key=lambda each: each.id)})
