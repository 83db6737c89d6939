"""CPU of the exporter by that of a bare protocol, in turn against one provider: kept connections, and closed ones."""

import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from benchmarks.liveness import worst_healthy
from benchmarks.plan import Plan, Row, scrapes
from benchmarks.processes import Exporter, Prototype, Provider

SETTLE_SECONDS = 0.3
"""For both to notice that connections were closed."""

WATCHED = 3
"""Scrapes beside which `/-/healthy` is asked; it costs CPU, so none of them counts as a round."""


def http_kept(plan: Plan) -> Iterator[Row]:
    """HTTP, connections kept from scrape to scrape."""
    for size in plan.sizes(3, 20, 200, 1000):
        yield _compared(plan, size, tls=False, closes=False)


def https_kept(plan: Plan) -> Iterator[Row]:
    """The same over TLS."""
    for size in plan.sizes(3, 20, 200):
        yield _compared(plan, size, tls=True, closes=False)


def https_idle_closed(plan: Plan) -> Iterator[Row]:
    """TLS, and the provider closes every idle connection before each scrape."""
    for size in plan.sizes(3, 20, 200):
        yield _compared(plan, size, tls=True, closes=True)


@dataclass(slots=True)
class _Rounds:
    """What each round showed, by the process' name."""

    cpu: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    walls: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    made: dict[str, list[dict[str, int]]] = field(default_factory=lambda: defaultdict(list))

    def cpu_ratio(self) -> float:
        """The median of the pairs."""
        pairs = zip(self.cpu["exporter"], self.cpu["prototype"], strict=True)
        return statistics.median(ours / theirs for ours, theirs in pairs)

    def per_call(self, name: str, what: str, calls: int) -> float:
        """How many of what the provider counts a process made in a round, by some number."""
        return statistics.median(made[what] for made in self.made[name]) / calls

    def resumed(self) -> float:
        """The share of the exporter's handshakes that resumed a session."""
        made = self.made["exporter"]
        return sum(each["resumed"] for each in made) / max(1, sum(each["handshakes"] for each in made))


def _compared(plan: Plan, accounts: int, tls: bool, closes: bool) -> Row:
    seconds = plan.seconds(0.2)
    batch = 1 if closes else max(1, min(5, 60 // accounts))
    with (
        Provider(plan.folder, seconds, tls) as provider,
        Exporter(plan.folder, provider, accounts) as exporter,
        Prototype(provider, accounts) as prototype,
    ):
        processes: dict[str, Exporter | Prototype] = {"exporter": exporter, "prototype": prototype}
        for process in processes.values():
            scrapes(process.scrape, 2)
        rounds = _Rounds()
        for number in range(plan.rounds(5 if closes or accounts >= 1000 else 9)):
            _round(rounds, provider, processes, batch, closes=closes, reverse=number % 2 == 1)
        row = _row(rounds, accounts, seconds, batch, tls)
        row["healthy_ms"], row["healthy_ratio"] = _watched(provider, exporter, closes)
        row["rss_mib"], row["prototype_rss_mib"] = exporter.rss_mib(), prototype.rss_mib()
        return row


def _round(
    rounds: _Rounds,
    provider: Provider,
    processes: dict[str, Exporter | Prototype],
    batch: int,
    *,
    closes: bool,
    reverse: bool,
) -> None:
    """Both once, in turn. A process' time is that of the whole round: it has its own closed connections in it."""
    before = {name: process.cpu_seconds() for name, process in processes.items()}
    if closes:
        provider.tell("close")
        time.sleep(SETTLE_SECONDS)
    for name in sorted(processes, reverse=reverse):
        counts = provider.counts()
        rounds.walls[name] += scrapes(processes[name].scrape, batch)
        rounds.made[name].append(provider.since(counts))
    for name, process in processes.items():
        rounds.cpu[name].append(process.cpu_seconds() - before[name])


def _row(rounds: _Rounds, accounts: int, seconds: float, batch: int, tls: bool) -> Row:
    row: Row = {"accounts": accounts, "upstream_ms": round(1000 * seconds), "rounds": len(rounds.cpu["exporter"])}
    for name, prefix in (("exporter", ""), ("prototype", "prototype_")):
        row[f"{prefix}scrape_ms"] = round(1000 * statistics.median(rounds.walls[name]), 1)
        row[f"{prefix}cpu_ms"] = round(1000 * statistics.median(rounds.cpu[name]) / batch / accounts, 3)
    row["cpu_ratio"] = round(rounds.cpu_ratio(), 2)
    row["calls"] = rounds.per_call("exporter", "calls", batch * accounts)
    row["opened"] = round(rounds.per_call("exporter", "connections", batch * accounts), 2)
    if tls and any(made["handshakes"] for made in rounds.made["exporter"]):
        row["resumed"] = round(rounds.resumed(), 3)
    return row


def _watched(provider: Provider, exporter: Exporter, closes: bool) -> tuple[float, float]:
    """The worst `/-/healthy` in milliseconds and by its scrape's wall time, medians of some scrapes."""
    seen = []
    for _ in range(WATCHED):
        if closes:
            provider.tell("close")
            time.sleep(SETTLE_SECONDS)
        seen.append(worst_healthy(exporter.address, exporter.scrape))
    worst = statistics.median(worst for worst, _ in seen)
    return round(1000 * worst, 1), round(statistics.median(worst / wall for worst, wall in seen), 3)
