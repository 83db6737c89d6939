"""The first row of the account dashboard: how the account is now, in words and large figures."""

from dataclasses import replace

from dashboards import words
from dashboards.panels import DAYS, About, Look, Query, Tile, stat
from dashboards.plan import status_number
from dashboards.queries import KEY, ONE, days, folded, held, severity, split

_BALANCE = "account:sms_credit_balance:min"
_THRESHOLD = "account:sms_credit_balance_threshold:max"
_RUNWAY = "account:sms_credit_runway:seconds"
_RUNWAY_THRESHOLD = "account:sms_credit_runway_threshold_seconds:max"
_PLAIN = Look()


def _now_and_then(expr: str, api: str, legend: str, look: Look = _PLAIN) -> tuple[Query, Query]:
    """A figure while its api answers, and the same in grey once it doesn't."""
    unanswered = ONE.unanswered(api)
    return (
        Query(f"{expr} unless on ({KEY}) {unanswered}", legend, look),
        Query(f"{expr} and on ({KEY}) {unanswered}", f"{legend} (not current)", replace(look, colour=words.PALE)),
    )


def _last_seen(api: str) -> Query:
    """How long ago an api that gives no answer gave its last one."""
    return Query(ONE.last_seen(api), "last seen", Look("dateTimeFromNow", colour=words.PALE))


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
    state = f"{folded('max', states_of_credit, 'currency', 'wallet')} + on ({KEY}) group_left () {ONE.aged('credit')}"
    return stat(
        about,
        Query(state, "{{currency}} {{wallet}}"),
        _last_seen("credit"),
        unit="none",
        words=words.was(words.CREDIT),
        named=True,
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
    balance = folded("min", held(_BALANCE), "currency", "wallet")
    return stat(
        about,
        *_now_and_then(balance, "credit", "{{currency}} {{wallet}}"),
        _last_seen("credit"),
        unit="none",
        decimals=2,
        named=True,
    )


def runway_now() -> Tile:
    """The runway."""
    about = About(
        "Runway",
        "How many days does the credit last at its present pace (of the last day or week, whichever was faster)?",
        "top up in time for the transfer to arrive; if the pace is new, find out who spends.",
        "no runway: nothing is spent, nothing is left, or the account pays afterwards.",
        width=3,
        height=5,
    )
    name = "{{currency}} {{wallet}}"
    now, then = _now_and_then(folded("min", held(_RUNWAY), "currency", "wallet"), "credit", name)
    limits = folded("max", held(_RUNWAY_THRESHOLD, severity("critical"))), folded("max", held(_RUNWAY_THRESHOLD))
    critical, warning, rest = split(f"({now.expr})", *limits)
    return stat(
        about,
        Query(days(critical), f"{name} below critical", Look(DAYS, colour=words.RED)),
        Query(days(warning), f"{name} below warning", Look(DAYS, colour=words.ORANGE)),
        Query(days(rest), name, Look(DAYS, colour=words.BLUE)),
        Query(days(then.expr), then.legend, replace(then.look, unit=DAYS)),
        _last_seen("credit"),
        unit="none",
        words=words.LONG,
        decimals=1,
        named=True,
    )


def plan() -> Tile:
    """The plan's status."""
    about = About(
        "Plan",
        "What state is the plan in?",
        "suspended, expired or cancelled: nothing is sent until the provider lifts it or the plan is renewed. An"
        " unknown word stands in the exporter's log.",
        "the provider tells no plan, or it can't be asked.",
        width=3,
        height=5,
    )
    return stat(
        about,
        Query(status_number(ONE), "plan"),
        _last_seen("subscription"),
        unit="none",
        words=words.was(words.STATUS_NUMBERS),
        named=True,
    )


def renews() -> Tile:
    """The end of the plan's term, and whether it renews itself."""
    about = About(
        "Plan ends",
        "When does the plan's term end, and does it renew itself?",
        "renew it before that day, or mend the means of payment where the renewal is overdue.",
        "the provider tells no end.",
        width=4,
        height=5,
    )
    end = folded("max", held("account:sms_subscription_end_timestamp_seconds:max"))
    return stat(
        about,
        Query(_renewal(end), "renewal", Look(words=words.was(words.RENEWS))),
        *_now_and_then(f"1000 * {end}", "subscription", "end of the term", Look("dateTimeFromNow")),
        _last_seen("subscription"),
        unit="none",
        named=True,
    )


def _renewal(end: str) -> str:
    """What `words.RENEWS` says of a plan: a day past its end a renewal is overdue, unless the plan is over."""
    renews = folded("max", held("account:sms_subscription_auto_renew:max"))
    ended = folded("max", held("account:sms_subscription_status:max", 'status=~"suspended|expired|cancelled"'))
    late = f"(time() - {end})"
    states = " or ".join(
        (
            f"0 * ({late} > 0) + 4 and on ({KEY}) ({ended} == 1)",
            f"0 * ({late} > 0) + 4 unless on ({KEY}) ({renews} == 1)",
            f"0 * ({late} > 86400) + 3",
            f"0 * ({late} > 0) + 2",
            renews,
        )
    )
    return f"({states}) + on ({KEY}) {ONE.aged('subscription')}"


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
