"""All accounts: what is wrong now, worst first, and where to look next."""

from dashboards import tables, words
from dashboards.frame import Mark, Page, Section, Variable, targets
from dashboards.panels import DAYS, About, Look, Query, Tile, bars, lines, stat
from dashboards.queries import EVERY, KEY, MONEY, TARGETS, UNITS, alert_rules, days, folded, newest, severity, split
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
        marks=[_mark("Critical alerts", "critical", words.RED), _mark("Warnings", "warning", words.ORANGE)],
        sections=[
            Section("What is wrong now", [_state(), _kinds(), tables.alerts(EVERY, runbooks, 16), _runways()]),
            Section("Accounts, the most urgent first", [tables.accounts()]),
            Section("Money and time", [_spent(), _spend(), _firing()]),
        ],
        refresh="1m",
        span="7d",
        links=[("Runbooks", f"{runbooks}/README.md")],
    )


def _mark(name: str, word: str, colour: str) -> Mark:
    """The alerts of all accounts, off until one asks for them: so many would paint the graphs over."""
    return Mark(
        name,
        EVERY.alerts(severity(word)),
        title="{{alertname}}",
        text="{{account}} ({{provider}})",
        tags="severity,provider,account",
        colour=colour,
        enabled=False,
    )


def _state() -> Tile:
    return stat(
        About(
            "State",
            "Is anything wrong at all, and how bad is the worst of it?",
            'read the table of alerts below from the top: each row leads to its runbook. "No rules": load those of the'
            " alerts, nobody is told of anything.",
            NO_ACCOUNT,
            width=5,
            height=5,
        ),
        Query(EVERY.worst(), "worst"),
        unit="none",
        words=words.SEVERITY,
    )


def _kinds() -> Tile:
    def counted(alerts: str) -> str:
        return f"count(count by ({KEY}) ({alerts})) or 0 * count({_ACCOUNTS} and on () ({alert_rules()}))"

    troubled = folded("max", EVERY.alerts('severity=~"critical|warning"'))
    looked_at = f"({folded('max', _ACCOUNTS)} and on () ({alert_rules()}))"
    fine = f"count({looked_at} unless on ({KEY}) {troubled}) or 0 * count({looked_at})"
    return stat(
        About(
            "Accounts by what is wrong",
            "How many accounts can't send, are about to stop, can't be asked, or need care soon? The worst stand first,"
            " and an account counts under each kind that it has.",
            "the table below names the accounts; for red ones act now, for orange ones plan it today.",
            "no account or no alert's rule is known: is the exporter scraped, and are the rules loaded?",
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
    runway = folded("min", newest(EVERY.recorded("account:sms_credit_runway:seconds")))
    threshold = "account:sms_credit_runway_threshold_seconds:max"
    critical = folded("max", newest(EVERY.recorded(threshold, severity("critical"))))
    either = folded("max", newest(EVERY.recorded(threshold)))
    unanswered = EVERY.unanswered("credit")
    parts = split(f"(bottomk(10, {runway}) unless on ({KEY}) {unanswered})", critical, either)
    then = f"bottomk(10, {runway}) and on ({KEY}) {unanswered}"
    who = "{{account}} ({{provider}})"
    legends = (f"{who}: critical", f"{who}: warning", who, f"{who}: not current")
    colours = (words.RED, words.ORANGE, words.BLUE, words.PALE)
    return bars(
        About(
            "Next to run dry",
            "Which ten accounts will use up their credit first, and in how many days, at their present pace?",
            "top up those whose bar is shorter than a transfer takes to arrive, or find out what they spend on.",
            "no account spends anything, or there is less than ten minutes of history.",
            width=8,
            height=9,
        ),
        *(
            Query(f"sort({days(part)})", legend, Look(DAYS, words.LONG, colour))
            for part, legend, colour in zip((*parts, then), legends, colours, strict=True)
        ),
        unit="none",
        decimals=1,
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
        unit="none",
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
        unit="none",
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
