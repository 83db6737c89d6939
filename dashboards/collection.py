"""The account dashboard's view of the collection: can the account be asked, and how old is what is shown?"""

from dashboards import words
from dashboards.panels import MINUTES, About, Look, Query, Tile, lines, states
from dashboards.queries import KEY, ONE, folded


def apis() -> Tile:
    """Whether each api answered, over time."""
    about = About(
        "Apis over time",
        "Which api of the provider answered, and which failed, when?",
        "the panel beside it names the reason; the figures of a failing api stay as they were last seen.",
        "the account isn't known: is the exporter scraped, and are the rules loaded?",
        width=12,
        height=7,
    )
    query = Query(folded("max", ONE.recorded("account:sms_api_up:max"), "api"), "{{api}}")
    return states(about, query, words=words.API)


def reasons() -> Tile:
    """Why an api failed, over time."""
    about = About(
        "Why it failed",
        "For which reason did an api fail, when?",
        "look the reason up in the troubleshooting page: a rejected key and a provider that is down need different"
        " hands.",
        "the account isn't known: is the exporter scraped, and are the rules loaded?",
        width=12,
        height=7,
    )
    failing = folded("max", ONE.recorded("account:sms_api_failure:max"), "api", "reason")
    none = ONE.known(api="every api", reason="well")
    query = Query(f"{failing} or on ({KEY}) {none}", "{{api}}: {{reason}}")
    return states(about, query, words=words.FAILING)


def age() -> Tile:
    """How old the data is."""
    about = About(
        "Age of data",
        "How old is what the dashboards show, by api?",
        "it grows while an api fails; past half a minute for credit and five minutes for plan and contacts (six hours"
        " for prices) something is wrong.",
        "no call has succeeded: not since the exporter started.",
        width=8,
        height=8,
    )
    fresh = folded("max", ONE.raw("sms_api_last_success_timestamp_seconds"), "api")
    query = Query(f"(time() - {fresh}) / 60", "{{api}}", Look(MINUTES))
    return lines(about, query, unit="none", least=0)


def calls() -> Tile:
    """Calls and failures."""
    about = About(
        "Calls and failures",
        "How many calls a minute does the exporter make for this account, and how many fail?",
        "failures with calls going on: see the reasons above. Fewer calls than usual: the exporter waits, as it was"
        " told or as its backoff says.",
        "the counters have had no two scrapes in this time.",
        width=8,
        height=8,
    )

    # Each replica makes calls of its own: here, and only here, they add up.
    def a_minute(family: str) -> str:
        return f"60 * sum by ({KEY}, api) (rate({ONE.raw(family)}[$__rate_interval]))"

    return lines(
        about,
        Query(a_minute("sms_api_requests_total"), "{{api}} calls", Look("reqpm")),
        Query(a_minute("sms_api_failures_total"), "{{api}} failures", Look("reqpm", dashed=True)),
        unit="none",
        least=0,
    )


def duration() -> Tile:
    """How long calls take."""
    about = About(
        "Length of the newest call",
        "How long does the provider take to answer, by api?",
        "near the timeout (10 s unless the configuration says otherwise) calls begin to fail: raise it, or call the"
        " provider.",
        "the account isn't known: is the exporter scraped?",
        width=8,
        height=8,
    )
    return lines(about, Query(folded("max", ONE.raw("sms_api_duration_seconds"), "api"), "{{api}}"), unit="s", least=0)
