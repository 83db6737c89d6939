"""The scopes of one account's settings: what `defaults` says, and over it what the account says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from exporter.config import models
from exporter.documents.faults import Path

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Scope:
    """Settings as they are written in one place."""

    settings: models.Defaults
    path: Path


def merge_value(scopes: Sequence[Scope], key: str, built_in: T) -> T:
    """A single value: of the last scope that writes the key; null there removes what the others say."""
    for scope in reversed(scopes):
        if key in scope.settings.model_fields_set:
            value: T | None = getattr(scope.settings, key)
            return built_in if value is None else value
    return built_in
