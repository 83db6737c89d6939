"""What the chart makes by Helm itself: resources that Kubernetes takes, and a pod without privileges."""

import re
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from docs.generate import ROOT
from tests.helm.rendering import (
    CASES,
    CHART,
    KUBERNETES,
    only,
    rendered,
)
from tests.test_docs import blocks, help_of


def test_the_chart_carries_the_rules_and_dashboards_of_the_project_and_no_copy() -> None:
    for name, target in (("rules.yml", "alerts/rules.yml"), ("dashboards", "dashboards")):
        link = CHART / "files" / name
        assert link.is_symlink()
        assert link.resolve() == ROOT / target
    assert not [path for path in (CHART / "templates").iterdir() if re.search(r"tpl .*Files", path.read_text("utf-8"))]


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_helm_finds_nothing_to_mend(case: Path, helm: str) -> None:
    linted = subprocess.run([helm, "lint", CHART, "--strict", f"--kube-version={KUBERNETES[0]}", "-f", case], capture_output=True, text=True, check=False)  # fmt: skip
    assert linted.returncode == 0, linted.stdout + linted.stderr


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_what_is_rendered_is_what_kubernetes_takes(case: Path, helm: str) -> None:
    operators = 0
    for (kind, _), resource in rendered(helm, "-f", case).items():
        if resource["apiVersion"].startswith("monitoring.coreos.com/"):
            operators += 1
            assert_has_the_shape_of_the_operators(kind, resource)
            continue
        for version in KUBERNETES:
            kubernetes_validate.validate(resource, version, strict=True)
    assert operators or case.name == "default-values.yaml"


def assert_has_the_shape_of_the_operators(kind: str, resource: dict[str, Any]) -> None:
    """What Prometheus Operator v0.93's definitions require, and the keys that they know, of what the chart uses."""
    spec = resource["spec"]
    assert resource["apiVersion"] == f"monitoring.coreos.com/{'v1alpha1' if kind == 'ScrapeConfig' else 'v1'}"
    shared = {"basicAuth", "tlsConfig", "metricRelabelings", "scrapeTimeout", "jobName"}
    known = {
        "ServiceMonitor": {"selector", "namespaceSelector", "endpoints"},
        "Probe": {"interval", "prober", "targets", *shared},
        "ScrapeConfig": {"scrapeInterval", "httpSDConfigs", "relabelings", *shared},
        "PrometheusRule": {"groups"},
    }[kind]
    assert set(spec) <= known
    if kind == "ServiceMonitor":
        (endpoint,) = spec["endpoints"]
        asked = {"port", "path", "params", "scheme", "interval", "scrapeTimeout", "basicAuth", "tlsConfig", "relabelings", "metricRelabelings"}  # fmt: skip
        assert {"port", "path"} <= set(endpoint) <= asked
    if kind == "ScrapeConfig":
        (discovery,) = spec["httpSDConfigs"]
        assert set(discovery) <= {"url", "refreshInterval", "basicAuth", "tlsConfig"}


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_a_container_is_without_privileges_and_its_flags_exist(case: Path, helm: str) -> None:
    pod = only(rendered(helm, "-f", case), "Deployment")["spec"]["template"]["spec"]
    container, *_ = pod["containers"]
    assert container["name"] == "sms-exporter"
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    own = container["securityContext"]
    assert (own["allowPrivilegeEscalation"], own["readOnlyRootFilesystem"], own["capabilities"]) == (False, True, {"drop": ["ALL"]})  # fmt: skip
    command, *flags = container["args"]
    known = re.findall(r"--[a-z][a-z.-]+", help_of(command))
    assert [flag for flag in flags if flag.partition("=")[0] not in known] == []
    mounted, there = ({each["name"] for each in places} for places in (container.get("volumeMounts", ()), pod.get("volumes", ())))  # fmt: skip
    assert mounted == there
    assert {mount["readOnly"] for mount in container.get("volumeMounts", ())} <= {True}
    assert not any("subPath" in mount for mount in container.get("volumeMounts", ()))


def test_a_pod_has_the_company_that_its_values_say(helm: str) -> None:
    case = CHART / "ci/sidecar-values.yaml"
    values = yaml.safe_load(case.read_text("utf-8"))
    spec = only(rendered(helm, "-f", case), "Deployment")["spec"]
    pod = spec["template"]["spec"]
    assert spec["strategy"] == values["strategy"]
    assert pod["initContainers"] == values["initContainers"]
    assert pod["containers"][1:] == values["extraContainers"]
    assert (pod["hostAliases"], pod["dnsConfig"]) == (values["hostAliases"], values["dnsConfig"])


def test_a_demo_is_one_pod_as_each_simulates_accounts_of_its_own(helm: str) -> None:
    deployment = only(rendered(helm, "-f", CHART / "ci/demo-values.yaml"), "Deployment")["spec"]
    assert (deployment["replicas"], deployment["template"]["spec"]["containers"][0]["args"][0]) == (1, "demo")


def test_the_image_comes_from_the_registry_that_the_page_says(helm: str) -> None:
    (given,) = [text for text in blocks("docs/install.md", "yaml") if "image" in yaml.safe_load(text)]
    (container,) = only(rendered(helm, given=given), "Deployment")["spec"]["template"]["spec"]["containers"]
    (pushed,) = re.findall(r"docker push (\S+)", " ".join(blocks("docs/install.md", "sh")))
    assert container["image"] == pushed


def test_a_packaged_chart_needs_no_checkout(helm: str, tmp_path: Path) -> None:
    subprocess.run([helm, "package", CHART, "--destination", tmp_path], capture_output=True, check=True)
    (package,) = tmp_path.glob("*.tgz")
    with tarfile.open(package) as archive:
        members = {member.name.partition("/")[2]: member for member in archive.getmembers()}
        rules = archive.extractfile(members["files/rules.yml"])
        assert rules is not None
        assert rules.read() == (ROOT / "alerts/rules.yml").read_bytes()
    dashboards = {f"files/dashboards/{path.name}" for path in (ROOT / "dashboards").glob("*.json")}
    assert {name for name in members if name.startswith("files/dashboards/")} == dashboards
    assert not [name for name in members if name.startswith("ci/")]
