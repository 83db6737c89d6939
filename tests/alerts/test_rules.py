"""The rules: accepted with every lint, and right in every case of alerts/tests."""

import copy
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.metrics.families import ACCOUNT_FAMILIES, EXPORTER_FAMILIES
from tests.alerts.counters import with_counters
from tests.alerts.loading import ALERTS, ROOT, alerts, played, promtools, rules, script, strays

SEVERITIES = {"w": "warning", "c": "critical", "i": "info"}
CONTRACT = """
SMSCreditLow w SMSCreditCritical c SMSCreditExhausted c SMSCreditRunwayShort w SMSCreditRunwayCritical c
SMSCreditSpendSpike w SMSCreditExpiring w SMSCreditThresholdMissing i SMSSubscriptionSuspended c SMSSubscriptionExpired c
SMSSubscriptionStatusUnknown w SMSSubscriptionEndingSoon w SMSSubscriptionEndingCritical c
SMSSubscriptionRenewalOverdue w SMSContactsQuotaHigh w SMSContactsQuotaExhausted c SMSContactsQuotaFilling w
SMSFeatureMissing w SMSKeyRejected c SMSAddressNotAllowed c SMSPermissionMissing c SMSRateLimited w
SMSProviderFailing w SMSAnswerNotUnderstood w SMSExporterDown c SMSExporterReloadFailed w
"""
RECORDED = {
    "account:sms_credit_balance:min",
    "account:sms_credit_available:min",
    *(f"account:sms_credit_spend:{window}" for window in ("1h", "1d", "7d", "30d")),
    "account:sms_credit_runway:seconds",
}
CASES = sorted((ALERTS / "tests").glob("*.yml"))
KUBERNETES = {"namespace": "monitoring", "service": "sms-exporter"}

build = script("build")


