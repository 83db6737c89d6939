"""The whole way in real processes: simulator, exporter, and a Prometheus with the documented scrape configurations."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.processes import Simulator, eventually, exporter, fetch, free_port, prometheus, query, running, simulator

pytestmark = pytest.mark.end_to_end

PAGE = Path(__file__).parent.parent / "docs/configuration.md"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("end-to-end")


@pytest.fixture(scope="module")
def provider(folder: Path) -> Iterator[Simulator]:
    # A clock that all but stands still: what the simulator says and what Prometheus holds can be compared exactly.
    with simulator(folder, "--speed", "0.001", "--latency", "0") as started:
        yield started


@pytest.fixture(scope="module")
def address(folder: Path, provider: Simulator) -> Iterator[str]:
    with exporter(folder, provider.config_file) as (address, _):
        yield address


def scrape_configurations(of_probe: bool, address: str, accounts: list[str]) -> dict[str, Any]:
    """The documented ones, asked every second, with this test's address and accounts."""
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    chosen = next(b for b in blocks if "scrape_configs:" in b and ("metrics_path: /probe" in b) is of_probe)
    config: dict[str, Any] = yaml.safe_load(chosen.replace("localhost:10077", address))
    for job in config["scrape_configs"]:
        job |= {"scrape_interval": "1s", "scrape_timeout": "1s"}
        if job.get("metrics_path") == "/probe":
            job["static_configs"][0]["targets"] = accounts
    return config


@pytest.mark.parametrize("of_probe", [False, True], ids=["metrics", "probe"])
def test_prometheus_holds_what_the_simulator_says(
    folder: Path, provider: Simulator, address: str, of_probe: bool
) -> None:
    truth = provider.control("state")["accounts"]
    healthy = {name: state for name, state in truth.items() if not state["errors"]}
    config = scrape_configurations(of_probe, address, list(truth))
    with prometheus(folder, config, f"prometheus-{'probe' if of_probe else 'metrics'}") as url:
        # The second scrape, so that the first, which opens every connection, may have ended early.
        eventually(
            "a scrape",
            lambda: (
                query(url, f"count(sms_api_up) >= {len(truth)} and count(count_over_time(sms_api_up[1m]) >= 2) > 0")
                or None
            ),
        )
        eventually("all that is healthy", lambda: query(url, f"sum(sms_account_up) >= {len(healthy)}") or None)
        balances = query(url, "sms_credit_balance")
        ups = query(url, "sms_account_up")
        statuses = query(url, "sms_subscription_status == 1")
        ratios = query(url, "contacts_used_ratio")
        recharges = query(url, "sms_credit_last_recharge_timestamp_seconds")
        own = query(url, "sms_exporter_build_info")
    assert {labels["account"]: float(up) for labels, up in ups} == {n: float(n in healthy) for n in truth}
    configured = yaml.safe_load(provider.config_file.read_text())["accounts"]
    assert {labels["provider"] for labels, _ in balances} == {of["provider"] for of in configured}
    assert {(labels["account"], labels["currency"]): value for labels, value in balances} == {
        (name, state["currency"]): pytest.approx(state["balance"], abs=0.01) for name, state in healthy.items()
    }
    plans = {name: state for name, state in healthy.items() if state["subscription"]}
    assert {labels["account"]: labels["status"] for labels, _ in statuses} == {
        name: state["subscription"]["status"].lower() for name, state in plans.items()
    }
    quotas = {name: state["contacts"] for name, state in healthy.items() if state["contacts"]}
    assert {labels["account"]: ratio for labels, ratio in ratios} == {
        name: quota["used"] / quota["limit"] for name, quota in quotas.items()
    }
    assert {labels["account"] for labels, _ in recharges} <= set(plans)
    if of_probe:
        assert {labels["instance"] for labels, _ in balances} == set(healthy)
    assert len(own) == 1
    assert len(quotas) > 2


SLOW_PROVIDER = """
import asyncio, sys
from aiohttp import web

BODIES = {"subscription": {"status": "ACTIVE"}, "credit": {"balance": 5, "currency": "EUR"}, "contacts": {"used": 1}}

async def answer(request):
    await asyncio.sleep(0.5)
    return web.json_response(BODIES[request.path.rpartition("/")[2]])

app = web.Application()
app.router.add_get("/{path:.*}", answer)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
"""


def test_a_hundred_accounts_of_three_calls_at_half_a_second_each_fit_well_into_a_scrape_of_3_s(folder: Path) -> None:
    port = free_port()
    accounts = [
        {"name": f"a{n}", "provider": "qlara", "base_url": f"http://127.0.0.1:{port}", "auth": {"api_key": f"key-{n}"}}
        for n in range(100)
    ]
    config_file = folder / "hundred.yml"
    config_file.write_text(yaml.safe_dump({"accounts": accounts}))
    with (
        running(folder, "slow-provider", sys.executable, "-c", SLOW_PROVIDER, str(port)),
        exporter(folder, config_file, name="hundred") as (address, _),
    ):
        eventually("the provider", lambda: fetch(f"http://127.0.0.1:{port}/credit"))
        text = fetch(f"http://{address}/metrics", **{"X-Prometheus-Scrape-Timeout-Seconds": "3"})
    assert text.count("sms_api_up{") == 300
    assert re.findall(r"sms_account_up\{.*\} (.*)", text) == ["1"] * 100


