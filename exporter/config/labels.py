"""The operator's labels: which names they may have, and what each account's come to."""

import re
from collections.abc import Sequence

from exporter.config.merge import Scope
from exporter.documents.faults import Path
from exporter.documents.report import Report

OURS = frozenset(
    {"provider", "account", "currency", "channel", "subscription_id", "plan", "status", "feature", "country"}
    | {"prefix", "tier", "account_id", "severity", "api", "reason", "wallet"}
)
"""The label names of our own metrics, or kept for them."""

_OF_PROMETHEUS = frozenset(
    {"job", "instance", "namespace", "pod", "container", "service", "node", "endpoint", "alertname", "le", "quantile"}
)
TAKEN = OURS | _OF_PROMETHEUS
"""The label names that an operator can't have."""

_OFTEN_ON_TARGETS = frozenset({"team", "env", "region", "cluster"})
_NAME = re.compile("[a-zA-Z_][a-zA-Z0-9_]*")


def merge_labels(scopes: Sequence[Scope]) -> dict[str, str]:
    """The labels in force, in the order in which they are written; faulty names are in the reports."""
    merged: dict[str, str] = {}
    for scope in scopes:
        if "labels" in scope.settings.given and scope.settings.labels is None:
            merged.clear()
        for name, value in (scope.settings.labels or {}).items():
            _check(name, (*scope.path, "labels", name), scope.report)
            if value is None:
                merged.pop(name, None)
            else:
                merged[name] = value
    return merged


def _check(name: str, path: Path, report: Report) -> None:
    better = f"use {_better(name)}"
    if not _NAME.fullmatch(name):
        report.fault(path, "{word} is no label name: letters, digits and _", better, word=name)
    elif name.startswith("__"):
        report.fault(path, "names that begin with __ belong to Prometheus", better, word=name)
    elif name.startswith("exported_"):
        report.fault(path, "Prometheus gives such names to labels that clash", better, word=name)
    elif name in OURS:
        report.fault(path, "a label of this exporter's own", better, word=name)
    elif name in _OF_PROMETHEUS:
        report.fault(path, "a label of Prometheus or of its targets", better, word=name)
    elif name in _OFTEN_ON_TARGETS:
        message = f"targets often have this label, and Prometheus then renames this one to exported_{name}"
        report.warn(path, message, better, word=name)


def _better(name: str) -> str:
    """A name near to one that won't do."""
    word = re.sub("[^a-zA-Z0-9]+", "_", name).strip("_")[:64]
    while word.startswith("exported_"):
        word = word.removeprefix("exported_")
    taken = word in TAKEN | _OFTEN_ON_TARGETS
    return word if _NAME.fullmatch(word) and not taken else f"sms_{word or 'label'}"
