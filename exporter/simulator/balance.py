"""An account's money over time: spending on a grid of five minutes, top-ups, and the balance between."""

import random
from array import array
from dataclasses import dataclass, field
from datetime import UTC, datetime

from exporter.simulator.account import DAY, HISTORY_WEEKS, HOUR, Account, Anchored, Automatic, Monthly
from exporter.simulator.spending import STEP_SECONDS, STEPS_A_WEEK, WEEK_SECONDS

_BOUNCED_TRANSFER_SECONDS = 2 * DAY
_TRANSFER_ARRIVES_SECONDS = 7 * HOUR
"""On the first of the month, after midnight UTC."""


@dataclass(frozen=True, slots=True)
class TopUp:
    """Money that came, or (`failed`) that should have come."""

    at: float
    amount: float
    failed: bool = False


@dataclass(slots=True)
class _Week:
    after: "array[float]" = field(default_factory=lambda: array("d"))
    """The balance at each grid point, with the top-up that falls on it."""
    spent: "array[float]" = field(default_factory=lambda: array("d"))
    """What goes in the step behind each grid point."""


class Balance:
    """The balance of one account from `HISTORY_WEEKS` before `start` on; weeks are made as needed."""

    def __init__(self, account: Account, seed: int, start: float) -> None:
        self._account = account
        self._seed = seed
        self._start = start
        self._weeks: list[_Week] = []
        self._top_ups: list[TopUp] = []
        self._charges = 0
        self._retry_at: float | None = None
        self._shape = account.spending.shape(start)
        self._balance = self._opening()

    def at(self, time: float) -> float:
        """What is left at a time (Unix seconds); times before the scenario show its first balance."""
        week, step, within = self._locate(time)
        return week.after[step] - week.spent[step] * within

    def top_ups(self, until: float) -> list[TopUp]:
        """All top-ups up to `until`, oldest first, failed ones too."""
        self._locate(until)
        return [top_up for top_up in self._top_ups if top_up.at <= until]

    def last_top_up(self, at: float) -> TopUp | None:
        """The newest top-up that came."""
        self._locate(at)
        return next((t for t in reversed(self._top_ups) if t.at <= at and not t.failed), None)

    def _locate(self, at: float) -> tuple[_Week, int, float]:
        seconds = max(0.0, at - self._start + HISTORY_WEEKS * WEEK_SECONDS)
        index, offset = divmod(seconds, WEEK_SECONDS)
        while len(self._weeks) <= index:
            self._weeks.append(self._make_week(len(self._weeks)))
        step, within = divmod(offset, STEP_SECONDS)
        return self._weeks[int(index)], int(step), within / STEP_SECONDS

    def _make_week(self, index: int) -> _Week:
        week, prepaid = _Week(), self._account.billing == "prepaid"
        begin = self._start + (index - HISTORY_WEEKS) * WEEK_SECONDS
        for step, wanted in enumerate(self._wanted(index)):
            top_up = self._due(begin + step * STEP_SECONDS, index)
            if top_up is not None:
                self._top_ups.append(top_up)
                self._balance += 0.0 if top_up.failed else top_up.amount
            spent = min(wanted, max(0.0, self._balance)) if prepaid else wanted
            week.after.append(self._balance)
            week.spent.append(spent)
            self._balance -= spent
        return week

    def _wanted(self, index: int) -> list[float]:
        account, cycle = self._account, index >= HISTORY_WEEKS
        base = 0 if cycle else (index - HISTORY_WEEKS) * WEEK_SECONDS
        pauses = account.pauses.cycle if cycle else account.pauses.before
        fixed = (account.money.offset,) if cycle and isinstance(account.money, Anchored) else ()
        steps = account.spending.week(
            self._shape,
            random.Random(f"{self._seed}/{account.curve}/{index}"),  # noqa: S311  no secret
            [(begin - base, end - base) for begin, end in pauses if base <= begin and end <= base + WEEK_SECONDS],
            fixed,
        )
        if not account.spending.bursts:
            return steps
        return [spent + account.spending.burst(base + step * STEP_SECONDS) for step, spent in enumerate(steps)]

    def _opening(self) -> float:
        money = self._account.money
        if not isinstance(money, Anchored):
            draw = random.Random(f"{self._seed}/{self._account.curve}/opening")  # noqa: S311
            return money.opening * draw.uniform(0.98, 1.02)
        balance, step_at_anchor = 0.0, round(money.offset / STEP_SECONDS)
        for index in range(HISTORY_WEEKS + 1):
            balance += sum(self._wanted(index)[: step_at_anchor if index == HISTORY_WEEKS else STEPS_A_WEEK])
        came = sum(amount for _, amount in money.top_ups.before)
        came += sum(amount for offset, amount in money.top_ups.cycle if offset <= money.offset)
        return money.level + balance - came

    def _due(self, at: float, index: int) -> TopUp | None:
        match self._account.money:
            case Anchored(top_ups=planned):
                cycle = index >= HISTORY_WEEKS
                offset = (at - self._start) % WEEK_SECONDS if cycle else at - self._start
                for due, amount in planned.cycle if cycle else planned.before:
                    if 0 <= offset - due < STEP_SECONDS:
                        return TopUp(at, amount)
                return None
            case Automatic() as card:
                return self._charge(at, card)
            case transfer:
                return self._transfer(at, transfer)

    def _charge(self, at: float, card: Automatic) -> TopUp | None:
        if self._balance >= card.below or (self._retry_at is not None and at < self._retry_at):
            return None
        retried, self._retry_at = self._retry_at is not None, None
        self._charges += 1
        if card.fails_every and not retried and self._charges % card.fails_every == 0:
            self._retry_at = at + card.retry_after_seconds
            return TopUp(at, card.amount, failed=True)
        return TopUp(at, card.amount)

    def _transfer(self, at: float, transfer: Monthly) -> TopUp | None:
        if self._retry_at is not None and at >= self._retry_at:
            self._retry_at = None
        elif not _is_first_of_month(at):
            return None
        else:
            self._charges += 1
            if transfer.fails_every and self._charges % transfer.fails_every == 0:
                self._retry_at = at + _BOUNCED_TRANSFER_SECONDS
                return TopUp(at, transfer.amount or 0.0, failed=True)
        return TopUp(at, -self._balance if transfer.amount is None else transfer.amount)


def _is_first_of_month(at: float) -> bool:
    """Whether the month's transfer arrives in the step at `at`."""
    if not 0 <= at % DAY - _TRANSFER_ARRIVES_SECONDS < STEP_SECONDS:
        return False
    return datetime.fromtimestamp(at, UTC).day == 1
