"""The served port in real processes: a Prometheus over TLS, sockets from systemd, a file that is swapped."""

import base64
import fcntl
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import bcrypt
import pytest
import trustme

from tests.conftest import program
from tests.processes import Process, eventually, exporter, fetch, free_port, prometheus, query, running

pytestmark = pytest.mark.end_to_end

ACCOUNTS = "accounts: []\n"
USERS = f"basic_auth_users:\n  prometheus: {bcrypt.hashpw(b'the-password', bcrypt.gensalt(4)).decode()}\n"
BASIC = {"Authorization": "Basic " + base64.b64encode(b"prometheus:the-password").decode()}
TLS = """tls_server_config:
  cert_file: server.pem
  key_file: server.key
  client_ca_file: ca.pem
  client_auth_type: RequireAndVerifyClientCert
  client_allowed_sans: [prometheus.example.org]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty configuration, and certificates of one authority for the exporter and two clients."""
    (tmp_path / "sms-exporter.yml").write_text(ACCOUNTS)
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    for name, host in (("server", "127.0.0.1"), ("client", "prometheus.example.org"), ("other", "grafana.example.org")):
        certificate = ca.issue_cert(host)
        certificate.private_key_pem.write_to_path(tmp_path / f"{name}.key")
        (tmp_path / f"{name}.pem").write_bytes(certificate.cert_chain_pems[0].bytes())
    return tmp_path


def scraping(folder: Path, address: str, client: str = "client", password: str = "the-password") -> dict[str, Any]:
    return {
        "scrape_configs": [
            {
                "job_name": "sms",
                "scheme": "https",
                "scrape_interval": "1s",
                "scrape_timeout": "1s",
                "basic_auth": {"username": "prometheus", "password": password},
                "tls_config": {
                    "ca_file": str(folder / "ca.pem"),
                    "cert_file": str(folder / f"{client}.pem"),
                    "key_file": str(folder / f"{client}.key"),
                },
                "static_configs": [{"targets": [address]}],
            }
        ]
    }


@pytest.fixture
def served(folder: Path) -> Iterator[tuple[str, Process]]:
    (folder / "web.yml").write_text(TLS + USERS)
    with exporter(folder, folder / "sms-exporter.yml", "--web.config.file=web.yml") as (address, process):
        yield address, process


def test_a_prometheus_scrapes_over_https_with_password_and_client_certificate(
    folder: Path, served: tuple[str, Process]
) -> None:
    address, process = served
    assert process.said(f'(msg="TLS is enabled." address={address})')
    with prometheus(folder, scraping(folder, address)) as url:
        eventually("a scrape", lambda: query(url, "up == 1") or None)
        assert [value for _, value in query(url, "sms_exporter_accounts")] == [0.0]
    assert process.end(signal.SIGTERM) == 0
    assert "Traceback" not in process.log.read_text()


@pytest.mark.parametrize(("client", "password"), [("other", "the-password"), ("client", "another-password")])
def test_a_prometheus_with_another_name_or_password_gets_nothing(
    folder: Path, served: tuple[str, Process], client: str, password: str
) -> None:
    address, _ = served
    with prometheus(folder, scraping(folder, address, client, password)) as url:
        eventually("a refusal", lambda: query(url, "up == 0") or None)
        assert query(url, "sms_exporter_accounts") == []


@contextmanager
def hanging(file: Path) -> Iterator[None]:
    """Nobody else can open a file, as where a mount hangs: the kernel waits for who has a lease on it."""
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)
    with file.open("r+b") as opened:
        fcntl.fcntl(opened, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        try:
            yield
        finally:
            fcntl.fcntl(opened, fcntl.F_SETLEASE, fcntl.F_UNLCK)
            signal.signal(signal.SIGIO, before)


def asked(url: str) -> int:
    request = urllib.request.Request(url, headers=BASIC)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.parametrize("what", ["fifo", "hanging"])
def test_a_web_configuration_that_cannot_be_read_holds_nothing_up(folder: Path, what: str) -> None:
    file = folder / "web.yml"
    file.write_text(USERS)
    with (
        exporter(folder, folder / "sms-exporter.yml", f"--web.config.file={file}") as (address, process),
        ExitStack() as stack,
    ):
        assert asked(f"http://{address}/metrics") == 200
        if what == "fifo":
            file.unlink()
            os.mkfifo(file)
        else:
            stack.enter_context(hanging(file))
        began = time.monotonic()
        assert [asked(f"http://{address}/metrics") for _ in range(5)] == [500] * 5
        assert time.monotonic() - began < 4
        assert process.said(r"(not a regular file|its file system doesn't answer|Resource temporarily unavailable)")
        if what == "hanging":
            stack.close()
            eventually("an end of the hanging", lambda: asked(f"http://{address}/metrics") == 200 or None)
            stack.enter_context(hanging(file))
            assert asked(f"http://{address}/metrics") == 500
        assert process.end(signal.SIGTERM) == 0
        assert process.log.read_text().count("Web configuration is broken") == (1 if what == "fifo" else 2)


def test_certificates_that_hang_leave_the_last_ones(folder: Path, served: tuple[str, Process]) -> None:
    address, process = served
    assert over_tls(folder, address, "/metrics")[0] == 200
    with hanging(folder / "server.key"):
        began = time.monotonic()
        assert [over_tls(folder, address, "/metrics")[0] for _ in range(5)] == [200] * 5
        assert time.monotonic() - began < 2
    assert process.end(signal.SIGTERM) == 0


def test_a_fifo_at_the_start_is_refused(folder: Path) -> None:
    os.mkfifo(folder / "web.yml")
    command = [sys.executable, "-m", "exporter", "--web.config.file=web.yml", "--web.listen-address=127.0.0.1:0"]
    ended = subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True, timeout=20)
    assert ended.returncode == 1
    assert "not a regular file" in ended.stderr


