# ruff: noqa: INP001  # a script beside the rules, no package
"""Simulator, exporter, Prometheus with the rules and Alertmanager, all real, by one command; Ctrl-C ends them.

`python alerts/stack.py` prints where to look, and every message that Alertmanager sends. The simulated accounts' clock
goes 60 times as fast as yours, and so do the rules: all durations in them and in Alertmanager's configuration are
divided by `--factor`, and nothing else is changed.
"""

import argparse
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import yaml

HERE = Path(__file__).resolve().parent

_DURATION = r"(?:\d+(?:ms|[smhdwy]))+"
_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000, "y": 31_536_000_000}
_READY_SECONDS = 30.0
_END_SECONDS = 10.0

Message = tuple[str, dict[str, Any]]
"""The path that something was posted to, and what."""


def shorter(duration: str, factor: float) -> str:
    """A duration divided by the factor."""
    parts = re.findall(r"(\d+)(ms|[smhdwy])", duration)
    return f"{max(1, round(sum(int(number) * _UNITS[unit] for number, unit in parts) / factor))}ms"


def scaled_rules(text: str, factor: float) -> str:
    """The rules with every duration divided: windows, offsets, waits, and seconds."""

    def divided(found: re.Match[str]) -> str:
        return found[1] + shorter(found[2], factor) + found[3]

    text = re.sub(rf"([\[:])({_DURATION})((?=[\]:]))", divided, text)
    text = re.sub(rf"(offset )({_DURATION})()", divided, text)
    text = re.sub(rf"^( *(?:for|keep_firing_for|interval): )({_DURATION})()$", divided, text, flags=re.MULTILINE)
    return re.sub(r"\b(?:120|3600|86400)\b", lambda found: f"{float(found[0]) / factor:g}", text)


def scaled_alertmanager(text: str, factor: float, receiver: str) -> str:
    """Alertmanager's configuration with every duration divided, and with what is to be filled in: receivers.

    Each gets a webhook at `receiver` under its own name; chat keeps its messages, and posts them there as well.
    """

    def divided(found: re.Match[str]) -> str:
        return found[1] + shorter(found[2], factor)

    keys = "group_wait|group_interval|repeat_interval|resolve_timeout"
    document = yaml.safe_load(re.sub(rf"((?:{keys}): )({_DURATION})", divided, text))
    document["templates"] = [str(HERE / path) for path in document["templates"]]
    for one in document["receivers"]:
        resolved = all(config["send_resolved"] for kind in one if kind != "name" for config in one[kind])
        one.pop("email_configs", None)
        one["webhook_configs"] = [{"url": f"{receiver}/{one['name']}", "send_resolved": resolved}]
        for slack in one.get("slack_configs", ()):
            slack.pop("api_url_file")
            slack["api_url"] = f"{receiver}/slack"
    return yaml.safe_dump(document)


def _prometheus(targets: Sequence[str], alertmanager: str, rules: Path, factor: float) -> str:
    minute = shorter("1m", factor)
    return yaml.safe_dump(
        {
            "global": {
                "scrape_interval": minute,
                "scrape_timeout": minute if factor > 6 else "10s",
                "evaluation_interval": minute,
            },
            "rule_files": [str(rules)],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
            "scrape_configs": [{"job_name": "sms-exporter", "static_configs": [{"targets": list(targets)}]}],
        }
    )


def free_port() -> int:
    """A port of loopback that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def find(*names: str) -> str:
    """The first of some programs that is there; Debian has some under names of its own.

    Raises:
        FileNotFoundError: none is.
    """
    for name in names:
        path = shutil.which(name)
        if path is not None:
            return path
    raise FileNotFoundError(f"{names[0]} is missing: apt-get install prometheus prometheus-alertmanager")


def ask(url: str, document: Any = None, method: str | None = None) -> Any:
    """Get a URL, or post JSON to it; what it answers, from JSON where it is."""
    data = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)  # noqa: S310
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
        text = answer.read().decode()
    try:
        return json.loads(text)
    except ValueError:
        return text


@contextmanager
def receiving(heard: Callable[[Message], None]) -> Iterator[str]:
    """A webhook receiver; gives its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard((self.path, json.loads(body)))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


