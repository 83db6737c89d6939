"""The processes of a measurement: provider, exporter, rival; each ends with its block."""

import json
import os
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import trustme
import yaml


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port


def wait_for(port: int) -> None:
    """Until something listens on a port of loopback."""
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.002)
        else:
            return


class _Process:
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
        self.popen.wait(15)

    def cpu_seconds(self) -> float:
        """User and system time so far."""
        fields = Path(f"/proc/{self.popen.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_mib(self) -> float:
        """Resident memory."""
        lines = Path(f"/proc/{self.popen.pid}/status").read_text().splitlines()
        return round(next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024, 1)


class Provider(_Process):
    """`benchmarks.provider` on a free port."""

    def __init__(self, folder: Path, seconds: float, tls: bool) -> None:
        port = free_port()
        command = [sys.executable, "-m", "benchmarks.provider", str(port), str(seconds)]
        self.ca_file: Path | None = None
        if tls:
            authority = trustme.CA()
            certificate = authority.issue_cert("127.0.0.1")
            self.ca_file = folder / "ca.pem"
            authority.cert_pem.write_to_path(self.ca_file)
            certificate.cert_chain_pems[0].write_to_path(folder / "cert.pem")
            certificate.private_key_pem.write_to_path(folder / "key.pem")
            command += [str(folder / "cert.pem"), str(folder / "key.pem")]
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{port}"
        self._context = ssl.create_default_context(cafile=self.ca_file) if tls else None
        self.popen = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self.popen.stdout is not None
        self.popen.stdout.readline()

    def counts(self) -> dict[str, int]:
        """Calls and connections so far; asking opens a connection of its own."""
        with urllib.request.urlopen(f"{self.url}/counts", context=self._context, timeout=30) as answer:
            counts: dict[str, int] = json.loads(answer.read())
            return counts


class Exporter(_Process):
    """This exporter with so many accounts of three calls."""

    def __init__(self, folder: Path, provider: Provider, accounts: int, cache_ttl: str) -> None:
        config_file = folder / "sms-exporter.yml"
        defaults: dict[str, object] = {"cache_ttl": cache_ttl, "timeout": "60s"}
        if provider.ca_file is not None:
            defaults["http"] = {"tls_config": {"ca_file": str(provider.ca_file)}}
        config = {
            "defaults": defaults,
            "accounts": [
                {"name": f"a{n}", "provider": "qlara", "base_url": provider.url, "auth": {"api_key": f"key-number-{n}"}}
                for n in range(accounts)
            ],
        }
        config_file.write_text(yaml.dump(config, Dumper=yaml.CSafeDumper))
        port = free_port()
        self._url = f"http://127.0.0.1:{port}/metrics"
        self._ups = accounts
        command = [sys.executable, "-m", "exporter", f"--config.file={config_file}"]
        self.popen = subprocess.Popen(
            [*command, f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"], stdout=subprocess.DEVNULL
        )
        wait_for(port)

    def scrape(self) -> bytes:
        """One scrape, every account of which must be up."""
        with urllib.request.urlopen(self._url, timeout=300) as answer:
            body: bytes = answer.read()
        assert body.count(b"} 1\n", body.index(b"sms_account_up{"), body.index(b"# HELP sms_api_up")) == self._ups
        return body


JSON_EXPORTER_MODULES = {
    "subscription": {"contacts_max": "{ .features.maxContacts }"},
    "credit": {"credit_balance": "{ .balance }", "credit_recharge": "{ .lastRechargeAmount }"},
    "contacts": {"contacts_used": "{ .used }", "contacts_limit": "{ .total }", "contacts_lists": "{ .lists }"},
}


class JsonExporter(_Process):
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


class Rival(_Process):
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
        return float(pipes[1].readline().split()[0])
