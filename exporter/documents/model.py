"""What models of documents are made of: their base, their fields, and what is said of unknown keys."""

import inspect
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple, NoReturn, Self, dataclass_transform, get_args, get_origin

from exporter.documents.faults import Path, nearest
from exporter.documents.report import Report

ONE_OR_MANY = "one or many"
"""Marks a tuple of which a single item may also be written by itself."""

EMPTY: Mapping[Any, Any] = MappingProxyType({})
"""What a mapping is that isn't written."""

Wrong = tuple[Path, str, str]
"""What is wrong below a mapping: the path from there, a message, a hint."""


class Field(NamedTuple):
    """A field of a model."""

    name: str
    annotation: Any
    is_required: bool


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Model:
    """A mapping of a file: a subclass's annotations are its fields, in order, and its attributes their defaults.

    A name may end in an underscore that its key doesn't have. Nothing is checked here: `validate` reads the values,
    each as its annotation says. `example` shows a person how the mapping is written; `shorthand` names the field that
    a value stands for which is no mapping. Where `extra` is an annotation, keys that are no fields may be written too,
    if they match `extra_keys` as a whole; `extras` has them. `fields` are by their keys, those of a base first.
    """

    example: ClassVar[str] = "{key: value}"
    shorthand: ClassVar[str | None] = None
    extra: ClassVar[Any] = None
    extra_keys: ClassVar[str] = ".+"
    extras: ClassVar[Mapping[str, Any]] = EMPTY
    fields: ClassVar[Mapping[str, Field]] = EMPTY

    def __init_subclass__(cls) -> None:
        own = {
            name.removesuffix("_"): Field(name, annotation, is_required=not hasattr(cls, name))
            for name, annotation in inspect.get_annotations(cls).items()
            if not _is_of_the_class(annotation)
        }
        cls.fields = MappingProxyType({**cls.fields, **own})

    def __init__(self, extras: Mapping[str, Any] = EMPTY, /, **values: Any) -> None:
        self.__dict__.update(values)
        if extras:
            self.__dict__["extras"] = extras

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a {type(self).__name__} can't be changed")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and isinstance(other, Model) and self._written() == other._written()

    __hash__ = None  # type: ignore[assignment]  # a mapping in it can't be hashed

    def __repr__(self) -> str:
        """Nothing of what is written: it may be a secret."""
        return f"{type(self).__name__}()"

    @property
    def given(self) -> frozenset[str]:
        """The names of the fields that were written, with null too."""
        return frozenset(field.name for field in self.fields.values() if field.name in self.__dict__)

    def copy(self, **changes: Any) -> Self:
        """The same with other values for some fields."""
        return type(self)(self.extras, **{name: self.__dict__[name] for name in self.given} | changes)

    def wrong(self) -> Iterator[Wrong]:
        """What is wrong with the whole where each value is right."""
        yield from ()

    def _written(self) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        return {name: self.__dict__[name] for name in self.given}, self.extras


def _is_of_the_class(annotation: Any) -> bool:
    class_var: Any = ClassVar
    return get_origin(annotation) is class_var


class Advice:
    """What is said of keys and mappings beyond what the models know; a kind of document may have its own."""

    def unknown_key(self, report: Report, path: Path, model: type[Model]) -> None:
        """Notes a key that the model at its place doesn't have."""
        key = str(path[-1])
        slip = slip_in(key, model)
        if slip is not None:
            report.fault(path[:-1], *slip, at=path)
        else:
            report.fault(path, "unknown key", nearest(key, model.fields), word=key)

    def example(self, _report: Report, _path: Path, model: type[Model]) -> str:
        """How a mapping is written."""
        return model.example

    def items(self, _path: Path) -> str:
        """How a list is written."""
        return "write it like [one, two]"


def takes_extra(model: type[Model], key: str) -> bool:
    """Whether a key that is no field may be written."""
    return model.extra is not None and re.fullmatch(model.extra_keys, key) is not None


def slip_in(text: str, model: type[Model]) -> tuple[str, str] | None:
    """What is wrong with a text that was to be a pair, as `name:a`, `-name` or `name = a`, and what is right."""
    if text.partition("=")[0].rstrip() in model.fields and "=" in text:
        return "an equals sign behind the key", f"write {text.partition('=')[0].rstrip()}: …"
    dash, key = text.startswith("-"), text.removeprefix("-").partition(":")[0]
    if key not in model.fields or text == key:
        return None
    return ("no space behind the dash", f"write - {key}:") if dash else ("no space behind the colon", f"write {key}: …")


def all_keys(model: type[Model]) -> Iterator[str]:
    """The keys of a model and of the models below it."""
    for key, field in model.fields.items():
        yield key
        for below in _models_in(field.annotation):
            yield from all_keys(below)


def _models_in(annotation: Any) -> Iterator[type[Model]]:
    if isinstance(annotation, type) and issubclass(annotation, Model):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)
