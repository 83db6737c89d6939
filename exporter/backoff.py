"""How long a refused call is held back: doubling, with jitter."""

import random
from dataclasses import dataclass

FIRST_SECONDS = 30.0
LONGEST_SECONDS = 900.0


@dataclass
class Backoff:
    """From 30 s doubling to 15 min; jitter adds up to a fifth, so that accounts drift apart."""

    rng: random.Random
    refusals: int = 0
    until: float = 0.0

    def refused(self, now: float) -> None:
        """Hold back longer than the time before; `now` and `until` are seconds of one monotonic clock."""
        doubled = FIRST_SECONDS * 2 ** min(self.refusals, 10)
        self.until = now + min(doubled * self.rng.uniform(1, 1.2), LONGEST_SECONDS)
        self.refusals += 1

    def reset(self) -> None:
        """Start anew: the next call is free."""
        self.refusals = 0
        self.until = 0.0
