"""The page at `/`: every account for a person, worst first, in words."""

import base64
import functools
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from exporter.accounts.observation import NOT_WAITED_FOR, Observation, View
from exporter.check.health import Finding, Severity, findings, fullness, rank, unwatched, worst
from exporter.check.words import amount, credit_terms, limit, moment, percent, plan_terms
from exporter.durations import format_age
from exporter.printable import on_one_line
from exporter.providers.kinds import API_NAMES
from exporter.readings import ContactQuota, Credit, Subscription
from exporter.secrets.redaction import redact
from exporter.settings import Pair, Thresholds

DOCUMENTATION = "https://github.com/sms-exporter/sms-exporter/tree/main/docs"
WAIT_SECONDS = 2.0
"""How long the page waits for providers."""

_REFRESH_SECONDS = 30
_REFRESH_SOON_SECONDS = 3
_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Page:
    """What the page shows; `telemetry_path` is where metrics are, `is_loaded` whether the newest reload succeeded."""

    views: Sequence[View]
    now_timestamp_seconds: float
    version: str
    telemetry_path: str = "/metrics"
    is_loaded: bool = True


@dataclass(frozen=True, slots=True)
class _Quota:
    """A contact quota: its figures, how bad they are, and where the bar ends and its marks stand (0 to 100).

    No `ratio`, no bar.
    """

    text: str
    severity: Severity = Severity.FINE
    ratio: str = ""
    filled: float = 0.0
    marks: tuple[float, ...] = ()
    thresholds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Pot:
    """A pot of credit: its name (empty where it has none), its balance, what else is known of it."""

    name: str
    balance: str
    terms: tuple[str, ...]
    thresholds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    name: str
    status: str
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Trouble:
    """Why apis fail; `lasting` says how long there has been no answer."""

    apis: str
    reason: str
    detail: str
    lasting: str


@dataclass(slots=True)
class _Cell:
    """What one api gives: `state` is `absent` (the account hasn't it), `unknown` or `known`."""

    state: str
    age: str = ""
    is_kept: bool = False


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    provider: str
    labels: tuple[tuple[str, str], ...]
    query: str
    severity: Severity
    findings: tuple[Finding, ...]
    unwatched: str
    troubles: tuple[_Trouble, ...]
    is_postpaid: bool
    pots: tuple[_Pot, ...]
    quotas: tuple[_Quota, ...]
    plans: tuple[_Plan, ...]
    cells: dict[str, _Cell]


def render(page: Page) -> str:
    """The page as HTML."""
    rows = sorted(_rows(page), key=lambda row: rank(row.findings, row.name))
    groups = [(severity, [row for row in rows if row.severity is severity]) for severity in Severity]
    waiting = any(_is_waiting(observation) for view in page.views for observation in view.observations)
    return _template("page.html").render(
        page=page,
        rows=rows,
        groups=groups,
        counts=[(severity, len(members)) for severity, members in groups],
        refresh_seconds=_REFRESH_SOON_SECONDS if waiting else _REFRESH_SECONDS,
        updated=moment(page.now_timestamp_seconds, "%Y-%m-%d %H:%M:%S UTC"),
        documentation=DOCUMENTATION,
        style=_asset("page.css"),
        script=_asset("page.js"),
    )


def render_debug(name: str, text: str) -> str:
    """The debug text of the account of this name as HTML, with a way back to the page."""
    return _template("debug.html").render(name=name, text=text, query=_query(name), style=_asset("page.css"))


@functools.cache
def headers() -> dict[str, str]:
    """The headers that keep the page to itself: nothing is loaded from elsewhere, nothing is kept."""
    policy = {
        "default-src": "'none'",
        "style-src": _hash(_asset("page.css")),
        "script-src": _hash(_asset("page.js")),
        "connect-src": "'self'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return {
        "Content-Type": "text/html; charset=UTF-8",
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }


@functools.cache
def _template(name: str) -> Template:
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        loader=FileSystemLoader(_TEMPLATES),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


