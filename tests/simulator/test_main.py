import asyncio
import os
import signal
import threading
from pathlib import Path

import aiohttp
import pytest
import yaml

from exporter.simulator.scenario import DEFAULT_SPEED, Scenario
from tests.simulator.__main__ import main, parser, serve

from .conftest import START


@pytest.mark.parametrize("listen", ["0.0.0.0:1", "192.0.2.1:80", ":10078", "example:1"])
def test_it_listens_on_loopback_only(listen: str) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["--listen", listen])


@pytest.mark.parametrize(("text", "seconds"), [("0", (0, 0)), ("200", (0.2, 0.2)), ("20-120", (0.02, 0.12))])
def test_latency_is_in_milliseconds(text: str, seconds: tuple[float, float]) -> None:
    assert parser().parse_args(["--latency", text]).latency == seconds


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
async def test_it_serves_until_a_signal_and_writes_where(
    tmp_path: Path, host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "sms-exporter.yml"
    options = parser().parse_args(["--listen", f"{host}:0", "--write-config", str(file), "--latency", "0"])
    assert options.speed == DEFAULT_SPEED
    serving = asyncio.create_task(serve(options, Scenario(1, START)))
    log = ""
    while "listening on" not in log:
        await asyncio.sleep(0)
        log += capsys.readouterr().err
    first = yaml.safe_load(file.read_text())["accounts"][0]
    base_url = log.split()[-1]
    assert first["base_url"] == f"{base_url}/agiletelecom"
    assert base_url.startswith(f"http://{host}:")
    key = {"X-Api-Key": first["auth"]["api_key"]}
    async with (
        aiohttp.ClientSession() as session,
        session.get(first["base_url"] + "/services/sms/credit", headers=key) as answer,
    ):
        assert answer.status == 200
    signal.raise_signal(signal.SIGTERM)
    await serving


def test_main_serves_until_a_signal(tmp_path: Path) -> None:
    file = tmp_path / "sms-exporter.yml"

    def stop_once_it_serves() -> None:
        while not file.exists():
            threading.Event().wait(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    stopper = threading.Thread(target=stop_once_it_serves)
    stopper.start()
    assert main(["--listen", "127.0.0.1:0", "--seed", "4", "--copies", "2", "--write-config", str(file)]) == 0
    stopper.join()
    assert len(yaml.safe_load(file.read_text())["accounts"]) == 40


async def test_it_serves_without_writing_a_configuration() -> None:
    options = parser().parse_args(["--listen", "127.0.0.1:0"])
    serving = asyncio.create_task(serve(options, Scenario(1, START)))
    while signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:  # noqa: ASYNC110  a handler has no event
        await asyncio.sleep(0)
    signal.raise_signal(signal.SIGTERM)
    await serving
