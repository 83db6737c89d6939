"""What kept connections cost that are no longer any: reset at the next byte, or leading nowhere.

The first scrape opens a connection for every call; two of an account's three apis are then served from the cache, as
they mostly are in earnest. So more stale connections lie ready than there are calls, and a retry can meet another.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.plan import Plan, Row
from benchmarks.processes import Exporter, Provider

KEPT_APIS = ("subscription", "contacts")
TIMEOUT_SECONDS = {"reset": 30, "hole": 3}
"""A call's timeout; the scraper has a second more. A black hole is waited for, so it is short there."""

MOST_SCRAPES = 6
"""After so many the accounts count as lost for good."""


def http_reset(plan: Plan) -> Iterator[Row]:
    """Every kept connection is reset at the next byte."""
    return _rows(plan, "reset", tls=False)


def https_reset(plan: Plan) -> Iterator[Row]:
    """The same over TLS."""
    return _rows(plan, "reset", tls=True)


def http_black_hole(plan: Plan) -> Iterator[Row]:
    """On kept connections nothing is answered any more; new ones work."""
    return _rows(plan, "hole", tls=False)


def https_black_hole(plan: Plan) -> Iterator[Row]:
    """The same over TLS."""
    return _rows(plan, "hole", tls=True)


@dataclass(frozen=True, slots=True)
class _Spoilt:
    """What became of the scrapes after connections went stale."""

    kept: int
    accounts_lost: int
    scrapes_lost: int
    wall_seconds: float


def _rows(plan: Plan, what: str, tls: bool) -> Iterator[Row]:
    for accounts in plan.sizes(20) if what == "hole" else plan.sizes(3, 20, 200):
        with Provider(plan.folder, plan.seconds(0.2), tls) as provider:
            rounds = [_round(plan, provider, accounts, what) for _ in range(plan.rounds(2 if what == "hole" else 3))]
        yield {
            "accounts": accounts,
            "rounds": len(rounds),
            "stale_connections": min(each.kept for each in rounds),
            "accounts_lost": max(each.accounts_lost for each in rounds),
            "scrapes_lost": max(each.scrapes_lost for each in rounds),
            "slowest_scrape_ms": round(1000 * max(each.wall_seconds for each in rounds)),
        }


def _round(plan: Plan, provider: Provider, accounts: int, what: str) -> _Spoilt:
    """A fresh exporter, whose connections go stale after its first scrape."""
    before = provider.counts()
    timeout = TIMEOUT_SECONDS[what]
    with Exporter(plan.folder, provider, accounts, timeout=f"{timeout}s", kept_apis=KEPT_APIS) as exporter:
        exporter.scrape()
        kept = provider.since(before)["connections"]
        provider.tell(what)
        lost, wall = [], 0.0
        for _ in range(MOST_SCRAPES):
            began = time.perf_counter()
            lost.append(exporter.lost(exporter.page(timeout + 1)))
            wall = max(wall, time.perf_counter() - began)
            if not lost[-1]:
                break
    return _Spoilt(kept, max(lost), sum(map(bool, lost)), wall)
