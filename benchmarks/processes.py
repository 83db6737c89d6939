"""The processes of a measurement: provider, exporter, prototype, rival; each ends with its block."""

import json
import os
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import trustme
import yaml

START_SECONDS = 120.0
"""How long a process may take until it listens; thousands of accounts take a while to read."""

SCRAPE_SECONDS = 300.0


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port


def wait_for(port: int) -> None:
    """Until something listens on a port of loopback.

    Raises:
        TimeoutError: nothing does.
    """
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.002)
        else:
            return
    raise TimeoutError(f"nothing listens on port {port}")


def certificates(folder: Path) -> tuple[Path, Path, Path]:
    """An authority of one's own, and a certificate of loopback with its key, as files in a folder."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    files = (folder / "ca.pem", folder / "cert.pem", folder / "key.pem")
    authority.cert_pem.write_to_path(files[0])
    issued.cert_chain_pems[0].write_to_path(files[1])
    issued.private_key_pem.write_to_path(files[2])
    return files


class Child:
    """A process that was started here."""

    popen: "subprocess.Popen[bytes]"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for pipe in (self.popen.stdin, self.popen.stdout):
            if pipe is not None:
                pipe.close()
        self.popen.terminate()
        try:
            self.popen.wait(15)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()

    def cpu_seconds(self) -> float:
        """User and system time so far, of all its threads, those that have ended too."""
        return time.clock_gettime((~self.popen.pid << 3) | 2)  # the process' CPU clock: clock_getcpuclockid(3)

    def rss_mib(self) -> float:
        """Resident memory."""
        lines = Path(f"/proc/{self.popen.pid}/status").read_text().splitlines()
        return round(next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024, 1)


class Provider(Child):
    """`benchmarks.provider` on a free port; unless `varied`, the plan's answer stays the same."""

    def __init__(self, folder: Path, seconds: float, tls: bool, varied: bool = True) -> None:
        port = free_port()
        command = [sys.executable, "-m", "benchmarks.provider", str(port), str(seconds)]
        command.append("varied" if varied else "steady")
        self.ca_file: Path | None = None
        if tls:
            self.ca_file, *pair = certificates(folder)
            command += map(str, pair)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{port}"
        self._context = ssl.create_default_context(cafile=self.ca_file) if tls else None
        self.popen = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self.popen.stdout is not None
        self.popen.stdout.readline()

    def counts(self) -> dict[str, int]:
        """What it has counted so far; asking opens a connection of its own, which counts."""
        return self.tell("counts")

    def tell(self, what: str) -> dict[str, int]:
        """Make it `close`, `reset`, `hole`, `fail` or `heal` (see `benchmarks.provider`); the counts."""
        with urllib.request.urlopen(f"{self.url}/{what}", context=self._context, timeout=30) as answer:
            counts: dict[str, int] = json.loads(answer.read())
            return counts

    def since(self, before: dict[str, int]) -> dict[str, int]:
        """What has been added to earlier counts, without what asking adds."""
        added = {name: count - before[name] for name, count in self.counts().items()}
        added["connections"] -= 1
        added["handshakes"] -= 1 if self.ca_file else 0
        return added


