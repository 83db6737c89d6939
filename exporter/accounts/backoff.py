"""How long a failed call is held back: by a refusal doubling, with jitter; by a rate limit as the provider says."""

import random
from dataclasses import dataclass

FIRST_SECONDS = 30.0
LONGEST_SECONDS = 900.0

RATE_LIMIT_SECONDS = 60.0
LONGEST_RATE_LIMIT_SECONDS = 3600.0


@dataclass(slots=True)
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


def rate_limit_seconds(retry_after_seconds: float | None) -> float:
    """How long a rate limit holds: as long as the provider says (None: it doesn't), an hour at most."""
    if retry_after_seconds is None or retry_after_seconds < 0:
        return RATE_LIMIT_SECONDS
    return min(retry_after_seconds, LONGEST_RATE_LIMIT_SECONDS)