def over_tls(folder: Path, address: str, path: str, client: str = "client") -> tuple[int, str]:
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    context.load_cert_chain(folder / f"{client}.pem", folder / f"{client}.key")
    token = base64.b64encode(b"prometheus:the-password").decode()
    request = urllib.request.Request(f"https://{address}{path}", headers={"Authorization": f"Basic {token}"})
    try:
        with urllib.request.urlopen(request, timeout=10, context=context) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, ""


def test_a_certificate_that_is_renewed_serves_the_next_connection_and_a_broken_file_is_500(
    folder: Path, served: tuple[str, Process]
) -> None:
    address, process = served
    newer = trustme.CA()
    certificate = newer.issue_cert("127.0.0.1")
    certificate.private_key_pem.write_to_path(folder / "server.key")
    (folder / "server.pem").write_bytes(certificate.cert_chain_pems[0].bytes())
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        over_tls(folder, address, "/-/healthy")
    (folder / "ca.pem").write_bytes((folder / "ca.pem").read_bytes() + newer.cert_pem.bytes())
    assert over_tls(folder, address, "/-/healthy") == (200, "sms-exporter is healthy.\n")
    (folder / "web.yml").write_text(TLS + "rate_limit: {}\n")
    assert over_tls(folder, address, "/-/healthy") == (500, "")
    assert process.said(r"(web\.yml:7: rate_limit: not supported)")


def test_a_connection_that_is_idle_or_never_speaks_holds_up_no_end(folder: Path, served: tuple[str, Process]) -> None:
    address, process = served
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    context.load_cert_chain(folder / "client.pem", folder / "client.key")
    host, _, port = address.partition(":")
    with (
        socket.create_connection((host, int(port))) as plain,
        socket.create_connection((host, int(port))),
        context.wrap_socket(plain, server_hostname=host) as idle,
    ):
        idle.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(100).startswith(b"HTTP/1.1 401")
        assert process.end(signal.SIGTERM) == 0


@pytest.mark.parametrize("name", ["web.yml", "none.yml"])
def test_a_web_configuration_that_is_broken_at_the_start_ends_it(folder: Path, name: str) -> None:
    (folder / "web.yml").write_text(TLS + "rate_limit: {}\n")
    ended = subprocess.run(
        [sys.executable, "-m", "exporter", f"--web.config.file={name}", "--web.listen-address=127.0.0.1:0"],
        capture_output=True, text=True, check=False, timeout=30, cwd=folder,
    )  # fmt: skip
    assert ended.returncode == 1
    assert f"{name}:" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_demo_says_https_where_it_is_served_so(folder: Path) -> None:
    (folder / "web.yml").write_text("tls_server_config: {cert_file: server.pem, key_file: server.key}\n")
    command = (
        sys.executable,
        "-m",
        "exporter",
        "demo",
        "--web.listen-address=127.0.0.1:0",
        "--web.config.file=web.yml",
    )
    with running(folder, "demo", *command) as process:
        url = eventually("the demo", lambda: process.said(r"(https://\S+)/metrics"))
        assert over_tls(folder, url.removeprefix("https://"), "/-/ready")[0] == 200


# Sockets from systemd

BY_HAND = 'exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"'


