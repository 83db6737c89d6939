"""`python -m exporter.simulator`: the simulated providers alone, their configuration, their history."""

import argparse
import asyncio
import signal
import sys
import time
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path

from aiohttp import web

from exporter.config.loading import load_text
from exporter.simulator.clock import Clock
from exporter.simulator.configuration import configuration
from exporter.simulator.history import write_history
from exporter.simulator.server import LATENCY_SECONDS, create_app
from exporter.simulator.story import DEFAULT_SPEED, Story
from exporter.simulator.synopsis import synopsis

_LISTEN = "127.0.0.1:10078"


def _loopback(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not ip_address(host.strip("[]")).is_loopback:  # it has faults and secrets on demand
        raise argparse.ArgumentTypeError("the simulator listens on loopback only")
    return host.strip("[]"), int(port)


def _latency(text: str) -> tuple[float, float]:
    low, _, high = text.partition("-")
    return float(low) / 1000, float(high or low) / 1000


def parser() -> argparse.ArgumentParser:
    """The command line."""
    arguments = argparse.ArgumentParser(prog="python -m exporter.simulator", description=__doc__)
    add = arguments.add_argument
    add("--listen", type=_loopback, default=_loopback(_LISTEN), metavar="ADDRESS", help=f"default {_LISTEN}")
    add("--speed", type=float, default=DEFAULT_SPEED, help="how much faster its clock runs (%(default)g)")
    add("--seed", type=int, default=1, help="another seed is another story (%(default)s)")
    add("--copies", type=int, default=1, help="every account this many times (%(default)s)")
    add("--start", type=float, help="Unix seconds at which the story starts (now)")
    low, high = (round(seconds * 1000) for seconds in LATENCY_SECONDS)
    add("--latency", type=_latency, default=LATENCY_SECONDS, help=f"milliseconds, as {low}-{high} or 0")
    add("--write-config", type=Path, metavar="FILE", help="write the exporter's configuration, then serve")
    add(
        "--write-history",
        type=Path,
        metavar="FILE",
        help="write what an exporter would have shown before the start, as OpenMetrics, and don't serve; then"
        " promtool tsdb create-blocks-from --max-block-duration=1536h openmetrics FILE DIRECTORY",
    )
    add("--days", type=float, default=35, help="how many days of history (%(default)g)")
    add("--step", type=int, default=300, help="seconds between its samples (%(default)s)")
    return arguments


async def serve(options: argparse.Namespace, story: Story) -> None:
    """Serve until SIGINT or SIGTERM comes; the configuration is written once the port is known."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    app = create_app(story, Clock(story.start, story.speed), latency_seconds=options.latency)
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, *options.listen).start()
        host, port = runner.addresses[0][:2]
        base_url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        if options.write_config is not None:
            options.write_config.write_text(configuration(story, base_url), "utf-8")
        sys.stderr.write(f"{synopsis(story, story.start)}\nlistening on {base_url}\n")
        sys.stderr.flush()
        await stop.wait()
    finally:
        await runner.cleanup()


def _write_history(options: argparse.Namespace, story: Story) -> None:
    settings = load_text(configuration(story, "http://127.0.0.1"), "history").settings
    with options.write_history.open("w", encoding="utf-8") as out:
        write_history(story, settings, out, days=options.days, step_seconds=options.step)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write what was asked for; then, unless that was a history, serve until a signal comes."""
    options = parser().parse_args(arguments)
    start = time.time() if options.start is None else options.start
    story = Story(options.seed, start, speed=options.speed, copies=options.copies)
    if options.write_history is not None:
        _write_history(options, story)
        return 0
    asyncio.run(serve(options, story))
    return 0


if __name__ == "__main__":  # pragma: no cover - the command itself
    sys.exit(main())
