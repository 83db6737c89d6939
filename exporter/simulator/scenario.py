"""What is true of every account at any simulated time: pure, and the same for the same seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from exporter.providers.catalogue import builtin
from exporter.providers.definition import Definition
from exporter.simulator.account import (
    CYCLE_SECONDS,
    DAY,
    HISTORY_WEEKS,
    Account,
    Automatic,
    Phase,
    Plan,
    Timeline,
    interpolate,
)
from exporter.simulator.accounts import ACCOUNTS
from exporter.simulator.balance import Balance
from exporter.simulator.provider import Provider

DEFAULT_SPEED = 60.0
"""A simulated minute a second: in the two minutes that somebody watches, a balance moves and thresholds are
crossed; a day takes 24 minutes and a cycle 2 h 48 min, so episodes of 12 hours and more outlast an alert's
`for` of up to 12 minutes, which Prometheus counts in real time."""


@dataclass(frozen=True, slots=True)
class SubscriptionState:
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
class ContactsState:
    """The contact quota."""

    used: int
    limit: int
    lists: int


@dataclass(frozen=True, slots=True)
class AccountState:
    """All that is true of an account at one time; `errors` maps an api to the error it answers with."""

    account_id: int
    balance: float
    currency: str
    last_recharge_at: float | None = None
    last_recharge_amount: float | None = None
    messages_remaining: Mapping[str, int] = field(default_factory=dict)
    expires_at: float | None = None
    expiring: float | None = None
    auto_recharge: bool = False
    subscription: SubscriptionState | None = None
    contacts: ContactsState | None = None
    errors: Mapping[str, str] = field(default_factory=dict)


class Scenario:
    """The accounts and what happens to them from five weeks before `start` (Unix seconds) on, without end.

    What is to happen happens again in every cycle of seven days. `speed` tells how much faster than real
    time its clock goes; it only matters for dates, which are given as a real clock will read them when
    they come. `beside` are more accounts; `definitions` are the accounts' providers by their ids, where they
    aren't the built-in ones.
    """

    def __init__(
        self,
        seed: int,
        start: float,
        *,
        speed: float = 1.0,
        accounts: Sequence[Account] = ACCOUNTS,
        beside: Sequence[Account] = (),
        definitions: Mapping[str, Definition] | None = None,
    ) -> None:
        self.seed = seed
        self.start = start
        self.speed = speed
        self.accounts = (*accounts, *beside)
        own = definitions or {}
        names = {each.provider for each in self.accounts}
        self.providers = {name: Provider(own[name] if name in own else builtin()[name]) for name in names}
        self._by_name = {account.name: account for account in self.accounts}
        self._ids = {account.name: 1001 + 37 * place for place, account in enumerate(self.accounts)}
        self._balances: dict[str, Balance] = {}

    @property
    def begin(self) -> float:
        """The earliest time of which the scenario knows."""
        return self.start - HISTORY_WEEKS * CYCLE_SECONDS

    def account(self, name: str) -> Account:
        """One account by its name.

        Raises:
            KeyError: there is none of that name.
        """
        return self._by_name[name]

    def provider(self, account: Account) -> Provider:
        """The provider of an account."""
        return self.providers[account.provider]

    def balance(self, name: str) -> Balance:
        """The money of one account: spending and top-ups, failed ones too."""
        account = self._by_name[name]
        balance = self._balances.get(account.curve)
        if balance is None:
            balance = self._balances[account.curve] = Balance(account, self.seed, self.start)
        return balance

    def state(self, name: str, at: float) -> AccountState:
        """What is true of one account at the simulated time `at`."""
        account, balance = self._by_name[name], self.balance(name)
        left = round(balance.at(at), account.decimals) + 0.0
        top_up = balance.last_top_up(at)
        return AccountState(
            account_id=self._ids[name],
            balance=left,
            currency=account.currency,
            last_recharge_at=None if top_up is None else self.real_time(top_up.at),
            last_recharge_amount=None if top_up is None else top_up.amount,
            messages_remaining={channel: int(max(0.0, left) / cost) for channel, cost in account.message_costs.items()},
            expires_at=None if account.expires_days is None else self._expiry(account.expires_days),
            expiring=None if account.expires_days is None else round(max(0.0, left) / 10, account.decimals),
            auto_recharge=isinstance(account.money, Automatic),
            subscription=None if account.plan is None else self._subscription(account, account.plan, at),
            contacts=self._contacts(account, at),
            errors=self._errors(account, at),
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

    def _expiry(self, days: int) -> float:
        return (self.start // DAY + days) * DAY

    def _date(self, offset: float, begin: float) -> float:
        # A date within this cycle comes true in it, so it's given as the real time at which it will. Dates
        # before and after keep their distance in days, as thresholds in days are meant.
        near = min(max(offset, 0.0), CYCLE_SECONDS)
        return self.real_time(begin) + (offset - near) + near / self.speed

    def _subscription(self, account: Account, plan: Plan, at: float) -> SubscriptionState:
        begin, offset = self.cycle(at)
        phase = _newest(plan.phases, offset)
        length = 365 * DAY * plan.years
        return SubscriptionState(
            subscription_id=f"sub_{account.name.replace('-', '')}",
            plan=plan.name,
            status=phase.status,
            start=self._date(phase.end_date - length, begin),
            end=self._date(phase.end_date, begin),
            auto_renew=phase.auto_renew,
            features=plan.features,
            max_contacts=plan.max_contacts,
        )

    def _contacts(self, account: Account, at: float) -> ContactsState | None:
        if account.contacts is None:
            return None
        offset = self.cycle(at)[1]
        limit, full = account.contacts.limit, interpolate(account.contacts.path.of(offset), offset)
        return ContactsState(int(limit * full + 1e-6), limit, account.contacts.lists)

    def _errors(self, account: Account, at: float) -> dict[str, str]:
        offset = self.cycle(at)[1]
        return {
            api: episode.error
            for episode in account.episodes.of(offset)
            if episode.begin <= offset < episode.end
            for api in episode.apis or self._signed_apis(account)
        }

    def _signed_apis(self, account: Account) -> list[str]:
        return [name for name, api in self.provider(account).definition.apis.items() if not api.public]


def _newest(phases: Timeline[Phase], offset: float) -> Phase:
    return next(phase for phase in reversed(phases.of(offset)) if phase.begin <= offset)
