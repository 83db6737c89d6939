"""The simulator on loopback, with a clock that a test moves."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request

from exporter.simulator.clock import Clock
from exporter.simulator.scenario import Scenario
from tests.simulator.control import ControlledSimulator

START = 1_795_000_000.0
"""A Wednesday in November 2026, shortly before noon in Central Europe."""


@dataclass(slots=True)
class Times:
    """What the simulator's clocks read: seconds since it began, and the real time."""

    elapsed: float = 0.0
    real: float = START


@dataclass(slots=True)
class Served:
    """A running simulator and all that a test turns or looks at."""

    client: TestClient[Request, Application]
    simulator: ControlledSimulator
    times: Times = field(default_factory=Times)


@pytest.fixture(scope="session")
def scenario() -> Scenario:
    return Scenario(1, START)


@pytest.fixture
async def served(scenario: Scenario) -> AsyncIterator[Served]:
    times = Times()
    clock = Clock(scenario.start, monotonic=lambda: times.elapsed)
    simulator = ControlledSimulator(scenario, clock, latency_seconds=(0, 0), now=lambda: times.real)
    async with TestClient(TestServer(simulator.app())) as client:
        yield Served(client, simulator, times)
