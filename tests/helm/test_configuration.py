"""The configuration arrives as it is, and no secret passes through a ConfigMap."""

import re
from pathlib import Path

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from exporter.cli.main import main
from exporter.secrets import redaction
from exporter.sign_in import FORMS, Form
from tests.helm.rendering import CHART, KUBERNETES, SHOWN, kinds, only, rendered, rendering


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
    assert (
        f"config: {where}: the user part of http.proxy_url would stand in a ConfigMap; take the proxy from a Secret"
        in ran.stderr
    )
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
