"""`python -m tests.simulator`: the simulated providers alone, under control, and their configuration."""

import argparse
import asyncio
import signal
import sys
import time
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path

from exporter.simulator.clock import Clock
from exporter.simulator.configuration import configuration
from exporter.simulator.hosting import hosted
from exporter.simulator.scenario import DEFAULT_SPEED, Scenario
from exporter.simulator.server import LATENCY_SECONDS
from exporter.simulator.summary import summarize
from tests.simulator.control import ControlledSimulator
from tests.simulator.crowd import crowd

_LISTEN = "127.0.0.1:10078"


def _loopback(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not ip_address(host.strip("[]")).is_loopback:  # it has secrets on demand, and anybody may inject faults
        raise argparse.ArgumentTypeError("the simulator listens on loopback only")
    return host.strip("[]"), int(port)


def _latency(text: str) -> tuple[float, float]:
    low, _, high = text.partition("-")
    return float(low) / 1000, float(high or low) / 1000


def parser() -> argparse.ArgumentParser:
    """The command line."""
    arguments = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    add = arguments.add_argument
    add("--listen", type=_loopback, default=_loopback(_LISTEN), metavar="ADDRESS", help=f"default {_LISTEN}")
    add("--speed", type=float, default=DEFAULT_SPEED, help="how much faster its clock runs (%(default)g)")
    add("--seed", type=int, default=1, help="another seed is another scenario (%(default)s)")
    add("--copies", type=int, default=1, help="every account this many times (%(default)s)")
    low, high = (round(seconds * 1000) for seconds in LATENCY_SECONDS)
    add("--latency", type=_latency, default=LATENCY_SECONDS, help=f"milliseconds, as {low}-{high} or 0")
    add("--write-config", type=Path, metavar="FILE", help="write the exporter's configuration, then serve")
    return arguments


async def serve(options: argparse.Namespace, scenario: Scenario) -> None:
    """Serve until SIGINT or SIGTERM comes; the configuration is written once the port is known."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    clock = Clock(scenario.start, scenario.speed)
    simulator = ControlledSimulator(scenario, clock, latency_seconds=options.latency)
    async with hosted(simulator, *options.listen) as base_url:
        if options.write_config is not None:
            options.write_config.write_text(configuration(scenario, base_url), "utf-8")
        sys.stderr.write(f"{summarize(scenario, scenario.start)}\nlistening on {base_url}\n")
        sys.stderr.flush()
        await stop.wait()


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal comes."""
    options = parser().parse_args(arguments)
    scenario = Scenario(options.seed, time.time(), speed=options.speed, accounts=crowd(options.copies))
    asyncio.run(serve(options, scenario))
    return 0


if __name__ == "__main__":  # pragma: no cover - the command itself
    sys.exit(main())
