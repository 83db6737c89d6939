"""One URL of a provider: its newest answer, at most one call in flight, and when to call again."""

import asyncio
import logging
import math
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from exporter.accounts.backoff import Backoff, rate_limit_seconds
from exporter.accounts.hold import Caller, Key
from exporter.accounts.limit import Limit
from exporter.accounts.observation import Outcome
from exporter.accounts.reading import Reader
from exporter.accounts.session import Kept, Session
from exporter.client.http import Answer, Call, Client
from exporter.client.signing import Signer
from exporter.failure import Failure, FailureError, Reason
from exporter.providers.definition import Api, Definition
from exporter.providers.errors import wait_seconds
from exporter.providers.request import prepare
from exporter.readings import Readings
from exporter.settings import ApiSettings, HttpSettings

logger = logging.getLogger(__name__)

FAILURE_PAUSE_SECONDS = 30.0
"""After a failure an api is called again once this, or its shorter cache_ttl, has passed."""

LATE_ANSWER_SECONDS = 300.0
"""An answer that came after its waiters had left serves the next scrape for this long."""

RETRY_PAUSE_SECONDS = 0.1
HELD_BACK = frozenset({Reason.FORBIDDEN, Reason.IP_NOT_ALLOWED, Reason.SUSPENDED})
"""Refusals that hold back their api; `unauthorized` holds back the whole account instead."""

_BRIEF_STATUSES = frozenset({502, 503, 504})


@dataclass(frozen=True, slots=True)
class Clock:
    """The two clocks: seconds that only go forward, and Unix seconds."""

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time


@dataclass(eq=False, slots=True)
class InFlight:
    """A call under way, made once its `leader` has ended; `deadline` is the latest of its waiters' (monotonic).

    `outcome` is there once it has ended; `status` and `header_names` are those of its newest answer.
    """

    caller: Caller
    leader: "asyncio.Task[None] | None" = None
    waiters: int = 0
    deadline: float = -math.inf
    outcome: Outcome | None = None
    status: int | None = None
    header_names: tuple[str, ...] = ()
    key: Key = field(init=False)
    task: "asyncio.Task[None]" = field(init=False)

    def add_waiter(self, deadline: float) -> None:
        """Wait along; every waiter is removed once."""
        self.waiters += 1
        self.deadline = max(self.deadline, deadline)

    def remove_waiter(self) -> None:
        """Stop waiting: the call doesn't notice."""
        self.waiters -= 1