def test_it_listens_on_the_sockets_that_systemd_hands_over(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()
        log = folder / "activated.log"
        with log.open("wb") as file:
            popen = subprocess.Popen(
                ["sh", "-c", BY_HAND, "sh", sys.executable, "-m", "exporter", "--web.systemd-socket"],
                stdin=listener.fileno(), stdout=file, stderr=file, cwd=folder,
            )  # fmt: skip
        process = Process(popen, log)
        try:
            # The socket listens before the exporter does: what comes early waits.
            assert fetch(f"http://{host}:{port}/-/healthy") == "sms-exporter is healthy.\n"
            assert process.said(rf'(msg="Listening on" address={host}:{port})\n')
            assert process.end(signal.SIGTERM) == 0
        finally:
            popen.kill()
            popen.wait()


def test_localhost_is_listened_on_at_both_of_its_addresses(folder: Path) -> None:
    """Whatever the machine's own file of hosts says: the process gets one in which localhost is both."""
    (folder / "hosts").write_text("::1 localhost\n127.0.0.1 localhost\n")
    port = free_port()
    serve = [sys.executable, "-m", "exporter", f"--web.listen-address=localhost:{port}"]
    private = [program("unshare"), "--map-root-user", "--mount", "sh", "-c"]
    if subprocess.run([*private, "mount --bind hosts /etc/hosts"], check=False, cwd=folder).returncode:
        pytest.skip("no mounts of one's own")
    with running(folder, "exporter", *private, 'mount --bind hosts /etc/hosts && exec "$@"', "sh", *serve) as process:
        eventually("both addresses", lambda: process.said(r"(?s)(Listening on.*Listening on)"))
        for host in ("127.0.0.1", "[::1]"):
            assert fetch(f"http://{host}:{port}/-/healthy") == "sms-exporter is healthy.\n"
        assert process.end(signal.SIGTERM) == 0


def test_systemds_own_activation(folder: Path) -> None:
    activate = shutil.which("systemd-socket-activate")
    if activate is None:
        pytest.skip("systemd-socket-activate is missing")
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    command = [
        activate,
        "-l",
        f"127.0.0.1:{port}",
        "-l",
        f"[::1]:{port}",
        sys.executable,
        "-m",
        "exporter",
        "--web.systemd-socket",
    ]
    with running(folder, "activate", *command):
        eventually("the first address", lambda: fetch(f"http://127.0.0.1:{port}/-/healthy"))
        assert fetch(f"http://[::1]:{port}/-/healthy") == "sms-exporter is healthy.\n"


def test_a_url_for_others_is_what_sd_says(folder: Path) -> None:
    flags = ("--web.external-url=https://sms.example.org/exporter",)
    (folder / "sms-exporter.yml").write_text("accounts:\n- {name: a, provider: qlara, auth: {api_key: some-key}}\n")
    with exporter(folder, folder / "sms-exporter.yml", *flags) as (address, _):
        assert '"targets": ["sms.example.org"]' in fetch(f"http://{address}/sd")


# A file that is swapped, as Kubernetes does it


def test_a_configuration_that_is_swapped_is_loaded_and_a_bad_one_is_told_once(folder: Path) -> None:
    """ConfigMaps: `sms-exporter.yml` -> `..data/sms-exporter.yml`, and `..data` is a symlink that is replaced."""

    def swap(version: str, text: str) -> None:
        (folder / version).mkdir()
        file = folder / version / "sms-exporter.yml"
        file.write_text(text)
        os.utime(file, (1_700_000_000, 1_700_000_000))  # time stamps say nothing here
        (folder / "..data_tmp").symlink_to(version)
        (folder / "..data_tmp").replace(folder / "..data")

    def accounts(*names: str) -> str:
        return "accounts:\n" + "".join(f"- {{name: {n}, provider: qlara, auth: {{api_key: key-{n}}}}}\n" for n in names)

    def served(address: str, said: str) -> bool | None:
        return f"\n{said}\n" in fetch(f"http://{address}/metrics?collect[]=exporter") or None

    file = folder / "sms-exporter.yml"
    file.unlink()
    swap("..1", accounts("a"))
    file.symlink_to("..data/sms-exporter.yml")
    flags = ("--config.enable-auto-reload", "--config.auto-reload-interval=50ms")
    with exporter(folder, file, *flags) as (address, process):
        assert served(address, "sms_exporter_accounts 1")
        swap("..2", accounts("b"))  # as long as the one before
        eventually("the reload", lambda: process.said("(Configuration loaded)"))
        swap("..3", accounts("a", "b"))
        eventually("the next", lambda: served(address, "sms_exporter_accounts 2"))
        swap("..4", accounts("a", "b", "c")[:-12])
        eventually("the refusal", lambda: served(address, "sms_exporter_config_last_reload_successful 0"))
        assert served(address, "sms_exporter_accounts 2")
        swap("..5", accounts("a", "b", "c"))
        eventually("what is whole again", lambda: served(address, "sms_exporter_accounts 3"))
        assert served(address, "sms_exporter_config_last_reload_successful 1")
        said = process.log.read_text()
    assert len(re.findall("Configuration is not loaded", said)) == 1
    assert len(re.findall("Configuration loaded", said)) == 3
