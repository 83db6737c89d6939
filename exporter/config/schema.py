"""The configuration's JSON Schema, for editors."""

from typing import Any

from exporter.config.labels import TAKEN
from exporter.config.models import File
from exporter.documents import schema
from exporter.providers.catalogue import builtin
from exporter.providers.kinds import API_NAMES


def json_schema() -> dict[str, Any]:
    """The file's JSON Schema (draft 2020-12), for editors: it knows the shape, not what depends on other values."""
    whole = schema.json_schema(File, "sms-exporter.yml")
    parts = whole["$defs"]
    account = parts["Account"]
    account["required"] = ["name", "provider", "auth"]
    for name in account["required"]:
        account["properties"][name] = _choice(account, name)
    known = {"properties": {"provider": {"enum": list(builtin())}}}
    apis = {"enum": list(API_NAMES)}
    _choice(account, "apis")["items"] = apis
    _choice(account, "api_settings")["propertyNames"] = apis
    names = {"pattern": "^(?!__|exported_)[a-zA-Z_][a-zA-Z0-9_]*$", "not": {"enum": sorted(TAKEN)}}
    for part in (account, parts["Defaults"]):
        _choice(part, "labels")["propertyNames"] = names
    parts["Auth"] |= {"minProperties": 1}
    return whole | {
        "if": {"required": ["provider_files"]},
        "else": {"properties": {"accounts": {"items": known}}},
    }


def _choice(part: dict[str, Any], name: str) -> dict[str, Any]:
    """What a property is where it isn't null."""
    (only,) = (choice for choice in part["properties"][name]["anyOf"] if choice != {"type": "null"})
    found: dict[str, Any] = only
    return found
