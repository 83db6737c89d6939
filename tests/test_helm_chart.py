"""The Helm chart: what it takes, and what it makes of it, by Helm itself where there is one."""

import json
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml
from jsonschema import Draft7Validator

from docs.generate import ROOT
from exporter.cli.main import main
from exporter.secrets import redaction
from exporter.sign_in import FORMS, Form
from tests.test_docs import blocks, help_of

CHART = ROOT / "deploy/helm/sms-exporter"
SCHEMA = json.loads((CHART / "values.schema.json").read_text("utf-8"))
VALUES = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
CASES = sorted((CHART / "ci").glob("*-values.yaml"))
SHOWN = [text for text in blocks("docs/install.md", "yaml") if "secrets" in yaml.safe_load(text)]
KUBERNETES = ("1.28", "1.37")
"""The oldest that the chart allows, and the newest whose schemas we have."""

Resources = dict[tuple[str, str], dict[str, Any]]


def accepted(values: object) -> bool:
    return bool(Draft7Validator(SCHEMA).is_valid(values))


@pytest.fixture
def helm() -> str:
    """Helm's path. It is no package of Debian's, and to build it takes minutes: the workflows' machines have it."""
    path = shutil.which("helm")
    if path is None:
        pytest.skip("helm is missing: the chart is checked without being rendered")
    return path


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


def test_the_chart_carries_the_rules_and_dashboards_of_the_project_and_no_copy() -> None:
    for name, target in (("rules.yml", "alerts/rules.yml"), ("dashboards", "dashboards")):
        link = CHART / "files" / name
        assert link.is_symlink()
        assert link.resolve() == ROOT / target
    assert not [path for path in (CHART / "templates").iterdir() if re.search(r"tpl .*Files", path.read_text("utf-8"))]


@pytest.mark.parametrize("file", [CHART / "values.yaml", *CASES], ids=lambda path: path.name)
def test_values_of_ours_fit_the_schema(file: Path) -> None:
    assert accepted(yaml.safe_load(file.read_text("utf-8")))


@pytest.mark.parametrize("text", SHOWN)
def test_values_of_the_page_fit_the_schema(text: str) -> None:
    assert accepted(yaml.safe_load(text))


def test_the_schema_knows_every_value_and_no_other() -> None:
    assert set(SCHEMA["properties"]) == {*VALUES, "global"}
    for name, value in VALUES.items():
        known = SCHEMA["properties"][name].get("properties")
        if known is not None:
            assert set(value) <= set(known), name


@pytest.mark.parametrize(
    "values",
    [
        {"replica": 2},
        {"scrape": {"kind": "PodMonitor"}},
        {"scrape": {"interval": "60"}},
        {"image": {"digest": "sha256:123"}},
        {"config": {"accounts": []}},
        {"secrets": ["sms-keys"]},
    ],
    ids=str,
)
def test_a_wrong_value_is_refused(values: object) -> None:
    assert not accepted(values)


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
    (container,) = pod["containers"]
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


def test_a_demo_is_one_pod_as_each_simulates_accounts_of_its_own(helm: str) -> None:
    deployment = only(rendered(helm, "-f", CHART / "ci/demo-values.yaml"), "Deployment")["spec"]
    assert (deployment["replicas"], deployment["template"]["spec"]["containers"][0]["args"][0]) == (1, "demo")


def test_the_image_comes_from_the_registry_that_the_page_says(helm: str) -> None:
    (given,) = [text for text in blocks("docs/install.md", "yaml") if "image" in yaml.safe_load(text)]
    (container,) = only(rendered(helm, given=given), "Deployment")["spec"]["template"]["spec"]["containers"]
    (pushed,) = re.findall(r"docker push (\S+)", " ".join(blocks("docs/install.md", "sh")))
    assert container["image"] == pushed


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


