"""The overview's tables: the alerts that fire, and every account, the most urgent first."""

from grafana_foundation_sdk.models import dashboard as model

from dashboards import words
from dashboards.panels import About, Column, Query, Tile, mapping, table
from dashboards.plan import status_number
from dashboards.queries import EVERY, KEY, ONE, Scope, folded, newest, severity

NO_ACCOUNT = "no account is known: is the exporter scraped, and are the rules loaded?"

_LINK = (
    "/d/sms-account/sms-account?${datasource:queryparam}&var-job=${__data.fields.job}"
    "&var-provider=${__data.fields.provider}&var-account=${__data.fields.account}&${__url_time_range}"
)
_NAMESPACE = Column(
    "namespace",
    "Namespace",
    # Only this column knows that there is a namespace: a link elsewhere would lead to none at all.
    link=("The dashboard of this namespace's account", f"{_LINK}&var-namespace=${{__value.raw}}"),
    width=120,
)
_ACCOUNTS = EVERY.recorded("account:sms_api_up:max")


def alerts(scope: Scope, runbooks: str, width: int) -> Tile:
    """What fires, worst first; `runbooks` is the URL of the folder of the alerts' pages."""
    labels = f"alertname, {KEY}"
    one = scope is ONE
    who = [
        Column("account", "Account", link=("The account's dashboard", _LINK)),
        Column("provider", "Provider", width=120),
        _NAMESPACE,
        Column("job", "Job", width=90),
    ]
    return table(
        About(
            "Alerts that fire, worst first",
            "What exactly is wrong, with which account, and since when?",
            "click the alert: its runbook says what it means and what to do. Click the account: its page has the"
            " figures.",
            "an empty table means that no alert fires, if the panels above show accounts; else that the rules aren't"
            " loaded.",
            width=width,
            height=6 if one else 9,
        ),
        Query(f"max by ({labels}) ({scope.ranked()})"),
        Query(f"1000 * min by ({labels}) ({scope.since()})"),
        columns=[
            Column("Value #A", "Severity", words=[mapping(words.SEVERITY)], width=100),
            Column(
                "alertname",
                "What",
                words=[mapping({name: (says, words.GREY) for name, says in words.ALERTS.items()})],
                link=("Runbook", f"{runbooks}/${{__value.raw}}.md"),
            ),
            Column("Value #B", "Since", unit="dateTimeFromNow", width=140),
            *([] if one else who),
        ],
        hidden=[column.field for column in who] if one else [],
        sort="Severity",
    )


def accounts() -> Tile:
    """A row for each account."""

    def each(operator: str, name: str, *more: str, labels: tuple[str, ...] = ()) -> str:
        return folded(operator, newest(EVERY.recorded(name, *more)), *labels)

    known = f"0 * {_ACCOUNTS}"
    nearness = f"0.9 / (1 + {newest(EVERY.recorded('account:sms_credit_runway:seconds'))} / 86400)"
    urgency = f"{folded('max', f'{EVERY.ranked()} or {known}')} + on ({KEY}) {folded('max', f'{nearness} or {known}')}"
    fresh = newest(EVERY.raw("sms_api_last_success_timestamp_seconds", 'api!="prices"'))
    ranges = [
        model.RangeMap(
            model.DashboardRangeMapOptions(
                from_val=float(rank),
                to=int(rank) + 0.999,
                result=model.ValueMappingResult(text=text, color=colour, index=number),
            )
        )
        for number, (rank, (text, colour)) in enumerate(words.SEVERITY.items())
    ]
    return table(
        About(
            "Accounts",
            "How is each account, and which one needs attention first? Sorted by its worst alert; among equals, the one"
            " that runs dry first.",
            "click the account's name. A balance below its threshold, a runway shorter than a transfer takes, a plan"
            " that isn't active, or data that is hours old each have their own alert with a runbook.",
            "an empty cell means that the provider doesn't tell it, or that the account doesn't have it; a runway is"
            " empty where nothing is spent. An empty table: " + NO_ACCOUNT,
            width=24,
            height=14,
        ),
        Query(urgency),
        Query(each("min", "account:sms_credit_balance:min", labels=("currency", "wallet"))),
        Query(
            each("max", "account:sms_credit_balance_threshold:max", severity("warning"), labels=("currency", "wallet"))
        ),
        Query(each("min", "account:sms_credit_runway:seconds")),
        Query(each("max", "account:contacts_used_ratio:max")),
        Query(status_number(EVERY)),
        Query(f"1000 * {each('max', 'account:sms_subscription_end_timestamp_seconds:max')}"),
        Query(f"time() - {folded('min', folded('max', fresh, 'api'))}"),
        Query(f"sum by ({KEY}) ({EVERY.alerts()} or {known}) and on ({KEY}) {_ACCOUNTS}"),
        columns=[
            Column("Value #A", "Urgency", words=ranges, width=110),
            Column("account", "Account", link=("The account's dashboard", _LINK)),
            Column("provider", "Provider", words=[mapping(words.PROVIDERS)], width=120),
            Column("Value #B", "Balance", unit="locale", decimals=2),
            Column("Value #C", "Warns below", unit="locale", decimals=2),
            Column("currency", "Unit", width=90),
            Column("wallet", "Pot", width=90),
            Column("Value #D", "Runway", unit="s", decimals=1),
            Column("Value #E", "Contacts used", unit="percentunit", decimals=1),
            Column("Value #F", "Plan", words=[mapping(words.STATUS_NUMBERS)], width=120),
            Column("Value #G", "Plan ends", unit="dateTimeAsIso", width=170),
            Column("Value #H", "Age of data", unit="s", decimals=0),
            Column("Value #I", "Alerts", unit="none", decimals=0, width=80),
            _NAMESPACE,
            Column("job", "Job", width=90),
        ],
        hidden=[],
        sort="Urgency",
    )
