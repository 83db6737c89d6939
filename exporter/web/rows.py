"""The rows of the page: what is known of each account, in words."""

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from exporter.accounts.observation import NOT_WAITED_FOR, Observation, View
from exporter.check.health import Finding, Severity, findings, fullness, of_credit, of_plan, unwatched, worst
from exporter.check.words import amount, credit_terms, left, limit, percent, plan_terms
from exporter.durations import format_age
from exporter.printable import on_one_line
from exporter.providers.kinds import API_NAMES
from exporter.readings import ContactQuota, Credit, Subscription
from exporter.secrets.redaction import redact
from exporter.settings import AccountSettings, Pair


@dataclass(frozen=True, slots=True)
class Quota:
    """A contact quota: its figures, how bad they are, and where the bar ends and its marks stand (0 to 100).

    No `ratio`, no bar.
    """

    text: str
    severity: Severity = Severity.FINE
    ratio: str = ""
    filled: float = 0.0
    marks: tuple[float, ...] = ()
    thresholds: tuple[str, ...] = ()

    @property
    def is_found(self) -> bool:
        """Whether a finding is about it."""
        return self.severity is not Severity.FINE


@dataclass(frozen=True, slots=True)
class Pot:
    """A pot of credit: its name (empty where it has none), its balance, what can be spent, what else is known of it.

    `is_found`: a finding is about it.
    """

    name: str
    balance: str
    left: str
    terms: tuple[str, ...]
    thresholds: tuple[str, ...]
    is_watched: bool
    is_found: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan: its name (empty where it has none), its status, what else is known of it; `is_found` as with a pot."""

    name: str
    status: str
    terms: tuple[str, ...]
    is_found: bool


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why apis fail; `lasting` says how long there has been no answer."""

    apis: str
    reason: str
    detail: str
    lasting: str


@dataclass(slots=True)
class Cell:
    """What one api gives: `state` is `absent` (the account hasn't it), `unknown` or `known`."""

    state: str
    age: str = ""
    is_kept: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """An account: `query` is where its metrics are, relative to the page."""

    name: str
    provider: str
    labels: tuple[tuple[str, str], ...]
    query: str
    severity: Severity
    findings: tuple[Finding, ...]
    unwatched: str
    troubles: tuple[Trouble, ...]
    is_postpaid: bool
    pots: tuple[Pot, ...]
    quotas: tuple[Quota, ...]
    plans: tuple[Plan, ...]
    cells: dict[str, Cell]

    @property
    def is_brief(self) -> bool:
        """Whether nothing of it needs a look: then thresholds, terms and ages only fill the page."""
        return self.severity is Severity.FINE and not self.unwatched

    @property
    def credit_is(self) -> str:
        """How the cell is shown: `absent`, in short (`calm`), or `found` with terms, thresholds and age."""
        if self.cells["prices"].state != "absent" and self.cells["credit"].state == "absent":
            return "calm"
        return _look(self.cells["credit"], self.pots)

    @property
    def contacts_are(self) -> str:
        """As with credit."""
        return _look(self.cells["contacts"], self.quotas)

    @property
    def plan_is(self) -> str:
        """As with credit."""
        return _look(self.cells["subscription"], self.plans)

    def matches(self, words: Sequence[str]) -> bool:
        """Whether each of the words, in lower case, stands in its name, provider, labels, findings or errors."""
        texts = [self.name, self.provider, *(f"{label}: {value}" for label, value in self.labels)]
        texts += [finding.text for finding in self.findings]
        texts += [f"{trouble.reason} {trouble.detail}" for trouble in self.troubles]
        whole = "\n".join(texts).casefold()
        return all(word in whole for word in words)


def _look(cell: Cell, told: Sequence[Pot | Quota | Plan]) -> str:
    if cell.is_kept or any(each.is_found for each in told):
        return "found"
    return "calm" if told or cell.state != "absent" else "absent"


def link(name: str) -> str:
    """Where the metrics of the account of this name are, relative to the page."""
    return f"probe?target={quote(name, safe='')}"


def is_waiting(observation: Observation) -> bool:
    """Whether the page left before the answer came."""
    return observation.failure is not None and observation.failure.detail == NOT_WAITED_FOR


