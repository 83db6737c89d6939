"""What an account hands down for a call: who calls, with which key, and the hold of a key that is refused."""

import asyncio
import logging
import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from exporter.accounts.backoff import Backoff
from exporter.accounts.observation import Outcome
from exporter.accounts.session import Session
from exporter.accounts.spending import Spending
from exporter.client.signing import Signer
from exporter.failure import Failure, Reason
from exporter.secrets.credential import Confidential

logger = logging.getLogger(__name__)


@dataclass(eq=False, frozen=True, slots=True)
class Key:
    """An account's key as it is sent; `secrets` are what no label may show.

    `session` is there where a call of its own signs in.
    An object is an epoch: a call that was made with another one than the account's present key tells of the past,
    also where a reload made the key anew from the same secret.
    """

    signer: Signer | None = None
    secrets: Confidential = field(default_factory=Confidential)
    parts: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What it is made of, the account's settings among them."""
    base_url: str = ""
    session: Session | None = None

    def again(self, renewed: "Key") -> "Key":
        """A new epoch: where nothing else has changed, with the signer of before, whose connections are kept."""
        is_same = renewed.parts == self.parts and renewed.base_url == self.base_url
        return replace(self) if is_same else renewed


NO_KEY = Key()
"""What is sent to a public URL."""


class Hold:
    """An account's key, and while it is refused: since when, why, by which apis, and for how long nobody calls.

    All apis that send the key are held. When the time is over one of them leads: it calls alone, and the others
    follow once the key is accepted. `since` is monotonic and stands for as long as there is a `failure`.
    """

    def __init__(self, key: Key, rng: random.Random) -> None:
        self.key = key
        self.failure: Failure | None = None
        self.since = -math.inf
        self._refused: set[str] = set()
        self._backoff = Backoff(rng)

    def renew(self, key: Key) -> None:
        """A changed secret or a reload: every api may be called again at once."""
        self.key = key
        self.failure = None
        self._refused.clear()
        self._backoff.reset()

    def seconds_left(self, now: float) -> float:
        """Seconds until an api may lead; 0 where nothing is held."""
        return 0.0 if self.failure is None else max(0.0, self._backoff.until - now)

    def wants_leader(self, now: float) -> bool:
        """Whether the key is refused, and one api may try it again."""
        return self.failure is not None and now >= self._backoff.until

    async def may_follow(self, leader: "asyncio.Task[None]") -> bool:
        """Whether, once the leader's call has ended, the key is accepted, or another that nobody has refused."""
        await asyncio.wait({leader})
        return self.failure is None

    def may_retry(self, key: Key, started: float) -> bool:
        """Whether a call that started then (monotonic) may be repeated: not with a key that was refused since."""
        return key is self.key and (self.failure is None or started > self.since)

    def ended(self, api: str, key: Key, outcome: Outcome) -> None:
        """Note the end of an api's call with that key."""
        if key is not self.key:
            return
        # Calls that were under way when the key was refused are refused with it; one that succeeds accepts nothing.
        is_later = self.failure is None or outcome.started >= self.since
        failure = outcome.failure
        if failure is None:
            self._refused.discard(api)
            if is_later:
                self.failure = None
            if self.failure is None and not self._refused:
                # An api that is refused again and again, beside others that aren't, is held back ever longer.
                self._backoff.reset()
        elif failure.reason is Reason.UNAUTHORIZED:
            self._refused.add(api)
            if is_later:
                self._backoff.refused(outcome.ended)
                self.since, self.failure = outcome.ended, failure


class NoHold(Hold):
    """The hold of a public URL: no key is sent, so none is refused."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__(NO_KEY, rng)

    def ended(self, api: str, key: Key, outcome: Outcome) -> None:
        """Nothing is held, however a call ends."""


@dataclass(eq=False, slots=True)
class Caller:
    """An account as the caller of one api: what its calls have cost and told, what holds them, what the log says."""

    api: str
    timeout_seconds: float
    hold: Hold
    labels: Mapping[str, str]
    requests: int = 0
    failures: int = 0
    spending: Spending = field(default_factory=Spending)
    _is_failing: bool = False
    _remarks: tuple[str, ...] = ()

    def ended(self, key: Key, outcome: Outcome) -> None:
        """Note the end of a call with that key."""
        readings = outcome.readings
        is_as_before = readings is not None and not self._is_failing and readings.remarks == self._remarks
        if not is_as_before or logger.isEnabledFor(logging.DEBUG):
            self._log(outcome)
        # What was asked before a reload may be of another address.
        if readings is not None and key is self.hold.key:
            self.spending.note(readings, outcome.ended)
        self.hold.ended(self.api, key, outcome)

    def _log(self, outcome: Outcome) -> None:
        """Say once when the api breaks and once when it recovers; every call at debug alone."""
        labels: dict[str, object] = {**self.labels, "api": self.api}
        timing = {"status": outcome.status or "none", "duration_seconds": round(outcome.duration_seconds, 4)}
        if isinstance(outcome.result, Failure):
            labels |= {"reason": outcome.result.reason.value, "detail": outcome.result.detail}
            logger.debug("Call failed", extra=labels | timing)
            if not (self._is_failing or outcome.result.is_told):
                logger.warning("Api fails", extra=labels)
                self._is_failing = True
            return
        logger.debug("Call succeeded", extra=labels | timing)
        if self._is_failing:
            logger.info("Api works again", extra=labels)
        self._is_failing = False
        if outcome.result.remarks != self._remarks:
            self._remarks = outcome.result.remarks
            for remark in self._remarks:
                logger.warning("Unexpected value in response", extra={**labels, "detail": remark})
