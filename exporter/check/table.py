"""A check's result as a person reads it: a table as wide as the terminal, worst first."""

import io
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from exporter.check.health import Severity
from exporter.check.result import Checked, Result
from exporter.check.words import amount, credit_terms, estimate, features, limit, percent, plan_terms
from exporter.printable import on_one_line
from exporter.readings import ContactQuota, Credit, Subscription
from exporter.secrets.redaction import redact

_STYLES = {
    Severity.FINE: "green",
    Severity.WARNING: "yellow",
    Severity.CRITICAL: "bold red",
    Severity.UNKNOWN: "magenta",
}
WIDTH = 100
"""Columns where there is no terminal to ask."""

_NARROW = 72
"""Columns below which provider and balance have no column of their own."""


def format_table(result: Result, width: int, is_terminal: bool) -> str:
    """The table and a line that counts; nothing where no account has changed.

    Colour is for a terminal alone (and not where `NO_COLOR` forbids it).
    """
    if not result.accounts and result.of_all is not None:
        return ""
    drawing = io.StringIO()
    console = Console(file=drawing, width=width, force_terminal=is_terminal, highlight=False, markup=False, emoji=False)
    if result.accounts:
        console.print(_table(result, width))
    console.print(_counts(result), soft_wrap=True)
    return "\n".join(line.rstrip() for line in drawing.getvalue().splitlines()) + "\n"


def _table(result: Result, width: int) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    is_narrow = width < _NARROW
    pots = {account.name: [on_one_line(redact(line)) for line in _pots(account)] for account in result.accounts}
    longest = max(map(len, pots))
    table.add_column("ACCOUNT", overflow="fold", min_width=min(longest, width // 4))
    if not is_narrow:
        table.add_column("PROVIDER", overflow="fold")
    table.add_column("STATE", no_wrap=True)
    if not is_narrow:
        widest = max((len(line) for lines in pots.values() for line in lines), default=0)
        table.add_column("CREDIT", justify="right", overflow="fold", min_width=min(widest, width // 3))
    table.add_column("WHAT", overflow="fold")
    for account in result.worst_first():
        facts = [*_facts(account, result.timestamp_seconds)]
        state = Text(account.severity.word, _STYLES[account.severity])
        if is_narrow:
            table.add_row(_text(account.name), state, _what(account, [*pots[account.name], *facts]))
            continue
        credit = Text("\n".join(pots[account.name]))
        table.add_row(_text(account.name), _text(account.provider), state, credit, _what(account, facts))
    return table


def _what(account: Checked, facts: Sequence[str]) -> Text:
    """What is wrong, then what else is known, a line each."""
    lines = [Text(on_one_line(redact(finding.text)), _STYLES[finding.severity]) for finding in account.findings]
    return Text("\n").join([*lines, *(_text(redact(fact)) for fact in facts)])


def _pots(account: Checked) -> Iterator[str]:
    """The balance of each pot of credit."""
    if account.view.is_postpaid:
        yield "postpaid"
    for credit in account.credits:
        yield _named(credit, amount(credit.balance, credit.currency))


def _named(credit: Credit, text: str) -> str:
    return text if credit.wallet is None else f"{credit.wallet}: {text}"


def _facts(account: Checked, now: float) -> Iterator[str]:
    """What is known of credit beside the balance, of plan and contacts."""
    for credit in account.credits:
        terms = ", ".join([*credit_terms(credit, now), *estimate(credit)])
        if terms:
            yield _named(credit, terms)
    if account.subscription is not None:
        yield _plan(account.subscription, now)
    if account.contacts is not None:
        yield _contacts(account.contacts)


def _plan(plan: Subscription, now: float) -> str:
    name = f" {plan.plan}:" if plan.plan else ""
    terms = ", ".join([f"plan{name} {plan.status}", *plan_terms(plan, now)])
    return "; ".join([terms, *filter(None, [", ".join(features(plan))])])


def _contacts(contacts: ContactQuota) -> str:
    ratio = "" if contacts.used_ratio is None else f" ({percent(contacts.used_ratio, 1)})"
    of = "" if contacts.limit is None else f" of {limit(contacts.limit)}"
    return f"{limit(contacts.used)}{of} contacts{ratio}"


def _counts(result: Result) -> str:
    if not result.accounts:
        return "There are no accounts."
    severities = [account.severity for account in result.accounts]
    counts = ", ".join(f"{severities.count(each)} {each.word}" for each in Severity if each in severities)
    many = "" if len(severities) == 1 else "s"
    return f"{len(severities)} account{many}: {counts}"


def _text(text: str) -> Text:
    return Text(on_one_line(text))
