"""A definition's JSON Schema, for editors and for whoever writes one: made of the models that read it."""

from collections.abc import Mapping
from typing import Any, get_args

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from exporter.documents.model import ONE_OR_MANY, Model
from exporter.failure import Reason
from exporter.providers import kinds
from exporter.providers.definition import Definition
from exporter.sign_in import FORMS

# What editors make of a plain scalar, which is a text to us: `1`, `true`.
_TEXT = {"type": ["string", "number", "boolean"]}
_DURATION = {"type": "string", "pattern": "^([0-9]+(y|w|d|h|m|s|ms))+$"}


def _validator(kind: Any) -> Any:
    """The function by which a kind of value is told in pydantic's own schema."""
    return get_args(kind)[1].func


_KINDS: Mapping[Any, JsonSchemaValue] = {
    _validator(kind): schema
    for kind, schema in (
        (kinds.Pointer, {"type": "string", "pattern": "^(/|$)"}),
        (kinds.Pattern, {"type": "string"}),
        (kinds.Grouped, {"type": "string"}),
        (kinds.Seconds, _DURATION),
        (kinds.Written, {"type": ["string", "number"]}),
        (kinds.Divisor, {"type": "number", "exclusiveMinimum": 0}),
        (kinds.Id, {"type": ["string", "integer"], "pattern": "^[a-z0-9]+$"}),
        (kinds.Day, {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}),
        (kinds.Name, {"type": "string", "pattern": "^[a-z_][a-z0-9_]*$"}),
        (kinds.HeaderName, {"type": "string", "pattern": "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"}),
        (kinds.FormName, {"enum": list(FORMS)}),
        (kinds.ApiName, {"enum": list(kinds.API_NAMES)}),
        (kinds.Meaning, {"enum": [kinds.OK, *(reason.value for reason in Reason)]}),
        (kinds.Text, _TEXT),
        (kinds.Path, {"type": "string", "pattern": "^/[!-~]*$"}),
        (kinds.BaseUrl, {"type": "string", "pattern": "^https?://[!-~]+[^/]$"}),
        (kinds.TokenUrl, {"type": "string", "pattern": "^(/|https?://)[!-~]*$"}),
        (kinds.Json, {}),
    )
}


def definition_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12): it knows the shape, not what depends on other values."""
    schema = Definition.model_json_schema(schema_generator=_Generator)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "provider.yml"}


class _Generator(GenerateJsonSchema):
    """Writes what our own engine takes: kinds of texts, shorthands, one mapping in the place of a list of them."""

    def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
        """A text, which may be written as any scalar."""
        return super().str_schema(schema) | _TEXT

    def function_after_schema(self, schema: core_schema.AfterValidatorFunctionSchema) -> JsonSchemaValue:
        """A text with a rule of its own."""
        return self._kind(schema) or super().function_after_schema(schema)

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        """A text that becomes something else."""
        return self._kind(schema) or super().function_before_schema(schema)

    def function_plain_schema(self, schema: core_schema.PlainValidatorFunctionSchema) -> JsonSchemaValue:
        """A template, a divisor, a JSON document."""
        known = _KINDS.get(schema["function"]["function"])
        return dict(known) if known is not None else super().function_plain_schema(schema)

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """A mapping whose keys are of one kind."""
        keys, values = (self.generate_inner(schema[part]) for part in ("keys_schema", "values_schema"))
        names = {"pattern": "^[0-9]+$"} if keys.get("type") == "integer" else keys
        made = {"type": "object", "additionalProperties": values}
        return made if names == _TEXT else made | {"propertyNames": names}

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """A mapping; what its shorthand takes may stand in its place."""
        made, model = super().model_schema(schema), schema["cls"]
        if not issubclass(model, Model):
            return made
        for name, field in model.model_fields.items():
            if ONE_OR_MANY in field.metadata:
                many = made["properties"][field.alias or name]
                made["properties"][field.alias or name] = {"anyOf": [many["items"], many]}
        if model.shorthand is None:
            return made
        short = made["properties"][model.shorthand]
        choices = [choice for choice in short.get("anyOf", [short]) if choice != {"type": "null"}]
        return {"anyOf": [*choices, made]}

    @staticmethod
    def _kind(
        schema: core_schema.AfterValidatorFunctionSchema | core_schema.BeforeValidatorFunctionSchema,
    ) -> JsonSchemaValue | None:
        known = _KINDS.get(schema["function"]["function"])
        return None if known is None else dict(known)
