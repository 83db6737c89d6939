"""What is shipped to run it with: the compose stack, the systemd units, the workflows; and the page that explains them."""

import contextlib
import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from docs.generate import ROOT
from exporter import __version__
from exporter.cli.main import main
from exporter.secrets import redaction
from tests.conftest import program
from tests.processes import eventually, fetch, free_port, query, running
from tests.test_docs import blocks, help_of, prose, text_of

DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
UNIT = (DEPLOY / "systemd/sms-exporter.service").read_text("utf-8")
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
INSTALL = "docs/install.md"
BESIDE = Path(sys.executable).parent
"""Where the commands of the development dependencies are."""


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def assert_fits(schema: str, *files: Path) -> None:
    checked = run(BESIDE / "check-jsonschema", "--builtin-schema", f"vendor.{schema}", *files)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def setting(name: str) -> list[str]:
    """The values of a key of the systemd unit."""
    return re.findall(rf"^{name}=(.*)$", UNIT, re.MULTILINE)


def mounts(service: str) -> Iterator[tuple[Path, str, str]]:
    """The folders and files of the repository that a container sees: where they are, where it sees them, and how."""
    for volume in SERVICES[service].get("volumes", ()):
        source, target, *mode = volume.split(":")
        if source.startswith("."):
            yield (DEPLOY / source).resolve(), target, mode[0] if mode else "rw"


def lay_out(service: str, folder: Path) -> Path:
    """A folder that holds what the container sees of the repository, at the same paths; and its state, empty."""
    for source, target, _ in mounts(service):
        place = folder / target.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, place)
        else:
            shutil.copy(source, place)
    return folder


def test_the_compose_file_is_one_and_no_image_floats() -> None:
    assert_fits("compose-spec", DEPLOY / "compose.yml")
    images = {name: service["image"] for name, service in SERVICES.items()}
    assert set(images) == {"exporter", "prometheus", "alertmanager", "grafana"}
    assert [image for image in images.values() if not re.search(r":v?\d+\.\d+\.\d+$", image)] == []
    pulled = [*images.values(), *re.findall(r"^FROM (\S+)", text_of("Dockerfile"), re.MULTILINE)]
    assert {image.partition("/")[0] for image in pulled} == {"docker.io", "ghcr.io"}  # Podman asks where from otherwise
    assert SERVICES["exporter"]["pull_policy"] == "build"
    assert images["exporter"] == f"ghcr.io/sms-exporter/sms-exporter:{__version__}"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_for_this_machine_alone_and_changes_nothing_of_the_checkout(service: str) -> None:
    said = SERVICES[service]
    assert [port for port in said["ports"] if not port.startswith("127.0.0.1:")] == []
    assert (said["read_only"], said["cap_drop"]) == (True, ["ALL"])
    assert said["security_opt"] == ["no-new-privileges:true"]
    assert service == "exporter" or "healthcheck" in said  # the exporter's is in its image
    for source, _, mode in mounts(service):
        assert mode == "ro"
        assert source.exists(), source
        assert source.is_relative_to(ROOT)


def test_grafana_sees_every_dashboard_where_its_provisioning_looks() -> None:
    (provider,) = yaml.safe_load((ROOT / "dashboards/provisioning/dashboards/sms-exporter.yml").read_text("utf-8"))["providers"]  # fmt: skip
    seen = {source: target for source, target, _ in mounts("grafana") if source.suffix == ".json"}
    assert set(seen) == set((ROOT / "dashboards").glob("*.json"))
    assert {str(Path(target).parent) for target in seen.values()} == {provider["options"]["path"]}
    (source,) = yaml.safe_load((ROOT / "dashboards/provisioning/datasources/prometheus.yml").read_text("utf-8"))["datasources"]  # fmt: skip
    assert source["url"] == "http://prometheus:9090"


