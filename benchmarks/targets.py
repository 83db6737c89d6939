"""What has to be reached: figures of the worlds, each with what it must be and what it aims at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.plan import Row


@dataclass(frozen=True, slots=True)
class Target:
    """A column of a world's row; `where` says which row. Less is better, unless `more`."""

    figure: str
    world: str
    column: str
    must: float
    aim: float
    where: Mapping[str, object] = field(default_factory=dict)
    more: bool = False

    def verdict(self, value: float) -> str:
        """How far it went."""
        if self._reaches(value, self.aim):
            return "aim"
        return "must" if self._reaches(value, self.must) else "MISSED"

    def _reaches(self, value: float, limit: float) -> bool:
        return value >= limit if self.more else value <= limit


_TWENTY, _TWO_HUNDRED = {"accounts": 20}, {"accounts": 200}
_AT_200_MS = {"accounts": 200, "upstream_ms": 200}
_GROWN = {"few": 100, "many": 3000}

TARGETS = (
    Target("CPU by the prototype's, HTTP kept, N=200", "http-kept", "cpu_ratio", 5.5, 4.0, _AT_200_MS),
    Target("new TLS connections by N=200 after an idle close", "https-idle-closed", "opened", 1.5, 0.5, _AT_200_MS),
    Target("handshakes resumed", "https-idle-closed", "resumed", 0.8, 0.95, _TWO_HUNDRED, more=True),
    Target(
        "worst /-/healthy by its scrape, idle close", "https-idle-closed", "healthy_ratio", 0.15, 0.05, _TWO_HUNDRED
    ),
    Target("worst /-/healthy by its scrape, TLS kept", "https-kept", "healthy_ratio", 0.15, 0.05, _TWO_HUNDRED),
    Target("accounts lost to resets, HTTP, of 20", "http-reset", "accounts_lost", 0, 0, _TWENTY),
    Target("accounts lost to resets, HTTPS, of 20", "https-reset", "accounts_lost", 0, 0, _TWENTY),
    Target("scrapes lost to a black hole, HTTP", "http-black-hole", "scrapes_lost", 1, 0, _TWENTY),
    Target("scrapes lost to a black hole, HTTPS", "https-black-hole", "scrapes_lost", 1, 0, _TWENTY),
    Target("CPU an account, N=3000 by N=100", "growth", "cpu_ratio", 1.15, 1.05, _GROWN),
    Target("memory an account, kB", "growth", "rss_kb_an_account", 45, 40, _GROWN),
    Target("start, CPU by importing the dependencies", "start", "cpu_ratio", 1.35, 1.2),
    Target("start, memory by importing the dependencies", "start", "rss_ratio", 1.15, 1.1),
    Target("p99 of a cached scrape, N=200, ms", "cached", "cached_p99_ms", 10, 5, _TWO_HUNDRED),
    *(
        target
        for size in (1000, 2000)
        for target in (
            Target(
                f"mass failure, N={size}, CPU by a good scrape", "mass-failure", "cpu_ratio", 2, 1.2, {"accounts": size}
            ),
            Target(
                f"mass failure, N={size}, wall by deadline",
                "mass-failure",
                "wall_by_deadline",
                1,
                1,
                {"accounts": size},
            ),
        )
    ),
)


def judged(found: Mapping[str, Sequence[Row]]) -> list[Row]:
    """The figures that a run has, and how far each went."""
    return [
        {
            "figure": target.figure,
            "is": row[target.column],
            "must": target.must,
            "aim": target.aim,
            "reached": target.verdict(row[target.column]),
        }
        for target in TARGETS
        for row in found.get(target.world, ())
        if target.column in row and target.where.items() <= row.items()
    ]
