"""The overview's tables: the alerts that fire, and every account, the most urgent first."""

from grafana_foundation_sdk.models import dashboard as model

from dashboards import words
from dashboards.panels import About, Column, Query, Tile, mapping, table
from dashboards.plan import status_number
from dashboards.queries import EVERY, KEY, ONE, Scope, days, folded, newest, only_where_many, severity

NO_ACCOUNT = "no account is known: is the exporter scraped, and are the rules loaded?"

_LINK = (
    "/d/sms-account/sms-account?${datasource:queryparam}&var-job=${__data.fields.job}"
    "&var-provider=${__data.fields.provider}&var-account=${__data.fields.account}&${__url_time_range}"
)
_PLACE = (
    Column(
        "in_namespace",
        "Namespace",
        # Only this column knows that there is a namespace: a link elsewhere would lead to none at all.
        link=("The dashboard of this namespace's account", f"{_LINK}&var-namespace=${{__value.raw}}"),
        width=120,
    ),
    Column("in_job", "Job", width=90),
    Column("namespace", "Namespace of all", is_hidden=True),
    Column("job", "Job of all", is_hidden=True),
)
"""Where an account is: shown where there are several, known to links in any case."""
_ACCOUNTS = EVERY.recorded("account:sms_api_up:max")


def alerts(scope: Scope, runbooks: str, width: int) -> Tile:
    """What fires, worst first; `runbooks` is the URL of the folder of the alerts' pages."""
    labels = f"alertname, {KEY}"
    one = scope is ONE
    who = [
        Column("account", "Account", link=("The account's dashboard", _LINK)),
        Column("provider", "Provider", width=120),
        *_PLACE,
    ]
    fires = f"0 * max by ({KEY}) ({scope.alerts()})"
    return table(
        About(
            "Alerts that fire, worst first",
            "What exactly is wrong, with which account, and since when?",
            "click the alert: its runbook says what it means and what to do. Click the account: its page has the"
            " figures.",
            "no alert fires; where the panels above show no accounts either, the rules aren't loaded.",
            width=width,
            height=6 if one else 9,
        ),
        Query(f"max by ({labels}) ({scope.ranked()})"),
        Query(f"1000 * min by ({labels}) ({scope.since()})"),
        *([] if one else [Query(only_where_many(fires))]),
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
        hidden=[column.field for column in who] if one else ["Value #C"],
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
        Query(days(EVERY)),
        Query(each("max", "account:contacts_used_ratio:max")),
        Query(status_number(EVERY)),
        Query(f"1000 * {each('max', 'account:sms_subscription_end_timestamp_seconds:max')}"),
        Query(f"time() - {folded('min', folded('max', fresh, 'api'))}"),
        Query(f"sum by ({KEY}) ({EVERY.alerts()} or {known}) and on ({KEY}) {_ACCOUNTS}"),
        Query(only_where_many(folded("max", known))),
        columns=[
            Column("Value #A", "Urgency", words=ranges, width=95),
            Column("account", "Account", link=("The account's dashboard", _LINK)),
            Column("provider", "Provider", words=[mapping(words.PROVIDERS)], width=110),
            Column("Value #B", "Balance", unit="locale", decimals=2, width=100),
            Column("Value #C", "Warns below", unit="locale", decimals=2, width=100),
            Column("currency", "Unit", width=60),
            Column("wallet", "Pot", width=70),
            Column("Value #D", "Days left", unit="none", decimals=1, words=[mapping(words.DAYS)], width=90),
            Column("Value #E", "Contacts", unit="percentunit", decimals=1, width=85),
            Column("Value #F", "Plan", words=[mapping(words.STATUS_NUMBERS)], width=100),
            Column("Value #G", "Plan ends", unit="dateTimeFromNow", width=120),
            Column("Value #H", "Age", unit="s", decimals=0, width=80),
            Column("Value #I", "Alerts", unit="none", decimals=0, width=65),
            *_PLACE,
        ],
        hidden=["Value #J"],
        sort="Urgency",
    )
