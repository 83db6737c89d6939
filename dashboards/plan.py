"""The account dashboard's plan, features, contact quota and prices."""

from dashboards import words
from dashboards.columns import Column, table
from dashboards.panels import About, Look, Query, Tile, lines, states, thresholds
from dashboards.queries import KEY, ONE, Scope, folded, held, newest, severity

_USED_RATIO = "account:contacts_used_ratio:max"


def status_number(scope: Scope) -> str:
    """The plan's status as its place in `words.STATUSES`, counted from 1; 10 more where it isn't current.

    The worst where several are told, as by replicas or in a change of labels: numbers added up would name another.
    """
    name = "account:sms_subscription_status:max"
    running = folded("max", newest(scope.recorded(name, 'status=~"active|trial"')))
    end = folded("max", newest(scope.recorded("account:sms_subscription_end_timestamp_seconds:max")))
    renews = folded("max", newest(scope.recorded("account:sms_subscription_auto_renew:max")))
    over = f"{words.OVER} * ({running} == 1) and on ({KEY}) ({end} < time()) unless on ({KEY}) ({renews} == 1)"
    parts = " or ".join(
        f"""{number} * ({newest(scope.recorded(name, f'status="{status}"'))} == 1)"""
        for number, status in enumerate(words.STATUSES, 1)
    )
    return f"{folded('max', f'{parts} or {over}')} + on ({KEY}) {scope.aged('subscription')}"


def status() -> Tile:
    """The plan's status over time."""
    about = About(
        "Subscription over time",
        "What state was the plan in, and since when?",
        "suspended, expired or cancelled: nothing was sent in that time. An unknown word stands in the exporter's log.",
        "the account isn't known: is the exporter scraped, and are the rules loaded?",
        width=12,
        height=6,
    )
    query = Query(f"{status_number(ONE)} or {ONE.known()}", "plan")
    return states(about, query, words=words.was(words.STATUS_OR_NONE))


def features() -> Tile:
    """The plan's features over time."""
    enabled = ONE.recorded("account:sms_subscription_feature_enabled:max")
    expected = ONE.recorded("account:sms_subscription_feature_expected:max")
    about = About(
        "Features",
        "Which features does the plan have, and is one missing that expect_features names?",
        "messages over a missing feature are refused, or leave by another channel at its price: book it, or take it out"
        " of expect_features.",
        "the account isn't known: is the exporter scraped, and are the rules loaded?",
        width=12,
        height=6,
    )
    missing = f"2 * ({expected} unless {enabled} == 1)"
    told = folded("max", f"{missing} or {enabled}", "feature")
    none = ONE.known(-1, feature="features")
    return states(about, Query(f"{told} or on ({KEY}) {none}", "{{feature}}"), words=words.FEATURE)


def quota() -> Tile:
    """The contact quota, its limits and its forecast."""
    name = "account:contacts_used_ratio_threshold:min"
    limits = {word: folded("min", ONE.recorded(name, severity(word))) for word in ("warning", "critical")}
    used, growth = held("account:contacts_used:max"), held("account:contacts_used:growth")
    forecast = f"({used} + 7 * 86400 * {growth}) / ({held('account:contacts_limit:max')} > 0)"
    about = About(
        "Contact quota and its forecast",
        "How full is the contact quota, and how full will it be in seven days as it grows now?",
        "delete contacts or book more before 100 %: then imports are blocked. The dashed lines are the thresholds, 80 %"
        " and 100 % unless the configuration says otherwise.",
        "the provider tells no contacts, or no limit; the forecast needs a day of history.",
        width=12,
        height=9,
    )
    return lines(
        about,
        Query(folded("max", ONE.recorded(_USED_RATIO)), "used", Look(colour=words.BLUE)),
        Query(folded("max", forecast), "in 7 days", Look(colour="purple", dashed=True)),
        *thresholds(limits),
        unit="percentunit",
        decimals=1,
        least=0,
    )


def contacts() -> Tile:
    """The contacts in numbers."""
    about = About(
        "Contacts",
        "How many contacts are stored, in how many lists, and how many may be, by the quota and by the plan's figure?",
        "a step up is an import, a step down a clean-up; where quota and plan differ, ask the provider.",
        "the provider tells no contacts.",
        width=12,
        height=9,
    )
    families = {
        "stored": "contacts_used",
        "quota": "contacts_limit",
        "plan": "sms_subscription_max_contacts",
    }
    queries = [Query(folded("max", ONE.raw(family)), legend) for legend, family in families.items()]
    lists = Query(folded("max", ONE.raw("contacts_lists")), "lists (right)", Look(dashed=True, right="lists"))
    return lines(about, *queries, lists, unit="locale", decimals=0, least=0)


def particulars() -> Tile:
    """What else is known of the account."""
    about = About(
        "Particulars",
        "Which account and plan is it in the provider's own console?",
        "quote these when you write to the provider.",
        "the provider doesn't tell it.",
        width=24,
        height=5,
    )
    start = folded("max", ONE.raw("sms_subscription_start_timestamp_seconds"))
    return table(
        about,
        Query(folded("max", ONE.raw("sms_account_up"))),
        Query(folded("max", ONE.raw("sms_account_info"), "account_id")),
        Query(folded("max", ONE.raw("sms_subscription_info"), "plan", "subscription_id")),
        Query(f"1000 * {start}"),
        Query(f"1000 * {folded('max', held('account:sms_subscription_end_timestamp_seconds:max'))}"),
        columns=[
            Column("account", "Account"),
            Column("account_id", "Id at the provider"),
            Column("plan", "Plan"),
            Column("subscription_id", "Subscription"),
            Column("Value #D", "Term began", unit="dateTimeAsIso"),
            Column("Value #E", "Term ends", unit="dateTimeAsIso"),
        ],
        hidden=["Value #A", "Value #B", "Value #C", "provider", "namespace", "job"],
        sort=None,
    )


def prices() -> Tile:
    """List prices by country."""
    about = About(
        "Prices by country",
        "What does one message cost, by country, route and currency?",
        "a price that rose shortens the runway: choose another route, or another provider for that country.",
        "the account's apis don't name prices, or the provider publishes none.",
        width=12,
        height=8,
    )
    return table(
        about,
        Query(folded("max", ONE.raw("sms_message_price"), "country", "prefix", "tier", "currency")),
        columns=[
            Column("country", "Country"),
            Column("prefix", "Prefix", width=90),
            Column("tier", "Route", width=110),
            Column("Value", "Price", unit="none", decimals=5, width=110),
            Column("currency", "Unit", width=75),
        ],
        hidden=["provider", "account", "namespace", "job"],
        sort="Price",
    )
