"""One URL of a provider: its newest answer, at most one call in flight, and when to call again."""

import asyncio
import logging
import math
import random
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from exporter.backoff import Backoff
from exporter.failure import Failure, FailureError, Reason, invalid_response
from exporter.providers import extract
from exporter.providers.definition import Api, Definition
from exporter.readings import Readings
from exporter.redaction import SHOWN
from exporter.secret import Confidential
from exporter.settings import HttpSettings
from exporter.signing import Signer
from exporter.transport import Answer, Call, Client

logger = logging.getLogger(__name__)

FAILURE_PAUSE_SECONDS = 30.0
"""After a failure an api is asked again once this, or its shorter cache_ttl, has passed."""

LATE_ANSWER_SECONDS = 300.0
"""An answer that came after its askers had left serves the next scrape for this long."""

RETRY_PAUSE_SECONDS = 0.1
READ_IN_THREAD_BYTES = 64 * 1024
"""A larger answer would hold up the others while it is read, and fill memory if it were kept."""

_READER = ThreadPoolExecutor(1, "reader")
"""One large answer is read at a time: each takes many times its size."""

RATE_LIMIT_SECONDS = 60.0
LONGEST_RATE_LIMIT_SECONDS = 3600.0

HELD_BACK = frozenset({Reason.FORBIDDEN, Reason.IP_NOT_ALLOWED, Reason.SUSPENDED})
"""Refusals that hold back their api; `unauthorized` holds back the whole account instead."""

_BRIEF_STATUSES = frozenset({502, 503, 504})


@dataclass(frozen=True, slots=True)
class Clock:
    """The two clocks: seconds that only go forward, and Unix seconds."""

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time


@dataclass(slots=True)
class Tally:
    """What an account's api has cost since the start: calls made, and those of them that failed."""

    requests: int = 0
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """A call that has ended; `ended` is monotonic, `ended_timestamp_seconds` Unix time."""

    result: Readings | Failure
    ended: float
    ended_timestamp_seconds: float
    duration_seconds: float
    status: int | None = None
    header_names: tuple[str, ...] = ()


@dataclass(slots=True)
class Flight:
    """A call under way. `deadline` is the latest of its askers' (monotonic); `outcome` is None where none was made."""

    deadline: float
    askers: int = 0
    outcome: Outcome | None = None
    task: "asyncio.Task[None]" = field(init=False)


@dataclass(frozen=True, slots=True)
class Ask:
    """Who starts a call: what it costs is theirs.

    `secrets` are what is sent, which no label may show. `may_call` is awaited first and says whether the call
    may be made at all, `may_retry` whether a call that started then may be repeated; `ended` hears of the outcome.
    """

    tally: Tally
    sign: Signer | None
    secrets: Confidential
    timeout_seconds: float
    ended: Callable[[Outcome], None]
    may_retry: Callable[[float], bool]
    may_call: Callable[[], Awaitable[bool]] | None = None


