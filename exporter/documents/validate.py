"""From a document to a model by the model's annotations, or to faults with line, path and the nearest word.

Single values are pydantic's to check; mappings and lists are walked here, so that each fault has its place and what is
right stays beside what is wrong.
"""

import functools
import types
from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from exporter.documents.faults import Path, nearest
from exporter.documents.model import ONE_OR_MANY, Advice, Model, slip_in
from exporter.documents.reader import kind
from exporter.documents.report import Report

M = TypeVar("M", bound=Model)


def validate(model: type[M], report: Report, advice: Advice | None = None) -> M:
    """The model of the report's document, without the parts that are wrong: each of those is in the report.

    A faulty entry of a mapping is left out, a faulty list as a whole, save that of models: there an empty one stands in
    for what is no mapping.
    """
    made = _Walk(report, advice or Advice()).model(model, report.document.value, ())
    return model.model_construct() if isinstance(made, _WrongType) else made


class _WrongType:
    """Stands for a value that is left out."""


WRONG = _WrongType()

_OF_A_VALUE = ("not ", "neither ")
"""What a message begins with that says of a value what it isn't."""

Read = Callable[["_Walk", Any, Path], Any]
"""From a value and its path to what the annotation makes of it, or `WRONG`."""


class _Walk:
    def __init__(self, report: Report, advice: Advice) -> None:
        self.report = report
        self.advice = advice

    def model(self, model: type[M], value: Any, path: Path) -> M | _WrongType:
        if not isinstance(value, dict):
            if model.shorthand is None or value is None:
                slip = slip_in(value, model) if isinstance(value, str) else None
                if slip is not None:
                    self.report.fault(path, *slip)
                    return WRONG
                example = self.advice.example(self.report, path, model)
                return self.not_a(path, "mapping", value, f"write it like {example}")
            # The key isn't written: what is wrong with the value is wrong at the mapping's own place.
            return self._read(model, {model.shorthand: value}, path, lambda _key: path)
        return self._read(model, value, path, lambda key: (*path, key))

    def _read(self, model: type[M], value: dict[str, Any], path: Path, at: Callable[[str], Path]) -> M:
        before = self.report.fault_count
        readers = _readers(model)
        found = {}
        for key, item in value.items():
            read = readers.get(key) or (readers.get("") if model.accepts(key) else None)
            if read is None:
                self.advice.unknown_key(self.report, at(key), model)
            elif (result := read(self, item, at(key))) is not WRONG:
                found[key] = result
        for name, field in model.model_fields.items():
            key = field.alias or name
            if field.is_required() and value.get(key) is None:
                self.report.fault((*path, key), "this is missing", at=path)
        made = model.model_construct(**found)
        if self.report.fault_count == before:
            for below, message, hint in made.wrong():
                self.report.fault((*path, *below), message, hint)
        return made

    def not_a(self, path: Path, wanted: str, value: Any, hint: str) -> _WrongType:
        self.report.fault(path, f"a {wanted} belongs here, not {self.report.shown(value) or kind(value)}", hint)
        return WRONG

    def wrong(self, path: Path, detail: ErrorDetails) -> _WrongType:
        if detail["type"] == "fault":
            message, hint = detail["ctx"]["message"], detail["ctx"]["hint"]
        else:
            message, hint = _words(detail)
        written = self.report.shown(detail["input"])
        if written and detail["input"] is not path[-1]:  # a key stands in the path already
            message = f"{written} is {message}" if message.startswith(_OF_A_VALUE) else f"{written}: {message}"
        self.report.fault(path, message, hint)
        return WRONG


@functools.cache
def _readers(model: type[Model]) -> Mapping[str, Read]:
    """How each field of a model is read; under the empty text how a key that is no field is."""
    fields = model.model_fields.items()
    readers = {
        field.alias or name: _field(
            Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
        )
        for name, field in fields
    }
    extra = model.__annotations__.get("__pydantic_extra__")
    if extra is not None:
        readers[""] = _reader(get_args(extra)[1])
    return readers


