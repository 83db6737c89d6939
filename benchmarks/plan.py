"""What a run was asked for, and what every measurement of it needs: sizes, rounds, medians, rows."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Row = dict[str, Any]
"""One line of a table: columns and figures."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A folder for files, and what the flags say: `accounts` and `upstream_ms` where they are given."""

    folder: Path
    quick: bool = False
    accounts: tuple[int, ...] = ()
    upstream_ms: float | None = None

    def sizes(self, *usual: int) -> tuple[int, ...]:
        """How many accounts, one measurement each."""
        return self.accounts or tuple(size for size in usual if size < 1000 or not self.quick)

    def seconds(self, usual: float) -> float:
        """The provider's time."""
        return usual if self.upstream_ms is None else self.upstream_ms / 1000

    def rounds(self, usual: int) -> int:
        """How often."""
        return max(1, usual // 2) if self.quick else usual


def median_ms(seconds: list[float]) -> float:
    """The median in milliseconds."""
    return round(1000 * statistics.median(seconds), 1)


def scrapes(scrape: Callable[[], object], rounds: int) -> list[float]:
    """Wall times of so many scrapes."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        scrape()
        times.append(time.perf_counter() - began)
    return times


def table(rows: list[Row]) -> str:
    """Rows as columns that line up."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [names, *([str(row.get(name, "")) for name in names] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(names))]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in cells)
