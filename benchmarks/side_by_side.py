"""This exporter and its rivals in turn: how long a scrape takes."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise

from benchmarks.plan import Plan, Row, median_ms, scrapes
from benchmarks.processes import Exporter, JsonExporter, Provider, Rival

JSON_EXPORTER = os.environ.get("JSON_EXPORTER", "")
"""json_exporter's binary, where there is one."""

RIVALS = {"requests": 20, "httpx": 200, "limit": 1000, "json_exporter": 200}
"""The most accounts at which a rival is still worth waiting for."""


def rivals(plan: Plan) -> Iterator[Row]:
    """Every size at three provider's times over HTTP, two of them over TLS too."""
    for size in plan.sizes(3, 20, 200, 1000):
        for seconds in sorted({plan.seconds(usual) for usual in (0.0, 0.05, 0.2)}):
            yield _compared(plan, size, seconds, tls=False)
    for size in plan.sizes(20, 200):
        yield _compared(plan, size, plan.seconds(0.2), tls=True)


def _compared(plan: Plan, accounts: int, seconds: float, tls: bool) -> Row:
    rounds = plan.rounds(max(3, min(15, 3000 // accounts)))
    row: Row = {"accounts": accounts, "upstream_ms": round(1000 * seconds), "tls": tls}
    with ExitStack() as stack:
        provider = stack.enter_context(Provider(plan.folder, seconds, tls))
        exporter = stack.enter_context(Exporter(plan.folder, provider, accounts))
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
            _add_rivals(row, plan, provider, min(rounds, 3))
    if seconds:
        for name in ("scrape", *RIVALS):
            if f"{name}_ms" in row:
                row[f"{name}_ratio"] = round(row[f"{name}_ms"] / 1000 / seconds, 3)
    return row


def _add_rivals(row: Row, plan: Plan, provider: Provider, rounds: int) -> None:
    accounts = row["accounts"]
    for name, most in RIVALS.items():
        if accounts > most or (name == "json_exporter" and not JSON_EXPORTER):
            continue
        with ExitStack() as stack:
            beside = stack.enter_context(JsonExporter(plan.folder, JSON_EXPORTER)) if name == "json_exporter" else None
            rival = stack.enter_context(Rival(name, provider, accounts, *([beside.url] if beside else [])))
            rival.scrape()
            cpu = beside.cpu_seconds() if beside else 0.0
            row[f"{name}_ms"] = median_ms([rival.scrape() for _ in range(rounds)])
            if beside:
                row["json_exporter_cpu_ms"] = round(1000 * (beside.cpu_seconds() - cpu) / rounds / accounts, 3)
                row["json_exporter_rss_mib"] = beside.rss_mib()
