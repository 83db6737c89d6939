"""The parts that the dashboards' PromQL is put together from: whose series, and which of several samples."""

from dataclasses import dataclass

from dashboards import words

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

    def unalarmed(self) -> str:
        """0 for each account that is known, whose alerts are then looked at; -1 where no rule of an alert is loaded."""
        up = self.recorded("account:sms_api_up:max")
        return f"0 * {up} and on () ({alert_rules()}) or 0 * {up} - 1"

    def unanswered(self, api: str) -> str:
        """The accounts of which an api gives no answer, or nobody asks: what is shown of them is what was last seen."""
        of = f'api="{api}"'
        asked = folded("max", newest(self.raw("sms_api_up", of)))
        return f"({folded('max', self.recorded('account:sms_api_up:max', of))} unless on ({KEY}) ({asked} == 1))"

    def aged(self, api: str) -> str:
        """10 for each account of which an api is unanswered, 0 for the others: `words.was` has the words."""
        of = f'api="{api}"'
        return f"(0 * {self.unanswered(api)} + 10 or 0 * {folded('max', self.recorded('account:sms_api_up:max', of))})"

    def last_seen(self, api: str) -> str:
        """When an api that is unanswered gave its last answer, in milliseconds."""
        success = newest(self.raw("sms_api_last_success_timestamp_seconds", f'api="{api}"'), "15d")
        return f"1000 * ({folded('max', success)} and on ({KEY}) {self.unanswered(api)})"

    def known(self, value: int = 0, **labels: str) -> str:
        """A value for each account that is known, whatever else is: what a panel shows where there is nothing.

        `labels` are further ones, for a query whose series have them.
        """
        found = f"0 * {folded('max', self.recorded('account:sms_api_up:max'))} + {value}"
        for name, text in labels.items():
            found = f'label_replace({found}, "{name}", "{text}", "", "")'
        return found

    def worst(self) -> str:
        """The severity of the worst alert that fires: 0 where none does, -1 without rules, nothing without accounts."""
        return f"max({self.ranked()} or {self.unalarmed()})"


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


def alert_rules() -> str:
    """Something where the rules of the alerts are evaluated; that none fires says nothing by itself."""
    alerts = _selector("ALERTS", CHOSEN, 'alertname=~"SMS.+"')
    return f"{_selector('sms_exporter:alerts:loaded', CHOSEN)} or {alerts}"


def itself(name: str, *more: str) -> str:
    """A metric of the exporter itself, without account labels: one for each instance."""
    return _selector(name, TARGETS, *more)


def days(seconds: str) -> str:
    """A runway in days, `words.MOST_DAYS` at most."""
    return f"clamp_max(({seconds}) / 86400, {words.MOST_DAYS})"


def split(figures: str, critical: str, either: str) -> tuple[str, str, str]:
    """Figures of accounts in three: below the critical threshold, below the warning alone, and the rest.

    `either` is the higher of an account's two thresholds.
    """
    below, same = f"{figures} < on ({KEY}) group_left ()", f"on ({KEY}, currency, wallet)"
    return (
        f"{below} {critical}",
        f"({below} {either}) unless {same} ({below} {critical})",
        f"{figures} unless {same} ({below} {either})",
    )


def of_exporters(expression: str) -> str:
    """What an expression gives of this exporter's instances: `up`, process_* and their like are every job's.

    Known as its alert knows it: by what it showed in the last day, so that one that is down stays in view.
    """
    known = newest(itself("sms_exporter_build_info"), "1d")
    return f"{expression} and on (job, namespace, instance) {known}"


def _selector(name: str, *matchers: str) -> str:
    return f"{name}{{{', '.join(matchers)}}}"
