"""`sms-exporter check`: asks accounts once, judges what they say, and tells it in words, JSON or metrics."""

import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from exporter.accounts.observation import Observation, View
from exporter.accounts.registry import Registry
from exporter.accounts.resource import Clock
from exporter.accounts.scrape import scrape
from exporter.check.health import Finding, Severity, findings, rank, worst
from exporter.client.http import Client
from exporter.documents.faults import ConfigError, closest, quoted
from exporter.metrics.exposition import Exposition
from exporter.printable import escaped
from exporter.readings import ContactQuota, Credit, Subscription
from exporter.secrets.redaction import redact
from exporter.settings import Settings, Thresholds

EXIT_CODES = {Severity.FINE: 0, Severity.WARNING: 1, Severity.CRITICAL: 2, Severity.UNKNOWN: 3}
"""What monitoring systems take a check's exit code for."""


class CheckError(Exception):
    """Nothing can be checked: `lines` say why."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines

    @classmethod
    def of_file(cls, error: ConfigError) -> "CheckError":
        """A configuration that can't be used, a line a fault."""
        return cls(*map(str, error.faults))


@dataclass(frozen=True, slots=True)
class Checked:
    """One account: what it says, and what is wrong with that."""

    view: View
    findings: tuple[Finding, ...]

    @property
    def name(self) -> str:
        """The account's name."""
        return self.view.settings.name

    @property
    def provider(self) -> str:
        """Its provider's name as people write it: `ClickSend`."""
        return self.view.settings.provider.name

    @property
    def severity(self) -> Severity:
        """The worst of its findings."""
        return worst(self.findings)

    @property
    def credits(self) -> list[Credit]:
        """What is left, in each of its units and pots."""
        return [credit for readings in self.view.readings for credit in readings.credits]

    @property
    def subscription(self) -> Subscription | None:
        """Its plan, where it is known."""
        known = (readings.subscription for readings in self.view.readings)
        return next((plan for plan in known if plan is not None), None)

    @property
    def contacts(self) -> ContactQuota | None:
        """Its contacts, where they are known."""
        known = (readings.contacts for readings in self.view.readings)
        return next((contacts for contacts in known if contacts is not None), None)


@dataclass(frozen=True, slots=True)
class Result:
    """All accounts that were asked, in the configuration's order, and when (Unix seconds).

    Where it is a part of a result, `of_all` is the severity of the whole.
    """

    accounts: tuple[Checked, ...]
    label_names: tuple[str, ...]
    timestamp_seconds: float
    of_all: Severity | None = None

    @property
    def severity(self) -> Severity:
        """The worst of all findings; unknown where there is no account to have one."""
        if self.of_all is not None:
            return self.of_all
        if not self.accounts:
            return Severity.UNKNOWN
        return worst(finding for account in self.accounts for finding in account.findings)

    def worst_first(self) -> list[Checked]:
        """The accounts as `rank` orders them."""
        return sorted(self.accounts, key=lambda account: rank(account.findings, account.name))


def select_accounts(settings: Settings, names: Sequence[str]) -> Settings:
    """The accounts of these names, or all where there are none.

    Raises:
        CheckError: there is no account of such a name.
    """
    by_name = {account.name: account for account in settings.accounts}
    unknown = [name for name in dict.fromkeys(names) if name not in by_name]
    if unknown:
        near = {name: closest(name, by_name) for name in unknown}
        raise CheckError(
            *(
                f"no account has the name {quoted(name)}" + (f"; did you mean {near[name]}?" if near[name] else "")
                for name in unknown
            )
        )
    return Settings(tuple(account for account in settings.accounts if not names or account.name in names))


async def check(
    settings: Settings, names: Sequence[str], seconds: float | None, client: Client, clock: Clock | None = None
) -> Result:
    """Ask accounts once, all of them at the same time, and wait `seconds` at most (None: their own timeouts).

    Raises:
        CheckError: there is no account of such a name.
    """
    clock = clock or Clock()
    accounts = Registry(select_accounts(settings, names), client, clock, random.Random())  # noqa: S311  # jitter, no secret
    try:
        views = await scrape(accounts, seconds)
    finally:
        await accounts.aclose()
    now = clock.wall()
    return Result(tuple(Checked(view, findings(view, now)) for view in views), settings.label_names, now)


async def prometheus(result: Result) -> str:
    """The account families in text 0.0.4, as `/metrics` has them: for a textfile collector."""
    views = [account.view for account in result.accounts]
    rendering = Exposition(result.label_names)
    return "".join(await rendering.accounts(views, openmetrics=False))


def as_json(result: Result) -> str:
    """An object with all accounts; every key is always there, null where a value isn't known."""
    return _dumped(
        {
            "severity": result.severity.word,
            "timestamp_seconds": result.timestamp_seconds,
            "faults": [],
            "accounts": [_account(account) for account in result.accounts],
        }
    )


def refusal_as_json(error: CheckError, timestamp_seconds: float) -> str:
    """The object of a check that couldn't be made."""
    return _dumped(
        {
            "severity": Severity.UNKNOWN.word,
            "timestamp_seconds": timestamp_seconds,
            "faults": list(error.lines),
            "accounts": [],
        }
    )


def _account(account: Checked) -> dict[str, Any]:
    settings, thresholds = account.view.settings, account.view.thresholds
    plan, contacts = account.subscription, account.contacts
    return {
        "account": account.name,
        "provider": settings.provider.id,
        "labels": dict(settings.labels),
        "severity": account.severity.word,
        "findings": [
            {"severity": finding.severity.word, "text": redact(finding.text), "api": finding.api}
            for finding in account.findings
        ],
        "postpaid": account.view.is_postpaid,
        "credit": [_credit(credit, thresholds) for credit in account.credits],
        "subscription": None
        if plan is None
        else asdict(plan) | {"remaining_threshold_seconds": asdict(thresholds.subscription_remaining)},
        "contacts": None
        if contacts is None
        else asdict(contacts)
        | {"used_ratio": contacts.used_ratio, "used_ratio_threshold": asdict(thresholds.contacts_used_ratio)},
        "apis": {observation.api: _api(observation) for observation in account.view.observations},
    }


def _credit(credit: Credit, thresholds: Thresholds) -> dict[str, Any]:
    pair = thresholds.for_credit(credit.currency, credit.wallet)
    return asdict(credit) | {"available": credit.available, "threshold": asdict(pair)}


def _api(observation: Observation) -> dict[str, Any]:
    failure = observation.failure
    return {
        "up": failure is None,
        "reason": None if failure is None else failure.reason.value,
        "detail": None if failure is None else redact(failure.detail),
        "last_success_timestamp_seconds": observation.last_success_timestamp_seconds,
        "duration_seconds": observation.duration_seconds,
    }


def _dumped(document: dict[str, Any]) -> str:
    return escaped(json.dumps(document, indent=2, ensure_ascii=False)) + "\n"
