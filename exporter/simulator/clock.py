"""The simulated time, which goes faster than the real one."""

import time
from collections.abc import Callable


class Clock:
    """Simulated time: `start` (Unix seconds) when it is made, and `speed` seconds a second from then on."""

    def __init__(self, start: float, speed: float = 1.0, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._start = start
        self._speed = speed
        self._monotonic = monotonic
        self._began = monotonic()

    def now(self) -> float:
        """The simulated time, in Unix seconds."""
        return self._start + (self._monotonic() - self._began) * self._speed
