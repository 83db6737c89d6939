"""`python -m benchmarks.soak`: many scrapes of accounts with injected faults that switch at random; nothing may grow.

Simulator and exporter are processes of their own. Nothing is cached (`cache_ttl` 0), so that every scrape
calls; several scrapes run at once, some of them impatient, some gone before their answer. Between stages
nothing runs, and the exporter's memory, file descriptors and threads are read. Memory: what the first fifth
has taken is what it needs, and the rest may add no more than noise. Descriptors: one kept connection for each
api at most, since one call is in flight for each, and the second half of the run no more than the first (how
many are kept goes up and down with the injected faults, which close them). After the last scrape no call may begin, no
time of the processor be spent, and the process has to end in order.

With `--tls` the accounts are asked through a TLS front (`benchmarks.front`), which before some scrapes closes every
connection or resets it at the next byte. OAuth signs the URL that the simulator doesn't see then: such accounts stay
with plain HTTP.
"""

import argparse
import http.client
import random
import re
import signal
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from benchmarks.processes import Front
from tests.processes import Process, Simulator, exporter, simulator

ACCOUNTS = 20
AT_ONCE = 6
STAGES = 10
SWITCH_EVERY = 5
RELOAD_EVERY = 60
SPOILT_SHARE = 0.1
CALL_TIMEOUT_SECONDS = 0.5
QUIET_SECONDS = 2.0

COMPLAINT_CHARACTERS = 4000

MOST_GROWTH_MIB = 4.0
TLS_BUFFER_MIB = 0.25  # what uvloop reads a TLS connection into; resident once a large answer has come on it
MOST_NEW_THREADS = 3  # the pool that reads large answers and resolves names fills as it is needed
MOST_NEW_FDS = 8
MOST_IDLE_CPU_SECONDS = 0.1

_LARGE = '{"credit": 1, "balance": 1, "x": "' + "x" * 800_000 + '"}'
INJECTED_FAULTS: Sequence[Mapping[str, Any]] = (
    {"status": 401, "times": 1},
    {"status": 403},
    {"status": 404},
    {"status": 429, "headers": {"Retry-After": "1"}},
    {"status": 500, "body": '{"status": "error", "code": 8}'},
    {"status": 500, "body": '{"status": "error", "code": 2}'},
    {"status": 502, "body": "<html>", "content_type": "text/html"},
    {"status": 503, "times": 1},
    {"status": 302, "headers": {"Location": "http://127.0.0.1:9/"}},
    {"status": 200, "body": "<html>Maintenance</html>", "content_type": "text/html"},
    {"status": 200, "body": "[" * 100_000 + "]" * 100_000},
    {"status": 200, "body": _LARGE},
    {"status": 200, "body": '{"credit": NaN}'},
    {"status": 200, "body": '{"credit": 1}', "headers": {"Content-Encoding": "gzip"}},
    {"status": 200, "body": '{"credit": 1}', "headers": {"X-Flood": "x" * 100_000}},
    {"ending": "hang", "times": 2},
    {"ending": "reset"},
    {"ending": "truncate"},
    {"delay_seconds": 0.2},
)
"""What is injected into the simulator; a hang is short-lived, or every scrape would only wait."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The exporter's process while nothing runs, after so many scrapes."""

    scrapes: int
    rss_mib: float
    fds: int
    threads: int


