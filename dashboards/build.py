"""Writes the dashboards and what is committed with them: `python -m dashboards.build`, from the project's root."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alerts.build import runbooks
from dashboards import account, exporter, overview
from dashboards.frame import Page, document
from dashboards.guide import guide

ROOT = Path(__file__).resolve().parent.parent

PROVIDER = """\
# Made by dashboards/build.py. Grafana loads every dashboard that lies in the path; copy sms-*.json there.
apiVersion: 1
providers:
  - name: sms-exporter
    orgId: 1
    folder: SMS
    folderUid: sms
    type: file
    disableDeletion: false
    updateIntervalSeconds: 60
    allowUiUpdates: false
    options:
      path: /var/lib/grafana/dashboards/sms-exporter
"""

DATA_SOURCE = """\
# Made by dashboards/build.py. The Prometheus that scrapes the exporter and has the rules of alerts/.
apiVersion: 1
datasources:
  - name: Prometheus
    uid: prometheus
    type: prometheus
    access: proxy
    url: http://prometheus:9090
    isDefault: true
    jsonData:
      # The scrape interval: $__rate_interval is four times as long.
      timeInterval: 1m
      httpMethod: POST
"""

LINT = """\
# Made by dashboards/build.py, for dashboard-linter.
exclusions:
  target-instance-rule:
    reason: Recording rules and alerts give one series for an account, whatever the replicas; every other query has it.
"""


def text(document: dict[str, Any]) -> str:
    """A dashboard as it is committed."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def pages() -> list[Page]:
    """The dashboards, in the order in which one looks at them."""
    folder = runbooks()
    return [overview.page(folder), account.page(folder), exporter.page(folder)]


def files() -> Mapping[str, str]:
    """Every file that is made, by its path from the root."""
    made = {}
    for page in pages():
        made[f"dashboards/{page.uid}.json"] = text(document(page))
    made["dashboards/provisioning/dashboards/sms-exporter.yml"] = PROVIDER
    made["dashboards/provisioning/datasources/prometheus.yml"] = DATA_SOURCE
    made["dashboards/.lint"] = LINT
    made["docs/dashboards.md"] = guide(pages())
    return made


def main() -> None:
    """Write the files."""
    for name, content in files().items():
        path = ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")


if __name__ == "__main__":
    main()
