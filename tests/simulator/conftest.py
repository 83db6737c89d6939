"""The simulator on loopback, with a clock that a test moves."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request

from exporter.simulator.clock import Clock
from exporter.simulator.faults import Faults
from exporter.simulator.server import Simulator
from exporter.simulator.story import Story

START = 1_795_000_000.0
"""A Wednesday in November 2026, shortly before noon in Central Europe."""


@dataclass(slots=True)
class Hands:
    """What the simulator's clocks read: seconds since it began, and the real time."""

    elapsed: float = 0.0
    real: float = START


@dataclass(slots=True)
class Stage:
    """A running simulator and all that a test turns or looks at."""

    client: TestClient[Request, Application]
    simulator: Simulator
    faults: Faults
    hands: Hands = field(default_factory=Hands)


@pytest.fixture(scope="session")
def story() -> Story:
    return Story(1, START)


@pytest.fixture
async def stage(story: Story) -> AsyncIterator[Stage]:
    hands, faults = Hands(), Faults()
    clock = Clock(story.start, monotonic=lambda: hands.elapsed)
    simulator = Simulator(story, clock, faults, latency_seconds=(0, 0), now=lambda: hands.real)
    async with TestClient(TestServer(simulator.app())) as client:
        yield Stage(client, simulator, faults, hands)