@functools.cache
def _asset(name: str) -> Markup:
    return Markup((_TEMPLATES / name).read_text("utf-8"))  # noqa: S704  # a file of ours


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _query(name: str) -> str:
    return f"probe?target={quote(name, safe='')}"


def _is_waiting(observation: Observation) -> bool:
    return observation.failure is not None and observation.failure.detail == NOT_WAITED_FOR


def _rows(page: Page) -> Iterator[_Row]:
    # Providers' own words are few and alike over the accounts: each is searched for secrets once.
    safe: Callable[[str], str] = functools.cache(lambda text: on_one_line(redact(text)))
    now = page.now_timestamp_seconds
    for view in page.views:
        settings, thresholds = view.settings, view.thresholds
        found = findings(view, now)
        told = view.readings
        yield _Row(
            settings.name,
            settings.provider.name,
            tuple(settings.labels.items()),
            _query(settings.name),
            worst(found),
            tuple(Finding(f.severity, safe(f.text), f.api, f.urgency) for f in found),
            safe(" and ".join(unwatched((each for one in told for each in one.credits), thresholds))),
            tuple(_troubles(view, now, safe)),
            bool(view.is_postpaid),
            tuple(_pot(credit, thresholds, now, safe) for each in told for credit in each.credits),
            tuple(_quota(each.contacts, thresholds.contacts_used_ratio) for each in told if each.contacts),
            tuple(_plan(each.subscription, now, safe) for each in told if each.subscription),
            _cells(view, now),
        )


def _cells(view: View, now: float) -> dict[str, _Cell]:
    cells = {api: _Cell("absent") for api in API_NAMES}
    for observation in view.observations:
        cells[observation.api] = _Cell("unknown" if observation.readings is None else "known")
        if observation.readings is not None and observation.last_success_timestamp_seconds is not None:
            cells[observation.api].age = format_age(now - observation.last_success_timestamp_seconds)
            cells[observation.api].is_kept = observation.failure is not None
    return cells


def _troubles(view: View, now: float, safe: Callable[[str], str]) -> Iterator[_Trouble]:
    alike: dict[tuple[str, str, str], list[str]] = {}
    for observation in view.observations:
        failure = observation.failure
        if failure is not None:
            answered = observation.last_success_timestamp_seconds
            lasting = "never answered so far" if answered is None else f"last answered {format_age(now - answered)}"
            detail = "the call goes on" if _is_waiting(observation) else safe(failure.detail)
            alike.setdefault((failure.reason.value, detail, lasting), []).append(observation.api)
    for (reason, detail, lasting), apis in alike.items():
        yield _Trouble(", ".join(apis), reason, detail, lasting)


def _pot(credit: Credit, thresholds: Thresholds, now: float, safe: Callable[[str], str]) -> _Pot:
    pair = thresholds.for_credit(credit.currency, credit.wallet)
    return _Pot(
        safe(credit.wallet or ""),
        safe(amount(credit.balance, credit.currency)),
        tuple(map(safe, credit_terms(credit, now))),
        _thresholds(pair, "below", limit),
    )


def _quota(contacts: ContactQuota, pair: Pair) -> _Quota:
    ratio = contacts.used_ratio
    if ratio is None or contacts.limit is None:
        return _Quota(f"{limit(contacts.used)}, no limit known")
    marks = tuple(100 * share for share in (pair.warning, pair.critical) if share is not None and share < 1)
    text = f"{limit(contacts.used)} of {limit(contacts.limit)}"
    filled = min(100.0, max(0.0, 100 * ratio))
    return _Quota(text, fullness(contacts, pair), percent(ratio), filled, marks, _thresholds(pair, "from", percent))


def _plan(plan: Subscription, now: float, safe: Callable[[str], str]) -> _Plan:
    return _Plan(safe(plan.plan or ""), plan.status, tuple(plan_terms(plan, now)))


def _thresholds(pair: Pair, relation: str, write: Callable[[float], str]) -> tuple[str, ...]:
    parts = [
        f"{severity} {relation} {write(value)}"
        for severity, value in (("warning", pair.warning), ("critical", pair.critical))
        if value is not None
    ]
    return tuple(parts) or ("no threshold",)
