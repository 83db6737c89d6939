"""One account: calls its apis, holds all of them back when its key is refused, and says what is known."""

import asyncio
import logging
import math
import random
from collections.abc import Mapping
from dataclasses import dataclass

from exporter.accounts.hold import Caller, Hold, Key, NoHold
from exporter.accounts.observation import NOT_WAITED_FOR, Observation, Outcome, View, shown
from exporter.accounts.resource import Clock, InFlight, Resource
from exporter.accounts.session import Session
from exporter.accounts.spending import Spending, Spent
from exporter.client.signing import signer
from exporter.failure import Failure, Reason
from exporter.readings import Readings
from exporter.settings import AccountSettings, ApiSettings

logger = logging.getLogger(__name__)

_Known = tuple[int, int, float | None, float | None, Failure | None, Readings | None, tuple[Spent, ...]]

_NOT_WAITED_FOR = Failure(Reason.TIMEOUT, NOT_WAITED_FOR)


@dataclass(eq=False, slots=True)
class AccountApi:
    """One api of one account in one configuration: its settings, where its answer comes from, for whom that is called.

    A good answer is served for `serves_seconds`. `known` are the values of the newest `observation`, `shown` what the
    account shows of the newest good answer, after that answer's readings.
    """

    settings: ApiSettings
    resource: Resource
    caller: Caller
    serves_seconds: float = 0.0
    known: _Known | None = None
    shown: tuple[Readings, Readings] | None = None
    observation: Observation | None = None

    @property
    def is_held(self) -> bool:
        """Whether a refused key holds it back."""
        return self.caller.hold.failure is not None

    def newest_end(self) -> float:
        """When the newest call ended (monotonic); long ago where there was none."""
        return -math.inf if self.resource.newest is None else self.resource.newest.ended


class PendingScrape:
    """A scrape's wait at one account, under the settings that were in force when it was made: a reload changes none."""

    def __init__(self, account: "Account") -> None:
        self._account = account
        self._settings = account.settings
        self._apis = account.apis
        self._entries: list[tuple[AccountApi, InFlight | None, bool]] = []
        for api in self._apis.values():
            api.resource.scrapes += 1

    @property
    def tasks(self) -> "list[asyncio.Task[None]]":
        """The calls to wait for."""
        return [call.task for _, call, _ in self._entries if call is not None]

    def start(self, scrape: object, deadline: float = math.inf) -> None:
        """Make the calls that are due, and wait for those and the ones under way.

        `scrape` is any object that all accounts of one scrape are started with, `deadline` is the scrape's (monotonic).
        """
        now = self._account.now()
        self._account.heed_rotation()
        leader = self._account.leader(self._apis, now, scrape)
        lead = None if leader is None else leader.resource.start(leader.caller).task
        for api in self._apis.values():
            due = api.resource.is_due(now, scrape)
            if due and api.resource.in_flight is None:
                if not api.is_held:
                    api.resource.start(api.caller)
                elif lead is not None:
                    api.resource.start(api.caller, lead)
            call = api.resource.in_flight
            if call is None:
                api.resource.serves(scrape)
            else:
                call.add_waiter(deadline)
            self._entries.append((api, call, not due))

    def end(self) -> View:
        """End the wait: an api that is still under way is a timeout for this scrape alone."""
        observations = []
        now = self._account.now()
        for api, call, was_fresh in self._entries:
            found = api.resource.newest if was_fresh else None
            mine = found if call is None else call.outcome
            in_vain = call is not None and not call.task.done()
            observations.append(self._account.observe(api, now, waited_in_vain=in_vain, mine=mine))
        self.leave()
        return View(self._settings, tuple(observations))

    def leave(self) -> None:
        """Leave the calls to themselves, as `end` does, and as a scrape does that is cancelled."""
        for _, call, _ in self._entries:
            if call is not None:
                call.remove_waiter()
        for api in self._apis.values():
            api.resource.leave()


