"""A model's JSON Schema (draft 2020-12), for editors: made of the annotations that its documents are read by."""

import inspect
from collections.abc import Mapping
from typing import Annotated, Any, get_args, get_origin

from exporter.documents.annotations import is_optional, scalar, without_none
from exporter.documents.model import ONE_OR_MANY, Model
from exporter.documents.scalars import TEXT

NULL = {"type": "null"}


def json_schema(model: type[Model], title: str) -> dict[str, Any]:
    """The schema of a document: it knows the shape, not what depends on other values; `$defs` are by models' names."""
    parts: dict[str, Any] = {}
    whole = _mapping(model, parts)
    dialect = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": dialect, "title": title, **whole, "$defs": dict(sorted(parts.items()))}


def _of(annotation: Any, parts: dict[str, Any]) -> dict[str, Any]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if is_optional(annotation):
        return {"anyOf": [_of(without_none(annotation), parts), NULL]}
    if origin is Annotated and ONE_OR_MANY in arguments:
        many = _of(arguments[0], parts)
        return {"anyOf": [many["items"], many]}
    if isinstance(annotation, type) and issubclass(annotation, Model):
        if annotation.__name__ not in parts:
            parts[annotation.__name__] = {}  # its own parts may refer to it
            parts[annotation.__name__] = _mapping(annotation, parts)
        return {"$ref": f"#/$defs/{annotation.__name__}"}
    if origin is list or origin is tuple:
        return {"type": "array", "items": _of(arguments[0], parts)}
    if isinstance(origin, type) and issubclass(origin, Mapping):
        names, values = (_of(each, parts) for each in arguments)
        made = {"type": "object", "additionalProperties": values}
        return made if names == TEXT.schema else made | {"propertyNames": names}
    return dict(scalar(annotation).schema)


def _mapping(model: type[Model], parts: dict[str, Any]) -> dict[str, Any]:
    """A mapping; what its shorthand takes may stand in its place."""
    known = model.fields
    made: dict[str, Any] = {
        "type": "object",
        "description": inspect.getdoc(model),
        "properties": {key: _of(field.annotation, parts) for key, field in known.items()},
        "required": [key for key, field in known.items() if field.is_required],
        "additionalProperties": False,
    }
    if model.extra is not None:
        made["patternProperties"] = {f"^({model.extra_keys})$": _of(model.extra, parts)}
    if model.shorthand is None:
        return made
    short = made["properties"][model.shorthand]
    return {"anyOf": [*(each for each in short.get("anyOf", [short]) if each != NULL), made]}