def test_prometheus_and_alertmanager_take_what_their_containers_see(promtool: str, tmp_path: Path) -> None:
    folder = lay_out("prometheus", tmp_path / "prometheus")
    checked = run(promtool, "check", "config", folder / "etc/prometheus/prometheus.yml")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert re.search(r"SUCCESS: \d+ rules found", checked.stdout)
    folder = lay_out("alertmanager", tmp_path / "alertmanager")
    checked = run(program("amtool"), "check-config", folder / "etc/alertmanager/alertmanager.yml")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert re.search(r" - [1-9]\d* templates", checked.stdout)


def flags(service: str, folder: Path, port: int) -> list[str]:
    """The container's own flags, with its paths in the folder, on a port of our own."""
    given = [re.sub(r"(?<==)/(?!/)", f"{folder}/", flag) for flag in SERVICES[service]["command"]]
    return [*given, f"--web.listen-address=127.0.0.1:{port}"]


def is_healthy(service: str, url: str) -> bool:
    """Whether the container's health check is content with a process elsewhere."""
    command, *words = SERVICES[service]["healthcheck"]["test"][1:]
    elsewhere = [word.replace("http://localhost:9093", url) for word in words]
    if command == "promtool":
        elsewhere.append(f"--url={url}")
    ran = run(program(command), *elsewhere)
    if 'expected command but got "ready"' in ran.stderr:  # Debian 12's promtool is older than the image's
        with contextlib.suppress(OSError):
            return "Ready" in fetch(f"{url}/-/ready")
    return ran.returncode == 0


@pytest.mark.end_to_end
def test_the_stack_without_its_containers_scrapes_the_demo_and_finds_its_alertmanager(tmp_path: Path) -> None:
    home = {name: lay_out(name, tmp_path / name) for name in ("prometheus", "alertmanager")}
    port = {name: free_port() for name in home}
    url = {name: f"http://127.0.0.1:{each}" for name, each in port.items()}
    assert not is_healthy("prometheus", url["prometheus"])
    assert not is_healthy("alertmanager", url["alertmanager"])
    demo = [sys.executable, "-m", "exporter", *SERVICES["exporter"]["command"], "--web.listen-address=127.0.0.1:0"]
    alertmanager = [program("prometheus-alertmanager"), *flags("alertmanager", home["alertmanager"], port["alertmanager"])]  # fmt: skip
    with running(tmp_path, "demo", *demo) as exporter, running(tmp_path, "am", *alertmanager):
        address = eventually("the demo", lambda: exporter.said(r'msg="Listening on" address=(\S+)'))
        file = home["prometheus"] / "etc/prometheus/prometheus.yml"
        hosts = {"exporter:10077": address, "alertmanager:9093": f"127.0.0.1:{port['alertmanager']}"}
        for name, there in hosts.items():
            assert f'"{name}"' in file.read_text()
            file.write_text(file.read_text().replace(name, there).replace("15s", "1s"))
        rules = home["prometheus"] / "etc/prometheus/rules.yml"
        rules.write_text(re.sub(r"^    interval: .*$", "    interval: 1s", rules.read_text(), flags=re.MULTILINE))
        prometheus = [program("prometheus"), *flags("prometheus", home["prometheus"], port["prometheus"])]
        with running(tmp_path, "prom", *prometheus):
            eventually("Prometheus", lambda: is_healthy("prometheus", url["prometheus"]) or None)
            assert is_healthy("alertmanager", url["alertmanager"])
            eventually("a scrape", lambda: query(url["prometheus"], 'sms_credit_balance{job="sms-exporter"}') or None)
            known = json.loads(fetch(f"{url['prometheus']}/api/v1/alertmanagers"))["data"]["activeAlertmanagers"]
            assert [each["url"] for each in known] == [f"{url['alertmanager']}/api/v2/alerts"]
            groups = eventually("the rules' first evaluation", lambda: evaluated(url["prometheus"]))
            assert {rule["health"] for group in groups for rule in group["rules"]} == {"ok"}


