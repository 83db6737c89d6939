"""What is wrong with an account, how bad it is, and the sentence that says so: the page and `check` judge alike.

Thresholds mean what they mean in the alert rules, with two differences that follow from judging one
moment: nothing has to last for some minutes first, and runway and spikes of spend, which need history, aren't judged.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import zip_longest

from exporter.accounts.observation import Observation, View
from exporter.check.words import amount, left, limit, of_pot, percent
from exporter.durations import format_span
from exporter.failure import Reason
from exporter.readings import ContactQuota, Credit, Subscription
from exporter.settings import AccountSettings, Pair, Thresholds

_DAY = 86400.0
_OVERDUE_SECONDS = _DAY
_EXPIRING_SECONDS = 14 * _DAY


class Severity(IntEnum):
    """How bad it is; the smaller, the worse, so that sorting puts the worst first."""

    CRITICAL = 0
    UNKNOWN = 1
    WARNING = 2
    FINE = 3

    @property
    def word(self) -> str:
        """The severity as text shows it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that isn't as it should be.

    `text` is a sentence without its full stop, `api` the api that told it, or None where several did.
    `urgency` orders findings of one severity: from 0, just past a threshold, to 1, nothing is left.
    """

    severity: Severity
    text: str
    api: str | None
    urgency: float = 0.0


REASONS: dict[Reason, tuple[Severity, str, float]] = {
    Reason.UNAUTHORIZED: (Severity.UNKNOWN, "Key rejected", 1.0),
    Reason.FORBIDDEN: (Severity.UNKNOWN, "Key lacks a permission", 0.9),
    Reason.IP_NOT_ALLOWED: (Severity.UNKNOWN, "Address of the exporter not allowed", 0.9),
    Reason.INSUFFICIENT_CREDIT: (Severity.CRITICAL, "Refused for lack of credit", 1.0),
    Reason.SUSPENDED: (Severity.CRITICAL, "Suspended by the provider", 1.0),
    Reason.RATE_LIMITED: (Severity.UNKNOWN, "Too many calls", 0.2),
    Reason.BAD_REQUEST: (Severity.UNKNOWN, "Request refused", 0.5),
    Reason.SERVER_ERROR: (Severity.UNKNOWN, "Error at the provider", 0.4),
    Reason.TIMEOUT: (Severity.UNKNOWN, "No answer in time", 0.3),
    Reason.CONNECTION: (Severity.UNKNOWN, "Provider can't be reached", 0.4),
    Reason.TLS: (Severity.UNKNOWN, "No TLS connection that can be trusted", 0.5),
    Reason.REDIRECT: (Severity.UNKNOWN, "Redirected elsewhere", 0.5),
    Reason.INVALID_RESPONSE: (Severity.UNKNOWN, "Answer not understood", 0.5),
    Reason.INTERNAL: (Severity.UNKNOWN, "Unexpected error in the exporter", 0.5),
}
"""What a failing api means: severity, words, urgency."""

_OF_THE_ACCOUNT = {Reason.UNAUTHORIZED, Reason.INSUFFICIENT_CREDIT, Reason.SUSPENDED}

_STATUSES = {
    "suspended": (Severity.CRITICAL, "Suspended by the provider", 1.0),
    "expired": (Severity.CRITICAL, "Plan has expired", 1.0),
    "cancelled": (Severity.CRITICAL, "Plan is cancelled", 1.0),
    "unknown": (Severity.WARNING, "Plan has a status that isn't known", 0.5),
}


def findings(view: View, now_timestamp_seconds: float) -> tuple[Finding, ...]:
    """All that isn't fine with an account, worst first; nothing where all is well.

    Readings that are kept after a failure are judged beside that failure.
    """
    found = list(_failures(view.observations))
    thresholds = view.thresholds
    for observation in view.observations:
        readings = observation.readings
        if readings is None:
            continue
        for credit in () if view.is_postpaid else readings.credits:
            pair = thresholds.for_credit(credit.currency, credit.wallet)
            found += of_credit(credit, pair, now_timestamp_seconds, observation.api)
        if readings.subscription is not None:
            found += of_plan(readings.subscription, view.settings, now_timestamp_seconds, observation.api)
        if readings.contacts is not None:
            found += _contacts(readings.contacts, thresholds.contacts_used_ratio, observation.api)
    once: dict[tuple[Severity, str], Finding] = {}
    for finding in found:
        once.setdefault((finding.severity, finding.text), finding)
    return tuple(sorted(once.values(), key=lambda finding: (finding.severity, -finding.urgency)))


def of_credit(credit: Credit, pair: Pair, now_timestamp_seconds: float, api: str) -> Iterator[Finding]:
    """What isn't fine with a pot of credit, whose thresholds are `pair`."""
    yield from _low(credit, pair, api)
    yield from _expiring(credit, now_timestamp_seconds, api)


def of_plan(plan: Subscription, settings: AccountSettings, now: float, api: str) -> Iterator[Finding]:
    """What isn't fine with a plan; `now` is Unix time in seconds."""
    if plan.status in _STATUSES:
        severity, text, urgency = _STATUSES[plan.status]
        yield Finding(severity, text, api, urgency)
    if plan.end_timestamp_seconds is not None and plan.status not in ("expired", "cancelled"):
        yield from _end(plan, plan.end_timestamp_seconds - now, settings.thresholds.subscription_remaining, api)
    features = plan.features
    off = [] if features is None else [each for each in settings.expect_features if not features.get(each)]
    if off:
        yield Finding(Severity.WARNING, f"Expected of the plan, but off: {', '.join(off)}", api, 0.5)


