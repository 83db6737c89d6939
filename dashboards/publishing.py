"""Makes the dashboards' variant for grafana.com: `python -m dashboards.publishing FOLDER`, from the root."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dashboards.build import pages, text
from dashboards.frame import document, panels_of

INPUT = "DS_PROMETHEUS"


def for_import(document: dict[str, Any]) -> dict[str, Any]:
    """The same dashboard for grafana.com: the import asks for the data source, and the variable begins with it."""
    copy: dict[str, Any] = json.loads(json.dumps(document))
    for variable in copy["templating"]["list"]:
        if variable["type"] == "datasource":
            variable["current"] = {"selected": True, "text": f"${{{INPUT}}}", "value": f"${{{INPUT}}}"}
    kinds = sorted({panel["type"] for panel in panels_of(copy)} - {"row"})
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


def publish(folder: Path) -> None:
    """Write every dashboard as an import takes it into a folder, which is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for page in pages():
        (folder / f"{page.uid}.json").write_text(text(for_import(document(page))), "utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the files into the folder that is named."""
    parser = argparse.ArgumentParser(prog="python -m dashboards.publishing", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where the files go")
    publish(parser.parse_args(arguments).folder)


if __name__ == "__main__":
    main()
