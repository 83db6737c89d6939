"""Real processes for the tests that need them: simulator, exporter, Prometheus; each on free ports of loopback."""

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

from tests.conftest import program

T = TypeVar("T")

PATIENCE_SECONDS = 30.0


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port


def fetch(url: str, **headers: str) -> str:
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        text: str = answer.read().decode()
        return text


def eventually(what: str, look: Callable[[], T | None], seconds: float = PATIENCE_SECONDS) -> T:
    """The first value that isn't None; fails when patience ends."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            found = look()
            if found is not None:
                return found
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {seconds:g} s")


@dataclass
class Process:
    """A running program; what it says goes to a file."""

    popen: subprocess.Popen[bytes]
    log: Path

    def said(self, pattern: str) -> str | None:
        """The first group of the first match in what it has said so far."""
        if self.popen.poll() is not None:
            raise AssertionError(f"it ended with {self.popen.returncode}: {self.log.read_text()}")
        match = re.search(pattern, self.log.read_text())
        return match[1] if match else None

    def peak_memory_mib(self) -> float:
        """The most memory that it has had."""
        status = Path(f"/proc/{self.popen.pid}/status").read_text()
        (kilobytes,) = re.findall(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
        return int(kilobytes) / 1024

    def cpu_seconds(self) -> float:
        """The CPU that it has used, in all of its threads."""
        fields = Path(f"/proc/{self.popen.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self, number: int) -> int:
        """Send a signal and wait for the end; the exit code."""
        self.popen.send_signal(number)
        return self.popen.wait(15)


@contextlib.contextmanager
def running(folder: Path, name: str, *command: str) -> Iterator[Process]:
    log = folder / f"{name}.log"
    with log.open("wb") as file:
        popen = subprocess.Popen(command, stdout=file, stderr=file, stdin=subprocess.DEVNULL, cwd=folder)
    process = Process(popen, log)
    try:
        yield process
    finally:
        if popen.poll() is None:
            popen.terminate()
            try:
                popen.wait(15)
            except subprocess.TimeoutExpired:
                popen.kill()
                popen.wait()


@dataclass
class Simulator:
    """The simulated providers in a process of their own, with the configuration that asks them."""

    url: str
    config_file: Path
    process: Process

    def control(self, path: str, method: str = "GET", body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/control/{path}", data=data, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def calls(self) -> int:
        return sum(call["count"] for call in self.control("calls"))


@contextlib.contextmanager
def simulator(folder: Path, *flags: str) -> Iterator[Simulator]:
    port = free_port()
    config_file = folder / "sms-exporter.yml"
    command = [sys.executable, "-m", "tests.simulator", "--listen", f"127.0.0.1:{port}"]
    with running(folder, "simulator", *command, "--write-config", str(config_file), *flags) as process:
        url = f"http://127.0.0.1:{port}"
        eventually("the simulator", lambda: fetch(f"{url}/control/calls"))
        yield Simulator(url, config_file, process)


@contextlib.contextmanager
def exporter(folder: Path, config_file: Path, *flags: str, name: str = "exporter") -> Iterator[tuple[str, Process]]:
    """The exporter on a free port; gives its host:port."""
    command = [sys.executable, "-m", "exporter", f"--config.file={config_file}", "--web.listen-address=127.0.0.1:0"]
    with running(folder, name, *command, *flags) as process:
        address = eventually("the exporter", lambda: process.said(r'msg="Listening on" address=(\S+)'))
        yield address, process


@contextlib.contextmanager
def prometheus(folder: Path, config: dict[str, Any], name: str = "prometheus") -> Iterator[str]:
    """A Prometheus with this configuration; gives its URL."""
    home = folder / name
    home.mkdir()
    (home / "prometheus.yml").write_text(yaml.safe_dump(config))
    port = free_port()
    command = [
        program("prometheus"),
        f"--config.file={home / 'prometheus.yml'}",
        f"--storage.tsdb.path={home / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with running(folder, name, *command):
        url = f"http://127.0.0.1:{port}"
        eventually("Prometheus", lambda: fetch(f"{url}/-/ready"))
        yield url


def query(url: str, expression: str) -> list[tuple[dict[str, str], float]]:
    """The instant vector of an expression: labels and value."""
    text = fetch(f"{url}/api/v1/query?{urllib.parse.urlencode({'query': expression})}")
    result = json.loads(text)["data"]["result"]
    return [(sample["metric"], float(sample["value"][1])) for sample in result]
