"""The command line: commands, flags, exit codes, and what goes to which stream."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exporter import __version__
from exporter.cli import main
from exporter.providers.catalogue import builtin
from exporter.web.server import AddressError, activated, format_address, listen, listeners, url
from tests.test_docs import COMMANDS

CONFIG = "accounts:\n- name: shop\n  provider: qlara\n  auth: {api_key: a-secret-key}\n"


def run(*arguments: str) -> int:
    try:
        return main.main(arguments)
    except SystemExit as end:
        assert isinstance(end.code, int)
        return end.code


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "sms-exporter.yml"
    path.write_text(CONFIG)
    return path


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--version"], ["serve", "--version"], ["demo", "--version"]):
        assert run(*arguments) == 0
        assert capsys.readouterr().out.startswith(f"sms-exporter, version {__version__} ")


def test_help_goes_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    said = capsys.readouterr().out
    assert all(f"\n    {command}" in said for command in COMMANDS[1:])


def test_a_word_that_is_no_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("sevre") == 2
    assert "invalid choice: 'sevre'" in capsys.readouterr().err


def test_check_config_says_how_many_accounts_are_valid(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check-config", str(file)) == 0
    assert capsys.readouterr() == (f"{file}: valid, 1 account\n", "")


def test_check_config_prints_a_line_a_fault_on_stderr(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(CONFIG + "  labels: {team: x, job: y}\n  cach_ttl: 5s\n- name: shop\n  provider: qlaar\n")
    assert run("check-config", str(file)) == 1
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == ""
    assert all(line.startswith(f"{file}:") for line in lines)
    for said in (
        ":5: accounts[0].labels.team: warning: ",
        ":5: accounts[0].labels.job: ",
        ":6: accounts[0].cach_ttl: unknown key; did you mean cache_ttl?",
        ":8: accounts[1].provider: ",
        ":7: accounts[1].auth: ",
        ":7: accounts[1].name: ",
    ):
        assert any(said in line for line in lines)
    assert "a-secret-key" not in err


def test_check_config_of_a_file_that_isnt_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check-config", str(tmp_path / "none.yml")) == 1
    err = capsys.readouterr().err
    assert err.startswith(
        f"{tmp_path / 'none.yml'}: the file can't be read: No such file or directory; name yours by --config.file"
    )
    assert "sms-exporter demo" in err


def test_schema_is_a_json_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("schema") == 0
    schema = json.loads(capsys.readouterr().out)
    assert {"defaults", "accounts"} <= set(schema["properties"])
    assert run("schema", "config") == 0
    assert json.loads(capsys.readouterr().out) == schema
    assert run("schema", "provider") == 0
    assert {"base_url", "sign_in", "apis"} <= set(json.loads(capsys.readouterr().out)["properties"])


def test_providers_lists_them_and_describes_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("providers") == 0
    listed = capsys.readouterr().out
    assert [line.split()[0] for line in listed.splitlines()] == ["ID", *builtin()]
    assert run("providers", "gatewayapi") == 0
    described = capsys.readouterr().out
    for said in (
        "GatewayAPI (gatewayapi)",
        "  token (header Authorization: Token …)",
        "api prices: GET /api/prices/list/sms/json (asked where apis names it; public: no credential is sent;",
        "  sms_credit_balance from credit and currency",
        "  sms_account_info from id",
        "notes:",
    ):
        assert said in described
    assert run("providers", "agiletelecom") == 0
    assert "our reading of the page" in capsys.readouterr().out


def test_an_unknown_provider_gets_the_nearest_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("providers", "gatewayap") == 1
    assert "did you mean gatewayapi?" in capsys.readouterr().err


@pytest.mark.parametrize(
    "flag",
    [
        "--web.telemetry-path=metrics",
        "--web.telemetry-path=/probe",
        "--web.telemetry-path=/-/healthy",
        "--web.telemetry-path=/{x}",
        "--web.max-requests=-1",
        "--web.max-requests=x",
        "--timeout-offset=-1",
        "--timeout-offset=nan",
        "--timeout-offset=x",
        "--log.level=loud",
        "--log.format=xml",
        "--config.auto-reload-interval=0s",
        "--config.auto-reload-interval=30",
        "--web.external-url=sms.example.org",
        "--web.external-url=ftp://sms.example.org",
        "--web.external-url=https://user@sms.example.org",
        "--web.external-url=https://sms.example.org/?a=b",
        "--web.external-url=https://sms.example.org:port",
        "--config.fil=x",
    ],
)
def test_a_flag_that_makes_no_sense_is_refused(flag: str) -> None:
    assert run(flag) == 2
    assert run("serve", flag) == 2


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["--config.fil", "x"], "--config.file"),
        (["-config.file=x"], "--config.file"),
        (["serve", "--web.listen-adress=:1"], "--web.listen-address"),
        (["demo", "--demo.sped=2"], "--demo.speed"),
        (["check", "--formt", "json"], "--format"),
    ],
)
def test_an_unknown_flag_gets_the_nearest_one(
    arguments: list[str], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == (3 if arguments[0] == "check" else 2)
    assert capsys.readouterr().err.endswith(f"; did you mean {meant}?\n")


@pytest.mark.parametrize("arguments", [["--zzz"], ["serve", "shop"], ["providers", "--format=json"]])
def test_a_flag_that_is_like_none_is_named_alone(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*arguments) == 2
    assert capsys.readouterr().err.endswith(f": unrecognized arguments: {arguments[-1]}\n")


@pytest.mark.parametrize("command", [["schema"], ["providers", "gatewayapi"], ["--help"]])
def test_who_has_read_enough_ends_it_quietly(command: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as output:
        ended = subprocess.run(
            [sys.executable, "-m", "exporter", *command],
            stdout=output, stderr=subprocess.PIPE, check=False, timeout=30,
            env={**os.environ, "PYTHONUNBUFFERED": ""},  # argparse swallows what an unbuffered write raises
        )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (-signal.SIGPIPE, b"")


@pytest.mark.parametrize(
    "flag", ["--demo.speed=0", "--demo.speed=fast", "--demo.seed=x", "--config.file=x", "--config.enable-auto-reload"]
)
def test_a_flag_of_the_demo_that_makes_no_sense_is_refused(flag: str) -> None:
    assert run("demo", flag) == 2


def test_a_file_with_faults_ends_the_start_with_exit_code_1(file: Path) -> None:
    file.write_text("accounts: [{}]\n")
    for arguments in (["--config.file", str(file)], ["serve", f"--config.file={file}"]):
        ended = subprocess.run(
            [sys.executable, "-m", "exporter", *arguments], capture_output=True, text=True, check=False, timeout=30
        )
        assert ended.returncode == 1
        assert f"{file}:1: accounts[0]" in ended.stderr
        assert "Traceback" not in ended.stderr


def test_an_address_that_is_taken_ends_the_start_with_exit_code_1(file: Path) -> None:
    (taken,) = listen("127.0.0.1:0")
    with taken:
        ended = subprocess.run(
            [
                sys.executable,
                "-m",
                "exporter",
                f"--config.file={file}",
                f"--web.listen-address={format_address(taken)}",
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
    assert ended.returncode == 1
    assert "Address already in use" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("address", "host"),
    [("127.0.0.1:0", "127.0.0.1"), ("[::1]:0", "[::1]"), (":0", "[::]")],
)
def test_listen_addresses(address: str, host: str) -> None:
    (listener,) = listen(address)
    with listener:
        assert format_address(listener).rpartition(":")[0] in {host, "0.0.0.0", "[::1]"}


def looked_up(*places: tuple[socket.AddressFamily, tuple[object, ...]]) -> Callable[..., list[object]]:
    return lambda *_, **__: [(family, socket.SOCK_STREAM, 6, "", where) for family, where in places]


def test_help_without_a_command_shows_the_flags_of_serve(capsys: pytest.CaptureFixture[str]) -> None:
    assert (run("serve", "--help"), run("--help")) == (0, 0)
    of_serve, _, whole = capsys.readouterr().out.partition("usage: sms-exporter [-h]")
    flags = set(re.findall(r"^  (--[\w.-]+)", of_serve, re.MULTILINE))
    assert len(flags) > 12
    assert flags <= set(re.findall(r"^  (--[\w.-]+)", whole.partition("flags of serve")[2], re.MULTILINE))


def test_check_config_takes_one_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check-config", "one.yml", "--config.file=another.yml") == 2
    assert "not allowed with argument FILE" in capsys.readouterr().err


V4, V6 = (socket.AF_INET, ("127.0.0.1", 0)), (socket.AF_INET6, ("::1", 0, 0, 0))
ELSEWHERE = (socket.AF_INET, ("192.0.2.1", 0))


@pytest.mark.parametrize(
    ("places", "hosts"),
    [
        ([V6, V4], ["[::1]", "127.0.0.1"]),
        ([V4, V6, V4], ["127.0.0.1", "[::1]"]),
        ([ELSEWHERE, V4], ["127.0.0.1"]),
    ],
)
def test_a_name_is_listened_on_at_each_of_its_addresses(
    places: list[Any], hosts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", looked_up(*places))
    found = listen("localhost:0")
    addresses = [format_address(listener).rpartition(":") for listener in found]
    for listener in found:
        listener.close()
    assert [host for host, _, _ in addresses] == hosts
    assert len({port for _, _, port in addresses}) == 1


def test_a_name_whose_port_is_taken_at_one_address_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(socket, "getaddrinfo", looked_up(V6, V4))
        with pytest.raises(AddressError, match="in use"):
            listen(f"localhost:{port}")
        socket.create_server(("::1", port), family=socket.AF_INET6).close()  # nothing is left listening


@pytest.mark.parametrize(
    "address", ["", "10077", "host", "127.0.0.1:x", "127.0.0.1:70000", "no.such.host.invalid:1", "1.2.3.4:1"]
)
def test_a_listen_address_that_cant_be_had_is_named(address: str) -> None:
    with pytest.raises(AddressError, match="--web\\.listen-address"):
        listen(address)


def test_every_address_of_the_machine_is_shown_as_localhost() -> None:
    assert url("[::]:10077") == url("0.0.0.0:10077") == "http://localhost:10077"
    assert url("127.0.0.1:5") == "http://127.0.0.1:5"
    assert url("[::1]:5", "https") == "https://[::1]:5"


def test_several_addresses_and_the_default() -> None:
    found = listeners(["127.0.0.1:0", "[::1]:0"], use_systemd=False, default=":10077")
    found += listeners(None, use_systemd=False, default="127.0.0.1:0")
    assert [format_address(listener).rpartition(":")[0] for listener in found] == ["127.0.0.1", "[::1]", "127.0.0.1"]
    for listener in found:
        listener.close()


def test_addresses_and_systemd_exclude_one_another() -> None:
    with pytest.raises(AddressError, match="exclude one another"):
        listeners(["127.0.0.1:0"], use_systemd=True, default=":10077")


@pytest.mark.parametrize(
    "environment", [{}, {"LISTEN_PID": "1", "LISTEN_FDS": "1"}, {"LISTEN_FDS": "x"}, {"LISTEN_FDS": "0"}]
)
def test_sockets_that_systemd_gave_nobody_or_another_are_refused(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ({"LISTEN_PID": str(os.getpid())} | environment).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(AddressError, match="handed over no socket"):
        listeners(None, use_systemd=True, default=":10077")
    assert "LISTEN_PID" not in os.environ  # what runs further programs would pass it on


@pytest.mark.parametrize("kind", ["tcp", "connected", "unix", "file"])
def test_only_listening_tcp_sockets_are_taken_from_systemd(
    kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
    monkeypatch.setenv("LISTEN_FDS", "1")
    with socket.socket(socket.AF_UNIX if kind == "unix" else socket.AF_INET) as given:
        if kind == "unix":
            given.bind(str(tmp_path / "socket"))
        if kind != "connected":
            given.listen()
        descriptor = os.open(tmp_path, os.O_RDONLY) if kind == "file" else os.dup(given.fileno())
        os.set_inheritable(descriptor, True)
        if kind == "tcp":
            (taken,) = activated(descriptor)
            with taken:
                assert (format_address(taken), taken.get_inheritable()) == (format_address(given), False)
            return
        said = f"descriptor {descriptor}: Socket operation on non-socket" if kind == "file" else "ListenStream="
        with pytest.raises(AddressError, match=said):
            activated(descriptor)
        if kind == "file":
            os.close(descriptor)
