"""Finds the definitions of the providers."""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType

from exporter import documents
from exporter.providers.definition import Definition


@cache
def builtin() -> Mapping[str, Definition]:
    """The definitions that come with the exporter, by their ids, in alphabetical order."""
    files = (file for file in resources.files(__package__).iterdir() if file.name.endswith(".yml"))
    definitions = [Definition.model_validate(documents.read(file.read_bytes()).value) for file in files]
    return MappingProxyType({each.id: each for each in sorted(definitions, key=lambda each: each.id)})
