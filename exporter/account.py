"""One account: asks its apis, holds all of them back when its key is refused, and says what is known."""

import asyncio
import logging
import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from exporter.backoff import Backoff
from exporter.credential import Confidential
from exporter.failure import Failure, Reason
from exporter.readings import Readings
from exporter.settings import AccountSettings, ApiSettings
from exporter.signing import Signer, signer
from exporter.source import Ask, Clock, Flight, Outcome, Source, Tally

logger = logging.getLogger(__name__)

NOTHING = Confidential()

NOT_WAITED_FOR = "no answer within the time that the asker has"
"""The detail of a timeout that is one asker's alone: the call goes on."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What one asker gets to know of one api.

    `readings` are the last good ones while they may still be served, `failure` says why the newest call
    (or this asker's wait) failed; both can be there. Without either nothing is known yet.
    """

    api: str
    readings: Readings | None = None
    failure: Failure | None = None
    last_success_timestamp_seconds: float | None = None
    duration_seconds: float | None = None
    requests: int = 0
    failures: int = 0


@dataclass(frozen=True, slots=True)
class View:
    """What one asker gets to know of one account, an observation an api."""

    settings: AccountSettings
    observations: tuple[Observation, ...]


@dataclass(slots=True)
class AccountApi:
    """One api of one account: its settings, where its answer comes from, and what it has cost."""

    settings: ApiSettings
    source: Source
    tally: Tally

    @property
    def is_credentialed(self) -> bool:
        """Whether a call sends the account's credential."""
        return not self.source.api.public

    def newest_end(self) -> float:
        """When the newest call ended (monotonic); long ago where there was none."""
        return -math.inf if self.source.newest is None else self.source.newest.ended


class Ticket:
    """An asker's place at one account: the calls to wait for, an entry an api."""

    def __init__(self, account: "Account") -> None:
        self._account = account
        self._settings = account.settings  # a reload in mid-scrape doesn't change what this asker sees
        self._flights: dict[str, tuple[AccountApi, Flight | None, bool]] = {}

    @property
    def tasks(self) -> "list[asyncio.Task[None]]":
        """The calls to wait for."""
        return [flight.task for _, flight, _ in self._flights.values() if flight is not None]

    def add(self, api: AccountApi, flight: Flight | None, *, however_old: bool) -> None:
        """Note an api: a call to wait for, or none where what is known serves (`however_old` it is)."""
        self._flights[api.settings.name] = (api, flight, however_old)

    def view(self) -> View:
        """End the wait: an api that is still under way is a timeout for this asker alone."""
        observations = []
        for settings in self._settings.apis:
            api, flight, however_old = self._flights[settings.name]
            in_vain = flight is not None and not flight.task.done()
            observations.append(self._account.observation(api, waited_in_vain=in_vain, however_old=however_old))
        self.leave()
        return View(self._settings, tuple(observations))

    def leave(self) -> None:
        """Stop waiting, as `view` does, and as a scrape does that is cancelled."""
        for _, flight, _ in self._flights.values():
            if flight is not None:
                Source.leave(flight)


