"""`make bench`: this exporter beside what else does the same work, in one run: medians and ratios.

A provider on loopback answers every call after a fixed time; the exporter runs in a process of its own with
`cache_ttl: 0s`, so that every scrape calls. Ratio is the wall time of a scrape by the provider's time: 1.0 is
the physical limit.
"""

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.processes import Exporter, JsonExporter, Provider, Rival

JSON_EXPORTER = os.environ.get("JSON_EXPORTER", "")
"""json_exporter's binary, where there is one."""

RIVALS = {"requests": 20, "httpx": 200, "limit": 1000, "json_exporter": 200}
"""The most accounts at which a rival is still worth waiting for."""


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


def rounds_for(accounts: int, quick: bool) -> int:
    """Fewer where a scrape is long."""
    return max(3, min(15, 3000 // accounts)) // (2 if quick else 1)


def compare(folder: Path, accounts: int, seconds: float, tls: bool, quick: bool) -> dict[str, Any]:
    """One size and one provider's time: this exporter and its rivals in turn."""
    rounds = rounds_for(accounts, quick)
    row: dict[str, Any] = {"accounts": accounts, "upstream_ms": round(1000 * seconds), "tls": tls}
    with ExitStack() as stack:
        provider = stack.enter_context(Provider(folder, seconds, tls))
        exporter = stack.enter_context(Exporter(folder, provider, accounts, cache_ttl="0s"))
        counts = [provider.counts()]
        for count in (1, 1, rounds):
            cpu = exporter.cpu_seconds()
            times = scrapes(exporter.scrape, count)
            counts.append(provider.counts())
            if len(counts) == 2:
                row["first_ms"] = median_ms(times)
        row["scrape_ms"] = median_ms(times)
        row["cpu_ms_per_account"] = round(1000 * (exporter.cpu_seconds() - cpu) / rounds / accounts, 3)
        row["rss_mib"] = exporter.rss_mib()
        # Asking for the counts opens a connection of its own.
        opened = [later["connections"] - earlier["connections"] - 1 for earlier, later in pairwise(counts)]
        row["opened_first"], row["opened_second"], row["opened_later"] = opened
        row["calls_per_scrape"] = (counts[-1]["calls"] - counts[-2]["calls"]) / rounds
        if not tls:
            rivals(row, folder, provider, min(rounds, 5))
    if seconds:
        for name in ("scrape", *RIVALS):
            if f"{name}_ms" in row:
                row[f"{name}_ratio"] = round(row[f"{name}_ms"] / 1000 / seconds, 3)
    return row


def rivals(row: dict[str, Any], folder: Path, provider: Provider, rounds: int) -> None:
    """What the rivals take that are there."""
    accounts = row["accounts"]
    for name, most in RIVALS.items():
        if accounts > most or (name == "json_exporter" and not JSON_EXPORTER):
            continue
        with ExitStack() as stack:
            beside = stack.enter_context(JsonExporter(folder, JSON_EXPORTER)) if name == "json_exporter" else None
            rival = stack.enter_context(Rival(name, provider, accounts, *([beside.url] if beside else [])))
            rival.scrape()
            cpu = beside.cpu_seconds() if beside else 0.0
            row[f"{name}_ms"] = median_ms([rival.scrape() for _ in range(rounds)])
            if beside:
                row["json_exporter_cpu_ms"] = round(1000 * (beside.cpu_seconds() - cpu) / rounds / accounts, 3)
                row["json_exporter_rss_mib"] = beside.rss_mib()


def cached(folder: Path, accounts: int) -> dict[str, Any]:
    """Scrapes served from the cache: their p99 and how many a second."""
    with Provider(folder, 0.0, tls=False) as provider, Exporter(folder, provider, accounts, cache_ttl="1h") as exporter:
        exporter.scrape()
        times = sorted(scrapes(exporter.scrape, 300))
        return {
            "accounts": accounts,
            "cached_p50_ms": median_ms(times),
            "cached_p99_ms": round(1000 * times[int(0.99 * len(times))], 1),
            "scrapes_per_second": round(len(times) / sum(times)),
            "bytes": len(exporter.scrape()),
        }


def starts(folder: Path, rounds: int) -> dict[str, Any]:
    """From the command to the first scrape's end, three accounts, a provider that answers at once."""
    times, rss = [], []
    for _ in range(rounds):
        with Provider(folder, 0.0, tls=False) as provider:
            began = time.perf_counter()
            with Exporter(folder, provider, 3, cache_ttl="0s") as exporter:
                exporter.scrape()
                times.append(time.perf_counter() - began)
                rss.append(exporter.rss_mib())
    return {"start_to_first_scrape_s": round(statistics.median(times), 3), "rss_mib": statistics.median(rss)}


def two_scrapers(folder: Path) -> dict[str, Any]:
    """Calls under two scrapers by calls under one: interval 2 s, cache_ttl 1 s, as 60 s and 30 s shortened."""
    calls = []
    for offsets in ((0.0,), (0.0, 0.7)):
        with Provider(folder, 0.05, tls=False) as provider, Exporter(folder, provider, 5, cache_ttl="1s") as exporter:
            began = time.perf_counter()
            moments = sorted(2.0 * number + offset for number in range(10) for offset in offsets)
            for moment in moments:
                time.sleep(max(0.0, began + moment - time.perf_counter()))
                exporter.scrape()
            calls.append(provider.counts()["calls"])
    return {"calls_of_one": calls[0], "calls_of_two": calls[1], "ratio": round(calls[1] / calls[0], 3)}


def flat(folder: Path, accounts: int, count: int) -> dict[str, Any]:
    """Memory over many scrapes."""
    with Provider(folder, 0.0, tls=False) as provider, Exporter(folder, provider, accounts, cache_ttl="0s") as exporter:
        points = []
        for number in range(count):
            exporter.scrape()
            if number % (count // 10) == count // 10 - 1:
                points.append(exporter.rss_mib())
        return {"accounts": accounts, "scrapes": count, "rss_mib": points}


def table(rows: list[dict[str, Any]]) -> str:
    """Rows as columns that line up."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [names, *([str(row.get(name, "")) for name in names] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(names))]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in cells)


def flags() -> argparse.ArgumentParser:
    """The flags."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, and no 1,000 accounts")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--scrapes", type=int, default=0, metavar="NUMBER", help="memory over so many scrapes instead")
    return parser


def main() -> None:
    """Run it all and print it."""
    options = flags().parse_args()
    sizes = (3, 20, 200) if options.quick else (3, 20, 200, 1000)
    found: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.scrapes:
            print(table([flat(folder, 200, options.scrapes)]))
            return
        cases = [(size, seconds, False) for size in sizes for seconds in (0.0, 0.05, 0.2)]
        cases += [(size, 0.2, True) for size in sizes if size in (20, 200)]
        found["scrapes"] = []
        for size, seconds, tls in cases:
            found["scrapes"].append(compare(folder, size, seconds, tls, options.quick))
            print(table(found["scrapes"][-1:]), flush=True)
        found["cached"] = [cached(folder, size) for size in sizes]
        found["start"] = starts(folder, 3 if options.quick else 7)
        found["two_scrapers"] = two_scrapers(folder)
    print("\nscrapes\n" + table(found["scrapes"]))
    print("\nfrom the cache\n" + table(found["cached"]))
    for name in ("start", "two_scrapers"):
        print(f"\n{name}\n" + table([found[name]]))
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
