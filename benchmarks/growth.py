"""Whether an account costs the same among many, and whether memory stays flat."""

import statistics
from collections.abc import Iterator

from benchmarks.plan import Plan, Row, scrapes
from benchmarks.processes import Exporter, Provider

FEW, MANY = 100, 3000


def growth(plan: Plan) -> Iterator[Row]:
    """CPU of an account among many by that among few, in turn; memory of an account between the two."""
    few, many = plan.accounts if len(plan.accounts) == 2 else (FEW, MANY)
    with (
        Provider(plan.folder, plan.seconds(0.0), tls=False) as provider,
        Exporter(plan.folder, provider, few) as small,
        Exporter(plan.folder, provider, many) as large,
    ):
        for exporter in (small, large):
            scrapes(exporter.scrape, 2)
        among_few, among_many = [], []
        for _ in range(plan.rounds(5)):
            among_few.append(_cpu_ms(small, few, max(1, many // few // 3)))
            among_many.append(_cpu_ms(large, many, 1))
        pairs = zip(among_many, among_few, strict=True)
        yield {
            "few": few,
            "many": many,
            "cpu_ms_among_few": round(statistics.median(among_few), 3),
            "cpu_ms_among_many": round(statistics.median(among_many), 3),
            "cpu_ratio": round(statistics.median(ours / theirs for ours, theirs in pairs), 3),
            "rss_kb_an_account": round(1024 * (large.rss_mib() - small.rss_mib()) / (many - few), 1),
            "rss_mib_of_many": large.rss_mib(),
        }


def _cpu_ms(exporter: Exporter, accounts: int, count: int) -> float:
    """Milliseconds an account and scrape."""
    before = exporter.cpu_seconds()
    scrapes(exporter.scrape, count)
    return 1000 * (exporter.cpu_seconds() - before) / accounts / count


def flat(plan: Plan, accounts: int, count: int) -> Row:
    """Memory over many scrapes."""
    with Provider(plan.folder, 0.0, tls=False) as provider, Exporter(plan.folder, provider, accounts) as exporter:
        points = []
        for number in range(count):
            exporter.scrape()
            if number % max(1, count // 10) == max(1, count // 10) - 1:
                points.append(exporter.rss_mib())
        return {"accounts": accounts, "scrapes": count, "rss_mib": points}