class Account:
    """An account with the state of its apis; `resources` may be shared with other accounts where they are public."""

    def __init__(
        self, settings: AccountSettings, resources: Mapping[str, Resource], clock: Clock, rng: random.Random
    ) -> None:
        self.settings = settings
        self._clock = clock
        self._rng = rng
        self._labels = {"provider": settings.provider.id, "account": settings.name}
        self._hold = Hold(_key_of(settings), rng)
        self.apis = {api.name: self._api(api, resources[api.name]) for api in settings.apis}

    def now(self) -> float:
        """Seconds of the monotonic clock that deadlines are given in."""
        return self._clock.monotonic()

    def pause(self, api: AccountApi) -> float:
        """Seconds until the next scrape gets a call of an api, a refused key's hold included."""
        now = self.now()
        return max(api.caller.hold.seconds_left(now), api.resource.pause(now))

    def adopt(self, settings: AccountSettings, resources: Mapping[str, Resource]) -> None:
        """Go on under new settings that call the same provider with the same credential; refusals are forgotten."""
        before = self.apis
        self.settings = settings
        self.apis = {api.name: self._api(api, resources[api.name], before.get(api.name)) for api in settings.apis}
        self._renew_key()

    def _api(self, settings: ApiSettings, resource: Resource, before: AccountApi | None = None) -> AccountApi:
        if before is not None:
            before.caller.timeout_seconds = settings.timeout_seconds
            caller = before.caller
            if before.settings.base_url != settings.base_url:
                caller.spending = Spending()
        else:
            hold = NoHold(self._rng) if resource.api.public else self._hold
            caller = Caller(settings.name, settings.timeout_seconds, hold, self._labels)
        return AccountApi(settings, resource, caller)

    def heed_rotation(self) -> None:
        """Take a secret that has changed into use."""
        if self.settings.credential.refresh():
            logger.info("Secret has changed", extra=self._labels)
            self._renew_key()

    def _renew_key(self) -> None:
        """A new secret or a reload: every refused api may be called again at once."""
        self._hold.renew(self._hold.key.again(_key_of(self.settings)))
        for api in self.apis.values():
            api.resource.forget_refusals()

    def leader(self, apis: Mapping[str, AccountApi], now: float, scrape: object) -> AccountApi | None:
        """The api that calls first after a refused key: the one called longest ago, so that they take turns."""
        if not self._hold.wants_leader(now):
            return None
        held = [api for api in apis.values() if api.is_held]
        if any(api.resource.in_flight is not None for api in held):
            return None
        return min((api for api in held if api.resource.is_due(now, scrape)), key=AccountApi.newest_end, default=None)

    def observe(
        self, api: AccountApi, now: float, *, waited_in_vain: bool = False, mine: Outcome | None = None
    ) -> Observation:
        """What is known of an api; `mine` is what a scrape waited for or found fresh, which it gets however old."""
        newest, good = api.resource.newest, api.resource.good
        known = (
            api.caller.requests,  # first, as it is another after every call: to compare the rest takes long
            api.caller.failures,
            None if good is None else good.ended_timestamp_seconds,
            None if newest is None else newest.duration_seconds,
            _NOT_WAITED_FOR if waited_in_vain else self._failure(api),
            self._shown(api, self._readings(api, now, mine)),
            self._spent(api),
        )
        # While nothing changes it is the same object: rendering keeps what it has rendered once.
        if api.observation is None or known != api.known:
            api.known = known
            requests, failures, succeeded, duration, failure, readings, spent = known
            api.observation = Observation(
                api.settings.name, readings, failure, succeeded, duration, requests, failures, spent
            )
        return api.observation

    @staticmethod
    def _readings(api: AccountApi, now: float, mine: Outcome | None) -> Readings | None:
        """The last good readings, while they may still be served."""
        good = api.resource.good
        if good is None:
            return None
        is_fresh = now - good.ended <= api.serves_seconds
        is_mine = mine is not None and mine.failure is None  # then the last good one is no older
        return good.readings if is_fresh or is_mine else None

    def _shown(self, api: AccountApi, readings: Readings | None) -> Readings | None:
        """What the account shows of them: the same object for as long as the answer is the same."""
        if readings is None:
            return None
        if api.shown is None or api.shown[0] is not readings:
            api.shown = readings, shown(readings, self.settings)
        return api.shown[1]

    def _spent(self, api: AccountApi) -> tuple[Spent, ...]:
        """The sums of the pots that the account shows."""
        sums, wallets = api.caller.spending.sums, self.settings.wallets
        return sums if wallets is None else tuple(each for each in sums if each.wallet in wallets)

    @staticmethod
    def _failure(api: AccountApi) -> Failure | None:
        """Why an api fails: what its newest call said, or the key's refusal where that is as new."""
        newest, hold = api.resource.newest, api.caller.hold
        failure = None if newest is None else newest.failure
        if hold.failure is None or (failure is not None and api.newest_end() > hold.since):
            return failure
        return hold.failure


def _key_of(settings: AccountSettings) -> Key:
    credential, own = settings.credential, settings.settings
    made = signer(credential, settings.provider, own)
    session = Session(made) if made.signs_in_first else None
    base_url = settings.apis[0].base_url if settings.apis else ""
    return Key(made, credential.confidential(), {**own, **credential.values()}, base_url, session)
