"""The parts that the dashboards' PromQL is put together from: whose series, and which of several samples."""

from dataclasses import dataclass

from dashboards.words import MOST_DAYS, OLD

KEY = "job, namespace, provider, account"
"""What an account is: replicas (instance, pod and the like) and an operator's own labels are folded away.

Only Kubernetes gives a namespace; without it the label is empty, and nothing else changes.
"""

CHOSEN = 'job=~"$job", namespace=~"$namespace"'
"""What is chosen above every dashboard, as matchers that every series can have."""

TARGETS = f'{CHOSEN}, instance=~"$instance"'
"""The same for series that are each replica's own."""

MONEY = 'currency=~"[A-Z]{3}"'
UNITS = 'currency!~"[A-Z]{3}"'

NAMED = 'job=~".*sms[-_]exporter.*"'
"""The jobs whose name says that they are the exporter, whether it ever answered or not: as in SMSExporterDown."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The accounts that a dashboard shows: the matchers of `provider` and `account`, and those for alerts."""

    accounts: str
    alerted: str

    def recorded(self, name: str, *more: str) -> str:
        """The series of a recording rule: one for an account, whatever the replicas, so without `instance`."""
        return _selector(name, CHOSEN, self.accounts, *more)

    def raw(self, name: str, *more: str) -> str:
        """The series of a metric as the exporters show it: one for each replica."""
        return _selector(name, TARGETS, self.accounts, *more)

    def alerts(self, *more: str) -> str:
        """The alerts of this project that fire, those of the exporter itself among them where the scope says so."""
        return _selector("ALERTS", CHOSEN, 'alertname=~"SMS.+"', 'alertstate="firing"', self.alerted, *more)

    def since(self) -> str:
        """When each alert that fires began, in Unix seconds."""
        started = _selector("ALERTS_FOR_STATE", CHOSEN, 'alertname=~"SMS.+"', self.alerted)
        return f"{started} and ignoring (alertstate) {self.alerts()}"

    def ranked(self) -> str:
        """3 for each critical alert that fires, 2 for a warning, 1 for an info."""
        ranks = {3: "critical", 2: "warning", 1: "info"}
        return " or ".join(f"{rank} * {self.alerts(severity(word))}" for rank, word in ranks.items())

    def known(self, value: int = 0, **labels: str) -> str:
        """A value for each account that is known, whatever else is: what a panel shows where there is nothing.

        `labels` are further ones, for a query whose series have them.
        """
        found = f"0 * {folded('max', self.recorded('account:sms_api_up:max'))} + {value}"
        for name, text in labels.items():
            found = f'label_replace({found}, "{name}", "{text}", "", "")'
        return found

    def worst(self) -> str:
        """The severity of the worst alert that fires: 0 where none does, -1 where there are accounts and no rules."""
        told = f"{self.ranked()} or 0 * {self.recorded('account:sms_api_up:max')}"
        return f"max({told}) or 0 * max({self.raw('sms_account_up')}) - 1"


EVERY = Scope(
    'provider=~"$provider", account=~"$account"',
    # The exporter's own alerts name no account: they belong to every choice.
    'provider=~"$provider|", account=~"$account|"',
)
"""The overview: all accounts, or those that are chosen."""

ONE = Scope('provider="$provider", account="$account"', 'provider="$provider", account="$account"')
"""The account dashboard: one account."""

PROVIDERS = Scope('provider=~"$provider"', 'provider=~"$provider|"')
"""The exporter dashboard: all accounts of the providers that are chosen."""


def failing(api: str) -> str:
    """1 for the one account while nobody gets an answer of that api."""
    return f"{ONE.recorded('account:sms_api_up:max', _api(api))} == 0"


def since(api: str) -> str:
    """When that api of the one account answered last, in milliseconds, while nobody gets an answer of it."""
    answered = folded("max", ONE.raw("sms_api_last_success_timestamp_seconds", _api(api)))
    return f"1000 * {answered} and on ({KEY}) {failing(api)}"


def current(expression: str, api: str) -> str:
    """A word's number, or that of what isn't current while nobody gets an answer of the api."""
    return f"0 * ({expression}) + {OLD} and on ({KEY}) {failing(api)} or on ({KEY}) ({expression})"


def _api(name: str) -> str:
    return f'api="{name}"'


def severity(word: str) -> str:
    """The matcher of one severity."""
    return f'severity="{word}"'


def newest(selector: str, window: str = "15m") -> str:
    """The newest sample of each series within a window: rules are evaluated every five minutes, and scrapes fail."""
    return f"last_over_time({selector}[{window}])"


def held(name: str, *more: str) -> str:
    """The newest sample of a recording rule for the one account."""
    return newest(ONE.recorded(name, *more))


def folded(operator: str, expression: str, *labels: str) -> str:
    """One series for an account and further labels: `operator` (min, max) chooses among replicas, it never adds."""
    return f"{operator} by ({', '.join((KEY, *labels))}) ({expression})"


def days(scope: Scope) -> str:
    """The days of runway of each pot, no more than are told apart."""
    runway = newest(scope.recorded("account:sms_credit_runway:seconds"))
    return f"clamp_max({folded('min', runway, 'currency', 'wallet')} / 86400, {MOST_DAYS})"


def by_threshold(scope: Scope, runway: str) -> tuple[str, str, str]:
    """Days of runway as three: below the critical threshold, below the warning one alone, and the others."""
    name = "account:sms_credit_runway_threshold_seconds:max"
    limits = {word: newest(scope.recorded(name, severity(word))) for word in ("critical", "warning")}
    below = {
        word: f"{runway} < on ({KEY}) group_left () {folded('max', limit)} / 86400" for word, limit in limits.items()
    }
    pot = f"on ({KEY}, currency, wallet)"
    warning = f"({below['warning']}) unless {pot} ({below['critical']})"
    return below["critical"], warning, f"{runway} unless {pot} ({below['critical']} or {below['warning']})"


def itself(name: str, *more: str) -> str:
    """A metric of the exporter itself, without account labels: one for each instance."""
    return _selector(name, TARGETS, *more)


def of_exporters(expression: str) -> str:
    """What an expression gives of this exporter's instances: `up`, process_* and their like are every job's.

    Known as its alert knows it: by what it showed in the last day, so that one that is down stays in view.
    """
    known = newest(itself("sms_exporter_build_info"), "1d")
    return f"{expression} and on (job, namespace, instance) {known}"


def only_where_many(expression: str) -> str:
    """The same with what tells jobs and namespaces apart, `in_job` and `in_namespace`, where there are several."""
    for label in ("job", "namespace"):
        many = f"count(count by ({label}) ({expression})) > 1"
        named = f'label_join({expression}, "in_{label}", "", "{label}")'
        expression = f"{named} and on () {many} or ({expression} unless on () {many})"
    return expression


def _selector(name: str, *matchers: str) -> str:
    return f"{name}{{{', '.join(matchers)}}}"
