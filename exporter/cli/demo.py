"""`sms-exporter demo`: the simulated providers and an exporter of their accounts, in one process."""

import argparse
import time

from exporter import logs
from exporter.cli.serve import serve, until_ended
from exporter.config.loading import load_text
from exporter.durations import format_duration
from exporter.settings import Settings
from exporter.simulator.clock import Clock
from exporter.simulator.configuration import configuration
from exporter.simulator.hosting import hosted
from exporter.simulator.scenario import DEFAULT_SPEED, Scenario
from exporter.simulator.server import Simulator
from exporter.simulator.summary import summarize


def run(options: argparse.Namespace) -> int:
    """Serve until a signal comes; returns the exit code."""
    logs.configure(options.log_level, options.log_format, beside=True)
    return until_ended(_serve(options), options)


async def _serve(options: argparse.Namespace) -> int:
    start, speed = time.time(), options.demo_speed or DEFAULT_SPEED
    scenario = Scenario(options.demo_seed, start, speed=speed)
    async with hosted(Simulator(scenario, Clock(start, speed))) as base_url:

        def load() -> Settings:
            return load_text(configuration(scenario, base_url), "demo").settings

        def started(url: str) -> None:
            print(_welcome(scenario, start, url, options.telemetry_path), flush=True)

        return await serve(options, load, started=started)


def _welcome(scenario: Scenario, start: float, exporter: str, telemetry_path: str) -> str:
    """Where to look, and what the accounts are going through."""
    day = format_duration(86400 / scenario.speed)
    week = format_duration(7 * 86400 / scenario.speed)
    indented = summarize(scenario, start).replace("\n", "\n  ")
    return (
        f"\nSimulated accounts, {scenario.speed:g} times as fast as life (a day takes {day}, so that a runway"
        f" threshold of 7d is {week} here):"
        f"\n\n  {indented}\n\nLook at\n"
        f"  {exporter}/\n"
        f"  {exporter}{telemetry_path}\n"
        f"  {exporter}/probe?target={scenario.accounts[0].name}&debug=true\n"
        f"Ctrl-C ends it.\n"
    )
