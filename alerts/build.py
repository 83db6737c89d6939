# ruff: noqa: INP001  # a script beside the rules, no package
"""Makes the rules that are shipped out of `rules.yml.in`: for Prometheus, and the same for its Kubernetes operator.

`python alerts/build.py` writes them; with `--dashboards` or `--runbooks` (and `--out`) their links lead to pages of
your own. `rules.yml.in` is the rules with phrases between @ signs that stand here, each once.
"""

import argparse
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent

NOTICE = "# Made by alerts/build.py: edit alerts/rules.yml.in, then run it.\n"
REPLICAS = "instance, pod, container, endpoint, node"
"""The labels by which two replicas of one exporter differ."""

_WEAK = "CLP|COP|CRC|HUF|IDR|IQD|IRR|ISK|JPY|KRW|KZT|LBP|NGN|PKR|PYG|RSD|TZS|UGX|UZS|VND|XAF|XOF"
"""Currencies whose unit is worth a cent or so."""

_ACCOUNT = ("job", "namespace", "provider", "account")
_BALANCE = "currency wallet"
"""The labels by which balances of one account differ; an empty one selects what has none."""

_KUBERNETES = """\
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: sms-exporter
  labels:
    app.kubernetes.io/name: sms-exporter
    app.kubernetes.io/part-of: sms-exporter
spec:
"""

_RUNWAY = """\
summary: The credit of {{ $labels.account }} at {{ $labels.provider }} will be used up %s.
description: >-
  {{ $labels.account }} has @money account:sms_credit_balance:min@ {{ $labels.currency }} left and spends
  @money account:sms_credit_pace:1d@ {{ $labels.currency }} a day (by the last day or the last week, whichever was
  faster): it lasts {{ $value | @span@ }}, and the %s threshold is
  @duration account:sms_credit_runway_threshold_seconds:max severity="%s"@. Then no message is sent any more."""

_ENDING = """\
summary: The plan of {{ $labels.account }} at {{ $labels.provider }} ends %s.
description: >-
  The plan of {{ $labels.account }} {{ if lt $value 0.0 }}ended {{ $value | @span@ | reReplaceAll "-" "" }}
  ago{{ else }}ends in {{ $value | @span@ }}{{ end }} and doesn't renew itself, as far as the provider says;
  the %s threshold is @duration account:sms_subscription_remaining_threshold_seconds:max severity="%s"@. Without a
  plan it sends nothing."""

_SPAN = 'humanizeDuration | reReplaceAll "^(-?[0-9]+d [0-9]+h|-?[0-9]+h [0-9]+m|-?[0-9]+m) .*$" "$1"'
"""A duration in its two greatest units."""

Phrase = Callable[[str], str]


def links(pyproject: Path = HERE.parent / "pyproject.toml") -> tuple[str, str]:
    """Where runbooks and dashboards are, as pyproject.toml sets it."""
    document = tomllib.loads(pyproject.read_text("utf-8"))
    source = document["project"].get("urls", {}).get("Source", "https://github.com/sms-exporter/sms-exporter")
    own = document.get("tool", {}).get("sms-exporter", {})
    return f"{source}/blob/main/docs/alerts", own.get("dashboards", "http://localhost:3000/d")


def _of_api(arguments: str) -> tuple[str, str, str]:
    """A metric, the api that it comes from, and the labels that the two don't share."""
    metric, api, *names = arguments.replace(",", " ").split()
    return metric, api, ", ".join((*names, "api"))


def _newest(arguments: str) -> str:
    metric, api, ignored = _of_api(arguments)
    return f'last_over_time({metric}[30m]) unless ignoring ({ignored}) instance:sms_api_behind:seconds{{api="{api}"}}'


def _kept(arguments: str) -> str:
    metric, api, ignored = _of_api(arguments)
    up = f'account:sms_api_up:max{{api="{api}"}}'
    return f"last_over_time({metric}[15m]) and ignoring ({ignored}) {up} == 0"


def _held(arguments: str) -> str:
    return f"or {_kept(arguments)}"


def _together(window: str) -> str:
    # "Nothing near": a fifth of it at most. The step itself is recorded by now, and must not be compared with itself.
    step = "account:sms_credit_decrease:step"
    return (
        f"{step}\n"
        "  unless (\n"
        f"    {step} > 0.2 * last_over_time(account:sms_credit_spend:7d[30m] offset 15m)\n"
        f"      unless {step} <= 5 * max_over_time({step}[{window}] offset 5m)\n"
        "  )"
    )


def _days(_: str) -> str:
    # The same hour give or take one: hours end where they are recorded.
    mean = "avg_over_time(account:sms_credit_usage:1h[2h] offset {}h)"
    days = (f'label_replace({mean.format(24 * day - 1)}, "day", "{day}", "", "")' for day in range(1, 8))
    return "\nor ".join(days)


def _query(expression: str, shown: str, *, labels: str = "", otherwise: str = "not known") -> str:
    # {} and {matcher} of the expression become the alert's own series, by its account and the labels named.
    names = [*labels.split(), *_ACCOUNT]
    own, values = ",".join(f"{name}=%q" for name in names), "".join(f" $labels.{name}" for name in names)
    asked, series = re.subn(r"{([^}]*)}", lambda found: f"{{{','.join(filter(None, (found[1], own)))}}}", expression)
    return f"{{{{ with printf `{asked}`{values * series} | query }}}}{shown}{{{{ else }}}}{otherwise}{{{{ end }}}}"


