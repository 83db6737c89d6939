"""Where the dashboards' links lead, and whether those that lead to them set what they know."""

import re
from collections.abc import Iterator
from typing import Any

from alerts.build import evaluated
from tests.dashboards.history import RULES
from tests.dashboards.reading import DASHBOARDS
from tests.dashboards.test_lint import EVERY


def links(document: Any) -> Iterator[str]:
    if isinstance(document, dict):
        if isinstance(document.get("url"), str):
            yield document["url"]
        document = list(document.values())
    if isinstance(document, list):
        for one in document:
            yield from links(one)


@EVERY
def test_links_lead_to_dashboards_with_the_variables_that_they_set_and_to_runbooks(dashboard: Any) -> None:
    found = list(links(dashboard))
    assert any(url.endswith("/docs/alerts/README.md") for url in found)
    assert any(link["type"] == "dashboards" and link["tags"] == ["sms-exporter"] for link in dashboard["links"])
    for url in found:
        if url.startswith("/d/"):
            path, _, parameters = url.partition("?")
            target = DASHBOARDS[path.split("/")[2]]
            known = {variable["name"] for variable in target["templating"]["list"]}
            assert set(re.findall(r"var-(\w+)=", parameters)) <= known
            assert "${datasource:queryparam}" in parameters
        else:
            assert re.search(r"/docs/alerts/(README|\$\{__value\.raw\})\.md$", url)


def test_runbooks_are_where_the_alerts_say_that_they_are() -> None:
    folders = set(re.findall(r"runbook_url: (\S+)/SMS\w+\.md", RULES.read_text("utf-8")))
    urls = {url.rpartition("/")[0] for one in DASHBOARDS.values() for url in links(one) if not url.startswith("/d/")}
    assert urls == folders


def test_alerts_lead_to_dashboards_that_know_the_variables_that_they_set() -> None:
    groups = evaluated("(mixin { _config+:: { dashboardURL: 'https://grafana/d' } }).prometheusAlerts.groups")
    rules = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    urls = [rule["annotations"]["dashboard_url"] for rule in rules]
    assert urls
    for url in urls:
        uid, _, parameters = url.removeprefix("https://grafana/d/").partition("?")
        known = {variable["name"] for variable in DASHBOARDS[uid]["templating"]["list"]}
        assert set(re.findall(r"var-(\w+)=", parameters)) <= known


def test_no_link_leads_to_the_machine_of_whoever_made_it() -> None:
    for dashboard in DASHBOARDS.values():
        assert not [url for url in links(dashboard) if re.search("localhost|127\\.|0\\.0\\.0\\.0", url)]
