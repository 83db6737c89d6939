"""The layers of one account's settings: what `defaults` says, and over it what the account says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from exporter.config import models
from exporter.documents.faults import Path

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Layer:
    """Settings as they are written in one place."""

    settings: models.Defaults
    path: Path


def strongest(layers: Sequence[Layer], key: str, built_in: T) -> T:
    """A single value: of the last layer that writes the key; null there removes what the others say."""
    for layer in reversed(layers):
        if key in layer.settings.model_fields_set:
            value: T | None = getattr(layer.settings, key)
            return built_in if value is None else value
    return built_in
