"""The exporter itself: is it up, does it reach the providers, and what does it take?"""

from grafana_foundation_sdk.models import common

from dashboards import words
from dashboards.frame import Mark, Page, Section, Variable, targets
from dashboards.panels import About, Look, Query, Tile, lines, stat
from dashboards.queries import NAMED, PROVIDERS, TARGETS, folded, itself, of_exporters
from dashboards.upstream import ages, calls, failures, failures_by_reason, latency, slowest

UID = "sms-exporter"

_NO_EXPORTER = "no exporter is scraped: see the job in Prometheus."


def page(runbooks: str) -> Page:
    """The dashboard; `runbooks` is the URL of the folder of the alerts' pages."""
    return Page(
        uid=UID,
        title="SMS exporter",
        description="The exporter itself, for when figures are missing or old: its scrapes, its calls, its process.",
        variables=[
            *targets("sms_exporter_build_info"),
            Variable("provider", f"label_values(sms_account_up{{{TARGETS}}}, provider)"),
        ],
        marks=[
            Mark(
                "The exporter's alerts",
                PROVIDERS.alerts('alertname=~"SMSExporter.+"'),
                title="{{alertname}}",
                text="{{job}}",
                tags="severity",
                colour=words.RED,
                enabled=True,
            )
        ],
        sections=[
            Section("Now", [_up(), _configuration(), _loaded(), _accounts(), _failing(), _version()]),
            Section("Scrapes", [_scrape(), _samples()]),
            Section(
                "Calls to the providers", [calls(), failures(), failures_by_reason(), latency(), slowest(), ages()]
            ),
            Section("Process", [_cpu(), _memory(), _files()]),
        ],
        refresh="1m",
        span="24h",
        links=[("Runbooks", f"{runbooks}/README.md")],
    )


def _up() -> Tile:
    about = About(
        "Up",
        "Does Prometheus reach each exporter?",
        "start it, or look into its log; meanwhile nobody sees credit run out.",
        _NO_EXPORTER,
        width=5,
        height=5,
    )
    query = Query(f"{of_exporters(itself('up'))} or {itself('up', NAMED)}", "{{instance}}")
    return stat(about, query, unit="none", words=words.UP, named=True)


def _configuration() -> Tile:
    about = About(
        "Configuration",
        "Is the configuration file that lies there the one that is in force?",
        "the exporter's log says which line is wrong; `sms-exporter check-config` says it too.",
        _NO_EXPORTER,
        width=5,
        height=5,
    )
    query = Query(itself("sms_exporter_config_last_reload_successful"), "{{instance}}")
    return stat(about, query, unit="none", words=words.CONFIGURATION, named=True)


def _loaded() -> Tile:
    about = About(
        "Loaded, and started",
        "Since when does this configuration hold, and since when does the process run?",
        "a start that nobody made is a crash or a move: look into the log of before.",
        _NO_EXPORTER,
        width=5,
        height=5,
    )
    return stat(
        about,
        Query(f"1000 * {itself('sms_exporter_config_last_reload_success_timestamp_seconds')}", "loaded ({{instance}})"),
        Query(of_exporters(f"1000 * {itself('process_start_time_seconds')}"), "started ({{instance}})"),
        unit="dateTimeFromNow",
        named=True,
    )


def _accounts() -> Tile:
    about = About(
        "Watched accounts",
        "How many accounts does each exporter watch?",
        "fewer than you configured: the configuration was refused, or another shard has them.",
        _NO_EXPORTER,
        width=3,
        height=5,
    )
    return stat(about, Query(itself("sms_exporter_accounts"), "{{instance}}"), unit="none", decimals=0, named=True)


def _failing() -> Tile:
    up = folded("max", PROVIDERS.raw("sms_account_up"))
    about = About(
        "Failing accounts",
        "For how many accounts does some api fail now?",
        "the graphs below tell which provider and which reason.",
        _NO_EXPORTER,
        width=3,
        height=5,
    )
    query = Query(f"count({up} == 0) or 0 * count({up})", "accounts", Look(words=words.NONE, colour=words.ORANGE))
    return stat(about, query, unit="none", named=True)


def _version() -> Tile:
    about = About(
        "Version",
        "Which version of the exporter runs, on which Python?",
        "two versions at once are an update that didn't reach every replica.",
        _NO_EXPORTER,
        width=3,
        height=5,
    )
    names = "max by (version, pythonversion) ({})"
    return stat(
        about,
        Query(names.format(itself("sms_exporter_build_info")), "{{version}} on Python {{pythonversion}}"),
        Query(f"max by (implementation) ({of_exporters(itself('python_info'))})", "{{implementation}}"),
        unit="none",
        # Their value is 1, whatever they are: the name says it.
        mode=common.BigValueTextMode.NAME,
    )


def _scrape() -> Tile:
    about = About(
        "Length of a scrape",
        "How long does a scrape take?",
        "near the scrape's timeout some accounts are left out: raise scrape_timeout, or share the accounts out with"
        " /sd.",
        _NO_EXPORTER,
        width=12,
        height=8,
    )
    return lines(about, Query(of_exporters(itself("scrape_duration_seconds")), "{{instance}}"), unit="s", least=0)


def _samples() -> Tile:
    about = About(
        "Samples of a scrape",
        "How many samples does a scrape give?",
        "a fall means accounts or apis that fail; a rise means new accounts, or prices without a list of countries.",
        _NO_EXPORTER,
        width=12,
        height=8,
    )
    return lines(
        about, Query(of_exporters(itself("scrape_samples_scraped")), "{{instance}}"), unit="locale", decimals=0, least=0
    )


def _cpu() -> Tile:
    about = About(
        "CPU",
        "How much of a processor does the exporter use?",
        "it grows with accounts and scrapes: scrape less often, or share the accounts out with /sd.",
        "the platform tells no figures of a process.",
        width=8,
        height=8,
    )
    query = Query(of_exporters(f"rate({itself('process_cpu_seconds_total')}[$__rate_interval])"), "{{instance}}")
    return lines(about, query, unit="percentunit", least=0)


def _memory() -> Tile:
    about = About(
        "Memory",
        "How much memory does the exporter hold?",
        "it may rise in its first hours and then stays; what goes on rising is a fault: report it.",
        "the platform tells no figures of a process.",
        width=8,
        height=8,
    )
    return lines(
        about, Query(of_exporters(itself("process_resident_memory_bytes")), "{{instance}}"), unit="bytes", least=0
    )


def _files() -> Tile:
    about = About(
        "Open files",
        "How many files and connections are open, and how many may be?",
        "near the limit calls fail with the reason connection: raise the limit of the service.",
        "the platform tells no figures of a process.",
        width=8,
        height=8,
    )
    return lines(
        about,
        Query(of_exporters(itself("process_open_fds")), "open ({{instance}})"),
        Query(of_exporters(itself("process_max_fds")), "limit ({{instance}})", Look(dashed=True)),
        unit="locale",
        decimals=0,
        least=0,
    )
