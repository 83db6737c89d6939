"""The exporter dashboard's calls to the providers: how many, how many fail and why, how long, how old the data."""

from dashboards import words
from dashboards.columns import Column, table
from dashboards.panels import MINUTES, About, Look, Query, Tile, lines, mapping
from dashboards.queries import PROVIDERS, folded

_NO_CALLS = "no account is scraped, or there were no two scrapes in this time."


def _a_minute(family: str) -> str:
    return f"60 * sum by (provider, api) (rate({PROVIDERS.raw(family)}[$__rate_interval]))"


def calls() -> Tile:
    """Calls by provider and api."""
    about = About(
        "Calls",
        "How many calls a minute go to each provider, retries included?",
        "many more than accounts divided by cache_ttl are retries; far fewer is backoff: see the failures.",
        _NO_CALLS,
        width=8,
        height=8,
    )
    query = Query(_a_minute("sms_api_requests_total"), "{{provider}} {{api}}", Look("reqpm"))
    return lines(about, query, unit="none", least=0)


def failures() -> Tile:
    """The share of calls that fail, by provider and api."""
    about = About(
        "Share of calls that fail",
        "Which part of the calls fails, by provider and api?",
        "one provider near 100 %: it is down or blocks you. All at once: your own network, proxy or DNS.",
        _NO_CALLS,
        width=8,
        height=8,
    )
    share = f"{_a_minute('sms_api_failures_total')} / ({_a_minute('sms_api_requests_total')} > 0)"
    return lines(about, Query(share, "{{provider}} {{api}}"), unit="percentunit", least=0)


def failures_by_reason() -> Tile:
    """How many accounts fail, by provider and reason."""
    failing = folded("max", PROVIDERS.raw("sms_api_failure"), "reason")
    about = About(
        "Accounts that fail, by reason",
        "For how many accounts does an api fail, and for which reason?",
        "look the reason up in the troubleshooting page; one reason for many accounts is one cause.",
        "nothing failed in this time.",
        width=8,
        height=8,
    )
    query = Query(f"count by (provider, reason) ({failing})", "{{provider}} {{reason}}")
    return lines(about, query, unit="none", decimals=0, least=0)


def latency() -> Tile:
    """How long calls take, by provider and api."""
    duration = folded("max", PROVIDERS.raw("sms_api_duration_seconds"), "api")
    about = About(
        "Length of a call",
        "How long does a call take, by provider and api: the median account and the slowest?",
        "near the timeout calls begin to fail: the table beside it names the accounts.",
        "no account is scraped.",
        width=6,
        height=8,
    )
    return lines(
        about,
        Query(f"quantile by (provider, api) (0.5, {duration})", "{{provider}} {{api}} median"),
        Query(f"max by (provider, api) ({duration})", "{{provider}} {{api}} slowest"),
        unit="s",
        least=0,
    )


def slowest() -> Tile:
    """The slowest calls now."""
    duration = folded("max", PROVIDERS.raw("sms_api_duration_seconds"), "api")
    up = folded("max", PROVIDERS.raw("sms_api_up"), "api")
    about = About(
        "Slowest calls now",
        "Which ten calls took longest, and did they succeed?",
        "a call that takes as long as its timeout gets no answer at all.",
        "no account is scraped.",
        width=12,
        height=8,
    )
    top = f"topk(10, {duration})"
    return table(
        about,
        Query(top),
        Query(f"{up} and {top}"),
        columns=[
            Column("account", "Account"),
            Column("Value #A", "Length", unit="s", decimals=3, width=90),
            Column("Value #B", "Result", words=[mapping(words.API)], width=90),
            Column("provider", "Provider", words=[mapping(words.PROVIDERS)], width=120),
            Column("api", "Api", width=110),
        ],
        hidden=["namespace", "job"],
        sort="Length",
    )


def ages() -> Tile:
    """How old the data is, by provider and api."""
    fresh = folded("max", PROVIDERS.raw("sms_api_last_success_timestamp_seconds"), "api")
    about = About(
        "Oldest data",
        "How old is the oldest data that is shown, by provider and api?",
        "it grows while some account fails: the overview names it. Prices may be six hours old.",
        "no call has succeeded: not since the exporter started.",
        width=6,
        height=8,
    )
    query = Query(f"(time() - min by (provider, api) ({fresh})) / 60", "{{provider}} {{api}}", Look(MINUTES))
    return lines(about, query, unit="none", least=0)
