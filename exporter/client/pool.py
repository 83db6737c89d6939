"""Connections that wait for their next request, each for its owner alone, and the gate to new ones over TLS."""

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from exporter.client.protocol import GuardedProtocol

IDLE_SECONDS = 90.0
"""Load balancers forget idle connections after a minute or some; a scrape interval is mostly shorter."""

MOST_HANDSHAKES = 24
"""TLS connections to one host that are opened at once: all at once they stop the loop, and all come late."""


class Key(NamedTuple):
    """Whose connection it is, and where it leads: never two credentials on one connection."""

    owner: object
    scheme: str
    host: str
    port: int


class Pool:
    """Idle connections by their key. The newest is used first, so that those too many grow old."""

    def __init__(self, idle_seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._idle_seconds = idle_seconds
        self._idle: dict[Key, list[GuardedProtocol]] = {}
        self._gates: dict[tuple[str, int], Gate] = {}
        self._sweep: asyncio.TimerHandle | None = None
        self._is_closed = False

    def take(self, key: Key) -> GuardedProtocol | None:
        """The newest idle connection that is still good."""
        idle = self._idle.pop(key, None)
        if idle is None:
            return None
        oldest = self._loop.time() - self._idle_seconds
        while idle:
            protocol = idle.pop()
            if protocol.idle_since > oldest and protocol.is_connected():
                if idle:
                    self._idle[key] = idle
                return protocol
            protocol.abort()
        return None

    async def open(
        self, key: Key, dial: Callable[[], Awaitable[GuardedProtocol]], while_seconds: float
    ) -> tuple[GuardedProtocol, bool]:
        """A connection, and whether it is new: else one of the owner's that is set free while it waits its turn.

        Where there is a queue, that is waited for as long as said.
        """
        if key.scheme != "https":
            return await dial(), True
        gate = self._gates.setdefault((key.host, key.port), Gate(MOST_HANDSHAKES))
        freed = await gate.enter(key, while_seconds)
        if freed is not None:
            return freed, False
        try:
            return await dial(), True
        finally:
            gate.leave(key)

    def give(self, key: Key, protocol: GuardedProtocol) -> None:
        """Keep a connection for its owner's next request."""
        if self._is_closed:
            protocol.abort()
            return
        gate = self._gates.get((key.host, key.port)) if key.scheme == "https" else None
        if gate is not None and gate.hand(key, protocol):
            return
        protocol.rest()
        self._idle.setdefault(key, []).append(protocol)
        if self._sweep is None:
            self._sweep = self._loop.call_later(self._idle_seconds, self._expire)

    def drop(self, key: Key) -> None:
        """Close the owner's idle connections: what one of them has met, the others will meet."""
        for protocol in self._idle.pop(key, ()):
            protocol.abort()

    def close(self) -> None:
        """Close all; what is given back later is closed then."""
        self._is_closed = True
        if self._sweep is not None:
            self._sweep.cancel()
        for key in list(self._idle):
            self.drop(key)

    def _expire(self) -> None:
        """Close what has been idle too long, and come again when the next one will be."""
        oldest = self._loop.time() - self._idle_seconds
        kept = {}
        for key, idle in self._idle.items():
            still = [protocol for protocol in idle if protocol.idle_since > oldest and protocol.is_connected()]
            for protocol in set(idle).difference(still):
                protocol.abort()
            if still:
                kept[key] = still
        self._idle = kept
        first = min((idle[0].idle_since for idle in kept.values()), default=None)
        self._sweep = None if first is None else self._loop.call_later(first - oldest, self._expire)


class Gate:
    """So many connections are opened at once. Whose call is its owner's first comes first.

    The others have a while to wait for the first one's connection instead: an owner's calls are short, handshakes
    dear, and where there is a queue they are all made by one processor.
    """

    def __init__(self, most: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._free = most
        self._serial = itertools.count()
        self._ranks: dict[Key, int] = {}
        self._turns: list[_Turn] = []
        self._waiting: dict[Key, deque[asyncio.Future[GuardedProtocol | None]]] = {}
        self._later: asyncio.TimerHandle | None = None

    async def enter(self, key: Key, while_seconds: float) -> GuardedProtocol | None:
        """Wait for a turn: None is one, to be ended by `leave`; else a connection that has become free meanwhile."""
        rank = self._ranks.get(key, 0)
        self._ranks[key] = rank + 1
        if self._free:
            self._free -= 1
            return None
        given: asyncio.Future[GuardedProtocol | None] = self._loop.create_future()
        since = self._loop.time() + (while_seconds if rank else 0.0)
        heapq.heappush(self._turns, _Turn(min(rank, 1), since, next(self._serial), given))
        self._waiting.setdefault(key, deque()).append(given)
        try:
            freed = await given
        except asyncio.CancelledError:
            self._forsake(key, given)
            raise
        if freed is not None:
            self._fewer(key)
        return freed

    def hand(self, key: Key, protocol: GuardedProtocol) -> bool:
        """Give a free connection to a call of its owner that waits; False where none does."""
        waiting = self._waiting.get(key)
        while waiting:
            given = waiting.popleft()
            if not given.done():
                given.set_result(protocol)
                return True
        self._waiting.pop(key, None)
        return False

    def leave(self, key: Key) -> None:
        """The connection is open, or could not be opened: the next may begin."""
        self._fewer(key)
        self._free += 1
        self._admit()

    def _admit(self) -> None:
        if self._later is not None:
            self._later.cancel()
            self._later = None
        while self._free and self._turns:
            turn = self._turns[0]
            wait = turn.since - self._loop.time()
            if not turn.given.done() and wait > 0:
                self._later = self._loop.call_later(wait, self._admit)
                return
            heapq.heappop(self._turns)
            if not turn.given.done():
                self._free -= 1
                turn.given.set_result(None)

    def _forsake(self, key: Key, given: "asyncio.Future[GuardedProtocol | None]") -> None:
        """Pass on what a call was given in the moment in which it was broken off."""
        freed = None if given.cancelled() else given.result()
        if not given.cancelled() and freed is None:
            self.leave(key)
            return
        self._fewer(key)
        if freed is not None:
            freed.abort()

    def _fewer(self, key: Key) -> None:
        rank = self._ranks.pop(key) - 1
        if rank:
            self._ranks[key] = rank


class _Turn(NamedTuple):
    """A call that waits: whether its owner has another under way, since when it may begin, which came first."""

    rank: int
    since: float
    number: int
    given: "asyncio.Future[GuardedProtocol | None]"