class Exporter(Child):
    """This exporter with so many accounts of three calls, each with a key of its own.

    What it logs goes to `log_file` from level info on; without one only errors are logged. `cache_ttl` is that of all
    apis; those in `kept_apis` are asked once in an hour.
    """

    def __init__(
        self,
        folder: Path,
        provider: Provider,
        accounts: int,
        cache_ttl: str = "0s",
        timeout: str = "60s",
        log_file: Path | None = None,
        kept_apis: Sequence[str] = (),
    ) -> None:
        port = free_port()
        config_file = folder / f"sms-exporter-{port}.yml"
        defaults: dict[str, object] = {"cache_ttl": cache_ttl, "timeout": timeout}
        if provider.ca_file is not None:
            defaults["http"] = {"tls_config": {"ca_file": str(provider.ca_file)}}
        shared: dict[str, object] = {"provider": "qlara", "base_url": provider.url}
        if kept_apis:
            shared["api_settings"] = {api: {"cache_ttl": "1h"} for api in kept_apis}
        config = {
            "defaults": defaults,
            "accounts": [{"name": f"a{n}", "auth": {"api_key": f"key-number-{n}"}, **shared} for n in range(accounts)],
        }
        config_file.write_text(yaml.dump(config, Dumper=yaml.CSafeDumper))
        self.address = f"127.0.0.1:{port}"
        self._accounts = accounts
        command = [sys.executable, "-m", "exporter", f"--config.file={config_file}"]
        command += [f"--web.listen-address={self.address}", f"--log.level={'info' if log_file else 'error'}"]
        with (log_file or Path(os.devnull)).open("wb") as log:
            self.popen = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log if log_file else None)
        wait_for(port)

    def page(self, deadline_seconds: float | None = None) -> bytes:
        """One scrape's text, with so many seconds as Prometheus tells them."""
        headers = {} if deadline_seconds is None else {"X-Prometheus-Scrape-Timeout-Seconds": str(deadline_seconds)}
        request = urllib.request.Request(f"http://{self.address}/metrics", headers=headers)
        with urllib.request.urlopen(request, timeout=SCRAPE_SECONDS) as answer:
            body: bytes = answer.read()
            return body

    def lost(self, page: bytes) -> int:
        """How many accounts are not up in it."""
        begin, end = page.index(b"sms_account_up{"), page.index(b"# HELP sms_api_up")
        return self._accounts - page.count(b"} 1\n", begin, end)

    def scrape(self) -> bytes:
        """One scrape, every account of which must be up."""
        page = self.page()
        assert self.lost(page) == 0, f"{self.lost(page)} accounts are not up"
        return page


class Prototype(Child):
    """`benchmarks.prototype` for so many accounts."""

    def __init__(self, provider: Provider, accounts: int) -> None:
        port = free_port()
        self._url = f"http://127.0.0.1:{port}/metrics"
        self._accounts = accounts
        command = [sys.executable, "-m", "benchmarks.prototype", str(port), provider.url, str(accounts)]
        self.popen = subprocess.Popen([*command, *([str(provider.ca_file)] if provider.ca_file else [])])
        wait_for(port)

    def scrape(self) -> bytes:
        """One scrape; every account must be in it."""
        with urllib.request.urlopen(self._url, timeout=SCRAPE_SECONDS) as answer:
            page: bytes = answer.read()
        assert page.count(b"credit_balance{") == self._accounts
        return page


class Front(Child):
    """`benchmarks.front` before a server on loopback."""

    def __init__(self, folder: Path, server_port: int) -> None:
        port = free_port()
        self.url = f"https://127.0.0.1:{port}"
        self.ca_file, *pair = certificates(folder)
        command = [sys.executable, "-m", "benchmarks.front", str(port), str(server_port), *map(str, pair)]
        self.popen = subprocess.Popen(command, stdin=subprocess.PIPE)
        wait_for(port)

    def spoil(self, how: str) -> None:
        """`close` or `reset` every connection of now."""
        assert self.popen.stdin is not None
        self.popen.stdin.write(f"{how}\n".encode())
        self.popen.stdin.flush()


JSON_EXPORTER_MODULES = {
    "subscription": {"contacts_max": "{ .features.maxContacts }"},
    "credit": {"credit_balance": "{ .balance }", "credit_recharge": "{ .lastRechargeAmount }"},
    "contacts": {"contacts_used": "{ .used }", "contacts_limit": "{ .total }", "contacts_lists": "{ .lists }"},
}


class JsonExporter(Child):
    """json_exporter, reading the same answers, an api a module."""

    def __init__(self, folder: Path, binary: str) -> None:
        config_file = folder / "json_exporter.yml"
        modules = {
            name: {
                "headers": {"X-Api-Key": "key-number-0"},
                "metrics": [{"name": metric, "help": metric, "path": path} for metric, path in metrics.items()],
            }
            for name, metrics in JSON_EXPORTER_MODULES.items()
        }
        config_file.write_text(yaml.dump({"modules": modules}))
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.popen = subprocess.Popen(
            [binary, f"--config.file={config_file}", f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(port)


class Rival(Child):
    """`benchmarks.rivals`: a scrape for each line."""

    def __init__(self, name: str, provider: Provider, accounts: int, *more: str) -> None:
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.rivals", name, provider.url, str(accounts), *more],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def scrape(self) -> float:
        """Seconds of one scrape."""
        pipes: tuple[IO[bytes] | None, IO[bytes] | None] = (self.popen.stdin, self.popen.stdout)
        assert pipes[0] is not None
        assert pipes[1] is not None
        pipes[0].write(b"\n")
        pipes[0].flush()
        return float(pipes[1].readline())
