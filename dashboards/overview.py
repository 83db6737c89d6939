"""All accounts: what is wrong now, worst first, and where to look next."""

from dashboards import tables, words
from dashboards.frame import Mark, Page, Section, Variable, targets
from dashboards.panels import About, Look, Query, Tile, bars, lines, stat
from dashboards.queries import EVERY, KEY, MONEY, TARGETS, UNITS, by_threshold, days, folded, newest, severity
from dashboards.tables import NO_ACCOUNT

UID = "sms-overview"

_ACCOUNTS = EVERY.recorded("account:sms_api_up:max")
_SPEND = "account:sms_credit_spend:1d"


def page(runbooks: str) -> Page:
    """The dashboard; `runbooks` is the URL of the folder of the alerts' pages."""
    return Page(
        uid=UID,
        title="SMS overview",
        description="What is wrong with the SMS accounts now, worst first. A click on an account leads to its page.",
        variables=[
            *targets("sms_account_up"),
            Variable("provider", f"label_values(sms_account_up{{{TARGETS}}}, provider)"),
            Variable("account", f'label_values(sms_account_up{{{TARGETS}, provider=~"$provider"}}, account)'),
        ],
        marks=[_mark("Critical alerts", "critical", words.RED, False), _mark("Warnings", "warning", "orange", False)],
        sections=[
            Section("What is wrong now", [_state(), _kinds(), tables.alerts(EVERY, runbooks, 16), _runways()]),
            Section("Accounts, the most urgent first", [tables.accounts()]),
            Section("Money and time", [_spent(), _spend(), _firing()]),
        ],
        refresh="1m",
        span="7d",
        links=[("Runbooks", f"{runbooks}/README.md")],
    )


def _mark(name: str, word: str, colour: str, enabled: bool) -> Mark:
    return Mark(
        name,
        EVERY.alerts(severity(word)),
        title="{{alertname}}",
        text="{{account}} ({{provider}})",
        tags="severity,provider,account",
        colour=colour,
        enabled=enabled,
    )


def _state() -> Tile:
    return stat(
        About(
            "State",
            "Is anything wrong at all, and how bad is the worst of it?",
            "read the table of alerts below from the top: each row leads to its runbook.",
            "no account is known: is the exporter scraped?",
            width=5,
            height=5,
        ),
        Query(EVERY.worst(), "worst"),
        unit="none",
        words=words.SEVERITY,
    )


def _kinds() -> Tile:
    def counted(alerts: str) -> str:
        return f"count(count by ({KEY}) ({alerts})) or 0 * count({_ACCOUNTS})"

    troubled = folded("max", EVERY.alerts('severity=~"critical|warning"'))
    fine = f"count({folded('max', _ACCOUNTS)} unless on ({KEY}) {troubled}) or 0 * count({_ACCOUNTS})"
    return stat(
        About(
            "Accounts by what is wrong",
            "How many accounts can't send, are about to stop, can't be asked, or need care soon? The worst stand first,"
            " and an account counts under each kind that it has.",
            "the table below names the accounts; for red ones act now, for orange ones plan it today.",
            NO_ACCOUNT,
            width=19,
            height=5,
        ),
        *(
            Query(
                counted(EVERY.alerts(f'alertname=~"{"|".join(alerts)}"')),
                kind,
                Look(words=words.NONE, colour=colour),
            )
            for kind, (colour, alerts) in words.KINDS.items()
        ),
        Query(fine, "fine", Look(words=words.NOBODY, colour=words.GREEN)),
        unit="none",
        named=True,
    )


def _runways() -> Tile:
    critical, warning, others = by_threshold(EVERY, f"bottomk(10, {days(EVERY)})")
    who = "{{account}} ({{provider}}) {{wallet}}"
    return bars(
        About(
            "Next to run dry",
            "Which ten pots of credit will be used up first, in how many days at their present pace?",
            "top up those whose bar is shorter than a transfer takes to arrive, or find out what they spend on.",
            "no account spends anything, or there is less than ten minutes of history.",
            width=8,
            height=9,
        ),
        Query(f"sort({critical})", f"{who}, below critical", Look(colour=words.RED)),
        Query(f"sort({warning})", f"{who}, below warning", Look(colour=words.ORANGE)),
        Query(f"sort({others})", who, Look(colour=words.BLUE)),
        unit="none",
        decimals=1,
        words=words.DAYS,
    )


def _spent() -> Tile:
    return stat(
        About(
            "Spend in the last day",
            "How much did all accounts spend in the last day, in each currency? Currencies are never added up.",
            "compare with the graph beside it; a jump that is no campaign may be somebody pumping messages.",
            "nothing is known of any spending yet: the rules need two readings of a balance.",
            width=6,
            height=9,
        ),
        Query(f"sum by (currency) ({newest(EVERY.recorded(_SPEND, MONEY))})", "{{currency}}"),
        Query(
            f"sum by (provider, currency) ({newest(EVERY.recorded(_SPEND, UNITS))})",
            "{{currency}} ({{provider}})",
        ),
        unit="locale",
        decimals=2,
        named=True,
    )


def _spend() -> Tile:
    return lines(
        About(
            "Spend a day by currency",
            "How does the spend of a day develop, in each currency? Each point is the day before it.",
            "open the accounts whose runway has fallen; the account's page shows by the hour what it spends.",
            "nothing is known of any spending yet: the rules need two readings of a balance.",
            width=10,
            height=9,
        ),
        Query(f"sum by (currency) ({newest(EVERY.recorded(_SPEND, MONEY))})", "{{currency}}"),
        Query(
            f"sum by (provider, currency) ({newest(EVERY.recorded(_SPEND, UNITS))})",
            "{{currency}} ({{provider}})",
        ),
        unit="locale",
        decimals=2,
        least=0,
    )


def _firing() -> Tile:
    return lines(
        About(
            "Alerts that fired",
            "Does it get better or worse? The number of alerts that fired, by severity.",
            "a step up for many accounts at once is mostly one cause: a provider, a network, a revoked key.",
            "no alert has fired in this time.",
            width=8,
            height=9,
        ),
        *(
            Query(f"count({EVERY.alerts(severity(word))})", word, Look(colour=colour))
            for word, colour in (("critical", words.RED), ("warning", words.ORANGE), ("info", words.BLUE))
        ),
        unit="none",
        decimals=0,
        least=0,
    )
