"""`sms-exporter demo`: the simulated providers and what an exporter of their accounts needs, in one process."""

from dataclasses import dataclass
from types import TracebackType
from typing import Self

from aiohttp import web

from exporter.config.loading import load_text
from exporter.durations import format_duration
from exporter.settings import Settings
from exporter.simulator.clock import Clock
from exporter.simulator.configuration import configuration
from exporter.simulator.scenario import DEFAULT_SPEED, Scenario
from exporter.simulator.server import Simulator
from exporter.simulator.summary import summarize


@dataclass
class Demo:
    """The simulator on a free port of this machine, for as long as it is entered.

    `start` is the Unix time at which the scenario begins, `speed` how much faster its clock goes (None for the
    scenario's own choice).
    """

    seed: int
    start: float
    speed: float | None = None

    async def __aenter__(self) -> Self:
        speed = self.speed or DEFAULT_SPEED
        self.scenario = Scenario(self.seed, self.start, speed=speed)
        app = Simulator(self.scenario, Clock(self.start, speed)).app()
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.base_url = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    def load(self) -> Settings:
        """The configuration that asks the simulator."""
        return load_text(configuration(self.scenario, self.base_url), "demo").settings

    def welcome(self, exporter: str, telemetry_path: str) -> str:
        """Where to look, and what the accounts are going through."""
        first = self.scenario.accounts[0].name
        day = format_duration(86400 / self.scenario.speed)
        week = format_duration(7 * 86400 / self.scenario.speed)
        indented = summarize(self.scenario, self.start).replace("\n", "\n  ")
        return (
            f"\nSimulated accounts, {self.scenario.speed:g} times as fast as life (a day takes {day}, so that a runway"
            f" threshold of 7d is {week} here):"
            f"\n\n  {indented}\n\nLook at\n"
            f"  {exporter}/\n"
            f"  {exporter}{telemetry_path}\n"
            f"  {exporter}/probe?target={first}&debug=true\n"
            f"Ctrl-C ends it.\n"
        )
