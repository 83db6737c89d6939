"""Figures, dates, pots and plans in a person's words: findings, table and page write them alike."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import ROUND_FLOOR, Decimal

from exporter.durations import format_age, format_span
from exporter.readings import Credit, Subscription

_LAST_TIMESTAMP = datetime(9999, 12, 31, tzinfo=UTC).timestamp()
_MOST_IN_FULL = 1e12


def amount(value: float, unit: str) -> str:
    """What is left, rounded down so that it never seems to be above a threshold: `1,049.99 EUR`, `300 messages`."""
    if abs(value) >= _MOST_IN_FULL:
        return f"{value:.3g} {unit}"
    exact = Decimal(repr(value))
    is_money = len(unit) == 3 and unit.isupper()
    if not is_money and exact == exact.to_integral_value():
        return f"{int(exact):,} {unit}"
    return f"{exact.quantize(Decimal('0.01'), ROUND_FLOOR):,} {unit}"


def limit(value: float) -> str:
    """A figure as an operator writes it, with thousands apart: `50,000`, `0.5`."""
    if abs(value) >= _MOST_IN_FULL:
        return f"{value:.3g}"
    return f"{int(value):,}" if float(value).is_integer() else f"{Decimal(repr(value)):,f}"


def percent(ratio: float, places: int = 0) -> str:
    """A ratio in per cent with so many decimals, rounded down: `82 %`, `64.9 %`."""
    if abs(ratio) >= _MOST_IN_FULL:
        return f"{100 * ratio:.3g} %"
    return f"{(Decimal(repr(ratio)) * 100).quantize(Decimal(1).scaleb(-places), ROUND_FLOOR):,} %"


def moment(timestamp_seconds: float, form: str = "%Y-%m-%d") -> str:
    """A moment in UTC, its day if nothing else is said; empty where no calendar has it."""
    if not 0 <= timestamp_seconds < _LAST_TIMESTAMP:
        return ""
    return datetime.fromtimestamp(timestamp_seconds, UTC).strftime(form)


def of_pot(credit: Credit) -> str:
    """Which pot it is, to be put after what it holds: ` of sms`; nothing where the pots have no names."""
    return "" if credit.wallet is None else f" of {credit.wallet}"


def left(credit: Credit) -> str:
    """What can still be spent, with the balance where that is another: `97.00 EUR left (balance -3.00 EUR)`."""
    balance = f" (balance {amount(credit.balance, credit.currency)})" if credit.available != credit.balance else ""
    return f"{amount(credit.available, credit.currency)} left{balance}"


def credit_terms(credit: Credit, now: float) -> Iterator[str]:
    """What is known of a pot beside its balance and the provider's estimate."""
    if credit.overdraft:
        overdraft = amount(credit.overdraft, credit.currency)
        yield f"{amount(credit.available, credit.currency)} left with an overdraft of {overdraft}"
    if credit.expires_timestamp_seconds is not None:
        part = "" if credit.expiring is None else f"{amount(credit.expiring, credit.currency)} "
        verb = "expire" if part else "expires"
        yield from _dated(f"{part}{verb}", f"{part}expired", credit.expires_timestamp_seconds, now)
    if credit.auto_recharge is not None:
        yield "tops itself up" if credit.auto_recharge else "doesn't top itself up"


def estimate(credit: Credit) -> Iterator[str]:
    """The provider's own estimate of what a pot is enough for."""
    if credit.messages_remaining:
        channels = (f"{limit(count)} {channel}" for channel, count in credit.messages_remaining.items())
        yield f"enough for {', '.join(channels)}"


def plan_terms(plan: Subscription, now: float) -> Iterator[str]:
    """When a plan ends, and whether it renews itself then."""
    end = plan.end_timestamp_seconds
    if end is not None:
        yield from _dated("ends", "ended", end, now)
    if plan.auto_renew is not None:
        is_overdue = end is not None and end < now
        renews = "its renewal is overdue" if is_overdue else "renews itself"
        yield renews if plan.auto_renew else "doesn't renew itself"


def features(plan: Subscription) -> Iterator[str]:
    """What a plan includes, and what it leaves out; nothing where no list of it came."""
    told = plan.features or {}
    for word, wanted in (("with", True), ("without", False)):
        named = [feature for feature, enabled in told.items() if enabled is wanted]
        if named:
            yield f"{word} {', '.join(named)}"


def _dated(coming: str, past: str, at: float, now: float) -> Iterator[str]:
    yield f"{coming if at >= now else past} {moment(at)}".strip()
    yield f"in {format_span(at - now)}" if at >= now else format_age(now - at)