def test_sigterm_ends_it_in_order_even_in_mid_scrape(folder: Path, provider: Simulator) -> None:
    provider.control("injected-faults", "POST", {"provider": "agiletelecom", "delay_seconds": 30})
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            with exporter(folder, provider.config_file, name=f"ending-{number}") as (address, process):
                threading.Thread(target=lambda a=address: _ignore(a), daemon=True).start()
                eventually("the scrape", lambda: provider.calls() > 0 or None)
                assert process.end(number) == 0
                assert "Traceback" not in process.log.read_text()
    finally:
        provider.control("injected-faults", "DELETE")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_before_it_serves_ends_it_in_order_too(tmp_path: Path, number: int) -> None:
    """It waits for its configuration here: nobody writes to the pipe."""
    pipe = tmp_path / "pipe.yml"
    os.mkfifo(pipe)
    with running(tmp_path, "early", sys.executable, "-m", "exporter", f"--config.file={pipe}") as process:
        writer = eventually("the reader", lambda: os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
        process.popen.send_signal(signal.SIGHUP)  # nothing to reload yet
        for _ in range(10):
            # Python may have looked for signals just before it began to wait for the pipe: then the next one ends that.
            process.popen.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.popen.wait(3)
                break
        assert process.popen.returncode == 0
        os.close(writer)
        assert "Traceback" not in process.log.read_text()


def test_it_runs_where_standard_input_and_output_are_closed(tmp_path: Path) -> None:
    (tmp_path / "none.yml").write_text("accounts: []\n")
    address = f"127.0.0.1:{free_port()}"
    serve = [sys.executable, "-m", "exporter", "--config.file=none.yml", f"--web.listen-address={address}"]
    with running(tmp_path, "closed", "sh", "-c", 'exec "$@" <&- >&-', "sh", *serve) as process:
        assert "sms_exporter_accounts 0\n" in eventually("the exporter", lambda: fetch(f"http://{address}/metrics"))
        assert process.end(signal.SIGTERM) == 0


def test_a_request_that_is_no_http_gets_no_line_in_the_log(folder: Path) -> None:
    config_file = folder / "none.yml"
    config_file.write_text("accounts: []\n")
    with exporter(folder, config_file, name="malformed") as (address, process):
        host, port = address.split(":")
        for request in (
            b"GARBAGE\r\n\r\n",
            b"GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Basic cHJvbTpTRUtSSVQ=\x01\r\n\r\n",
            b"GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Basic " + b"c" * 9000 + b"\r\n\r\n",
        ):
            with socket.create_connection((host, int(port)), timeout=10) as connection:
                connection.sendall(request)
                assert b" 400 " in connection.recv(100)
        assert process.end(signal.SIGTERM) == 0
        assert "level=ERROR" not in process.log.read_text()
        assert "Basic" not in process.log.read_text()


def _ignore(address: str) -> None:
    with contextlib.suppress(OSError):
        fetch(f"http://{address}/metrics")


def test_sighup_reloads(folder: Path, provider: Simulator) -> None:
    config_file = folder / "reloaded.yml"
    config_file.write_text("accounts: []\n")
    with exporter(folder, config_file, name="reloading") as (address, process):
        assert "sms_exporter_accounts 0\n" in fetch(f"http://{address}/metrics")
        config_file.write_text("accounts: [{}]\n")
        process.popen.send_signal(signal.SIGHUP)
        eventually("the refusal", lambda: process.said(r"(reloaded\.yml:1: accounts\[0\])"))
        assert "sms_exporter_config_last_reload_successful 0\n" in fetch(f"http://{address}/metrics")
        config_file.write_text(provider.config_file.read_text())
        process.popen.send_signal(signal.SIGHUP)
        eventually("the reload", lambda: process.said(r"(Configuration loaded)"))
        assert "sms_exporter_config_last_reload_successful 1\n" in fetch(f"http://{address}/metrics")


def test_the_demo_shows_an_account_of_any_provider_beside_the_others(folder: Path) -> None:
    command = (sys.executable, "-m", "exporter", "demo", "--web.listen-address=127.0.0.1:0", "--provider", "qlara")
    with running(folder, "demo-of-one", *command) as process:
        url = eventually("the demo", lambda: process.said(r"(http://\S+/metrics)"))
        text = fetch(url)
        assert "  demo-qlara (Qlara): " in process.log.read_text()
    assert re.search(r'sms_account_up\{provider="qlara",account="demo-qlara",.*\} 1\n', text)
    assert re.search(r'contacts_used_ratio\{provider="qlara",account="demo-qlara",.*\} 0\.6\n', text)


def test_the_demo_runs_on_one_command_and_says_where_to_look(folder: Path) -> None:
    command = (sys.executable, "-m", "exporter", "demo", "--web.listen-address=127.0.0.1:0")
    with running(folder, "demo", *command) as process:
        url = eventually("the demo", lambda: process.said(r"(http://\S+/metrics)"))
        text = fetch(url)
        said = process.log.read_text()
        assert process.end(signal.SIGINT) == 0
    names = set(re.findall(r'sms_account_up\{provider="\w+",account="([^"]+)"', text))
    assert 12 <= len(names) <= 20
    assert all(f"  {name} (" in said for name in names)
    assert "60 times as fast as life (a day takes 24m, so that a runway threshold of 7d is 2h 48m here):" in said
    ups = set(re.findall(r"sms_account_up\{.*\} ([01])", text))
    assert ups == {"0", "1"}
