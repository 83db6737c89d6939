"""A check's result as a person reads it: a table as wide as the terminal, worst first."""

import io
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from exporter.check.health import Severity, amount, limit, percent
from exporter.check.result import Checked, Result
from exporter.durations import format_span
from exporter.printable import printable
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
"""Columns below which the balance has no column of its own."""


def format_table(result: Result, width: int, is_terminal: bool) -> str:
    """The table and a line that counts; colour for a terminal alone (and not where `NO_COLOR` forbids it)."""
    drawing = io.StringIO()
    console = Console(file=drawing, width=width, force_terminal=is_terminal, highlight=False, markup=False, emoji=False)
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    longest = max((len(account.name) for account in result.accounts), default=0)
    table.add_column("ACCOUNT", overflow="fold", min_width=min(longest, width // 4))
    table.add_column("STATE", no_wrap=True)
    is_narrow = width < _NARROW
    if not is_narrow:
        table.add_column("CREDIT", justify="right", no_wrap=True)
    table.add_column("WHAT", overflow="fold")
    for account in result.worst_first():
        state = Text(account.severity.word, _STYLES[account.severity])
        amounts = [printable(amount(credit.balance, credit.currency)) for credit in account.credits]
        facts = [("credit", ", ".join(amounts))] if is_narrow and amounts else []
        facts += _facts(account, result.timestamp_seconds)
        cells = [_text(account.name), state, _text("\n".join(amounts)), _what(account, facts)]
        table.add_row(*(cells[:2] + cells[3:] if is_narrow else cells))
    if result.accounts:
        console.print(table)
    console.print(_counts(result), soft_wrap=True)
    return "\n".join(line.rstrip() for line in drawing.getvalue().splitlines()) + "\n"


def _what(account: Checked, facts: Sequence[tuple[str, str]]) -> Text:
    """What is wrong, then what else is known."""
    lines = [Text(printable(redact(finding.text)), _STYLES[finding.severity]) for finding in account.findings]
    said = {finding.api for finding in account.findings}
    rest = "; ".join(fact for api, fact in facts if api not in said)
    if rest:
        lines.append(_text(rest))
    return Text("\n").join(lines)


def _facts(account: Checked, now: float) -> Iterator[tuple[str, str]]:
    """What is known of plan and contacts, each with its api."""
    plan, contacts = account.subscription, account.contacts
    if plan is not None:
        end = plan.end_timestamp_seconds
        verb = "renews" if plan.auto_renew else "ends"
        when = "" if end is None or end < now else f", {verb} in {format_span(end - now)}"
        yield "subscription", f"plan {plan.status}{when}"
    if contacts is not None:
        ratio = "" if contacts.used_ratio is None else f" ({percent(contacts.used_ratio)})"
        of = "" if contacts.limit is None else f" of {limit(contacts.limit)}"
        yield "contacts", f"{limit(contacts.used)}{of} contacts{ratio}"


def _counts(result: Result) -> str:
    if not result.accounts:
        return "There are no accounts."
    severities = [account.severity for account in result.accounts]
    counts = ", ".join(f"{severities.count(each)} {each.word}" for each in Severity if each in severities)
    many = "" if len(severities) == 1 else "s"
    return f"{len(severities)} account{many}: {counts}"


def _text(text: str) -> Text:
    return Text(printable(text))