class Resource:
    """One URL with its answer; the accounts that read a public URL through equal HTTP settings share one."""

    def __init__(
        self,
        definition: Definition,
        api: Api,
        settings: ApiSettings,
        values: Mapping[str, str],
        http: HttpSettings,
        client: Client,
        clock: Clock,
        rng: random.Random,
    ) -> None:
        self.definition = definition
        self.api = api
        self.url = settings.url
        self.http = http
        self.cache_ttl_seconds = 0.0
        self.newest: Outcome | None = None
        self.good: Outcome | None = None
        self.in_flight: InFlight | None = None
        self.scrapes = 0
        """How many scrapes under way may call it or wait for it."""
        self._dropped: Callable[[Resource], None] | None = None
        self._base_url = settings.base_url
        self._path = settings.path
        self._values = values
        self._client = client
        self._clock = clock
        self._backoff = Backoff(rng)
        self._not_before = -math.inf
        self._late_until = -math.inf
        self._late_for: object | None = None
        self._prepared: Call | None = None
        self._prepared_for: tuple[Signer | None, Kept | None] = None, None
        told = definition.errors.retry_after
        self._wait_header = "" if told is None else (told.header or "").lower()
        self._reader = Reader(definition, api)

    def is_due(self, now: float, scrape: object) -> bool:
        """Whether that scrape gets a call rather than what is known."""
        if self.newest is None:
            return True
        if self.newest.failure is not None:
            return now >= self._not_before
        is_late_for_it = now <= self._late_until and (self._late_for is None or self._late_for is scrape)
        return now - self.newest.ended >= self.cache_ttl_seconds and not is_late_for_it

    def pause(self, now: float) -> float:
        """Seconds until the next scrape gets a call; 0 where it gets one now."""
        if self.newest is None:
            return 0.0
        if self.newest.failure is not None:
            return max(0.0, self._not_before - now)
        return max(0.0, self.newest.ended + self.cache_ttl_seconds - now)

    def serves(self, scrape: object) -> None:
        """Note which scrape gets what is known: an answer that came late is for one scrape, all accounts of it."""
        if self._late_for is None:
            self._late_for = scrape

    def start(self, caller: Caller, leader: "asyncio.Task[None] | None" = None) -> InFlight:
        """Make a call, behind the leader's where there is one. It goes on without waiters, up to its own timeout."""
        self.in_flight = InFlight(caller, leader)
        self.in_flight.task = asyncio.create_task(self._run(self.in_flight))
        return self.in_flight

    def forget_refusals(self) -> None:
        """A new credential or a reload: what was refused may be called again at once. A rate limit stays."""
        self._backoff.reset()
        failure = None if self.newest is None else self.newest.failure
        if failure is not None and (failure.reason in HELD_BACK or failure.reason is Reason.UNAUTHORIZED):
            self._not_before = -math.inf

    def retire(self, dropped: Callable[["Resource"], None]) -> None:
        """No account has it any more: once the scrapes under way have ended its call is broken off; `dropped` hears."""
        self._dropped = dropped
        self._drop_unused()

    def leave(self) -> None:
        """A scrape that counted in `scrapes` has ended."""
        self.scrapes -= 1
        if self._dropped is not None:
            self._drop_unused()

    def _drop_unused(self) -> None:
        if self.scrapes == 0 and self._dropped is not None:
            if self.in_flight is not None:
                self.in_flight.task.cancel()
            self._dropped(self)

    async def aclose(self) -> None:
        """Break off the call under way."""
        if self.in_flight is not None:
            self.in_flight.task.cancel()
            await asyncio.wait({self.in_flight.task})

    async def _run(self, call: InFlight) -> None:
        hold = call.caller.hold
        try:
            if call.leader is None or await hold.may_follow(call.leader):
                call.key = hold.key  # taken now: it may have changed while the leader called
                outcome = call.outcome = await self._call(call)
                self._record(outcome, served=call.waiters > 0)
                call.caller.ended(call.key, outcome)
                if call.key is not hold.key and outcome.reason is Reason.UNAUTHORIZED:
                    self.forget_refusals()  # it was the old key that was refused
        finally:
            self.in_flight = None

    async def _call(self, call: InFlight) -> Outcome:
        started = self._clock.monotonic()
        end = started + call.caller.timeout_seconds
        outcome = await self._attempt(call, started, end, min(end, call.deadline))
        resumed = self._clock.monotonic() + RETRY_PAUSE_SECONDS
        allowed = call.waiters and resumed + outcome.duration_seconds < min(end, call.deadline)
        if allowed and self._is_worth_a_retry(outcome):
            await asyncio.sleep(RETRY_PAUSE_SECONDS)
            if call.caller.hold.may_retry(call.key, started):
                again = await self._attempt(call, started, end)
                # A server that answers 503 often closes the connection as well: its answer says more than that.
                cut_off = again.reason is Reason.CONNECTION and outcome.status is not None
                outcome = outcome if cut_off else again
        return outcome

    @staticmethod
    def _is_worth_a_retry(outcome: Outcome) -> bool:
        """Connection failures, and the statuses of a short outage where neither body nor headers say otherwise."""
        failure = outcome.failure
        if failure is None or failure.reason is not Reason.SERVER_ERROR:
            return outcome.reason is Reason.CONNECTION
        return outcome.status in _BRIEF_STATUSES and not failure.retry_after_seconds

    async def _attempt(self, call: InFlight, started: float, end: float, awaited_until: float | None = None) -> Outcome:
        """One try until `end`, with a sign-in before it where one is due.

        Where somebody waits until then and a repetition may follow, a kept connection is doubted in time.
        """
        made = call.caller.requests
        call.status, call.header_names = None, ()
        result: Readings | Failure
        try:
            if call.key.session is None:
                result = await self._ask(call, None, end, awaited_until)
            else:
                result = await self._ask_signed_in(call, call.key.session, end, awaited_until)
        except FailureError as error:
            result = error.failure
        except TimeoutError:
            result = Failure(Reason.TIMEOUT, f"no whole answer within {end - started:g} s")
        except Exception as error:
            # The one place that outlives any error of ours below it: the account says `internal`, the scrape goes on.
            logger.exception("Unexpected error", extra={"url": self.url})
            result = Failure(Reason.INTERNAL, f"{type(error).__name__} while asking")
        if isinstance(result, Failure) and call.caller.requests > made:
            call.caller.failures += 1
        now = self._clock.monotonic()
        return Outcome(result, now, self._clock.wall(), now - started, call.status, call.header_names)

    async def _ask(self, call: InFlight, kept: Kept | None, end: float, awaited_until: float | None) -> Readings:
        """One request, with what a sign-in gave where one came first."""
        answer = await self._send(call, self._prepare(call.key.signer, kept), end, awaited_until)
        try:
            return await self._reader.readings(answer, call.key.secrets)
        except FailureError as error:
            error.failure = answer.timed(self._dated(error.failure))
            raise

    async def _ask_signed_in(
        self, call: InFlight, session: Session, end: float, awaited_until: float | None
    ) -> Readings:
        """One request with what the account's sign-in gave; where that is refused, one more after another sign-in."""
        kept = await self._kept(call, session, end)
        try:
            return await self._ask(call, kept, end, awaited_until)
        except FailureError as error:
            if error.failure.reason is not Reason.UNAUTHORIZED:
                raise
        call.caller.failures += 1
        session.refuse(kept)
        return await self._ask(call, await self._kept(call, session, end), end, None)

    async def _kept(self, call: InFlight, session: Session, end: float) -> Kept:
        with Limit(call.task, end - self._clock.monotonic()):
            return await session.kept(
                self._base_url, lambda made: self._send(call, made, end, None), self._clock.monotonic
            )

    async def _send(self, call: InFlight, request: Call, end: float, awaited_until: float | None) -> Answer:
        """One request counts from its start, even without a connection."""
        call.caller.requests += 1
        request.way.seconds = None if awaited_until is None else awaited_until - self._clock.monotonic()
        with Limit(call.task, end - self._clock.monotonic()):
            answer = await self._client.get(request, self.http)
        call.status = answer.status
        call.header_names = self._reader.header_names(answer.header_names, call.key.secrets)
        return answer

    def _dated(self, failure: Failure) -> Failure:
        """A failure whose body says until when to wait, rather than how long."""
        told = failure.retry_after_seconds
        return failure if told is None else replace(failure, retry_after_seconds=wait_seconds(told, self._clock.wall()))

    def _prepare(self, signer: Signer | None, kept: Kept | None) -> Call:
        """The call, the same one as before while signer and what is kept are the same."""
        if self._prepared is None or self._prepared_for != (signer, kept):
            if signer is None:
                request, sign = prepare(self.api, self._base_url, self._path, self._values, {}), None
            elif kept is None:
                request, sign = signer.prepare(self.api, self._base_url, self._path), signer.sign
            else:
                request, sign = signer.prepare_after(kept.values, self.api, self._base_url, self._path), None
            self._prepared = Call(request, self.api.max_bytes, signer, sign, self._wait_header)
            self._prepared_for = signer, kept
        return self._prepared

    def _record(self, outcome: Outcome, *, served: bool) -> None:
        self.newest = outcome
        failure = outcome.failure
        if failure is None:
            self.good = outcome
            self._late_until = -math.inf if served else outcome.ended + LATE_ANSWER_SECONDS
            self._late_for = None
            self._backoff.reset()
            return
        self._not_before = outcome.ended + min(self.cache_ttl_seconds, FAILURE_PAUSE_SECONDS)
        told = failure.retry_after_seconds is not None and failure.retry_after_seconds >= 0
        if failure.reason is Reason.RATE_LIMITED or (failure.reason is Reason.SERVER_ERROR and told):
            pause = rate_limit_seconds(failure.retry_after_seconds)
            self._not_before = max(self._not_before, outcome.ended + pause)
        elif failure.reason in HELD_BACK or (failure.reason is Reason.UNAUTHORIZED and self.api.public):
            self._backoff.refused(outcome.ended)
            self._not_before = max(self._not_before, self._backoff.until)
