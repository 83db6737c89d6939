"""What is true of every account at any simulated time: pure, and the same for the same seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from exporter.simulator.cast import CAST
from exporter.simulator.ledger import Ledger
from exporter.simulator.script import (
    APIS,
    CYCLE_SECONDS,
    DAY,
    HISTORY_WEEKS,
    Account,
    Episode,
    Phase,
    Plan,
    Timeline,
    interpolate,
)

DEFAULT_SPEED = 60.0
"""A simulated minute a second: in the two minutes that somebody watches, a balance moves and thresholds are
crossed; a day takes 24 minutes and a cycle 2 h 48 min, so troubles of 12 hours and more outlast an alert's
`for` of up to 12 minutes, which Prometheus counts in real time."""


@dataclass(frozen=True, slots=True)
class SubscriptionTruth:
    """The plan; `status` is the provider's word, dates are Unix seconds as a real clock reads them."""

    subscription_id: str
    plan: str
    status: str
    start: float
    end: float
    auto_renew: bool
    features: Mapping[str, bool]
    max_contacts: int


@dataclass(frozen=True, slots=True)
class ContactsTruth:
    """The contact quota."""

    used: int
    limit: int
    lists: int


@dataclass(frozen=True, slots=True)
class Truth:
    """All that is true of an account at one time; `troubles` maps an api to the error it answers with."""

    account_id: int
    balance: float
    currency: str
    last_recharge_at: float | None = None
    last_recharge_amount: float | None = None
    messages_remaining: Mapping[str, int] = field(default_factory=dict)
    subscription: SubscriptionTruth | None = None
    contacts: ContactsTruth | None = None
    troubles: Mapping[str, str] = field(default_factory=dict)


class Story:
    """The accounts and what happens to them from five weeks before `start` (Unix seconds) on, without end.

    What is to happen happens again in every cycle of seven days. `speed` tells how much faster than real
    time the story is played; it only matters for dates, which are told as a real clock will read them when
    they come. With `copies` every account is there several times, alike but for its name and its secret.
    """

    def __init__(self, seed: int, start: float, *, speed: float = 1.0, copies: int = 1) -> None:
        self.seed = seed
        self.start = start
        self.speed = speed
        self.accounts: tuple[Account, ...] = tuple(
            account if number == 1 else _copy(account, number) for number in range(1, copies + 1) for account in CAST
        )
        self._by_name = {account.name: account for account in self.accounts}
        self._ids = {account.name: 1001 + 37 * place for place, account in enumerate(self.accounts)}
        self._ledgers: dict[str, Ledger] = {}

    @property
    def begin(self) -> float:
        """The earliest time of which the story knows."""
        return self.start - HISTORY_WEEKS * CYCLE_SECONDS

    def account(self, name: str) -> Account:
        """One account by its name.

        Raises:
            KeyError: there is none of that name.
        """
        return self._by_name[name]

    def ledger(self, name: str) -> Ledger:
        """The money of one account: spending and top-ups, failed ones too."""
        account = self._by_name[name]
        ledger = self._ledgers.get(account.curve)
        if ledger is None:
            ledger = self._ledgers[account.curve] = Ledger(account, self.seed, self.start)
        return ledger

    def state(self, name: str, at: float) -> Truth:
        """What is true of one account at the simulated time `at`."""
        account, ledger = self._by_name[name], self.ledger(name)
        balance = round(ledger.balance(at), account.decimals) + 0.0
        top_up = ledger.last_top_up(at) if account.plan is not None else None
        return Truth(
            account_id=self._ids[name],
            balance=balance,
            currency=account.currency,
            last_recharge_at=None if top_up is None else self.real_time(top_up.at),
            last_recharge_amount=None if top_up is None else top_up.amount,
            messages_remaining={
                channel: int(max(0.0, balance) / cost) for channel, cost in account.message_costs.items()
            },
            subscription=None if account.plan is None else self._subscription(account, account.plan, at),
            contacts=self._contacts(account, at),
            troubles=self._troubles(account, at),
        )

    def cycle(self, at: float) -> tuple[float, float]:
        """The begin of the cycle that `at` lies in, and the offset into it (negative before the start)."""
        offset = at - self.start
        if offset < 0:
            return self.start, offset
        return at - offset % CYCLE_SECONDS, offset % CYCLE_SECONDS

    def real_time(self, at: float) -> float:
        """When a real clock reads it that something happens at the simulated time `at`."""
        return at if at <= self.start else self.start + (at - self.start) / self.speed

    def _date(self, offset: float, begin: float) -> float:
        # A date within this cycle comes true in it, so it's told as the real time at which it will. Dates
        # before and after keep their distance in days, as thresholds in days are meant.
        near = min(max(offset, 0.0), CYCLE_SECONDS)
        return self.real_time(begin) + (offset - near) + near / self.speed

    def _subscription(self, account: Account, plan: Plan, at: float) -> SubscriptionTruth:
        begin, offset = self.cycle(at)
        phase = _newest(plan.phases, offset)
        length = 365 * DAY * plan.years
        return SubscriptionTruth(
            subscription_id=f"sub_{account.name.replace('-', '')}",
            plan=plan.name,
            status=phase.status,
            start=self._date(phase.end_date - length, begin),
            end=self._date(phase.end_date, begin),
            auto_renew=phase.auto_renew,
            features=plan.features,
            max_contacts=plan.max_contacts,
        )

    def _contacts(self, account: Account, at: float) -> ContactsTruth | None:
        if account.contacts is None:
            return None
        offset = self.cycle(at)[1]
        path = account.contacts.path.before if offset < 0 else account.contacts.path.cycle
        limit = account.contacts.limit
        return ContactsTruth(int(limit * interpolate(path, offset) + 1e-6), limit, account.contacts.lists)

    def _troubles(self, account: Account, at: float) -> dict[str, str]:
        offset = self.cycle(at)[1]
        return {
            api: episode.trouble
            for episode in _of(account.episodes, offset)
            if episode.begin <= offset < episode.end
            for api in episode.apis or APIS[account.provider]
        }


def _of(episodes: Timeline[Episode], offset: float) -> Sequence[Episode]:
    return episodes.before if offset < 0 else episodes.cycle


def _newest(phases: Timeline[Phase], offset: float) -> Phase:
    return next(phase for phase in reversed(phases.before if offset < 0 else phases.cycle) if phase.begin <= offset)


def _copy(account: Account, number: int) -> Account:
    name = f"{account.name}-{number}"
    auth: dict[str, Any] = {
        form: secret.replace(account.name, name)
        if isinstance(secret, str)
        else {key: value.replace(account.name, name) for key, value in secret.items()}
        for form, secret in account.auth.items()
    }
    return replace(account, name=name, auth=auth, original=account.name)
