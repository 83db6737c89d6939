"""What models of documents are made of: their base, faults of single values, what is said of unknown keys."""

from collections.abc import Iterator
from typing import Any, ClassVar, get_args

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

from exporter.documents.faults import Path, nearest
from exporter.documents.report import Report

ONE_OR_MANY = "one or many"
"""Marks a tuple of models that may also be written as one mapping."""

Wrong = tuple[Path, str, str]
"""What is wrong below a mapping: the path from there, a message, a hint."""


class Model(BaseModel):
    """A mapping of a file.

    `example` shows a person how it is written. `shorthand` names the field that a value stands for which is no mapping.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True)
    example: ClassVar[str] = "{key: value}"
    shorthand: ClassVar[str | None] = None

    @classmethod
    def accepts(cls, _key: str) -> bool:
        """Whether a key that is no field belongs here (`extra="allow"`)."""
        return False

    def wrong(self) -> Iterator[Wrong]:
        """What is wrong with the whole where each value is right."""
        yield from ()

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        """Nothing: what is written here may be a secret."""
        return []


class Advice:
    """What is said of keys and mappings beyond what the models know; a kind of document may have its own."""

    def unknown_key(self, report: Report, path: Path, model: type[Model]) -> None:
        """Notes a key that the model at its place doesn't have."""
        key = str(path[-1])
        slip = slip_in(key, model)
        if slip is not None:
            report.fault(path[:-1], *slip, at=path)
        else:
            report.fault(path, "unknown key", nearest(key, keys(model)), word=key)

    def example(self, _report: Report, _path: Path, model: type[Model]) -> str:
        """How a mapping is written."""
        return model.example

    def items(self, _path: Path) -> str:
        """How a list is written."""
        return "write it like [one, two]"


def slip_in(text: str, model: type[Model]) -> tuple[str, str] | None:
    """What is wrong with a text that was to be a pair, as `name:a`, `-name` or `name = a`, and what is right."""
    if text.partition("=")[0].rstrip() in keys(model) and "=" in text:
        return "an equals sign behind the key", f"write {text.partition('=')[0].rstrip()}: …"
    dash, key = text.startswith("-"), text.removeprefix("-").partition(":")[0]
    if key not in keys(model) or text == key:
        return None
    return ("no space behind the dash", f"write - {key}:") if dash else ("no space behind the colon", f"write {key}: …")


def fault(message: str, hint: str = "") -> PydanticCustomError:
    """A fault in our own words, for a validator of a single value to raise; neither text quotes the value."""
    return PydanticCustomError("fault", "{message}", {"message": message, "hint": hint})


def keys(model: type[Model]) -> list[str]:
    """The keys of a model's mapping."""
    return [field.alias or name for name, field in model.model_fields.items()]


def fields(model: type[Model]) -> Iterator[str]:
    """The names of all fields of a model and of the models below it."""
    yield from keys(model)
    for field in model.model_fields.values():
        for below in _models_in(field.annotation):
            yield from fields(below)


def _models_in(annotation: Any) -> Iterator[type[Model]]:
    if isinstance(annotation, type) and issubclass(annotation, Model):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)
