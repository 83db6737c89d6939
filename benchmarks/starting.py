"""What a start costs: until the first scrape's end, and beside importing what the exporter depends on."""

import re
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from importlib import metadata

from benchmarks.plan import Plan, Row
from benchmarks.processes import Child, Exporter, Provider

IMPORTS = """
import sys
sys.modules["httpx._main"] = None  # its command line, which is no dependency of ours
for name in sys.argv[1:]:
    __import__(name)
print("ready", flush=True)
sys.stdin.read()
"""


def dependencies() -> list[str]:
    """The modules of the distributions that pyproject.toml names."""
    named = {
        re.split(r"[^\w.-]", requirement, maxsplit=1)[0].lower().replace("_", "-")
        for requirement in metadata.requires("sms-exporter") or ()
    }
    found = metadata.packages_distributions().items()
    return sorted(
        module
        for module, names in found
        if not module.startswith("_") and any(name.lower().replace("_", "-") in named for name in names)
    )


class Imports(Child):
    """A Python process that has imported modules and does nothing more."""

    def __init__(self, modules: list[str]) -> None:
        command = [sys.executable, "-c", IMPORTS, *modules]
        self.popen = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.popen.stdout is not None
        self.popen.stdout.readline()


def starts(plan: Plan) -> Iterator[Row]:
    """Three accounts and a provider that answers at once: to the first answer, then to the first scrape's end."""
    modules = dependencies()
    rows = [_start(plan, modules) for _ in range(plan.rounds(8))]
    yield {name: round(statistics.median(row[name] for row in rows), 3) for name in rows[0]}


def _start(plan: Plan, modules: list[str]) -> Row:
    with Provider(plan.folder, 0.0, tls=False) as provider, Imports(modules) as imports:
        began = time.perf_counter()
        with Exporter(plan.folder, provider, 3) as exporter:
            urllib.request.urlopen(f"http://{exporter.address}/-/healthy", timeout=10).close()
            cpu, rss = exporter.cpu_seconds(), exporter.rss_mib()
            exporter.scrape()
            return {
                "start_to_first_scrape_s": time.perf_counter() - began,
                "rss_mib": exporter.rss_mib(),
                "start_cpu_ms": 1000 * cpu,
                "start_rss_mib": rss,
                "imports_cpu_ms": 1000 * imports.cpu_seconds(),
                "imports_rss_mib": imports.rss_mib(),
                "cpu_ratio": cpu / imports.cpu_seconds(),
                "rss_ratio": rss / imports.rss_mib(),
            }