def evaluated(url: str) -> list[dict[str, Any]] | None:
    groups: list[dict[str, Any]] = json.loads(fetch(f"{url}/api/v1/rules"))["data"]["groups"]
    pending = [rule for group in groups for rule in group["rules"] if rule["health"] == "unknown"]
    return None if pending or not groups else groups


def test_the_unit_is_hardened_and_leaves_what_the_metrics_need() -> None:
    if not (analyze := shutil.which("systemd-analyze")):
        pytest.skip("systemd-analyze is missing: no systemd here")
    checked = run(analyze, "security", "--offline=true", "--no-pager", DEPLOY / "systemd/sms-exporter.service")
    exposure = re.search(r"Overall exposure level for sms-exporter\.service: ([\d.]+)", checked.stdout)
    assert exposure is not None, checked.stderr
    assert float(exposure[1]) <= 1.2
    assert exposure[1] in re.findall(r"gives the unit ([\d.]+) of 10", text_of(INSTALL))
    assert setting("ProcSubset") == []  # process_* need /proc/stat


def test_the_unit_runs_flags_that_exist_and_reloads_by_the_signal_that_reloads() -> None:
    (start,), (reload,) = setting("ExecStart"), setting("ExecReload")
    command, *words = shlex.split(start)
    assert (command, words[0], words[-1]) == ("/opt/sms-exporter/bin/sms-exporter", "serve", "$ARGS")
    known = help_of("serve")
    assert [word for word in words if word.startswith("--") and word.partition("=")[0] not in known] == []
    assert reload == "/bin/kill -HUP $MAINPID"


def test_a_secret_that_systemd_hands_over_is_found_where_the_example_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    (credential,) = setting("LoadCredential")
    name, _, folder = credential.partition(":")
    assert folder == "/etc/sms-exporter/secrets"
    assert re.findall(r"cat > /etc/sms-exporter/secrets/(\w+)", text_of(INSTALL)) == ["qlara", "agiletelecom"]
    text = (DEPLOY / "systemd/sms-exporter.yml").read_text("utf-8")
    handed = "/run/credentials/sms-exporter.service"
    (tmp_path / "credentials").mkdir()
    for file in ("qlara", "agiletelecom"):  # systemd's rule for folders: the credential's name, _, the file's
        (tmp_path / f"credentials/{name}_{file}").write_text(f"secret-of-tests-{file}\n")
    (tmp_path / "sms-exporter.yml").write_text(text.replace(handed, str(tmp_path / "credentials")))
    monkeypatch.chdir("/")
    with redaction.forgetting():
        assert main(["check-config", str(tmp_path / "sms-exporter.yml")]) == 0
    printed = capsys.readouterr()
    assert (printed.err, "valid, 2 accounts" in printed.out) == ("", True)


def test_the_unit_is_started_again_for_ever_as_the_page_says() -> None:
    assert (setting("Restart"), setting("RestartSec"), setting("StartLimitIntervalSec")) == (["on-failure"], ["5s"], ["0"])  # fmt: skip
    assert UNIT.index("StartLimitIntervalSec") < UNIT.index("[Service]")  # elsewhere systemd ignores it
    assert "tried again every 5 s, without end" in text_of(INSTALL)


def test_the_socket_listens_where_the_exporter_does() -> None:
    assert re.findall(r"^ListenStream=(.*)$", text_of("deploy/systemd/sms-exporter.socket"), re.MULTILINE) == ["10077"]


