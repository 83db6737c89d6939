"""The chart as its tests see it: its files, and what Helm makes of them."""

import json
import subprocess
from pathlib import Path
from typing import Any

import yaml

from docs.generate import ROOT
from tests.test_docs import blocks

CHART = ROOT / "deploy/helm/sms-exporter"
README = "deploy/helm/sms-exporter/README.md"
SCHEMA = json.loads((CHART / "values.schema.json").read_text("utf-8"))
VALUES = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
CASES = sorted((CHART / "ci").glob("*-values.yaml"))
SHOWN = [
    text for page in ("docs/install.md", README) for text in blocks(page, "yaml") if "secrets" in yaml.safe_load(text)
]
KUBERNETES = ("1.28", "1.37")
"""The oldest that the chart allows, and the newest whose schemas we have."""

Resources = dict[tuple[str, str], dict[str, Any]]


def rendering(helm: str, *flags: str | Path, given: str = "{}") -> subprocess.CompletedProcess[str]:
    command = [helm, "template", "rel", CHART, "-n", "sms", f"--kube-version={KUBERNETES[0]}", "-f", "-", *flags]
    return subprocess.run(command, input=given, capture_output=True, text=True, check=False)


def rendered(helm: str, *flags: str | Path, given: str = "{}") -> Resources:
    """The resources that the chart makes, by kind and name."""
    ran = rendering(helm, *flags, given=given)
    assert ran.returncode == 0, ran.stderr
    documents = [document for document in yaml.safe_load_all(ran.stdout) if document]
    resources = {(document["kind"], document["metadata"]["name"]): document for document in documents}
    assert len(resources) == len(documents)
    return resources


def only(resources: Resources, kind: str) -> dict[str, Any]:
    (found,) = (resource for (each, _), resource in resources.items() if each == kind)
    return found


def kinds(resources: Resources) -> set[str]:
    return {kind for kind, _ in resources}
