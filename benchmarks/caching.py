"""What the cache saves: scrapes that are served from it, and calls under two scrapers."""

import time
from collections.abc import Iterator

from benchmarks.plan import Plan, Row, median_ms, scrapes
from benchmarks.processes import Exporter, Provider


def cached(plan: Plan) -> Iterator[Row]:
    """Scrapes served from the cache: their p99 and how many a second."""
    for accounts in plan.sizes(3, 20, 200, 1000):
        with (
            Provider(plan.folder, 0.0, tls=False) as provider,
            Exporter(plan.folder, provider, accounts, cache_ttl="1h") as exporter,
        ):
            exporter.scrape()
            times = sorted(scrapes(exporter.scrape, 300))
            yield {
                "accounts": accounts,
                "cached_p50_ms": median_ms(times),
                "cached_p99_ms": round(1000 * times[int(0.99 * len(times))], 1),
                "scrapes_per_second": round(len(times) / sum(times)),
                "bytes": len(exporter.scrape()),
            }


def two_scrapers(plan: Plan) -> Iterator[Row]:
    """Calls under two scrapers by calls under one: interval 2 s, cache_ttl 1 s, as 60 s and 30 s shortened."""
    calls = []
    for offsets in ((0.0,), (0.0, 0.7)):
        with (
            Provider(plan.folder, 0.05, tls=False) as provider,
            Exporter(plan.folder, provider, 5, cache_ttl="1s") as exporter,
        ):
            began = time.perf_counter()
            moments = sorted(2.0 * number + offset for number in range(10) for offset in offsets)
            for moment in moments:
                time.sleep(max(0.0, began + moment - time.perf_counter()))
                exporter.scrape()
            calls.append(provider.counts()["calls"])
    yield {"calls_of_one": calls[0], "calls_of_two": calls[1], "ratio": round(calls[1] / calls[0], 3)}
