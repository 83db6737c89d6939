"""`make bench`: this exporter beside what else does the same work, in one run: medians and ratios.

A provider on loopback answers every call after a fixed time; the exporter runs in a process of its own with
`cache_ttl: 0s`, so that every scrape calls. Each world is a way in which a provider and its connections behave.
"""

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any

from benchmarks import beside_prototype, caching, failing, growth, side_by_side, stale, starting
from benchmarks.plan import Plan, Row, table
from benchmarks.targets import judged

WORLDS: dict[str, Callable[[Plan], Iterator[Row]]] = {
    "start": starting.starts,
    "http-kept": beside_prototype.http_kept,
    "https-kept": beside_prototype.https_kept,
    "https-idle-closed": beside_prototype.https_idle_closed,
    "http-reset": stale.http_reset,
    "https-reset": stale.https_reset,
    "http-black-hole": stale.http_black_hole,
    "https-black-hole": stale.https_black_hole,
    "growth": growth.growth,
    "mass-failure": failing.mass_failure,
    "cached": caching.cached,
    "two-scrapers": caching.two_scrapers,
    "rivals": side_by_side.rivals,
}


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def flags() -> argparse.ArgumentParser:
    """The flags."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only",
        action="append",
        choices=WORLDS,
        metavar="WORLD",
        help=f"that world alone; repeatable: {', '.join(WORLDS)}",
    )
    parser.add_argument("--quick", action="store_true", help="fewer rounds, and fewer of the large sizes")
    parser.add_argument("--accounts", type=_numbers, default=(), metavar="N,N", help="other sizes than a world's own")
    parser.add_argument("--upstream", type=float, metavar="MS", help="another provider's time than a world's own")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--scrapes", type=int, default=0, metavar="NUMBER", help="memory over so many scrapes instead")
    return parser


def visit(name: str, plan: Plan) -> list[Row]:
    """One world's rows, told as they come; what goes wrong ends this world alone, and is told."""
    print(f"\n{name}", flush=True)
    rows: list[Row] = []
    began = time.monotonic()
    try:
        for row in WORLDS[name](plan):
            rows.append(row)
            print(table([row]), flush=True)
    except (OSError, HTTPException, ValueError, AssertionError) as error:
        rows.append({"failed": f"{type(error).__name__}: {error}"})
        print(table(rows[-1:]), flush=True)
    print(f"({time.monotonic() - began:.0f} s)", flush=True)
    return rows


def main() -> None:
    """Run it all and print it."""
    options = flags().parse_args()
    found: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
    }
    with tempfile.TemporaryDirectory() as folder:
        plan = Plan(Path(folder), options.quick, options.accounts, options.upstream)
        if options.scrapes:
            print(table([growth.flat(plan, 200, options.scrapes)]))
            return
        worlds = {name: visit(name, plan) for name in WORLDS if name in (options.only or WORLDS)}
    for name, rows in worlds.items():
        print(f"\n{name}\n{table(rows)}")
    found["targets"] = judged(worlds)
    print(f"\ntargets\n{table(found['targets'])}" if found["targets"] else "")
    if options.json:
        options.json.write_text(json.dumps({**found, **worlds}, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
