"""What the simulator was asked: every call, counted by account and api."""

import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from exporter.simulator.server import Call

_KEPT_TIMES = 1000


class Calls:
    """Counts of calls by `Call`; `now` is the real time, in Unix seconds."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._running: Counter[Call] = Counter()
        self.count: Counter[Call] = Counter()
        self.with_credential: Counter[Call] = Counter()
        """Those that carried a credential, right or wrong."""
        self.most_at_once: Counter[Call] = Counter()
        """How many ran at the same time at most."""
        self.times: defaultdict[Call, deque[float]] = defaultdict(lambda: deque(maxlen=_KEPT_TIMES))
        """When the last thousand came."""

    def total(self, account: str | None = None, api: str | None = None) -> int:
        """The number of calls of an account, for an api, of both, or of all."""
        return sum(
            number for call, number in self.count.items() if account in (None, call.account) and api in (None, call.api)
        )

    @contextmanager
    def recorded(self, call: Call, *, credential: bool) -> Iterator[None]:
        """Count a call while it runs."""
        self.count[call] += 1
        self.with_credential[call] += credential
        self.times[call].append(self._now())
        self._running[call] += 1
        self.most_at_once[call] = max(self.most_at_once[call], self._running[call])
        try:
            yield
        finally:
            self._running[call] -= 1

    def clear(self) -> None:
        """Forget all but the calls that are running."""
        for counts in (self.count, self.with_credential, self.most_at_once, self.times):
            counts.clear()