@pytest.mark.parametrize("text", [(CHART / "ci/accounts-values.yaml").read_text("utf-8"), *SHOWN])
def test_the_configuration_arrives_as_it_is_and_is_one(text: str, helm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    resources = rendered(helm, given=text)
    arrived = resources["ConfigMap", "rel-sms-exporter"]["data"]["sms-exporter.yml"]
    assert arrived.strip() == yaml.safe_load(text)["config"].strip()
    container = only(resources, "Deployment")["spec"]["template"]["spec"]["containers"][0]
    folders = [mount["mountPath"] for mount in container["volumeMounts"] if "/secrets/" in mount["mountPath"]]
    for path in re.findall(r"_file: (/[\w/.-]+)", arrived):
        assert str(Path(path).parent) in folders
        (tmp_path / Path(path).name).write_text("secret-of-tests\n")
        arrived = arrived.replace(path, str(tmp_path / Path(path).name))
    for variable in container.get("env", ()):
        monkeypatch.setenv(variable["name"], "secret-of-tests")
    (tmp_path / "sms-exporter.yml").write_text(arrived)
    with redaction.forgetting():
        assert main(["check-config", str(tmp_path / "sms-exporter.yml")]) == 0


def test_a_changed_configuration_replaces_the_pod(helm: str) -> None:
    def checksum(config: str) -> str:
        given = yaml.safe_dump({"config": config})
        metadata = only(rendered(helm, given=given), "Deployment")["spec"]["template"]["metadata"]
        return str(metadata["annotations"]["checksum/config"])

    assert checksum("accounts: []") == checksum("accounts: []") != checksum("accounts: [] # changed")


def written_out() -> list[str]:
    """`auth` of every form, each time with another of its confidential parts written out."""
    found = ["{keys: {application_key_file: f, consumer_key: k}}"]
    for form in FORMS.values():
        for part in form.parts:
            if part.confidential:
                parts = ", ".join(f"{p.name}: k" if p is part else f"{p.name}_file: f" for p in form.parts)
                found.append(f"{{{form.name}: {{{parts}}}}}" if form.nested else f"{{{parts}}}")
    return found


@pytest.mark.parametrize("auth", written_out())
def test_a_secret_that_would_stand_in_a_config_map_is_refused_and_not_quoted(auth: str, helm: str) -> None:
    config = f"accounts: [{{name: shop, provider: qlara, auth: {auth.replace(': k', ': hunter-two')}}}]"
    ran = rendering(helm, given=yaml.safe_dump({"config": config}))
    assert ran.returncode != 0
    assert "account shop: auth." in ran.stderr
    assert "hunter-two" not in ran.stderr


@pytest.mark.parametrize("form", FORMS.values(), ids=lambda form: form.name)
def test_what_is_no_secret_may_stand_in_a_config_map(form: Form, helm: str) -> None:
    parts = [f"{part.name}_env: V" if part.confidential else f"{part.name}: shown" for part in form.parts]
    auth = f"{{{form.name}: {{{', '.join(parts)}}}}}" if form.nested else f"{{{', '.join(parts)}}}"
    config = f"accounts: [{{name: shop, provider: qlara, auth: {auth}}}]"
    assert auth in rendered(helm, given=yaml.safe_dump({"config": config}))["ConfigMap", "rel-sms-exporter"]["data"]["sms-exporter.yml"]  # fmt: skip


def test_the_chart_knows_which_parts_are_no_secrets() -> None:
    (listed,) = re.findall(r"has \$part \(list ([^)]+)\)", (CHART / "templates/_helpers.tpl").read_text("utf-8"))
    assert set(re.findall(r'"(\w+)"', listed)) == {
        part.name for form in FORMS.values() for part in form.parts if not part.confidential
    }


PROXIES = ["http://user:hunter-two@proxy:3128", "http://hunter-two@proxy", "//:hunter-two@proxy", "u:hunter-two@proxy"]


@pytest.mark.parametrize("url", PROXIES)
@pytest.mark.parametrize("where", ["defaults", "account shop"])
def test_a_proxys_password_that_would_stand_in_a_config_map_is_refused_and_not_quoted(
    where: str, url: str, helm: str
) -> None:
    http = {"http": {"proxy_url": url}}
    account = {"name": "shop", "provider": "qlara", **({} if where == "defaults" else http)}
    config = yaml.safe_dump({"accounts": [account]} | ({"defaults": http} if where == "defaults" else {}))
    ran = rendering(helm, given=yaml.safe_dump({"config": config}))
    assert ran.returncode != 0
    assert f"config: {where}: the user part of http.proxy_url would stand in a ConfigMap" in ran.stderr
    assert "hunter-two" not in ran.stderr


@pytest.mark.parametrize("url", ["http://proxy:3128", "https://proxy.example.com/", "null"])
def test_a_proxy_without_a_password_may_stand_in_a_config_map(url: str, helm: str) -> None:
    config = f"defaults: {{http: {{proxy_url: {url}}}}}\naccounts: [{{name: shop, http: null}}]"
    assert url in rendered(helm, given=yaml.safe_dump({"config": config}))["ConfigMap", "rel-sms-exporter"]["data"]["sms-exporter.yml"]  # fmt: skip


def test_a_configuration_in_a_secret_passes_through_no_config_map(helm: str) -> None:
    given = {"existingConfigSecret": {"name": "sms-config", "key": "accounts.yml"}, "config": "accounts: [{auth: {api_key: k}}]"}  # fmt: skip
    resources = rendered(helm, given=yaml.safe_dump(given))
    assert "ConfigMap" not in kinds(resources)
    pod = only(resources, "Deployment")["spec"]["template"]
    assert pod["spec"]["volumes"] == [{"name": "config", "secret": {"secretName": "sms-config", "defaultMode": 0o440}}]
    assert "--config.file=/etc/sms-exporter/config/accounts.yml" in pod["spec"]["containers"][0]["args"]
    assert "checksum/config" not in pod["metadata"]["annotations"]
    for version in KUBERNETES:
        kubernetes_validate.validate(only(resources, "Deployment"), version, strict=True)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"existingConfigMap": {"name": "a"}, "existingConfigSecret": {"name": "b"}}, "keep one of them"),
        ({"config": "accounts: ["}, "config is not YAML"),
        ({"scrape": {"kind": "Probe"}}, "no account is known"),
        ({"scrape": {"kind": "Probe"}, "config": "accounts: [{name: 012}]"}, "quote it"),
        ({"replica": 2}, "replica"),
    ],
)
def test_what_can_not_be_meant_is_refused_with_a_reason(given: dict[str, Any], said: str, helm: str) -> None:
    ran = rendering(helm, given=yaml.safe_dump(given))
    assert ran.returncode != 0
    assert said in ran.stderr


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