class Stack:
    """The processes, each with a simulator of its own for every exporter, so that replicas can be given other answers.

    `speed` is that of the accounts' clock; `defaults` go into the exporters' configuration; `ports` may fix those
    of exporter, Prometheus and Alertmanager.
    """

    def __init__(
        self,
        heard: Callable[[Message], None],
        *,
        factor: float = 60,
        speed: float = 60,
        replicas: int = 1,
        defaults: Mapping[str, Any] | None = None,
        ports: Mapping[str, int] | None = None,
    ) -> None:
        self._heard = heard
        self._factor = factor
        self._speed = speed
        self._replicas = replicas
        self._defaults = defaults
        self._ports = dict(ports or {})
        self._exit = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sms-exporter-")))
            receiver = stack.enter_context(receiving(self._heard))
            self.simulators = [self._simulator(stack, number) for number in range(self._replicas)]
            self.exporters = [self._exporter(stack, number) for number in range(self._replicas)]
            self.alertmanager = self._alertmanager(stack, receiver)
            self.prometheus = self._start_prometheus(stack)
            self._exit = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._exit.close()

    def _start(self, stack: ExitStack, name: str, *command: object, ready: str) -> None:
        log = stack.enter_context((self.folder / f"{name}.log").open("w"))
        # A group of its own: Ctrl-C reaches this script alone, which then ends them in order.
        process = subprocess.Popen(  # noqa: S603
            [str(word) for word in command], stdout=log, stderr=log, cwd=HERE.parent, start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        stack.callback(self._end, process)
        give_up = time.monotonic() + _READY_SECONDS
        while True:
            with suppress(OSError):
                ask(ready)
                return
            if process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(f"{name} doesn't start:\n{(self.folder / f'{name}.log').read_text()}")
            time.sleep(0.05)

    @staticmethod
    def _end(process: "subprocess.Popen[bytes]") -> None:
        process.terminate()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _port(self, name: str) -> int:
        return self._ports.pop(name, 0) or free_port()

    def _simulator(self, stack: ExitStack, number: int) -> str:
        address = f"127.0.0.1:{self._port('simulator')}"
        file = self.folder / f"sms-exporter-{number}.yml"
        self._start(
            stack, f"simulator-{number}", sys.executable, "-m", "tests.simulator", "--listen", address,
            "--speed", self._speed, "--write-config", file, ready=f"http://{address}/control/state",
        )  # fmt: skip
        if self._defaults is not None:
            document = yaml.safe_load(file.read_text("utf-8"))
            file.write_text(yaml.safe_dump({**document, "defaults": dict(self._defaults)}), "utf-8")
        return f"http://{address}"

    def _exporter(self, stack: ExitStack, number: int) -> str:
        address = f"127.0.0.1:{self._port('exporter')}"
        self._start(
            stack, f"exporter-{number}", sys.executable, "-m", "exporter", "serve",
            f"--config.file={self.folder / f'sms-exporter-{number}.yml'}", f"--web.listen-address={address}",
            ready=f"http://{address}/-/healthy",
        )  # fmt: skip
        return f"http://{address}"

    def _alertmanager(self, stack: ExitStack, receiver: str) -> str:
        address = f"127.0.0.1:{self._port('alertmanager')}"
        file = self.folder / "alertmanager.yml"
        text = (HERE / "alertmanager.yml").read_text("utf-8")
        file.write_text(scaled_alertmanager(text, self._factor, receiver), "utf-8")
        self._start(
            stack, "alertmanager", find("alertmanager", "prometheus-alertmanager"), f"--config.file={file}",
            f"--storage.path={self.folder / 'alertmanager'}", f"--web.listen-address={address}",
            "--cluster.listen-address=", ready=f"http://{address}/-/ready",
        )  # fmt: skip
        return f"http://{address}"

    def _start_prometheus(self, stack: ExitStack) -> str:
        address = f"127.0.0.1:{self._port('prometheus')}"
        rules, file = self.folder / "rules.yml", self.folder / "prometheus.yml"
        rules.write_text(scaled_rules((HERE / "rules.yml").read_text("utf-8"), self._factor), "utf-8")
        targets = [url.removeprefix("http://") for url in self.exporters]
        alertmanager = self.alertmanager.removeprefix("http://")
        file.write_text(_prometheus(targets, alertmanager, rules, self._factor), "utf-8")
        self._start(
            stack, "prometheus", find("prometheus"), f"--config.file={file}",
            f"--storage.tsdb.path={self.folder / 'prometheus'}", f"--web.listen-address={address}",
            f"--query.lookback-delta={shorter('5m', self._factor)}",
            f"--rules.alert.resend-delay={shorter('1m', self._factor)}", ready=f"http://{address}/-/ready",
        )  # fmt: skip
        return f"http://{address}"


def _say(message: Message) -> None:
    path, document = message
    receiver = path.removeprefix("/")
    if receiver == "slack":
        lines = [line for text in document["attachments"] for line in (text["title"], *text["text"].splitlines())]
    else:
        lines = [f"{len(document['alerts'])} in one message" if len(document["alerts"]) > 1 else "one alert"]
        for alert in document["alerts"]:
            said = alert["annotations"].get("summary", "")
            lines.append(f"{alert['status']} {alert['labels']['severity']}: {said}")
    # In one piece, as messages come in threads of their own.
    sys.stdout.write(f"  {receiver}: " + "\n    ".join(lines) + "\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until a signal comes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--factor", type=float, default=60, help="what durations are divided by (default: %(default)g)")
    parser.add_argument("--speed", type=float, default=60, help="of the accounts' clock (default: %(default)g)")
    parser.add_argument("--replicas", type=int, default=1, help="exporters (default: %(default)s)")
    options = parser.parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    usual = {"exporter": 10077, "prometheus": 9090, "alertmanager": 9093}
    ports = {name: port for name, port in usual.items() if _is_free(port)}
    try:
        stack = Stack(_say, factor=options.factor, speed=options.speed, replicas=options.replicas, ports=ports)
        with stack:
            print(f"exporter      {', '.join(f'{url}/metrics' for url in stack.exporters)}")
            print(f"simulator     {', '.join(f'{url}/control/state' for url in stack.simulators)}")
            print(f"Prometheus    {stack.prometheus}/alerts")
            print(f"Alertmanager  {stack.alertmanager}")
            print(f"logs          {stack.folder}")
            print("Ctrl-C ends all of it. Messages of Alertmanager:", flush=True)
            stop.wait()
    except (FileNotFoundError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _is_free(port: int) -> bool:
    try:
        with socket.create_server(("127.0.0.1", port)):
            return True
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())
