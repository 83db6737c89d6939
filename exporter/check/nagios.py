"""A check's result as Nagios and its kin read it: a status line, and performance data after a bar.

https://www.monitoring-plugins.org/doc/guidelines.html
"""

import math
from collections.abc import Iterator
from decimal import Decimal

from exporter.check.health import Severity
from exporter.check.result import Checked, CheckError, Result
from exporter.check.words import amount, of_pot
from exporter.printable import on_one_line
from exporter.readings import Credit, messages_remaining
from exporter.secrets.redaction import redact
from exporter.settings import Pair

_WORDS = {
    Severity.FINE: "OK",
    Severity.WARNING: "WARNING",
    Severity.CRITICAL: "CRITICAL",
    Severity.UNKNOWN: "UNKNOWN",
}
_NONE = Decimal(0)


def status_line(result: Result) -> str:
    """The state's word, what is wrong where, worst first, and all figures with their thresholds."""
    said = ". ".join(  # Nagios itself makes colons of semicolons
        f"{account.name}: {', '.join(redact(finding.text) for finding in account.findings)}"
        for account in result.worst_first()
        if account.findings
    )
    data = " ".join(datum for account in result.accounts for datum in _data(account, result.timestamp_seconds))
    line = f"{_WORDS[result.severity]} - {_one_line(said or _fine(result))}"
    return f"{line} | {data}\n" if data else f"{line}\n"


def refusal(error: CheckError) -> str:
    """The line of a check that couldn't be made."""
    return f"{_WORDS[Severity.UNKNOWN]} - {_one_line('. '.join(error.lines))}\n"


def _fine(result: Result) -> str:
    if not result.accounts:
        return "there are no accounts" if result.of_all is None else "no state has changed"
    if len(result.accounts) > 1:
        return f"{len(result.accounts)} accounts are fine"
    (account,) = result.accounts
    if account.view.is_postpaid:
        return f"{account.name} is postpaid"
    left = ", ".join(f"{amount(credit.available, credit.currency)}{of_pot(credit)}" for credit in account.credits)
    return f"{account.name}: {left} left" if left else f"{account.name} is fine"


def _data(account: Checked, now: float) -> Iterator[str]:
    """What is left and a plan's remaining time alert below a threshold (`200:`), contacts at or above one (`@80:`)."""
    name, thresholds = account.name, account.view.thresholds
    for credit in account.credits:
        yield _credit(f"{name}_credit", credit, thresholds.for_credit(credit.currency, credit.wallet))
    for (channel, wallet), count in messages_remaining(account.credits).items():
        yield _datum(_label(f"{name}_messages", channel, wallet), _figure(count), ";;0")
    contacts = account.contacts
    if contacts is not None:
        most = "" if contacts.limit is None else f";{_figure(contacts.limit)}"
        yield _datum(f"{name}_contacts_used", _figure(contacts.used), f";;0{most}")
        if contacts.used_ratio is not None:
            ranges = _ranges(thresholds.contacts_used_ratio, "@{}:", 100)
            yield _datum(f"{name}_contacts_used_ratio", f"{_figure(contacts.used_ratio, 100)}%", ranges)
    plan = account.subscription
    if plan is not None and plan.end_timestamp_seconds is not None:
        pair = Pair() if plan.auto_renew else thresholds.subscription_remaining
        remaining = math.floor(plan.end_timestamp_seconds - now)
        yield _datum(f"{name}_plan_remaining", f"{remaining}s", _ranges(pair, "{}:"))


def _credit(label: str, credit: Credit, pair: Pair) -> str:
    """The balance; thresholds are for what is available, so that each stands lower by the overdraft."""
    overdraft = credit.overdraft or 0.0
    least = f";{_figure(-overdraft)}" if overdraft else ""
    ranges = _ranges(pair, "{}:", shift=-Decimal(repr(overdraft)))
    return _datum(_label(label, credit.currency, credit.wallet), _figure(credit.balance), ranges + least)


def _label(name: str, of: str, wallet: str | None) -> str:
    return f"{name}_{of}" if wallet is None else f"{name}_{of}_{wallet}"


def _datum(label: str, value: str, rest: str) -> str:
    """`'label'=value;warn;crit;min;max` without what is empty at its end; a label may hold no equals sign."""
    quoted = _one_line(label).replace("=", "_").replace("'", "''")
    return f"'{quoted}'={value};{rest}".rstrip(";")


def _ranges(pair: Pair, form: str, factor: int = 1, shift: Decimal = _NONE) -> str:
    return ";".join(
        "" if value is None else form.format(_figure(value, factor, shift)) for value in (pair.warning, pair.critical)
    )


def _figure(value: float, factor: int = 1, shift: Decimal = _NONE) -> str:
    """Digits with a point and no exponent, as the guidelines ask for."""
    exact = f"{Decimal(repr(value)) * factor + shift:f}"
    return exact.rstrip("0").rstrip(".") if "." in exact else exact


def _one_line(text: str) -> str:
    """A text that neither ends the line nor begins the performance data."""
    return " ".join(on_one_line(text).replace("|", "/").split())
