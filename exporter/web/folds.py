"""Accounts of one provider that fail alike, put together: one line says what fails, and its list whom it meets."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from exporter.check.health import Severity
from exporter.web.rows import Row

_MANY = 5
"""So many accounts that fail alike are one line; fewer are easier to read each by itself."""

Cause = tuple[str, Severity, tuple[str, ...], tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Fold:
    """Accounts with one cause: `key` names it from page to page, `findings` is said of each of them."""

    key: str
    provider: str
    severity: Severity
    reasons: str
    findings: tuple[str, ...]
    rows: tuple[Row, ...]


def fold(rows: Iterable[Row]) -> Iterator[Row | Fold]:
    """The rows in their order, those of a cause that many have where the first of them stands."""
    caused = [(row, _cause(row)) for row in rows]
    counts = Counter(cause for _, cause in caused if cause is not None)
    done: set[Cause] = set()
    for row, cause in caused:
        if cause is None or counts[cause] < _MANY:
            yield row
        elif cause not in done:
            done.add(cause)
            yield _fold(cause, tuple(each for each, its in caused if its == cause))


def _cause(row: Row) -> Cause | None:
    """What fails and what comes of it; the provider's own words aside, which may differ from call to call."""
    if not row.troubles:
        return None
    failing = tuple((trouble.apis, trouble.reason) for trouble in row.troubles)
    return row.provider, row.severity, tuple(finding.text for finding in row.findings), failing


def _fold(cause: Cause, rows: tuple[Row, ...]) -> Fold:
    provider, severity, texts, failing = cause
    key = hashlib.sha256(repr(cause).encode()).hexdigest()[:12]
    return Fold(key, provider, severity, ", ".join(dict.fromkeys(reason for _, reason in failing)), texts, rows)
