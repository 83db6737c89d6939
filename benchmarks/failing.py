"""What it costs when a provider fails all accounts at once, each of which has a key of its own."""

import statistics
import time
from collections.abc import Iterator

from benchmarks.plan import Plan, Row
from benchmarks.processes import Exporter, Provider

DEADLINE_SECONDS = 10.0
"""Prometheus' own default."""

SETTLE_SECONDS = 0.3
"""What a scrape leaves to be done after its answer is part of its cost."""


def mass_failure(plan: Plan) -> Iterator[Row]:
    """CPU of the scrape that finds every call answered by 500, and of one with nobody listening, by a good scrape's."""
    for accounts in plan.accounts or ((1000,) if plan.quick else (1000, 2000)):
        log_file = plan.folder / f"mass-failure-{accounts}.log"
        with (
            Provider(plan.folder, plan.seconds(0.0), tls=False) as provider,
            Exporter(plan.folder, provider, accounts, timeout="10s", log_file=log_file) as exporter,
        ):
            for _ in range(2):
                exporter.scrape()
            pairs, walls, lost = [], [], []
            for _ in range(plan.rounds(3)):
                good, _, lost_when_good = _scraped(exporter)
                provider.tell("fail")
                bad, wall, lost_when_bad = _scraped(exporter)
                provider.tell("heal")
                _scraped(exporter)  # tells that all is well again
                pairs.append((good, bad))
                walls.append(wall)
                lost.append((lost_when_good, lost_when_bad))
            provider.popen.terminate()
            down, down_wall, _ = _scraped(exporter)
        good = statistics.median(good for good, _ in pairs)
        yield {
            "accounts": accounts,
            "good_cpu_ms": round(1000 * good / accounts, 3),
            "failing_cpu_ms": round(1000 * statistics.median(bad for _, bad in pairs) / accounts, 3),
            "cpu_ratio": round(statistics.median(bad / good for good, bad in pairs), 2),
            "failing_scrape_s": round(max(walls), 2),
            "wall_by_deadline": round(max(*walls, down_wall) / DEADLINE_SECONDS, 3),
            "lost_when_good": max(lost)[0],
            "lost_when_failing": min(lost_when_bad for _, lost_when_bad in lost),
            "down_cpu_ratio": round(down / good, 2),
            "down_scrape_s": round(down_wall, 2),
            "log_lines": log_file.read_bytes().count(b"\n"),
        }


def _scraped(exporter: Exporter) -> tuple[float, float, int]:
    """CPU and wall seconds of a scrape, and how many accounts weren't up in it."""
    cpu, began = exporter.cpu_seconds(), time.perf_counter()
    page = exporter.page(DEADLINE_SECONDS)
    wall = time.perf_counter() - began
    time.sleep(SETTLE_SECONDS)
    return exporter.cpu_seconds() - cpu, wall, exporter.lost(page)
