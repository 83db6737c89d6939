"""The account dashboard's graphs of credit: balance, runway, spend, messages, top-ups."""

from dashboards import words
from dashboards.panels import DAYS, About, Look, Query, Tile, lines, stat, thresholds
from dashboards.queries import KEY, ONE, days, folded, held, severity

_BALANCE = "account:sms_credit_balance:min"
_THRESHOLD = "account:sms_credit_balance_threshold:max"
_RUNWAY = "account:sms_credit_runway:seconds"


def topped_up(step: str) -> str:
    """By how much the balance rose within a step, where it rose above all that was there an hour before."""
    balance = ONE.recorded(_BALANCE)
    return f"{balance} - (max_over_time({balance}[1h] offset {step}) < {balance})"


def balance() -> Tile:
    """The balance, its thresholds and its top-ups."""
    of = {word: ONE.recorded(_THRESHOLD, severity(word)) for word in ("warning", "critical")}
    limits = {word: folded("max", threshold, "currency", "wallet") for word, threshold in of.items()}
    about = About(
        "Balance, thresholds and top-ups",
        "How does the balance develop, how far is it from its thresholds, and when was it topped up (green dots)?",
        "near a dashed line: top up. A steep fall without a campaign: somebody may be pumping messages.",
        "the balance isn't known: see below whether the account can be asked. A plan without credit has none.",
        width=14,
        height=10,
    )
    rise = f"{folded('max', topped_up('$__interval'), 'currency')} > 0"
    balance = folded("min", ONE.recorded(_BALANCE), "currency", "wallet")
    points = f"{balance} and on ({KEY}, currency, wallet) {rise}"
    return lines(
        about,
        Query(balance, "balance {{currency}} {{wallet}}", Look(colour=words.BLUE)),
        *thresholds(limits),
        Query(points, "top-up", Look(colour=words.GREEN, points=True)),
        unit="none",
        decimals=2,
    )


def runway() -> Tile:
    """The runway and its thresholds."""
    name = "account:sms_credit_runway_threshold_seconds:max"
    about = About(
        "Runway over time",
        "How many days would the credit have lasted, at the pace of each moment? Never more than 60 are drawn.",
        "a fall without a rise in spending means that the credit goes to its end: top up before the dashed line.",
        "no runway: nothing is spent, nothing is left, or the account pays afterwards.",
        width=10,
        height=10,
    )
    limits = {word: f"{folded('max', ONE.recorded(name, severity(word)))} / 86400" for word in ("warning", "critical")}
    return lines(
        about,
        Query(
            days(folded("min", held(_RUNWAY), "currency", "wallet")),
            "runway {{currency}} {{wallet}}",
            Look(DAYS, words.LONG, words.BLUE),
        ),
        *thresholds(limits, DAYS),
        unit="none",
        decimals=1,
        least=0,
    )


def spend_hour() -> Tile:
    """The spend of an hour."""
    about = About(
        "Spend an hour",
        "How much was spent in the hour before each moment, and how much is usual at that hour of the day?",
        "five times the usual raises an alert: if it is no campaign, stop whatever sends and call the provider.",
        "less than ten minutes of history; the usual needs three days of it.",
        width=12,
        height=9,
    )
    return lines(
        about,
        Query(
            folded("max", held("account:sms_credit_spend:1h"), "currency", "wallet"),
            "{{currency}} {{wallet}} in the hour",
        ),
        Query(
            folded("max", held("account:sms_credit_habit:1h"), "currency", "wallet"),
            "{{currency}} {{wallet}} usual at this hour",
            Look(dashed=True),
        ),
        unit="none",
        decimals=2,
        least=0,
    )


def spend_day() -> Tile:
    """The spend of a day."""

    def a_day(window: str, days: int) -> str:
        spend = folded("max", held(f"account:sms_credit_spend:{window}"), "currency", "wallet")
        return f"{spend} / {days}" if days > 1 else spend

    about = About(
        "Spend a day",
        "How much is spent in a day, and how does that compare with the mean of a week and of a month?",
        "a day far above both means is a campaign or abuse: the graph by the hour tells when it began.",
        "less than ten minutes of history.",
        width=12,
        height=9,
    )
    return lines(
        about,
        Query(a_day("1d", 1), "{{currency}} {{wallet}} in the day"),
        Query(a_day("7d", 7), "{{currency}} {{wallet}} a day, mean of 7 days", Look(dashed=True)),
        Query(a_day("30d", 30), "{{currency}} {{wallet}} a day, mean of 30 days", Look(dashed=True)),
        unit="none",
        decimals=2,
        least=0,
    )


def messages() -> Tile:
    """Messages that the credit pays for."""
    about = About(
        "Messages left by channel",
        "How many messages does the credit still pay for, by the provider's own estimate?",
        "a channel near 0 stops first: top up, or send over the cheaper one.",
        "the provider tells no estimate.",
        width=12,
        height=8,
    )
    query = Query(folded("min", ONE.raw("sms_credit_messages_remaining"), "channel"), "{{channel}}")
    return lines(about, query, unit="locale", decimals=0, least=0)


def last_topup() -> Tile:
    """The last top-up that the provider tells."""
    about = About(
        "Last top-up",
        "When was the credit topped up last, and by how much, as the provider tells it?",
        "an automatic top-up that is overdue points to the means of payment.",
        "not told by this provider: the balance's graph marks rises all the same.",
        width=8,
        height=5,
    )
    when = folded("max", ONE.raw("sms_credit_last_recharge_timestamp_seconds"))
    amount = folded("max", ONE.raw("sms_credit_last_recharge_amount"), "currency", "wallet")
    return stat(
        about,
        Query(f"1000 * {when}", "when", Look("dateTimeFromNow")),
        Query(amount, "{{currency}} {{wallet}}"),
        unit="none",
        decimals=2,
        named=True,
    )


def terms() -> Tile:
    """What the provider says of the credit beside its balance."""
    about = About(
        "Terms of the credit",
        "May it be overdrawn, when is some of it lost and how much, does it top itself up, is it paid afterwards?",
        "what is lost soon should be used before, or prolonged by a top-up.",
        "the provider tells none of it.",
        width=16,
        height=5,
    )

    def of(operator: str, name: str) -> str:
        return folded(operator, ONE.raw(name), "currency", "wallet")

    expires = f"1000 * {of('min', 'sms_credit_expiry_timestamp_seconds')}"
    return stat(
        about,
        Query(of("max", "sms_credit_overdraft_limit"), "may be overdrawn by, {{currency}} {{wallet}}"),
        Query(expires, "some is lost, {{currency}} {{wallet}}", Look("dateTimeFromNow")),
        Query(of("max", "sms_credit_expiring_amount"), "so much of it, {{currency}} {{wallet}}"),
        Query(
            folded("max", ONE.raw("sms_credit_auto_recharge"), "wallet"),
            "tops itself up {{wallet}}",
            Look("bool_yes_no"),
        ),
        Query(folded("max", ONE.raw("sms_credit_postpaid")), "paid afterwards", Look("bool_yes_no")),
        unit="none",
        decimals=2,
        named=True,
    )