def _field(annotation: Any) -> Read:
    """The reader of a field: nothing is as good as a key that isn't there, save where a field may be None."""
    read = _reader(annotation)
    if _is_optional(annotation):
        return read
    return lambda walk, value, path: WRONG if value is None else read(walk, value, path)


def _is_optional(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, types.UnionType) and type(None) in get_args(annotation)


def _reader(annotation: Any) -> Read:
    """The reader of an annotation: containers that hold models are walked, all else is a single value."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if _is_optional(annotation):
        return _optional(_reader(Union[*(each for each in arguments if each is not type(None))]))
    if origin is Annotated and ONE_OR_MANY in arguments:
        return _one_or_many(arguments[0])
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return lambda walk, value, path: walk.model(annotation, value, path)
    if origin is list or (origin is tuple and arguments[-1] is Ellipsis):
        return _items(arguments[0], origin)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _entries(_reader(arguments[0]), _reader(arguments[1]))
    return _single(annotation)


def _optional(read: Read) -> Read:
    return lambda walk, value, path: None if value is None else read(walk, value, path)


def _items(kind_of_item: Any, made: type[list[Any]] | type[tuple[Any, ...]]) -> Read:
    read = _reader(kind_of_item)
    is_model = isinstance(kind_of_item, type) and issubclass(kind_of_item, Model)

    def items(walk: _Walk, value: Any, path: Path) -> Any:
        if not isinstance(value, list):
            return walk.not_a(path, "list", value, walk.advice.items(path))
        found = [read(walk, item, (*path, index)) for index, item in enumerate(value)]
        if is_model:
            found = [kind_of_item.model_construct() if item is WRONG else item for item in found]
        return WRONG if any(item is WRONG for item in found) else made(found)

    return items


def _one_or_many(annotation: Any) -> Read:
    many, one = _reader(annotation), _reader(get_args(annotation)[0])

    def read(walk: _Walk, value: Any, path: Path) -> Any:
        if isinstance(value, list):
            return many(walk, value, path)
        found = one(walk, value, path)
        return found if found is WRONG else (found,)

    return read


def _entries(read_key: Read, read: Read) -> Read:
    def entries(walk: _Walk, value: Any, path: Path) -> Any:
        if not isinstance(value, dict):
            return walk.not_a(path, "mapping", value, "write it like {key: value}")
        found = {}
        for key, item in value.items():
            at = (*path, key)
            known, result = read_key(walk, key, at), read(walk, item, at)
            if known is not WRONG and result is not WRONG:
                found[known] = result
        return found

    return entries


def _single(annotation: Any) -> Read:
    adapter = TypeAdapter(annotation)

    def single(walk: _Walk, value: Any, path: Path) -> Any:
        try:
            return adapter.validate_python(value)
        except ValidationError as error:
            return walk.wrong(path, error.errors(include_url=False)[0])

    return single


def _words(detail: ErrorDetails) -> tuple[str, str]:
    """A message and a hint for what pydantic says itself."""
    context = detail.get("ctx", {})
    match detail["type"]:
        case "string_type":
            return f"a text belongs here, not {kind(detail['input'])}", ""
        case "float_parsing" | "float_type":
            return "not a number", "write digits with a point, like 100 or 0.5"
        case "int_parsing" | "int_type" | "int_from_float":
            return "not a whole number", ""
        case "bool_parsing" | "bool_type":
            return "neither true nor false", "write true or false"
        case "value_error":
            message, _, hint = str(context["error"]).partition("; ")
            return message, hint
        case "literal_error" | "enum":
            return "not a word that is known here", nearest(str(detail["input"]), _alternatives(context["expected"]))
        case "string_pattern_mismatch":
            return "not of the right form", f"it has to match {context['pattern']}"
        case _:
            return detail["msg"].replace("Input should be ", "not ", 1).removeprefix("Value error, "), ""


def _alternatives(expected: str) -> list[str]:
    """The words in pydantic's own list: `'a', 'b' or 'c'`."""
    return expected.replace(" or ", ", ").replace("'", "").split(", ")