class Account:
    """An account with the state of its apis; `sources` may be shared with other accounts where they are public."""

    def __init__(
        self, settings: AccountSettings, sources: Mapping[str, Source], clock: Clock, rng: random.Random
    ) -> None:
        self.settings = settings
        self.apis = {api.name: AccountApi(api, sources[api.name], Tally()) for api in settings.apis}
        self._clock = clock
        self._sign: Signer = signer(settings.credential, settings.provider)
        self._secrets = settings.credential.confidential()
        self._hold = Backoff(rng)
        self._held_since = math.inf
        self._held_failure: Failure | None = None
        self._refused: set[str] = set()
        self._epoch = 0
        self._broken: set[str] = set()
        self._remarks: dict[str, tuple[str, ...]] = {}
        self._last_seen: dict[str, Observation] = {}

    def now(self) -> float:
        """Seconds of the monotonic clock that deadlines are given in."""
        return self._clock.monotonic()

    def ask(self, scrape: object, deadline: float = math.inf) -> Ticket:
        """Start or join the calls that are due; end with `Ticket.view`.

        `scrape` is any object that all accounts asked together are asked with, `deadline` the asker's (monotonic).
        """
        now = self.now()
        self._heed_rotation()
        ticket = Ticket(self)
        leader = self._leader(now, scrape)
        lead: Flight | None = None
        for api in sorted(self.apis.values(), key=lambda api: api is not leader):
            due = api.source.is_due(now, scrape)
            flight = api.source.join(deadline)
            if flight is None and due and (leader is not None or not self._is_held(api)):
                flight = api.source.start(self._ask_for(api, lead if self._is_held(api) else None), deadline)
            if flight is None:
                api.source.serve(scrape)
            ticket.add(api, flight, however_old=flight is None and not due)
            if api is leader:
                lead = flight
        return ticket

    def pause(self, api: AccountApi) -> float:
        """Seconds until the next asker gets a call of an api, a refused key's hold included."""
        held = self._hold.until - self.now() if self._is_held(api) else 0.0
        return max(held, api.source.pause(self.now()))

    def known(self) -> View:
        """What is known, without asking for anything."""
        return View(self.settings, tuple(self.observation(api) for api in self.apis.values()))

    def forget_refusals(self) -> None:
        """A new credential or a reload: every refused api may be asked again at once."""
        self._epoch += 1
        self._hold.reset()
        self._held_failure = None
        self._refused.clear()
        for api in self.apis.values():
            api.source.forget_refusals()

    def adopt(self, settings: AccountSettings, sources: Mapping[str, Source]) -> None:
        """Go on under new settings that ask the same provider with the same credential."""
        tallies = {name: api.tally for name, api in self.apis.items()}
        self.settings = settings
        self.apis = {
            api.name: AccountApi(api, sources[api.name], tallies.get(api.name) or Tally()) for api in settings.apis
        }
        self._last_seen.clear()
        self.forget_refusals()

    def _heed_rotation(self) -> None:
        if self.settings.credential.refresh():
            logger.info("Secret has changed", extra=self._log_labels())
            self._sign = signer(self.settings.credential, self.settings.provider)
            self._secrets = self.settings.credential.confidential()
            self.forget_refusals()

    def _is_held(self, api: AccountApi) -> bool:
        return self._held_failure is not None and api.is_credentialed

    def _leader(self, now: float, scrape: object) -> AccountApi | None:
        """The api that asks first after a refused key: the one asked longest ago, so that they take turns."""
        if self._held_failure is None or now < self._hold.until:
            return None
        held = [api for api in self.apis.values() if api.is_credentialed]
        if any(api.source.flight is not None for api in held):
            return None
        return min((api for api in held if api.source.is_due(now, scrape)), key=AccountApi.newest_end, default=None)

    def _ask_for(self, api: AccountApi, follows: Flight | None) -> Ask:
        epoch = self._epoch

        def ended(outcome: Outcome) -> None:
            self._heed(api, outcome, epoch)

        async def released_by(leader: Flight) -> bool:
            await asyncio.wait({leader.task})
            return self._held_failure is None and epoch == self._epoch

        def not_refused_since(started: float) -> bool:
            return epoch == self._epoch and (not self._is_held(api) or started > self._held_since)

        return Ask(
            api.tally,
            self._sign if api.is_credentialed else None,
            self._secrets if api.is_credentialed else NOTHING,
            api.settings.timeout_seconds,
            ended,
            not_refused_since,
            None if follows is None else partial(released_by, follows),
        )

    def _heed(self, api: AccountApi, outcome: Outcome, epoch: int) -> None:
        """Take note of a call's end: the log's transitions, and the key's hold."""
        self._log(api.settings.name, outcome)
        if not api.is_credentialed:
            return
        refused = isinstance(outcome.result, Failure) and outcome.result.reason is Reason.UNAUTHORIZED
        if epoch != self._epoch:
            # Sent before the key changed: what it says is about the old one.
            if refused:
                api.source.forget_refusals()
            return
        started = outcome.ended - outcome.duration_seconds
        if refused and isinstance(outcome.result, Failure):
            self._refused.add(api.settings.name)
            # Calls that were under way together are refused together: that is one refusal.
            if self._held_failure is None or started >= self._held_since:
                self._hold.refused(outcome.ended)
                self._held_since = outcome.ended
                self._held_failure = outcome.result
        elif isinstance(outcome.result, Readings):
            self._refused.discard(api.settings.name)
            if self._held_failure is not None and started >= self._held_since:
                self._held_failure = None
            if self._held_failure is None and not self._refused:
                # An api that is refused again and again, beside others that aren't, is held back ever longer.
                self._hold.reset()

    def _log(self, api: str, outcome: Outcome) -> None:
        """Say once when an api breaks and once when it recovers; every call at debug alone."""
        result = outcome.result
        if isinstance(result, Readings) and not (
            api in self._broken or result.remarks or self._remarks.get(api) or logger.isEnabledFor(logging.DEBUG)
        ):
            return  # as most calls end
        labels: dict[str, object] = {**self._log_labels(), "api": api}
        timing: dict[str, object] = {
            "status": outcome.status or "none",
            "duration_seconds": round(outcome.duration_seconds, 4),
        }
        if isinstance(result, Failure):
            labels |= {"reason": result.reason.value, "detail": result.detail}
            logger.debug("Call failed", extra=labels | timing)
            if api not in self._broken:
                self._broken.add(api)
                logger.warning("Api fails", extra=labels)
            return
        logger.debug("Call succeeded", extra=labels | timing)
        if api in self._broken:
            self._broken.remove(api)
            logger.info("Api works again", extra=labels)
        if result.remarks != self._remarks.get(api, ()):
            self._remarks[api] = result.remarks
            for remark in result.remarks:
                logger.warning("Answer is odd", extra={**labels, "detail": remark})

    def _log_labels(self) -> dict[str, str]:
        return {"provider": self.settings.provider.id, "account": self.settings.name}

    def observation(self, api: AccountApi, *, waited_in_vain: bool = False, however_old: bool = False) -> Observation:
        """What is known of an api; a good newest answer that nobody has seen yet is served `however_old`."""
        newest, good = api.source.newest, api.source.good
        failure: Failure | None = None
        if waited_in_vain:
            failure = Failure(Reason.TIMEOUT, NOT_WAITED_FOR)
        elif newest is not None and isinstance(newest.result, Failure):
            failure = newest.result
        # Only what an api has said since the key was refused is newer than the refusal.
        is_newer = failure is not None and api.newest_end() > self._held_since
        if self._is_held(api) and not waited_in_vain and not is_newer:
            failure = self._held_failure
        readings: Readings | None = None
        if good is not None and not isinstance(good.result, Failure):
            lifetime = api.source.cache_ttl_seconds + self.settings.stale_for_seconds
            if self.now() - good.ended <= lifetime or (however_old and good is newest):
                readings = good.result
        observation = Observation(
            api.settings.name,
            readings,
            failure,
            None if good is None else good.ended_timestamp_seconds,
            None if newest is None else newest.duration_seconds,
            api.tally.requests,
            api.tally.failures,
        )
        # An equal observation is the same object: rendering keeps what it has rendered once.
        seen = self._last_seen.get(api.settings.name)
        if seen == observation:
            return seen
        self._last_seen[api.settings.name] = observation
        return observation
