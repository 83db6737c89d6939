"""What Prometheus and Grafana get of the chart: ways to scrape, rules, dashboards."""

import json

import pytest
import yaml

from docs.generate import ROOT
from tests.alerts.test_mixin import mixin
from tests.helm.rendering import (
    CHART,
    kinds,
    only,
    rendered,
)


@pytest.mark.parametrize("kind", ["", "ServiceMonitor", "Probe", "ScrapeConfig"])
def test_no_account_is_scraped_twice(kind: str, helm: str) -> None:
    given = yaml.safe_dump({"scrape": {"kind": kind}, "config": "accounts: [{name: shop}, {name: crm}]"})
    resources = rendered(helm, given=given)
    scraping = {"ServiceMonitor", "Probe", "ScrapeConfig"} & kinds(resources)
    assert scraping == ({kind, "ServiceMonitor"} if kind else set())
    if kind:
        (endpoint,) = only(resources, "ServiceMonitor")["spec"]["endpoints"]
        assert endpoint.get("params") == (None if kind == "ServiceMonitor" else {"collect[]": ["exporter"]})
    if kind == "Probe":
        spec = only(resources, "Probe")["spec"]
        assert spec["targets"]["staticConfig"]["static"] == ["shop", "crm"]
        assert spec["prober"] == {"url": "rel-sms-exporter.sms.svc:10077", "path": "/probe"}
    if kind == "ScrapeConfig":
        (discovery,) = only(resources, "ScrapeConfig")["spec"]["httpSDConfigs"]
        assert discovery["url"] == "http://rel-sms-exporter.sms.svc:10077/sd"


def test_a_service_monitor_is_asked_for_in_the_words_of_other_charts_too(helm: str) -> None:
    ours, theirs, both = (
        rendered(helm, given=yaml.safe_dump({"scrape": {"kind": kind, "labels": {"release": "p"}}, "serviceMonitor": {"enabled": enabled}}))
        for kind, enabled in (("ServiceMonitor", False), ("", True), ("ServiceMonitor", True))
    )  # fmt: skip
    assert only(ours, "ServiceMonitor")["metadata"]["labels"]["release"] == "p"
    assert ours == theirs == both


@pytest.mark.parametrize("url", ["https://grafana.example.com/d", "https://grafana.example.com/d/"])
def test_alerts_lead_to_the_dashboards_as_the_mixin_s_do(url: str, helm: str) -> None:
    given = yaml.safe_dump({"prometheusRule": {"enabled": True, "dashboardURL": url}})
    groups = only(rendered(helm, given=given), "PrometheusRule")["spec"]["groups"]
    made = mixin("{ dashboardURL: 'https://grafana.example.com/d' }")
    assert groups == [*made["prometheusRules"]["groups"], *made["prometheusAlerts"]["groups"]]


def test_the_rules_and_dashboards_arrive_as_they_are(helm: str) -> None:
    resources = rendered(helm, "-f", CHART / "ci/demo-values.yaml")
    rules = yaml.safe_load((ROOT / "alerts/rules.yml").read_text("utf-8"))
    assert only(resources, "PrometheusRule")["spec"] == rules
    maps = [resource for (kind, _), resource in resources.items() if kind == "ConfigMap"]
    assert {resource["metadata"]["labels"]["grafana_dashboard"] for resource in maps} == {"1"}
    arrived = {name: text for resource in maps for name, text in resource["data"].items()}
    assert {name: json.loads(text) for name, text in arrived.items()} == {
        path.name: json.loads(path.read_text("utf-8")) for path in (ROOT / "dashboards").glob("*.json")
    }
    assert max(len(json.dumps(resource)) for resource in maps) < 1_000_000  # etcd takes no more