def _figure(shown: str, labels: str = "") -> Phrase:
    def phrase(arguments: str) -> str:
        metric, *matcher = arguments.split(maxsplit=1)
        asked = f"last_over_time({metric}{{{' '.join(matcher)}}}[15m])"
        return _query(asked, f"{{{{ . | first | value | {shown} }}}}", labels=labels)

    return phrase


def _apis(reasons: str) -> str:
    operator = "=~" if "|" in reasons else "="
    order = 'sortByLabel "reason" | sortByLabel "api"'
    one = "{{ if $i }}, {{ end }}{{ .Labels.api }}: {{ .Labels.reason }}"
    shown = f"{{{{ range $i, $one := . | {order} }}}}{one}{{{{ end }}}}"
    asked = f'last_over_time(account:sms_api_failure:max{{reason{operator}"{reasons}"}}[15m])'
    return _query(asked, shown)


def _status(_: str) -> str:
    asked = 'last_over_time(account:sms_subscription_status:max{status=~"expired|cancelled"}[15m]) == 1'
    return _query(asked, '{{ . | first | label "status" }}', otherwise="over")


def _lasts(_: str) -> str:
    shown = f"At its present pace that lasts {{{{ . | first | value | {_SPAN} }}}}."
    asked = "last_over_time(account:sms_credit_runway:seconds{}[15m])"
    return _query(asked, shown, labels=_BALANCE, otherwise="How long that lasts is not known.")


def _lasts_like_this(_: str) -> str:
    # By the hour: the pace of a day is slow to follow.
    asked = (
        "3600 * (last_over_time(account:sms_credit_balance:min{}[15m]) >= 0)"
        " / (last_over_time(account:sms_credit_spend:1h{}[15m]) > 0)"
    )
    return _query(
        asked, f" and lasts {{{{ . | first | value | {_SPAN} }}}} at this rate", labels=_BALANCE, otherwise=""
    )


_SOON = {"critical": "very soon", "warning": "soon"}
_PHRASES: Mapping[str, Phrase] = {
    "replicas": lambda _: REPLICAS,
    "weak": lambda _: _WEAK,
    "newest": _newest,
    "kept": _kept,
    "held": _held,
    "together": _together,
    "days": _days,
    "money": _figure('printf "%.2f"', _BALANCE),
    "threshold": _figure('printf "%.2f"', _BALANCE),
    "percentage": _figure("humanizePercentage"),
    "duration": _figure(_SPAN),
    "span": lambda _: _SPAN,
    "apis": _apis,
    "status": _status,
    "lasts": _lasts,
    "lasts_like_this": _lasts_like_this,
    "runway": lambda severity: _RUNWAY % (_SOON[severity], severity, severity),
    "ending": lambda severity: _ENDING % (_SOON[severity], severity, severity),
}
_PHRASE = re.compile(r"@([a-z_]+)(?: ([^@]*))?@")


def _line(line: str, phrases: Mapping[str, Phrase]) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    while found := _PHRASE.search(line):
        said = phrases[found[1]](found[2] or "").replace("\n", "\n" + indent)
        line = line[: found.start()] + said + line[found.end() :]
    return line


def rules(source: str, runbooks: str, dashboards: str) -> str:
    """The rule file for Prometheus."""
    lines, alert = [], ""
    account = "/sms-account?var-provider={{ $labels.provider }}&var-account={{ $labels.account }}"
    for line in source.splitlines():
        if line.lstrip().startswith("- alert: "):
            alert = line.split(": ")[1]
        runbook = f"runbook_url: {runbooks}/{alert}.md\ndashboard_url: "
        own: dict[str, Phrase] = {
            "links": lambda _, runbook=runbook: f"{runbook}{dashboards}/sms-exporter",  # type: ignore[misc]
            "links_account": lambda _, runbook=runbook: f'{runbook}"{dashboards}{account}"',  # type: ignore[misc]
        }
        lines.append(_line(line, {**_PHRASES, **own}))
    return NOTICE + "\n".join(lines) + "\n"


def kubernetes(made: str) -> str:
    """The same rules as a resource of the Prometheus Operator."""
    body = made.removeprefix(NOTICE)
    return NOTICE + _KUBERNETES + "".join(f"  {line}" if line.strip() else line for line in body.splitlines(True))


def files(runbooks: str, dashboards: str) -> dict[str, str]:
    """All that is made, by its path from this folder."""
    made = rules((HERE / "rules.yml.in").read_text("utf-8"), runbooks, dashboards)
    return {"rules.yml": made, "kubernetes/prometheus-rule.yml": kubernetes(made)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the files."""
    runbooks, dashboards = links()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--runbooks", default=runbooks, metavar="URL", help="folder of the pages (default: %(default)s)"
    )
    parser.add_argument(
        "--dashboards", default=dashboards, metavar="URL", help="folder of the dashboards (default: %(default)s)"
    )
    parser.add_argument("--out", type=Path, default=HERE, metavar="FOLDER", help="where to write (default: here)")
    options = parser.parse_args(arguments)
    for name, text in files(options.runbooks.rstrip("/"), options.dashboards.rstrip("/")).items():
        path = options.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