def test_every_flag_that_is_shipped_or_explained_is_a_flag() -> None:
    known = set(re.findall(r"--[a-z][a-z.-]+", help_of("serve")))
    shipped = [DEPLOY / "systemd/sms-exporter.socket", DEPLOY / "systemd/sms-exporter.service", ROOT / "Dockerfile"]
    said = " ".join(path.read_text("utf-8") for path in [*shipped, ROOT / INSTALL, ROOT / "SECURITY.md"])
    assert set(re.findall(r"--(?:config|web|log|timeout)[a-z.-]*[a-z]", said)) - known == set()


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_runs_actions_by_digest_and_starts_without_rights(workflow: Path) -> None:
    assert_fits("github-workflows", workflow)
    text = workflow.read_text("utf-8")
    assert yaml.safe_load(text)["permissions"] == {}
    used = re.findall(r"uses: (.*)$", text, re.MULTILINE)
    assert used
    checkouts = [each for each in used if each.startswith("actions/checkout@")]
    assert text.count("          persist-credentials: false\n") == len(checkouts)
    assert [each for each in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each)] == []


def test_the_workflows_pass_their_linter_and_dependabot_knows_its_file() -> None:
    assert_fits("dependabot", ROOT / ".github/dependabot.yml")
    linted = run(BESIDE / "zizmor", "--offline", "--persona=pedantic", "--no-progress", ROOT / ".github")
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_a_release_says_one_version_everywhere() -> None:
    chart = yaml.safe_load(text_of("deploy/helm/sms-exporter/Chart.yaml"))
    assert (chart["version"], chart["appVersion"]) == (__version__, __version__)
    assert set(re.findall(r"sms-exporter/sms-exporter:([\w.]+)", text_of(INSTALL))) == {__version__}


def test_files_and_addresses_that_the_page_names_are_there() -> None:
    commands = " ".join(blocks(INSTALL, "sh")) + prose(INSTALL)
    named = set(re.findall(r"(?<![\w/(])(?:deploy|dashboards)/[\w./-]*\w", commands))
    assert len(named) > 5
    assert [name for name in named - {"deploy/own.yml"} if not (ROOT / name).exists()] == []  # that one is shown
    ports = {int(port) for service in SERVICES.values() for port in re.findall(r":(\d+):", service["ports"][0])}
    assert {int(port) for port in re.findall(r"<http://localhost:(\d+)", prose(INSTALL))} == ports


def test_the_compose_files_of_the_page_lie_over_ours(tmp_path: Path) -> None:
    shown = [text for text in blocks(INSTALL, "yaml") if "services" in yaml.safe_load(text)]
    assert len(shown) == 2
    for number, text in enumerate(shown):
        (tmp_path / f"{number}.yml").write_text(text)
    assert_fits("compose-spec", *tmp_path.glob("*.yml"))
    own = yaml.safe_load(shown[1])["services"]
    assert set(own) <= set(SERVICES)
    # Compose takes paths as relative to the folder of the first file.
    (source, *_) = own["exporter"]["volumes"][0].split(":")
    assert (DEPLOY / source).resolve() == ROOT / "sms"
    commands = " ".join(blocks(INSTALL, "sh"))
    assert shown[1].startswith("# deploy/own.yml")
    assert "docker compose -f deploy/compose.yml -f deploy/own.yml up" in commands


def shipped_configurations() -> dict[str, str]:
    """Every configuration that is shipped: the example, the unit's, those of the chart's cases."""
    chart = ROOT / "deploy/helm/sms-exporter"
    files = [ROOT / "sms-exporter.example.yml", DEPLOY / "systemd/sms-exporter.yml"]
    found = {str(file.relative_to(ROOT)): file.read_text("utf-8") for file in files}
    for file in [chart / "values.yaml", *sorted((chart / "ci").glob("*-values.yaml"))]:
        config = yaml.safe_load(file.read_text("utf-8")).get("config")
        if config is not None:
            found[str(file.relative_to(ROOT))] = config
    return found


@pytest.mark.parametrize("name", shipped_configurations())
def test_every_configuration_that_is_shipped_is_right_where_its_secrets_are_not(name: str, tmp_path: Path) -> None:
    (tmp_path / "sms-exporter.yml").write_text(shipped_configurations()[name])
    assert main(["check-config", "--syntax-only", str(tmp_path / "sms-exporter.yml")]) == 0