def fullness(contacts: ContactQuota, pair: Pair) -> Severity:
    """How bad it is that a contact quota is as full as it is."""
    ratio = contacts.used_ratio
    for severity, least in ((Severity.CRITICAL, pair.critical), (Severity.WARNING, pair.warning)):
        if ratio is not None and least is not None and ratio >= least:
            return severity
    return Severity.FINE


def unwatched(pots: Iterable[Credit], thresholds: Thresholds) -> list[str]:
    """What has no threshold though the account's credit is watched: units, each with its pot.

    As in the rules, a runway threshold tells who has none by oversight from who has none on purpose: postpaid, or
    `credit: null`.
    """
    if thresholds.runway == Pair():
        return []
    return [f"{pot.currency}{of_pot(pot)}" for pot in pots if thresholds.for_credit(pot.currency, pot.wallet) == Pair()]


def worst(found: Iterable[Finding]) -> Severity:
    """The worst severity of them; fine where there is none."""
    return min((finding.severity for finding in found), default=Severity.FINE)


def rank(found: Sequence[Finding], name: str) -> tuple[Severity, float, tuple[object, ...]]:
    """What to sort accounts by: the worst first, then the most urgent, then by name, `a10` after `a9`.

    `found` are the account's findings as `findings` orders them.
    """
    return worst(found), -found[0].urgency if found else 0.0, _natural(name)


def _natural(name: str) -> tuple[object, ...]:
    """Text and numbers by turns, numbers by their length first, however long; the name itself tells `a01` from `a1`."""
    parts = re.split(r"([0-9]+)", name)
    numbers = (part.lstrip("0") for part in parts[1::2])
    return tuple(zip_longest(parts[::2], ((len(number), number) for number in numbers), fillvalue=())), name


def _failures(observations: tuple[Observation, ...]) -> Iterator[Finding]:
    """One finding a reason, however many apis have it; they are named where it is theirs and others work."""
    failing: dict[Reason | None, list[str]] = {}
    for observation in observations:
        if observation.failure is not None:
            failing.setdefault(observation.failure.reason, []).append(observation.api)
        elif observation.readings is None:
            failing.setdefault(None, []).append(observation.api)
    for reason, apis in failing.items():
        severity, text, urgency = (Severity.UNKNOWN, "Nothing known yet", 0.1) if reason is None else REASONS[reason]
        if len(apis) < len(observations) and reason not in _OF_THE_ACCOUNT:
            text = f"{text} ({', '.join(apis)})"
        yield Finding(severity, text, apis[0] if len(apis) == 1 else None, urgency)


def _low(credit: Credit, pair: Pair, api: str) -> Iterator[Finding]:
    limits = [value for value in (pair.warning, pair.critical) if value is not None]
    if limits and credit.available <= min(0.0, *limits):
        # What the rules call exhausted, whatever the thresholds above 0 are.
        yield Finding(Severity.CRITICAL, f"Credit{of_pot(credit)} is used up: {left(credit)}", api, 1.0)
        return
    severity, passed = _below(credit.available, pair)
    if passed is not None:
        text = f"Credit{of_pot(credit)} below {limit(passed)} {credit.currency}: {left(credit)}"
        yield Finding(severity, text, api, _share_gone(credit.available, passed))


def _expiring(credit: Credit, now: float, api: str) -> Iterator[Finding]:
    """As the rules have it: a part of what is there is lost soon; how much may not be told."""
    expires, part = credit.expires_timestamp_seconds, credit.expiring
    is_something = credit.balance > 0 and (part is None or part > 0)
    if expires is None or not is_something or not 0 <= expires - now <= _EXPIRING_SECONDS:
        return
    lost = f"up to {amount(credit.balance, credit.currency)}" if part is None else amount(part, credit.currency)
    text = f"Credit{of_pot(credit)} expires in {format_span(expires - now)}: {lost}"
    yield Finding(Severity.WARNING, text, api, _share_gone(expires - now, _EXPIRING_SECONDS))


def _contacts(contacts: ContactQuota, pair: Pair, api: str) -> Iterator[Finding]:
    ratio, severity = contacts.used_ratio, fullness(contacts, pair)
    if severity is not Severity.FINE and ratio is not None and contacts.limit is not None:
        yield Finding(severity, f"Contacts at {percent(ratio)} of {limit(contacts.limit)}", api, min(1.0, ratio))


def _end(plan: Subscription, remaining: float, pair: Pair, api: str) -> Iterator[Finding]:
    if plan.auto_renew:
        if plan.status == "active" and -remaining > _OVERDUE_SECONDS:
            text = f"Plan's renewal is overdue: its term ended {format_span(-remaining)} ago"
            yield Finding(Severity.WARNING, text, api, 0.5)
        return
    severity, passed = _below(remaining, pair)
    if passed is not None:
        ends = f"ends in {format_span(remaining)}" if remaining >= 0 else f"ended {format_span(-remaining)} ago"
        renewal = "and doesn't renew itself" if plan.auto_renew is False else "and may not renew itself"
        yield Finding(severity, f"Plan {ends} {renewal}", api, _share_gone(remaining, passed))


def _below(value: float, pair: Pair) -> tuple[Severity, float | None]:
    """The severity and the threshold that a value is below."""
    if pair.critical is not None and value < pair.critical:
        return Severity.CRITICAL, pair.critical
    if pair.warning is not None and value < pair.warning:
        return Severity.WARNING, pair.warning
    return Severity.FINE, None


def _share_gone(left: float, threshold: float) -> float:
    return min(1.0, max(0.0, 1 - left / threshold)) if threshold > 0 else 1.0