def case(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    document["rule_files"] = [str(ALERTS / "rules.yml")]
    return with_counters(document)


def as_in_kubernetes(document: dict[str, Any]) -> dict[str, Any]:
    """The same tests with the labels that the Prometheus Operator attaches to a target, and what is left of them."""
    kept = "".join(f'{name}="{value}",' for name, value in KUBERNETES.items())
    for test in document["tests"]:
        for series in test["input_series"]:
            instance = re.search(r'instance="(\w+)"', series["series"])
            assert instance is not None, series
            pod = f'{kept}pod="sms-exporter-{instance[1]}",container="sms-exporter",endpoint="http",'
            series["series"] = series["series"].replace("{", "{" + pod, 1)
        for alert in test.get("alert_rule_test", ()):
            for expected in alert["exp_alerts"]:
                expected["exp_labels"] |= KUBERNETES
        for expression in test.get("promql_expr_test", ()):
            for sample in expression["exp_samples"]:
                labels = kept if "currency:" not in sample["labels"] else 'namespace="monitoring",'
                sample["labels"] = sample["labels"].replace("{", "{" + labels, 1)
    return document


def seconds_of(duration: str) -> float:
    """A time of promtool's, whose units may be repeated: `1d2h30m`."""
    units = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
    return sum(float(number) * units[unit] for number, unit in re.findall(r"([0-9.]+)([wdhms])", str(duration)))


def in_both_places(document: dict[str, Any]) -> dict[str, Any]:
    """Each world with its targets twice, side by side: outside Kubernetes, and as the Prometheus Operator has them.

    It is played once for both, and the rules must keep the two apart besides.
    """
    inside = as_in_kubernetes(copy.deepcopy(document))
    for test, more in zip(document["tests"], inside["tests"], strict=True):
        test["input_series"] += more["input_series"]
        for kind, expected in (("alert_rule_test", "exp_alerts"), ("promql_expr_test", "exp_samples")):
            for one, other in zip(test.get(kind, ()), more.get(kind, ()), strict=True):
                one[expected] += other[expected]
    return document


def test_the_names_and_severities_that_are_public_stay() -> None:
    labels = {name: rule["labels"] for name, rule in alerts().items()}
    public = {name: {"severity": SEVERITIES[letter]} for name, letter in re.findall(r"(\w+) ([wci])\b", CONTRACT)}
    assert public.items() <= labels.items()
    assert {each["severity"] for each in labels.values()} <= set(SEVERITIES.values())
    assert {rule["record"] for rule in rules() if "record" in rule} >= RECORDED


@pytest.mark.parametrize("name", alerts())
def test_an_alert_says_what_it_is_to_say(name: str) -> None:
    rule = alerts()[name]
    said = rule["annotations"]
    assert set(said) == {"summary", "description", "runbook_url"}
    assert rule["for"] != "0s"
    assert re.fullmatch(r"[A-Z{].*\.", said["summary"])
    assert "$value" not in str(rule["labels"])
    assert said["runbook_url"].endswith(f"/docs/alerts/{name}.md")
    assert "example" not in str(said)
    assert "topk" not in rule["expr"]


def test_no_regular_expression_stands_where_a_literal_would_do() -> None:
    matchers = [found for rule in rules() for found in re.findall(r'[=!]~"([^"]*)"', rule["expr"])]
    assert matchers
    assert [text for text in matchers if re.fullmatch(r"\w*", text)] == []


def test_the_resource_for_kubernetes_has_the_same_rules() -> None:
    resource = yaml.safe_load((ALERTS / "kubernetes/prometheus-rule.yml").read_text("utf-8"))
    assert resource["kind"] == "PrometheusRule"
    assert resource["spec"] == yaml.safe_load((ALERTS / "rules.yml").read_text("utf-8"))


def test_files_of_ones_own_are_made_with_a_configuration_of_ones_own(tmp_path: Path) -> None:
    own = tmp_path / "own.libsonnet"
    own.write_text(
        "{ runbookURLPattern: 'https://wiki/%s', dashboardURL: 'https://grafana/d', alerts+: { SMSCreditLow: null } }"
    )
    build.main(["--config", str(own), "--out", str(tmp_path / "made")])
    for made in ("rules.yml", "kubernetes/prometheus-rule.yml"):
        text = (tmp_path / "made" / made).read_text("utf-8")
        assert "runbook_url: https://wiki/SMSCreditCritical\n" in text
        assert "https://grafana/d/sms-account?var-provider={{ $labels.provider }}" in text
        assert "SMSCreditLow" not in text
    own.write_text("{ dashboardURL: }")
    with pytest.raises(SystemExit, match=r"own\.libsonnet:1:17"):
        build.main(["--config", str(own), "--out", str(tmp_path / "made")])


def test_pages_are_where_the_project_is() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert build.runbooks() == f"{project['urls']['Source']}/blob/main/docs/alerts"
    assert [
        str(p.relative_to(ROOT)) for p in ALERTS.rglob("*.libsonnet") if build.runbooks() in p.read_text("utf-8")
    ] == ["alerts/mixin/config.libsonnet"]


@pytest.mark.parametrize("name", build.files())
def test_a_person_can_read_what_is_made(name: str) -> None:
    text = (ALERTS / name).read_text("utf-8")
    assert [line for line in text.splitlines() if len(line) > 160] == []
    assert text.startswith("# Made of alerts/mixin by alerts/build.py")
    written = {line.strip() for line in text.replace("expr: ", "").splitlines()}
    assert [line for rule in rules() for line in rule["expr"].splitlines() if line.strip() not in written] == []


def test_what_is_made_says_what_the_mixin_says() -> None:
    made = build.evaluated("mixin.prometheusRules.groups + mixin.prometheusAlerts.groups")
    assert yaml.safe_load((ALERTS / "rules.yml").read_text("utf-8")) == {"groups": made}


def test_the_rules_read_no_metric_that_the_exporter_does_not_give() -> None:
    given = {family.name for family in (*ACCOUNT_FAMILIES, *EXPORTER_FAMILIES)}
    texts = [rule["expr"] for rule in rules()] + [str(rule["annotations"]) for rule in alerts().values()]
    read = {name for text in texts for name in re.findall(r"(?<![\w:])(?:sms|contacts)_\w+\b(?!:)", text)}
    assert len(read) > 15
    assert read <= given


def test_promtool_accepts_the_rules_with_every_lint_fatal() -> None:
    for promtool in promtools():
        done = subprocess.run(
            [promtool, "check", "rules", "--lint=all", "--lint-fatal", ALERTS / "rules.yml"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_case_that_fires_one_that_is_quiet_and_a_recovery() -> None:
    fires: set[str] = set()
    quiet: set[str] = set()
    recovers: set[str] = set()
    for path in CASES:
        for test in case(path)["tests"]:
            fired: dict[str, set[str]] = {}
            # A time before the alert fires is no recovery, wherever it stands in the file.
            for alert in sorted(test.get("alert_rule_test", ()), key=lambda each: seconds_of(each["eval_time"])):
                name = alert["alertname"]
                accounts = {str(expected["exp_labels"]) for expected in alert["exp_alerts"]}
                (fires if accounts else quiet).add(name)
                if fired.get(name, set()) - accounts:
                    recovers.add(name)
                fired.setdefault(name, set()).update(accounts)
    lacking = {
        what: set(alerts()) - seen for what, seen in (("fires", fires), ("is quiet", quiet), ("recovers", recovers))
    }
    assert not any(lacking.values()), f"no case in alerts/tests in which one {lacking}"
    assert (fires | quiet) - set(alerts()) == set(), "cases of alerts that are no rule"


def test_the_rules_are_made_of_their_source() -> None:
    made = build.files()
    stale = {name for name, text in made.items() if (ALERTS / name).read_text("utf-8") != text}
    assert stale == set(), "alerts/mixin has changed: make golden"


@pytest.mark.rules
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_promtool_finds_every_case_as_it_is_expected(path: Path, tmp_path: Path) -> None:
    file = tmp_path / "tests.yml"
    file.write_text(yaml.safe_dump(in_both_places(case(path))), "utf-8")
    own, *newer = promtools()
    done = played(own, file)
    assert done.returncode == 0, done.stdout + done.stderr
    for promtool in newer:
        done = played(promtool, file)
        said = done.stdout + done.stderr
        assert done.returncode == 0 or ("FAILED" in said and not strays(said)), said


def test_a_newer_promtool_may_find_other_figures_but_no_other_alert() -> None:
    told = 'exp:[{account="a1"} "lasts 11h 9m, 44.67 EUR"],\n got:[{account="a1"} "lasts 11h 10m, 44.7 EUR"]\n'
    assert strays(told) == []
    assert strays(told.replace("11h 10m", "9h")) != []
    assert strays(told.replace('got:[{account="a1"}', 'got:[{account="b1"}')) != []
    assert strays('exp:[{account="a"}],\n got:[]\n') != []
    assert strays('expr: "x", time: 3d,\n exp: {a="b"} 1.2E+01\n got: {a="b"} 1.25E+01\n') == []
