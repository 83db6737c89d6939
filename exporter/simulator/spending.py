"""How an account's spending is spread over a week: hours, weekends, campaigns, noise, bursts."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

STEP_SECONDS = 300
WEEK_SECONDS = 7 * 86400
STEPS_A_WEEK = WEEK_SECONDS // STEP_SECONDS
LOCAL_OFFSET_SECONDS = 3600
"""The accounts live by Central European winter time, all year round."""

OFFICE = [0.02] * 7 + [0.4, 1.6, 2.4, 2.2, 1.9, 1.1, 1.5, 1.9, 1.7, 1.3, 0.7, 0.3, 0.1] + [0.02] * 4
SHOP = [0.1, 0.05, 0.03, 0.03, 0.03, 0.05, 0.2, 0.5, 0.9, 1.3, 1.5, 1.5]
SHOP += [1.4, 1.3, 1.2, 1.2, 1.3, 1.5, 1.7, 1.9, 2.0, 1.7, 1.0, 0.4]
CODES = [0.5, 0.35, 0.3, 0.3, 0.3, 0.4, 0.6, 0.9, 1.1, 1.2, 1.2, 1.2]
CODES += [1.2, 1.2, 1.1, 1.1, 1.2, 1.3, 1.5, 1.6, 1.6, 1.4, 1.1, 0.8]
NIGHT = [2.2, 2.0, 1.6, 1.0, 0.5, 0.3, 0.3, 0.3, 0.3, 0.4, 0.4, 0.5]
NIGHT += [0.5, 0.5, 0.6, 0.7, 0.9, 1.2, 1.6, 2.0, 2.3, 2.4, 2.4, 2.3]


@dataclass(frozen=True, slots=True)
class Campaign:
    """A mailing at the same hour of every week; `size` is all of it, in the unit of the hours' weights."""

    weekday: int
    hour: float
    size: float
    length_hours: float = 2.0


@dataclass(frozen=True, slots=True)
class Burst:
    """Fraud: for a while codes go to numbers that nobody asked for, at `times` the usual rate.

    `begin_seconds` counts from the begin of each cycle, or where negative from the scenario's start.
    """

    begin_seconds: float
    length_seconds: float
    times: float


@dataclass(frozen=True, slots=True)
class Spending:
    """What is spent in a week, and when: 24 weights for the hours, a factor for Saturday and Sunday."""

    weekly: float
    hours: Sequence[float]
    weekend: float = 1.0
    campaigns: tuple[Campaign, ...] = ()
    bursts: tuple[Burst, ...] = ()
    noise: float = 0.8

    def shape(self, begin: float) -> list[float]:
        """The weights of all steps of a week that begins at `begin` (Unix seconds), without noise."""
        return [self._weight(begin + step * STEP_SECONDS) for step in range(STEPS_A_WEEK)]

    def week(
        self,
        shape: Sequence[float],
        generator: random.Random,
        pauses: Sequence[tuple[float, float]] = (),
        fixed: Sequence[float] = (),
    ) -> list[float]:
        """Spending for each step of a week, bursts left out.

        It comes to `weekly` exactly. In `pauses` (begin and end, seconds into the week) nothing is
        spent. Noise evens out before each pause and each offset in `fixed`, so that an account can
        say where its balance will be.
        """
        weights = list(shape)
        for first, last in pauses:
            for step in range(round(first / STEP_SECONDS), round(last / STEP_SECONDS)):
                weights[step] = 0.0
        scale = self.weekly / sum(weights)
        edges = {0, STEPS_A_WEEK, *(round(offset / STEP_SECONDS) for offset in fixed)}
        edges.update(round(offset / STEP_SECONDS) for pause in pauses for offset in pause)
        steps: list[float] = []
        for first_step, last_step in pairwise(sorted(edges)):
            even = weights[first_step:last_step]
            noisy = [weight * (1 + self.noise * (2 * generator.random() - 1)) for weight in even]
            factor = scale * sum(even) / (sum(noisy) or 1.0)
            steps.extend(weight * factor for weight in noisy)
        return steps

    def burst(self, offset: float) -> float:
        """What bursts add in the step at `offset` (as `Burst.begin_seconds` counts)."""
        usual = self.weekly / STEPS_A_WEEK
        return sum(
            usual * burst.times
            for burst in self.bursts
            if burst.begin_seconds <= offset < burst.begin_seconds + burst.length_seconds
        )

    def _weight(self, at: float) -> float:
        days, seconds = divmod(at + LOCAL_OFFSET_SECONDS, 86400)
        weekday, hour = (int(days) + 3) % 7, seconds / 3600
        weight = self.hours[int(hour)] * (self.weekend if weekday >= 5 else 1.0)
        for campaign in self.campaigns:
            if weekday == campaign.weekday and 0 <= hour - campaign.hour < campaign.length_hours:
                weight += campaign.size / campaign.length_hours
        return weight
