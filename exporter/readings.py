"""What an account's provider told us: values of the domain, free of HTTP and of Prometheus."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TypeVar

T = TypeVar("T")

UNITS = ("credits", "messages", "emails")
"""What credit is counted in where units are sold instead of money."""

STATUSES = ("active", "suspended", "expired", "cancelled", "trial", "pending", "unknown")
"""Every status that a subscription can have; a word that nobody has seen is `unknown`."""


@dataclass(slots=True)
class Credit:
    """What is left in one pot of credit.

    `currency` is ISO 4217 in capitals, or one of `UNITS` where units are sold instead of money. Timestamps are Unix
    seconds. `messages_remaining` maps a channel to the provider's own estimate. `wallet` says which pot it is where an
    account has several. `overdraft` is how far below zero the balance may go, `expiring` how much of it is lost at
    `expires_timestamp_seconds`; both are in the unit of the balance.
    """

    balance: float
    currency: str
    last_recharge_timestamp_seconds: float | None = None
    last_recharge_amount: float | None = None
    messages_remaining: Mapping[str, float] = field(default_factory=dict)
    wallet: str | None = None
    overdraft: float | None = None
    expires_timestamp_seconds: float | None = None
    expiring: float | None = None
    auto_recharge: bool | None = None

    @property
    def available(self) -> float:
        """What can still be spent: the balance, and how far below zero it may go."""
        if self.overdraft is None:
            return self.balance
        # Decimal: 0.1 and 0.2 are 0.3, and not below a threshold that floats put them at.
        total = float(Decimal(repr(self.balance)) + Decimal(repr(self.overdraft)))
        return total if math.isfinite(total) else self.balance


def messages_remaining(pots: Iterable[Credit]) -> Mapping[tuple[str, str | None], float]:
    """The provider's estimates by channel and wallet; of several units in one wallet the last counts."""
    return {(channel, pot.wallet): count for pot in pots for channel, count in pot.messages_remaining.items()}


@dataclass(slots=True)
class Subscription:
    """The plan of an account; `status` is one of `STATUSES`, timestamps are Unix seconds.

    `features` is None where the provider told no list of them; a feature that is listed with a value other than true or
    false is None: listed, but not known.
    """

    status: str
    subscription_id: str | None = None
    plan: str | None = None
    start_timestamp_seconds: float | None = None
    end_timestamp_seconds: float | None = None
    auto_renew: bool | None = None
    features: Mapping[str, bool | None] | None = None
    max_contacts: float | None = None


@dataclass(slots=True)
class ContactQuota:
    """How many contacts are stored, of how many; `lists` counts the lists that hold them."""

    used: float
    limit: float | None = None
    lists: float | None = None

    @property
    def used_ratio(self) -> float | None:
        """Used ÷ limit, or None where the limit is 0 or not known, or there is no such number."""
        ratio = self.used / self.limit if self.limit is not None and self.limit > 0 else math.inf
        return ratio if math.isfinite(ratio) else None


@dataclass(slots=True)
class MessagePrice:
    """The list price of one message to a country; `currency` is ISO 4217 in capitals."""

    country: str
    prefix: str
    tier: str
    currency: str
    price: float


@dataclass(slots=True)
class Readings:
    """All that one answer gave; `postpaid` is None where the provider doesn't tell it.

    `remarks` are lines for the log: optional values that were left out because they have the wrong
    type, a status that nobody has seen, a price that stood twice.
    """

    account_id: str | None = None
    credits: tuple[Credit, ...] = ()
    subscription: Subscription | None = None
    contacts: ContactQuota | None = None
    prices: tuple[MessagePrice, ...] = ()
    postpaid: bool | None = None
    remarks: tuple[str, ...] = ()

    def texts(self) -> Iterator[str]:
        """Every text that the provider chose and that may become a label or a line in the log."""
        if self.account_id is not None:
            yield self.account_id
        for credit in self.credits:
            yield from credit.messages_remaining
            yield credit.wallet or ""
        if self.subscription is not None:
            yield self.subscription.subscription_id or ""
            yield self.subscription.plan or ""
            yield from self.subscription.features or ()
        for price in self.prices:
            yield from (price.country, price.prefix, price.tier)
        yield from self.remarks

    def without(self, is_secret: Callable[[str], bool]) -> "Readings":
        """The same readings but for names and rows that are secrets, which are left out with a remark each.

        Remarks stay as they are: they go into the log alone, which hides what is secret.
        """
        remarks: dict[str, None] = dict.fromkeys(self.remarks)

        def shown(what: str, text: str | None) -> bool:
            if text is None or not is_secret(text):
                return True
            remarks[f"{what} is left out: it holds a secret of this configuration"] = None
            return False

        def members(what: str, named: Mapping[str, T]) -> dict[str, T]:
            return {name: value for name, value in named.items() if shown(f"a name in {what}", name)}

        plan = self.subscription
        if plan is not None:
            plan = replace(
                plan,
                subscription_id=plan.subscription_id if shown("subscription_id", plan.subscription_id) else None,
                plan=plan.plan if shown("plan", plan.plan) else None,
                features=None if plan.features is None else members("features", plan.features),
            )
        words = {word for price in self.prices for word in (price.country, price.prefix, price.tier)}
        hidden = {word for word in words if not shown("a price", word)}
        return replace(
            self,
            account_id=self.account_id if shown("account_id", self.account_id) else None,
            credits=tuple(
                replace(credit, messages_remaining=members("messages_remaining", credit.messages_remaining))
                for credit in self.credits
                if shown("a wallet", credit.wallet)
            ),
            subscription=plan,
            prices=tuple(
                price for price in self.prices if hidden.isdisjoint((price.country, price.prefix, price.tier))
            ),
            remarks=tuple(remarks),
        )
