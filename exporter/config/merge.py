"""The scopes of one account's settings: what `defaults` says, and over it what the account says."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import TypeVar

from exporter.config import models
from exporter.documents.faults import Path
from exporter.documents.report import Report

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Source:
    """A file of the configuration: its report, the folder that its paths start from.

    Without `reads` no secret and no certificate that it names is read.
    """

    report: Report
    folder: FilePath
    reads: bool = True


@dataclass(frozen=True, slots=True)
class Scope:
    """Settings as they are written in one place of one file."""

    settings: models.Defaults
    path: Path
    source: Source

    @property
    def report(self) -> Report:
        """Where its faults are noted."""
        return self.source.report


def merge_value(scopes: Sequence[Scope], key: str, built_in: T) -> T:
    """A single value: of the last scope that writes the key; null there removes what the others say."""
    for scope in reversed(scopes):
        if key in scope.settings.given:
            value: T | None = getattr(scope.settings, key)
            return built_in if value is None else value
    return built_in