class Source:
    """One URL with its answer; the accounts that read a public URL through equal HTTP settings share one."""

    def __init__(
        self,
        definition: Definition,
        api: Api,
        url: str,
        http: HttpSettings,
        client: Client,
        clock: Clock,
        rng: random.Random,
    ) -> None:
        self.definition = definition
        self.api = api
        self.url = url
        self.http = http
        self.cache_ttl_seconds = 0.0
        self.newest: Outcome | None = None
        self.good: Outcome | None = None
        self.flight: Flight | None = None
        self._client = client
        self._clock = clock
        self._random = rng
        self._backoff = Backoff(rng)
        self._not_before = -math.inf
        self._late_until = -math.inf
        self._late_for: object | None = None
        self._prepared: Call | None = None
        self._read_last: tuple[tuple[int, bytes, Confidential], Readings] | None = None

    def is_due(self, now: float, scrape: object) -> bool:
        """Whether an asker in that scrape gets a call rather than what is known."""
        if self.newest is None:
            return True
        if isinstance(self.newest.result, Failure):
            return now >= self._not_before
        is_late_for_it = now <= self._late_until and (self._late_for is None or self._late_for is scrape)
        return now - self.newest.ended >= self.cache_ttl_seconds and not is_late_for_it

    def pause(self, now: float) -> float:
        """Seconds until the next asker gets a call; 0 where it gets one now."""
        if self.newest is None:
            return 0.0
        if isinstance(self.newest.result, Failure):
            return max(0.0, self._not_before - now)
        return max(0.0, self.newest.ended + self.cache_ttl_seconds - now)

    def serve(self, scrape: object) -> None:
        """Note who gets what is known: an answer that came late serves one scrape, all accounts of it."""
        if self._late_for is None:
            self._late_for = scrape

    def join(self, deadline: float) -> Flight | None:
        """Wait along with the call under way, if there is one; every join ends with `leave`."""
        if self.flight is not None:
            self.flight.askers += 1
            self.flight.deadline = max(self.flight.deadline, deadline)
        return self.flight

    def start(self, ask: Ask, deadline: float) -> Flight:
        """Make the call and join it. It goes on without its askers, up to its own timeout."""
        flight = Flight(deadline, askers=1)
        self.flight = flight
        flight.task = asyncio.create_task(self._fly(flight, ask))
        return flight

    @staticmethod
    def leave(flight: Flight) -> None:
        """Stop waiting: the call doesn't notice."""
        flight.askers -= 1

    def forget_refusals(self) -> None:
        """A new credential or a reload: what was refused may be asked again at once. A rate limit stays."""
        self._backoff.reset()
        refused = self.newest is not None and isinstance(self.newest.result, Failure) and self.newest.result.reason
        if refused in HELD_BACK or refused is Reason.UNAUTHORIZED:
            self._not_before = -math.inf

    async def aclose(self) -> None:
        """Break off the call under way."""
        if self.flight is not None:
            self.flight.task.cancel()
            await asyncio.wait({self.flight.task})

    async def _fly(self, flight: Flight, ask: Ask) -> None:
        try:
            if ask.may_call is None or await ask.may_call():
                flight.outcome = await self._call(flight, ask)
                self._record(flight.outcome, served=flight.askers > 0)
                ask.ended(flight.outcome)
        finally:
            self.flight = None

    async def _call(self, flight: Flight, ask: Ask) -> Outcome:
        started = self._clock.monotonic()
        end = started + ask.timeout_seconds
        outcome = await self._attempt(ask, started, end, min(end, flight.deadline))
        resumed = self._clock.monotonic() + RETRY_PAUSE_SECONDS
        allowed = flight.askers and resumed + outcome.duration_seconds < min(end, flight.deadline)
        if allowed and self._is_worth_a_retry(outcome):
            await asyncio.sleep(RETRY_PAUSE_SECONDS)
            if ask.may_retry(started):
                again = await self._attempt(ask, started, end)
                # A server that answers 503 often closes the connection as well: its answer says more than that.
                cut_off = isinstance(again.result, Failure) and again.result.reason is Reason.CONNECTION
                outcome = outcome if cut_off and outcome.status is not None else again
        return outcome

    @staticmethod
    def _is_worth_a_retry(outcome: Outcome) -> bool:
        """Connection failures, and the statuses of a short outage where the body tells no other reason."""
        if not isinstance(outcome.result, Failure):
            return False
        reason = outcome.result.reason
        return reason is Reason.CONNECTION or (reason is Reason.SERVER_ERROR and outcome.status in _BRIEF_STATUSES)

    async def _attempt(self, ask: Ask, started: float, end: float, awaited_until: float | None = None) -> Outcome:
        """One request until `end`; it counts from its start, even without a connection.

        Where somebody waits until then and a repetition may follow, a kept connection is doubted in time.
        """
        ask.tally.requests += 1
        status: int | None = None
        header_names: tuple[str, ...] = ()
        result: Readings | Failure
        try:
            call = self._call_signed_by(ask.sign)
            call.way.seconds = None if awaited_until is None else awaited_until - self._clock.monotonic()
            async with asyncio.timeout(end - self._clock.monotonic()):
                answer = await self._client.get(call, self.http)
            status = answer.status
            header_names = tuple(SHOWN if ask.secrets.is_in(name) else name for name in answer.header_names)
            result = await self._read(answer, ask.secrets)
        except FailureError as error:
            result = error.failure
            if status is not None and answer.retry_after_seconds is not None:
                result = Failure(result.reason, result.detail, answer.retry_after_seconds)
        except TimeoutError:
            result = Failure(Reason.TIMEOUT, f"no whole answer within {ask.timeout_seconds:g} s")
        except Exception as error:
            # The one place that outlives any defect below it: the account says `internal`, the scrape goes on.
            logger.exception("Defect of the exporter", extra={"url": self.url})
            result = Failure(Reason.INTERNAL, f"{type(error).__name__} while asking")
        if isinstance(result, Failure):
            ask.tally.failures += 1
        return self._outcome(result, started, status, header_names)

    async def _read(self, answer: Answer, secrets: Confidential) -> Readings:
        """What an answer tells. Most answers are the same as the one before: those needn't be read again."""
        asked = (answer.status, answer.body, secrets)
        if self._read_last is not None and self._read_last[0] == asked:
            return self._read_last[1]
        is_large = len(answer.body) > READ_IN_THREAD_BYTES
        what = (answer.status, answer.body, self.definition, self.api)
        if is_large:
            readings = await asyncio.get_running_loop().run_in_executor(_READER, extract.answer, *what)
        else:
            readings = extract.answer(*what)
        if any(map(secrets.is_in, readings.texts())):
            raise invalid_response("the answer gives the account's secret back as a value")
        self._read_last = None if is_large else (asked, readings)
        return readings

    def _call_signed_by(self, sign: Signer | None) -> Call:
        """The call, the same one as before while the signer is the same."""
        if self._prepared is None or self._prepared.sign is not sign:
            accept = "application/json" if self.api.format == "json" else "text/plain"
            self._prepared = Call(self.url, sign, accept, self.api.max_bytes)
        return self._prepared

    def _outcome(
        self,
        result: Readings | Failure,
        started: float,
        status: int | None = None,
        header_names: tuple[str, ...] = (),
    ) -> Outcome:
        now = self._clock.monotonic()
        return Outcome(result, now, self._clock.wall(), now - started, status, header_names)

    def _record(self, outcome: Outcome, *, served: bool) -> None:
        self.newest = outcome
        if not isinstance(outcome.result, Failure):
            self.good = outcome
            self._late_until = -math.inf if served else outcome.ended + LATE_ANSWER_SECONDS
            self._late_for = None
            self._backoff.reset()
            return
        self._not_before = outcome.ended + min(self.cache_ttl_seconds, FAILURE_PAUSE_SECONDS)
        reason = outcome.result.reason
        if reason is Reason.RATE_LIMITED:
            asked = outcome.result.retry_after_seconds
            pause = RATE_LIMIT_SECONDS if asked is None or asked < 0 else min(asked, LONGEST_RATE_LIMIT_SECONDS)
            self._not_before = max(self._not_before, outcome.ended + pause)
        elif reason in HELD_BACK or (reason is Reason.UNAUTHORIZED and self.api.public):
            self._backoff.refused(outcome.ended)
            self._not_before = max(self._not_before, self._backoff.until)
