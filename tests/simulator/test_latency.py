from exporter.simulator.clock import Clock
from exporter.simulator.scenario import Scenario
from exporter.simulator.server import Call, Simulator

from .conftest import START

CALL = Call("bakery-it", "agiletelecom", "credit")


def test_simulated_time_goes_by_the_clock_that_is_handed_in() -> None:
    read = iter([100.0, 100.0, 101.5])
    clock = Clock(START, 60, monotonic=lambda: next(read))
    assert [clock.now(), clock.now()] == [START, START + 90]


def test_latency_varies_within_its_bounds_and_is_the_same_for_the_same_seed() -> None:
    def drawn(seed: int) -> list[float]:
        simulator = Simulator(Scenario(seed, START), Clock(START), latency_seconds=(0.02, 0.12))
        return [simulator.latency_seconds(CALL, number) for number in range(50)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert 0.02 <= min(drawn(1)) < 0.05 < max(drawn(1)) <= 0.12


def test_there_may_be_no_latency(scenario: Scenario) -> None:
    simulator = Simulator(scenario, Clock(START), latency_seconds=(0, 0))
    assert simulator.latency_seconds(CALL, 1) == 0
