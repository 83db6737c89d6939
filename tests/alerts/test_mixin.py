"""The mixin: what those find in it who put it beside others, and that `_config` does what it says."""

import json
import re
from pathlib import Path
from typing import Any

import _gojsonnet as jsonnet
import pytest

from tests.alerts.loading import ALERTS, ROOT

PAGE = (ROOT / "docs/alerts/README.md").read_text("utf-8")
SOURCES = sorted((ALERTS / "mixin").rglob("*.libsonnet"))
SHOWN = re.compile(r"(?<![:\w])(?:sms_\w+|contacts_\w+)(?=[{\[)]|\s*$| offset)", re.MULTILINE)
"""A series that the exporter itself shows, where an expression reads it."""


def mixin(config: str = "{}") -> Any:
    """What a monitoring stack gets to see, with an object of Jsonnet over `_config`."""
    source = f"""
    local mixin = (import '{ALERTS}/mixin/mixin.libsonnet') {{ _config+:: {config} }};
    {{ [key]: mixin[key] for key in ['prometheusRules', 'prometheusAlerts', 'grafanaDashboards'] }}
    """
    return json.loads(jsonnet.evaluate_snippet("test", source))


def alert_rules(made: dict[str, Any]) -> list[dict[str, Any]]:
    return [rule for group in made["prometheusAlerts"]["groups"] for rule in group["rules"]]


def alerts(config: str = "{}") -> dict[str, Any]:
    return {rule["alert"]: rule for rule in alert_rules(mixin(config)) if "alert" in rule}


def expressions(config: str = "{}") -> list[str]:
    made = mixin(config)
    groups = [*made["prometheusRules"]["groups"], *made["prometheusAlerts"]["groups"]]
    return [rule["expr"] for group in groups for rule in group["rules"]]


def test_it_has_rules_alerts_and_the_dashboards_as_they_are_shipped() -> None:
    made = mixin()
    assert all("record" in rule for group in made["prometheusRules"]["groups"] for rule in group["rules"])
    # The one recording among the alerts says that they are evaluated.
    recorded = [rule["record"] for rule in alert_rules(made) if "alert" not in rule]
    assert recorded == ["sms_exporter:alerts:loaded"]
    shipped = {path.name: json.loads(path.read_text("utf-8")) for path in (ROOT / "dashboards").glob("*.json")}
    assert made["grafanaDashboards"] == shipped


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ALERTS / "mixin")))
def test_a_person_can_read_its_source(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()
    assert [line for line in lines if len(line) > 160] == []
    assert len(lines) <= 250


def test_a_selector_chooses_every_series_that_the_exporter_shows_and_none_that_is_recorded() -> None:
    chosen = 'job="prepaid"'
    read = 0
    for plain, selected in zip(expressions(), expressions(f"{{ smsExporterSelector: '{chosen}' }}"), strict=True):
        assert selected.replace(f"{{{chosen}}}", "") == plain
        assert "{}" not in plain
        read += len(SHOWN.findall(plain))
        assert len(SHOWN.findall(plain)) == selected.count(chosen), selected
    assert read > 20


def test_replicas_differ_by_the_labels_that_are_set() -> None:
    default = "instance, pod, container, endpoint, node"
    changed = expressions("{ replicaLabels: ['instance', 'host'] }")
    named = default.removeprefix("instance, ")
    back = [each.replace("instance, host", default).replace("(host)", f"({named})") for each in changed]
    assert back == expressions()
    assert sum(expression.count("instance, host") for expression in changed) > 20


def test_single_alerts_can_be_changed_and_left_out() -> None:
    changed = alerts(
        """{ alerts+: {
            SMSCreditLow: { 'for': '1h', labels+: { team: 'crm' }, annotations+: { summary: 'Top up.' } },
            SMSCreditThresholdMissing: null,
        } }"""
    )
    default = alerts()
    assert default.pop("SMSCreditThresholdMissing")
    low = default["SMSCreditLow"]
    low |= {"for": "1h", "labels": {"severity": "warning", "team": "crm"}}
    low["annotations"]["summary"] = "Top up."
    assert changed == default


def test_severities_can_have_names_of_ones_own_and_thresholds_keep_theirs() -> None:
    changed = alerts("{ severities+: { critical: 'page' } }")
    for name, alert in alerts().items():
        severity = alert["labels"]["severity"]
        assert changed[name]["labels"] == {"severity": "page" if severity == "critical" else severity}
        assert changed[name]["expr"] == alert["expr"]


def test_links_lead_where_they_are_set_and_are_not_there_without_an_address() -> None:
    for name, alert in alerts("{ runbookURLPattern: 'https://wiki/%s', dashboardURL: 'https://grafana/d' }").items():
        assert alert["annotations"]["runbook_url"] == f"https://wiki/{name}"
        page = "sms-exporter" if name.startswith("SMSExporter") else "sms-account?var-provider={{ $labels.provider }}&"
        assert alert["annotations"]["dashboard_url"].startswith(f"https://grafana/d/{page}")
    for alert in alerts("{ runbookURLPattern: null, dashboardURL: null }").values():
        assert set(alert["annotations"]) == {"summary", "description"}


def test_the_page_shows_how_it_is_used_from_a_folder_of_vendored_code(tmp_path: Path) -> None:
    vendored = tmp_path / "vendor" / "github.com" / "sms-exporter" / "sms-exporter"
    vendored.parent.mkdir(parents=True)
    vendored.symlink_to(ROOT)
    (shown,) = re.findall(r"```jsonnet\n(.*?)```", PAGE, re.DOTALL)
    made = json.loads(jsonnet.evaluate_snippet("page", shown, jpathdir=[str(tmp_path / "vendor")]))
    names = [rule["alert"] for group in made["groups"] for rule in group["rules"] if "alert" in rule]
    assert names == [name for name in alerts() if name != "SMSCreditThresholdMissing"]
