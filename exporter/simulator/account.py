"""What a simulated account is and what happens to it when: `accounts/` has all of them, `scenario.py` their state.

Offsets are seconds. A `Timeline` holds two lists of them: `before` counts from the scenario's start and is
negative, `cycle` counts from the begin of every cycle of seven days.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from exporter.simulator.spending import WEEK_SECONDS, Spending

T = TypeVar("T")

HOUR = 3600.0
DAY = 86400.0
CYCLE_SECONDS = WEEK_SECONDS
HISTORY_WEEKS = 5
"""The scenario begins this many weeks before its start."""


@dataclass(frozen=True, slots=True)
class Episode:
    """From `begin` to `end` the provider refuses, by the name of a documented error; no `apis` means all."""

    begin: float
    end: float
    error: str
    apis: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Phase:
    """From `begin` on the plan looks like this; `end_date` counts like `begin` does.

    `status` is the provider's word.
    """

    begin: float
    status: str
    end_date: float
    auto_renew: bool = True


@dataclass(frozen=True, slots=True)
class Timeline(Generic[T]):
    """What holds when, before the start and within every cycle."""

    before: Sequence[T]
    cycle: Sequence[T]

    def of(self, offset: float) -> Sequence[T]:
        """What counts at an offset into the cycle: below 0 is before the start."""
        return self.before if offset < 0 else self.cycle


@dataclass(frozen=True, slots=True)
class Plan:
    """A subscription: what doesn't change, and its phases."""

    name: str
    phases: Timeline[Phase]
    features: Mapping[str, bool]
    max_contacts: int
    years: int = 1


@dataclass(frozen=True, slots=True)
class Contacts:
    """How full the contact quota is: points of (offset, part of the limit), with straight lines between."""

    limit: int
    path: Timeline[tuple[float, float]]
    lists: int = 1


@dataclass(frozen=True, slots=True)
class Anchored:
    """Top-ups by hand, (offset, amount); the opening balance is such that `level` is left at `offset`."""

    level: float
    offset: float
    top_ups: Timeline[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Automatic:
    """A card is charged once the balance is below `below`; every `fails_every`-th charge fails at first."""

    opening: float
    below: float
    amount: float
    fails_every: int = 0
    retry_after_seconds: float = 36 * HOUR


@dataclass(frozen=True, slots=True)
class Monthly:
    """A transfer on the first of the month; one in `fails_every` bounces and comes two days later.

    Without an amount it settles what is owed: the account pays afterwards.
    """

    opening: float
    amount: float | None = None
    fails_every: int = 0


@dataclass(frozen=True, slots=True)
class Pot:
    """One pot of credit: the provider's block that tells it, its name, its unit (None: the account's), its size.

    `share` is the part of the account's balance that lies in it.
    """

    block: int = 0
    wallet: str | None = None
    currency: str | None = None
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Account:
    """One customer's account: who it is, how it signs in, and what happens to it.

    `auth`, `settings`, `labels`, `thresholds`, `prices` and `expect_features` are as the exporter's configuration
    has them; `description` is a line for a person. `decimals` is how exactly the provider gives the
    balance. In `pauses` (begin and end) nothing is spent. Without `pots` the account has one. `expires_days` after the
    scenario's start a tenth of the credit is lost. A copy has the name of its `original`.
    """

    name: str
    provider: str
    auth: Mapping[str, Any]
    spending: Spending
    money: Anchored | Automatic | Monthly
    currency: str = "EUR"
    decimals: int = 2
    description: str = ""
    billing: Literal["prepaid", "postpaid"] = "prepaid"
    labels: Mapping[str, str] = field(default_factory=dict)
    thresholds: Mapping[str, Any] = field(default_factory=dict)
    expect_features: tuple[str, ...] = ()
    prices: Mapping[str, Any] | None = None
    episodes: Timeline[Episode] = Timeline((), ())
    pauses: Timeline[tuple[float, float]] = Timeline((), ())
    plan: Plan | None = None
    contacts: Contacts | None = None
    message_costs: Mapping[str, float] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    pots: tuple[Pot, ...] = ()
    overdraft: float | None = None
    expires_days: int | None = None
    original: str = ""

    @property
    def curve(self) -> str:
        """The name by which chance is drawn: copies of an account share one curve."""
        return self.original or self.name


def weekly(first: float, *amounts: float) -> tuple[tuple[float, float], ...]:
    """Top-ups seven days apart from the offset `first` on."""
    return tuple((first + number * CYCLE_SECONDS, amount) for number, amount in enumerate(amounts))


def live(*episodes: Episode) -> Timeline[Episode]:
    """Episodes of every cycle, with none before the start."""
    return Timeline((), episodes)


def interpolate(points: Sequence[tuple[float, float]], offset: float) -> float:
    """The value at `offset` on straight lines through `points`; beyond them the nearest."""
    index = bisect_right(points, offset, key=lambda point: point[0])
    if index == 0:
        return points[0][1]
    if index == len(points):
        return points[-1][1]
    (left, low), (right, high) = points[index - 1], points[index]
    return low + (high - low) * (offset - left) / (right - left)