@dataclass(slots=True)
class Report:
    """What a run has shown; `violations` judges it."""

    statuses: Counter[str] = field(default_factory=Counter)
    left: int = 0
    reloads: int = 0
    spoilt: Counter[str] = field(default_factory=Counter)
    start: Reading = Reading(0, 0.0, 0, 0)
    readings: list[Reading] = field(default_factory=list)
    apis: int = 0
    tls: bool = False
    reasons: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    longest_seconds: float = 0.0
    calls: int = 0
    calls_when_quiet: int = 0
    cpu_seconds_when_quiet: float = 0.0
    exit_code: int | None = None
    said: str = ""

    @property
    def settled(self) -> Reading:
        """The reading after the first fifth: by then every connection, cache and pool has been needed."""
        return self.readings[max(0, len(self.readings) // 5 - 1)]

    @property
    def most_growth_mib(self) -> float:
        """What counts as noise: in a short run what the rarer injected faults need comes for the first time."""
        if sum(self.statuses.values()) >= 2000:
            return MOST_GROWTH_MIB
        return 3 * MOST_GROWTH_MIB + (TLS_BUFFER_MIB * self.apis if self.tls else 0)

    @property
    def growth_mib(self) -> float:
        """Resident memory at the end against that after the first fifth."""
        return self.readings[-1].rss_mib - self.settled.rss_mib

    @property
    def complaint(self) -> str:
        """What Python or the exporter complains of in the log: the first place, with what follows it."""
        signs = "Traceback|never awaited|was destroyed|never retrieved|Unclosed|[Uu]nexpected error"
        found = re.search(signs, self.said)
        return self.said[self.said.rfind("\n", 0, found.start()) + 1 :][:COMPLAINT_CHARACTERS] if found else ""

    def violations(self) -> list[str]:
        """Everything that is not as it should be."""
        half = len(self.readings) // 2
        fds = [max(reading.fds for reading in part) for part in (self.readings[:half], self.readings[half:])]
        threads = [max(reading.threads for reading in part) for part in (self.readings[:half], self.readings[half:])]
        checks = {
            f"not every scrape was answered by 200: {dict(self.statuses)}": self.statuses.keys() == {"200"},
            f"memory grew by {self.growth_mib:.1f} MiB": self.growth_mib <= self.most_growth_mib,
            f"file descriptors grew from {fds[0]} to {fds[1]}": fds[1] <= fds[0] + MOST_NEW_FDS,
            f"{max(fds)} file descriptors for {self.apis} apis": max(fds) <= self.start.fds + self.apis + MOST_NEW_FDS,
            f"threads grew from {threads[0]} to {threads[1]}": threads[1] <= threads[0] + MOST_NEW_THREADS,
            f"{self.calls_when_quiet} calls after the last scrape": self.calls_when_quiet == 0,
            f"{self.cpu_seconds_when_quiet:g} s of CPU while nothing ran": self.cpu_seconds_when_quiet
            <= MOST_IDLE_CPU_SECONDS,
            f"it ended with {self.exit_code}": self.exit_code == 0,
            f"a traceback or an unawaited task in the log: {self.complaint}": not self.complaint,
        }
        return [violation for violation, fine in checks.items() if not fine]

    def __str__(self) -> str:
        lines = [f"{'scrapes':>8} {'RSS MiB':>8} {'fds':>4} {'threads':>7}"]
        lines += [f"{r.scrapes:>8} {r.rss_mib:>8.1f} {r.fds:>4} {r.threads:>7}" for r in (self.start, *self.readings)]
        reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(self.reasons.items()))
        total = sum(self.statuses.values())
        return "\n".join(
            [
                *lines,
                f"{total} scrapes in {self.seconds:.0f} s, by status {dict(self.statuses)}; {self.left} left early",
                f"{self.calls} calls of {self.apis} apis; {self.reloads} reloads",
                *([f"connections spoilt before scrapes: {dict(self.spoilt)}"] if self.spoilt else []),
                f"longest scrape {self.longest_seconds:.2f} s",
                f"failures seen: {reasons}",
                f"memory {self.growth_mib:+.1f} MiB since the first fifth (at most {self.most_growth_mib:+g})",
                f"while quiet: {self.calls_when_quiet} calls, {self.cpu_seconds_when_quiet:.2f} s of CPU",
            ]
        )


def read_process(pid: int, scrapes: int = 0) -> Reading:
    """A process' memory, file descriptors and threads, from /proc."""
    status = Path(f"/proc/{pid}/status").read_text()
    numbers = {name: int(value) for name, value in re.findall(r"^(VmRSS|Threads):\s+(\d+)", status, re.MULTILINE)}
    return Reading(scrapes, numbers["VmRSS"] / 1024, len(list(Path(f"/proc/{pid}/fd").iterdir())), numbers["Threads"])


def write_config(provider: Simulator, path: Path, front: Front | None = None) -> list[tuple[str, str]]:
    """The simulator's accounts with nothing cached and short timeouts; gives their names and providers.

    With a front they are asked through it, but for those that sign URLs.
    """
    document = yaml.safe_load(provider.config_file.read_text())
    document["defaults"] = {"cache_ttl": "0s", "timeout": f"{CALL_TIMEOUT_SECONDS * 1000:.0f}ms", "stale_for": "1s"}
    document["accounts"] = document["accounts"][:ACCOUNTS]
    for account in document["accounts"]:
        if "prices" in account:
            account["api_settings"] = {"prices": {"cache_ttl": "0s"}}
        if front is not None and "oauth1" not in account["auth"]:
            account["base_url"] = account["base_url"].replace(provider.url, front.url)
            account["http"] = {"tls_config": {"ca_file": str(front.ca_file)}}
    path.write_text(yaml.safe_dump(document))
    return [(account["name"], account["provider"]) for account in document["accounts"]]


class Soak:
    """The scrapers and the switching of injected faults; `seed` decides what happens in which order."""

    def __init__(
        self,
        provider: Simulator,
        address: str,
        accounts: Sequence[tuple[str, str]],
        seed: int,
        front: Front | None = None,
    ) -> None:
        self.report = Report(tls=front is not None)
        self._provider = provider
        self._front = front
        self._address = address
        self._accounts = accounts
        self._rng = random.Random(seed)
        self._lock = threading.Lock()
        self._given = 0
        self._until = 0

    def stage(self, until: int) -> None:
        """Scrape, several at once, until so many scrapes have been given out; comes back when all have ended."""
        self._until = until
        scrapers = [threading.Thread(target=self._scraper) for _ in range(AT_ONCE)]
        for scraper in scrapers:
            scraper.start()
        for scraper in scrapers:
            scraper.join()

    def _scraper(self) -> None:
        connection = http.client.HTTPConnection(self._address, timeout=30)
        while (turn := self._turn()) is not None:
            patience, leaves = turn
            began = time.monotonic()
            try:
                status, text = self._scrape(connection, patience, leaves=leaves)
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                status, text = type(error).__name__, ""
            took = time.monotonic() - began
            with self._lock:
                if status:
                    self.report.statuses[status] += 1
                    self.report.reasons.update(re.findall(r',reason="(\w+)"} 1\n', text))
                    self.report.longest_seconds = max(self.report.longest_seconds, took)
                else:
                    self.report.left += 1
        connection.close()

    def _turn(self) -> tuple[float, bool] | None:
        """The next scrape's timeout, and whether it goes away early; before some, something is switched."""
        with self._lock:
            if self._given >= self._until:
                return None
            self._given += 1
            if self._given % SWITCH_EVERY == 0:
                self._switch()
            if self._given % RELOAD_EVERY == 0:
                self._reload()
            if self._front is not None and self._rng.random() < SPOILT_SHARE:
                self._spoil(self._front)
            leaves = self._rng.random() < 0.02
            if leaves:
                self._until += 1  # it doesn't count
            return self._rng.choice([0.6, 1.0, 2.0, 2.0]), leaves

    def _switch(self) -> None:
        if self._rng.random() < 0.15:
            self._provider.control("injected-faults", "DELETE")
            return
        account, name = self._rng.choice(self._accounts)
        target = {"provider": name} if self._rng.random() < 0.1 else {"account": account}
        self._provider.control("injected-faults", "POST", {**target, **self._rng.choice(INJECTED_FAULTS)})

    def _spoil(self, front: Front) -> None:
        how = self._rng.choice(["close", "reset"])
        front.spoil(how)
        self.report.spoilt[how] += 1

    def _reload(self) -> None:
        # Refused keys would be held back for the rest of the run.
        request = urllib.request.Request(f"http://{self._address}/-/reload", method="POST")
        with urllib.request.urlopen(request, timeout=10):
            self.report.reloads += 1

    @staticmethod
    def _scrape(connection: http.client.HTTPConnection, patience: float, *, leaves: bool) -> tuple[str, str]:
        headers = {"X-Prometheus-Scrape-Timeout-Seconds": str(patience), "Accept-Encoding": "identity"}
        connection.request("GET", "/metrics", headers=headers)
        if leaves:
            time.sleep(0.02)
            connection.close()
            return "", ""
        response = connection.getresponse()
        return str(response.status), response.read().decode()


def soak(folder: Path, scrapes: int, seed: int = 1, *, tls: bool = False) -> Report:
    """Run it; `folder` takes logs, configuration and certificates."""
    with ExitStack() as stack:
        provider = stack.enter_context(simulator(folder, "--latency", "0-10", "--seed", str(seed)))
        front = stack.enter_context(Front(folder, urlsplit(provider.url).port or 0)) if tls else None
        config_file = folder / "soak.yml"
        accounts = write_config(provider, config_file, front)
        with exporter(folder, config_file, "--web.enable-lifecycle", name="soak") as (address, process):
            run = Soak(provider, address, accounts, seed, front)
            run.report.start = read_process(process.popen.pid)
            began = time.monotonic()
            for stage in range(1, STAGES + 1):
                run.stage(scrapes * stage // STAGES + run.report.left)
                time.sleep(CALL_TIMEOUT_SECONDS + 0.1)  # calls that outlive their waiters
                run.report.readings.append(read_process(process.popen.pid, sum(run.report.statuses.values())))
            run.report.seconds = time.monotonic() - began
            _watch_quiet(run.report, provider, process)
            run.report.exit_code = process.end(signal.SIGTERM)
            run.report.said = process.log.read_text()
    return run.report


def _watch_quiet(report: Report, provider: Simulator, process: Process) -> None:
    report.apis = len(provider.control("calls"))
    report.calls, cpu = provider.calls(), process.cpu_seconds()
    time.sleep(QUIET_SECONDS)
    report.calls_when_quiet = provider.calls() - report.calls
    report.cpu_seconds_when_quiet = process.cpu_seconds() - cpu


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, judge."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--scrapes", type=int, default=10_000, help="how many (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other injected faults (%(default)s)")
    parser.add_argument("--tls", action="store_true", help="over TLS, with connections closed and reset")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        report = soak(Path(folder), options.scrapes, options.seed, tls=options.tls)
    print(report)
    violations = report.violations()
    for violation in violations:
        print(f"VIOLATION: {violation}")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
