"""The first row of the account dashboard: how the account is now, in words and large figures."""

from dashboards import words
from dashboards.panels import About, Look, Query, Tile, stat
from dashboards.plan import status_number
from dashboards.queries import KEY, ONE, by_threshold, current, days, folded, held, severity, since

_BALANCE = "account:sms_credit_balance:min"
_THRESHOLD = "account:sms_credit_balance_threshold:max"


def _as_of(api: str) -> Query:
    """Since when what stands beside it isn't current: nothing while the api answers."""
    return Query(since(api), "as of", Look("dateTimeFromNow", colour=words.PALE))


def state() -> Tile:
    """The severity of its worst alert."""
    about = About(
        "State",
        "Is anything wrong with this account, and how bad is it?",
        "the table below names its alerts, each with its runbook; red marks in the graphs say when they fired.",
        "the account isn't known: is the exporter scraped, and are the rules loaded?",
        width=3,
        height=5,
    )
    return stat(about, Query(ONE.worst(), "worst"), unit="none", words=words.SEVERITY)


def credit() -> Tile:
    """The balance against its thresholds, in a word."""
    balance, ignoring = held(_BALANCE), "< ignoring (severity)"
    of = {word: held(_THRESHOLD, severity(word)) for word in ("warning", "critical")}
    states_of_credit = " or ".join(
        (
            f"0 * ({balance} <= min without (severity) (clamp_max({held(_THRESHOLD)}, 0))) + 3",
            f"0 * ({balance} {ignoring} {of['critical']}) + 2",
            f"0 * ({balance} {ignoring} {of['warning']}) + 1",
            f"0 * ({balance} unless ignoring (severity) {held(_THRESHOLD)}) - 1",
            f"0 * {balance}",
        )
    )
    about = About(
        "Credit",
        "Is the balance above its thresholds?",
        "top up, or ask whoever pays to do so; the runway beside it says how much time there is.",
        "the balance isn't known: see below whether the account can be asked. A plan without credit has none.",
        width=4,
        height=5,
    )
    return stat(
        about,
        Query(current(folded("max", states_of_credit, "currency", "wallet"), "credit"), "{{currency}} {{wallet}}"),
        unit="none",
        words=words.CREDIT,
    )


def balance_now() -> Tile:
    """The balance."""
    about = About(
        "Balance",
        "How much credit is left, in which unit?",
        "top up; the exact thresholds are the dashed lines below.",
        "the balance isn't known: see below whether the account can be asked. A plan without credit has none.",
        width=4,
        height=5,
    )
    query = Query(folded("min", held(_BALANCE), "currency", "wallet"), "{{currency}} {{wallet}}")
    return stat(about, query, _as_of("credit"), unit="locale", decimals=2, named=True)


def runway_now() -> Tile:
    """The runway."""
    about = About(
        "Runway",
        "How many days does the credit last at its present pace (of the last day or week, whichever was faster)?",
        "top up in time for the transfer to arrive; if the pace is new, find out who spends.",
        "no runway: nothing is spent, nothing is left, or the account pays afterwards.",
        width=4,
        height=5,
    )
    critical, warning, others = by_threshold(ONE, days(ONE))
    return stat(
        about,
        Query(critical, "days, below critical, {{currency}} {{wallet}}", Look(colour=words.RED)),
        Query(warning, "days, below warning, {{currency}} {{wallet}}", Look(colour=words.ORANGE)),
        Query(others, "days, {{currency}} {{wallet}}", Look(colour=words.BLUE)),
        _as_of("credit"),
        unit="none",
        decimals=1,
        named=True,
        words=words.DAYS,
    )


def plan() -> Tile:
    """The plan's status."""
    about = About(
        "Plan",
        "What state is the plan in?",
        "suspended, expired or cancelled: nothing is sent until the provider lifts it or the plan is renewed. An"
        " unknown word stands in the exporter's log.",
        "the account isn't known: is the exporter scraped, and are the rules loaded?",
        width=3,
        height=5,
    )
    told = current(status_number(ONE), "subscription")
    return stat(about, Query(f"{told} or {ONE.known()}", "plan"), unit="none", words=words.PLAN)


def renews() -> Tile:
    """The end of the plan's term, and whether it renews itself."""
    about = About(
        "Plan ends",
        "When does the plan's term end, and does it renew itself?",
        "renew it before that day, or mend the means of payment where the renewal is overdue.",
        "the provider tells no end.",
        width=3,
        height=5,
    )
    renews, end = (
        folded("max", held(f"account:sms_subscription_{name}:max")) for name in ("auto_renew", "end_timestamp_seconds")
    )
    overdue = f"0 * ({renews} == 1) + 2 and on ({KEY}) {end} < time() - 86400"
    over = f"0 * ({renews} == 0) + 3 and on ({KEY}) {end} < time()"
    renewal = f"{overdue} or {over} or {renews}"
    return stat(
        about,
        Query(
            f"1000 * {folded('max', held('account:sms_subscription_end_timestamp_seconds:max'))}",
            "end of the term",
            Look("dateTimeFromNow"),
        ),
        Query(current(renewal, "subscription"), "renewal", Look(words=words.RENEWS)),
        _as_of("subscription"),
        unit="none",
        named=True,
    )


def asked() -> Tile:
    """Whether every api answers."""
    about = About(
        "Can it be asked?",
        "Does every api of the provider answer for this account?",
        "see below which one fails and why; figures stay as they were last seen.",
        "the account isn't known: is the exporter scraped, and are the rules loaded?",
        width=3,
        height=5,
    )
    query = Query(folded("min", ONE.recorded("account:sms_api_up:max")), "apis")
    return stat(about, query, unit="none", words=words.API)