def make_rows(views: Sequence[View], now: float) -> Iterator[Row]:
    """A row an account; `now` is Unix time in seconds."""
    # Providers' own words are few and alike over the accounts: each is searched for secrets once.
    safe: Callable[[str], str] = functools.cache(lambda text: on_one_line(redact(text)))
    for view in views:
        settings, thresholds = view.settings, view.thresholds
        found = findings(view, now)
        told = view.readings
        yield Row(
            settings.name,
            settings.provider.name,
            tuple(settings.labels.items()),
            link(settings.name),
            worst(found),
            tuple(Finding(f.severity, safe(f.text), f.api, f.urgency) for f in found),
            safe(" and ".join(unwatched((each for one in told for each in one.credits), thresholds))),
            tuple(_troubles(view, now, safe)),
            bool(view.is_postpaid),
            tuple(_pot(credit, view, now, safe) for each in told for credit in each.credits),
            tuple(_quota(each.contacts, thresholds.contacts_used_ratio) for each in told if each.contacts),
            tuple(_plan(each.subscription, settings, now, safe) for each in told if each.subscription),
            _cells(view, now),
        )


def _cells(view: View, now: float) -> dict[str, Cell]:
    cells = {api: Cell("absent") for api in API_NAMES}
    for observation in view.observations:
        cells[observation.api] = Cell("unknown" if observation.readings is None else "known")
        if observation.readings is not None and observation.last_success_timestamp_seconds is not None:
            cells[observation.api].age = format_age(now - observation.last_success_timestamp_seconds)
            cells[observation.api].is_kept = observation.failure is not None
    return cells


def _troubles(view: View, now: float, safe: Callable[[str], str]) -> Iterator[Trouble]:
    alike: dict[tuple[str, str, str], list[str]] = {}
    for observation in view.observations:
        failure = observation.failure
        if failure is not None:
            answered = observation.last_success_timestamp_seconds
            lasting = "never answered so far" if answered is None else f"last answered {format_age(now - answered)}"
            detail = "the call goes on" if is_waiting(observation) else safe(failure.detail)
            alike.setdefault((failure.reason.value, detail, lasting), []).append(observation.api)
    for (reason, detail, lasting), apis in alike.items():
        yield Trouble(", ".join(apis), reason, detail, lasting)


def _pot(credit: Credit, view: View, now: float, safe: Callable[[str], str]) -> Pot:
    pair = view.thresholds.for_credit(credit.currency, credit.wallet)
    return Pot(
        safe(credit.wallet or ""),
        safe(amount(credit.balance, credit.currency)),
        safe(left(credit) if credit.available != credit.balance else amount(credit.balance, credit.currency)),
        tuple(map(safe, credit_terms(credit, now))),
        _thresholds(pair, "below", limit),
        pair != Pair(),
        not view.is_postpaid and any(of_credit(credit, pair, now, "")),
    )


def _quota(contacts: ContactQuota, pair: Pair) -> Quota:
    ratio = contacts.used_ratio
    if ratio is None or contacts.limit is None:
        return Quota(f"{limit(contacts.used)}, no limit known")
    marks = tuple(100 * share for share in (pair.warning, pair.critical) if share is not None and share < 1)
    text = f"{limit(contacts.used)} of {limit(contacts.limit)}"
    filled = min(100.0, max(0.0, 100 * ratio))
    return Quota(text, fullness(contacts, pair), percent(ratio), filled, marks, _thresholds(pair, "from", percent))


def _plan(plan: Subscription, settings: AccountSettings, now: float, safe: Callable[[str], str]) -> Plan:
    is_found = any(of_plan(plan, settings, now, ""))
    return Plan(safe(plan.plan or ""), plan.status, tuple(plan_terms(plan, now)), is_found)


def _thresholds(pair: Pair, relation: str, write: Callable[[float], str]) -> tuple[str, ...]:
    parts = [
        f"{severity} {relation} {write(value)}"
        for severity, value in (("warning", pair.warning), ("critical", pair.critical))
        if value is not None
    ]
    return tuple(parts) or ("no threshold",)
