"""The overview's tables: the alerts that fire, and every account, the most urgent first."""

from grafana_foundation_sdk.models import dashboard as model

from dashboards import words
from dashboards.columns import Column, table
from dashboards.panels import DAYS, About, Query, Tile, mapping
from dashboards.plan import status_number
from dashboards.queries import EVERY, KEY, ONE, Scope, days, folded, newest, severity

NO_ACCOUNT = "no account is known: is the exporter scraped, and are the rules loaded?"

_LINK = (
    "/d/sms-account/sms-account?${datasource:queryparam}&var-job=${__data.fields.job}"
    "&var-provider=${__data.fields.provider}&var-account=${__data.fields.account}&${__url_time_range}"
)
_WHERE = [
    Column(
        "in_namespace",
        "Namespace",
        # Only where there are several must the account's dashboard be told which.
        link=("The dashboard of this namespace's account", f"{_LINK}&var-namespace=${{__value.raw}}"),
        width=120,
    ),
    Column("in_job", "Job", width=110),
    Column("namespace", "Namespace of the target", hidden=True),
    Column("job", "Job of the target", hidden=True),
]
"""Whose series they are: in sight where the accounts have more than one job or namespace."""

_ACCOUNTS = EVERY.recorded("account:sms_api_up:max")


def _where(rows: str) -> list[Query]:
    """The namespace and the job of each row, once there is more than one."""
    return [
        Query(
            f'label_join({rows}, "in_{label}", "", "{label}") and on () (count(count by ({label}) ({_ACCOUNTS})) > 1)'
        )
        for label in ("namespace", "job")
    ]


def alerts(scope: Scope, runbooks: str, width: int) -> Tile:
    """What fires, worst first; `runbooks` is the URL of the folder of the alerts' pages."""
    labels = f"alertname, {KEY}"
    one = scope is ONE
    who = [
        Column("account", "Account", link=("The account's dashboard", _LINK)),
        Column("provider", "Provider", words=[mapping(words.PROVIDERS)], width=120),
        *_WHERE,
    ]
    says = {name: (text, words.GREY) for name, text in words.ALERTS.items()}
    firing = f"max by ({labels}) ({scope.ranked()})"
    none = f'label_replace({scope.worst()}, "alertname", "{words.NO_ALERT}", "", "")'
    return table(
        About(
            "Alerts that fire, worst first",
            "What exactly is wrong, with which account, and since when?",
            "click the alert: its runbook says what it means and what to do. Click the account: its page has the"
            " figures.",
            "no account is known: is the exporter scraped, and are the rules loaded? Where no alert fires, a row says"
            " so.",
            width=width,
            height=6 if one else 9,
        ),
        Query(f"{firing} or on () {none}"),
        Query(f"1000 * min by ({labels}) ({scope.since()})"),
        *([] if one else _where(firing)),
        columns=[
            Column("Value #A", "Severity", words=[mapping(words.SEVERITY)], width=100),
            Column(
                "alertname",
                "What",
                words=[mapping({**says, words.NO_ALERT: ("No alert fires", words.GREY)})],
                link=("Runbook", f"{runbooks}/${{__value.raw}}.md"),
                width=310,
            ),
            Column("Value #B", "Since", unit="dateTimeFromNow", width=130),
            *([] if one else who),
        ],
        hidden=["account", "provider", "namespace", "job"] if one else ["Value #C", "Value #D"],
        sort="Severity",
    )


def accounts() -> Tile:
    """A row for each account."""

    def each(operator: str, name: str, *more: str, labels: tuple[str, ...] = ()) -> str:
        return folded(operator, newest(EVERY.recorded(name, *more)), *labels)

    pots = ("currency", "wallet")
    runway = each("min", "account:sms_credit_runway:seconds", labels=pots)
    calm = f"0 * {_ACCOUNTS}"
    nearness = f"0.9 / (1 + {newest(EVERY.recorded('account:sms_credit_runway:seconds'))} / 86400)"
    rank = folded("max", f"{EVERY.ranked()} or {EVERY.unalarmed()}")
    urgency = f"{rank} + on ({KEY}) {folded('max', f'{nearness} or {calm}')}"
    fresh = folded("max", newest(EVERY.raw("sms_api_last_success_timestamp_seconds", 'api!="prices"'), "1d"), "api")
    seen = folded("min", f"{fresh} and on ({KEY}, api) {_ACCOUNTS}")
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
        Query(each("min", "account:sms_credit_balance:min", labels=pots)),
        Query(each("max", "account:sms_credit_balance_threshold:max", severity("warning"), labels=pots)),
        Query(f"{days(runway)} unless on ({KEY}) {EVERY.unanswered('credit')} or 0 * {runway} + {words.NOT_CURRENT}"),
        Query(each("max", "account:contacts_used_ratio:max")),
        Query(status_number(EVERY)),
        Query(f"1000 * {each('max', 'account:sms_subscription_end_timestamp_seconds:max')}"),
        Query(f"1000 * {seen}"),
        Query(f"sum by ({KEY}) ({EVERY.alerts()} or {calm}) and on ({KEY}) {_ACCOUNTS}"),
        *_where(folded("max", _ACCOUNTS)),
        columns=[
            Column("Value #A", "Urgency", words=ranges, width=88),
            Column("account", "Account", link=("The account's dashboard", _LINK)),
            Column("provider", "Provider", words=[mapping(words.PROVIDERS)], width=120),
            Column("Value #B", "Balance", unit="none", decimals=2, width=90),
            Column("Value #C", "Warns below", unit="none", decimals=2, width=90),
            Column("currency", "Unit", width=75),
            Column("wallet", "Pot", width=75),
            Column("Value #D", "Runway", unit=DAYS, decimals=1, words=[mapping(words.LONG_OR_NOT_CURRENT)], width=128),
            Column("Value #E", "Contacts", unit="percentunit", decimals=1, width=75),
            Column("Value #F", "Plan", words=[mapping(words.was(words.STATUS_NUMBERS))], width=128),
            Column("Value #G", "Plan ends", unit="dateTimeFromNow", width=100),
            Column("Value #H", "Age of data", unit="dateTimeFromNow", width=128),
            Column("Value #I", "Alerts", unit="none", decimals=0, width=55),
            *_WHERE,
        ],
        hidden=["Value #J", "Value #K"],
        sort="Urgency",
    )
