"""What went and what came between one good answer and the next: the counters of spend, kept in memory."""

from typing import NamedTuple

from exporter.readings import Credit, Readings

MOST_POTS = 100
"""Pots of one account whose spend is counted: who names others in each answer would fill memory."""


class Spent(NamedTuple):
    """The sums of one pot: `spent` and `recharged` in the unit of its `currency`, and the time that was watched."""

    currency: str
    wallet: str | None
    spent: float = 0.0
    recharged: float = 0.0
    watched_seconds: float = 0.0


class _Answer(NamedTuple):
    """What one answer told of a pot, and when (monotonic)."""

    at: float
    credit: Credit

    @property
    def recharged_at(self) -> float:
        """The date of the last recharge; long ago where none is told."""
        told = self.credit.last_recharge_timestamp_seconds
        return float("-inf") if told is None else told


class _Pot:
    """Three answers and three sums.

    An answer counts once the next one is there, as the median of the one before, itself and the next, or as the median
    before that where it is lower: one 0 or old value, or two back ends in turns, would else be spend that stays.
    """

    def __init__(self, credit: Credit) -> None:
        self.sums = Spent(credit.currency, credit.wallet)
        self._answers: tuple[_Answer, ...] = ()
        self._median = float("inf")
        self._counted: float | None = None
        self._counted_at = 0.0
        self._counted_recharge = float("-inf")

    def forget(self) -> None:
        """An answer didn't tell it: what comes next is no step from what came before. The sums stay."""
        self._answers, self._median, self._counted = (), float("inf"), None

    def add(self, answer: _Answer) -> None:
        """Take the newest answer, and count the one before it."""
        if self._answers:
            present = self._answers[-1]
            balances = [each.credit.balance for each in (self._answers[0], present, answer)]
            median = sorted(balances)[1]
            self._count(min(median, self._median))
            self._median = median
        self._answers = (*self._answers[-1:], answer)

    def _count(self, balance: float) -> None:
        """Count the newest answer but one at that balance."""
        answer = self._answers[-1]
        before, seconds = self._counted, answer.at - self._counted_at
        self._counted, self._counted_at = balance, answer.at
        if before is None:
            self._counted_recharge = max(each.recharged_at for each in self._answers)
            return
        sums, rise = self.sums, balance - before
        if rise <= 0:
            self.sums = sums._replace(spent=sums.spent - rise, watched_seconds=sums.watched_seconds + seconds)
            return
        # The rise may be seen at an older back end's answer, which doesn't know the recharge yet.
        newest = max(reversed(self._answers), key=lambda each: each.recharged_at)
        amount = newest.credit.last_recharge_amount
        if newest.recharged_at > self._counted_recharge and amount is not None and amount >= rise:
            self.sums = sums._replace(
                spent=sums.spent + amount - rise,
                recharged=sums.recharged + amount,
                watched_seconds=sums.watched_seconds + seconds,
            )
        else:
            self.sums = sums._replace(recharged=sums.recharged + rise)
        self._counted_recharge = max(newest.recharged_at, self._counted_recharge)


class Spending:
    """The sums of every pot that an api's answers have told. They never fall, and are there from then on."""

    __slots__ = ("_pots", "sums")

    def __init__(self) -> None:
        self._pots: dict[tuple[str, str | None], _Pot] = {}
        self.sums: tuple[Spent, ...] = ()
        """Another tuple whenever one of them has changed."""

    def note(self, readings: Readings, at: float) -> None:
        """Take a good answer that came at that time (monotonic seconds)."""
        told = {(credit.currency, credit.wallet): credit for credit in readings.credits}
        for key in self._pots.keys() - told.keys():
            self._pots[key].forget()
        for key, credit in told.items():
            if key not in self._pots and len(self._pots) < MOST_POTS:
                self._pots[key] = _Pot(credit)
            if key in self._pots:
                self._pots[key].add(_Answer(at, credit))
        if self._pots:
            self.sums = tuple(pot.sums for pot in self._pots.values())
