"""What is made of a dashboard beside its JSON: the variant for grafana.com, and files that provision Grafana."""

import json
from typing import Any

INPUT = "DS_PROMETHEUS"

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


def for_import(document: dict[str, Any]) -> dict[str, Any]:
    """The same dashboard for grafana.com: the import asks for the data source, and the variable begins with it."""
    copy: dict[str, Any] = json.loads(json.dumps(document))
    for variable in copy["templating"]["list"]:
        if variable["type"] == "datasource":
            variable["current"] = {"selected": True, "text": f"${{{INPUT}}}", "value": f"${{{INPUT}}}"}
    kinds = sorted({panel["type"] for panel in copy["panels"]} - {"row"})
    return {
        "__inputs": [
            {
                "name": INPUT,
                "label": "Prometheus",
                "description": "The Prometheus that scrapes the exporter and has its rules",
                "type": "datasource",
                "pluginId": "prometheus",
                "pluginName": "Prometheus",
            }
        ],
        "__elements": {},
        "__requires": [
            {"type": "grafana", "id": "grafana", "name": "Grafana", "version": "10.0.0"},
            {"type": "datasource", "id": "prometheus", "name": "Prometheus", "version": "1.0.0"},
            *({"type": "panel", "id": kind, "name": kind, "version": ""} for kind in kinds),
        ],
        **copy,
    }
