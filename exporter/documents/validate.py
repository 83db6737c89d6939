"""From a document to a model by the model's annotations, or to faults with line, path and the nearest word.

A library for models stops at a field's first fault, knows no lines, and costs a start a quarter of its time.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar, get_args, get_origin

from exporter.documents.annotations import is_optional, scalar, without_none
from exporter.documents.faults import Path
from exporter.documents.model import ONE_OR_MANY, Advice, Model, slip_in, takes_extra
from exporter.documents.reader import kind
from exporter.documents.report import Report
from exporter.documents.scalars import Scalar, WrongValueError

M = TypeVar("M", bound=Model)


def validate(model: type[M], report: Report, advice: Advice | None = None) -> M:
    """The model of the report's document, without the parts that are wrong: each of those is in the report.

    A faulty entry of a mapping is left out, a faulty list as a whole, save that of models: there an empty one stands in
    for what is no mapping.
    """
    made = _Walk(report, advice or Advice()).model(model, report.document.value, ())
    return model() if isinstance(made, _WrongType) else made


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
        readers, known = _readers(model), model.fields
        found, extras = {}, {}
        for key, item in value.items():
            if key in known:
                if (result := readers[key](self, item, at(key))) is not WRONG:
                    found[known[key].name] = result
            elif not takes_extra(model, key):
                self.advice.unknown_key(self.report, at(key), model)
            elif (result := readers[""](self, item, at(key))) is not WRONG:
                extras[key] = result
        for key, field in known.items():
            if field.is_required and value.get(key) is None:
                self.report.fault((*path, key), "this is missing", at=path)
        made = model(extras, **found)
        if self.report.fault_count == before:
            for below, message, hint in made.wrong():
                self.report.fault((*path, *below), message, hint)
        return made

    def not_a(self, path: Path, wanted: str, value: Any, hint: str) -> _WrongType:
        self.report.fault(path, f"a {wanted} belongs here, not {self.report.shown(value) or kind(value)}", hint)
        return WRONG

    def wrong(self, path: Path, value: Any, error: WrongValueError) -> _WrongType:
        message, written = error.message, self.report.shown(value)
        if written and value is not path[-1]:  # a key stands in the path already
            message = f"{written} is {message}" if message.startswith(_OF_A_VALUE) else f"{written}: {message}"
        self.report.fault(path, message, error.hint)
        return WRONG


def _readers(model: type[Model]) -> Mapping[str, Read]:
    """How each field of a model is read; under the empty text how keys that are no fields are."""
    if model not in _READERS:
        fields = {key: _field(field.annotation) for key, field in model.fields.items()}
        _READERS[model] = fields if model.extra is None else fields | {"": _reader(model.extra)}
    return _READERS[model]


_READERS: dict[type[Model], Mapping[str, Read]] = {}


def _field(annotation: Any) -> Read:
    """The reader of a field: nothing is as good as a key that isn't there, save where a field may be None."""
    read = _reader(annotation)
    if is_optional(annotation):
        return read
    return lambda walk, value, path: WRONG if value is None else read(walk, value, path)


def _reader(annotation: Any) -> Read:
    """The reader of an annotation: mappings and lists are walked, all else is a single value."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if is_optional(annotation):
        return _optional(_reader(without_none(annotation)))
    if origin is Annotated and ONE_OR_MANY in arguments:
        return _one_or_many(arguments[0])
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return lambda walk, value, path: walk.model(annotation, value, path)
    if origin is list or origin is tuple:
        return _items(arguments[0], origin)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _entries(_reader(arguments[0]), _reader(arguments[1]))
    return _single(scalar(annotation))


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
            found = [kind_of_item() if item is WRONG else item for item in found]
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


def _single(kind_of_value: Scalar) -> Read:
    def single(walk: _Walk, value: Any, path: Path) -> Any:
        try:
            return kind_of_value.read(value)
        except WrongValueError as error:
            return walk.wrong(path, value, error)

    return single
