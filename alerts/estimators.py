# ruff: noqa: INP001  # a script beside the rules, no package
"""The table of truth: what the rules, `predict_linear` and `delta` say of balances whose spending is known.

`python alerts/estimators.py` has promtool play eight shapes (and two hard ones) through `rules.yml` and writes
`docs/alerts/estimators.md`; a test holds the page to what promtool says.
"""

import json
import math
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "alerts" / "estimators.md"

STEP_SECONDS = 300
DAY_STEPS = 288
DAYS = 3
_START = 5000.0
_DAY = 1000.0
"""What each account spends in a day, unless it is idle."""

Balance = list[float | None]


@dataclass(frozen=True, slots=True)
class Shape:
    """One course of a balance over `DAYS`; `spent` is the truth for the last day."""

    name: str
    balance: Balance
    spent: float = _DAY
    named: str = ""
    """Why the error may be more than 5 %, if it may."""

    @property
    def left(self) -> float:
        """What is left at the end."""
        return next(value for value in reversed(self.balance) if value is not None)


def _course(weight: Callable[[int], float], events: Sequence[tuple[int, float]] = (), day: float = _DAY) -> Balance:
    weights = [weight(step) for step in range(DAY_STEPS)]
    scale = day / sum(weights) if day else 0.0
    due, balance, now = dict(events), [], _START
    for step in range(DAYS * DAY_STEPS + 1):
        now += due.get(step, 0.0)
        balance.append(now)
        now -= scale * weights[step % DAY_STEPS]
    return list(balance)


def _steady(_: int) -> float:
    return 1.0


def _by_day(step: int) -> float:
    # Nothing to speak of by night, most at three in the afternoon.
    return 0.02 + max(0.0, math.sin((step / DAY_STEPS - 0.375) * math.tau))


def _hourly(balance: Balance) -> Balance:
    return [balance[step - step % 12] for step in range(len(balance))]


def _without(balance: Balance, *gaps: tuple[int, int]) -> Balance:
    return [None if any(first <= step < last for first, last in gaps) else value for step, value in enumerate(balance)]


def shapes() -> list[Shape]:
    """The shapes; the last day runs from step 576 to 864."""
    return [
        Shape("steady", _course(_steady)),
        Shape("day and night", _course(_by_day)),
        Shape("top-up", _course(_steady, [(720, 3000.0)])),
        Shape("several top-ups", _course(_steady, [(step, 500.0) for step in range(130, 864, 144)])),
        Shape("gap of 20 minutes", _without(_course(_steady), (700, 704))),
        Shape("gap of 3 hours", _without(_course(_steady), (700, 736))),
        Shape("hourly steps", _hourly(_course(_steady))),
        Shape(
            "expiry cliff",
            _course(_steady, [(720, -2500.0)], day=0.0),
            spent=0.0,
            named="spend for a day, as the money is gone; never a runway",
        ),
        Shape(
            "expiry cliff while spending",
            _course(_steady, [(720, -1500.0)]),
            named="spend for a day, as above; the runway is right",
        ),
        Shape("idle", _course(_steady, day=0.0), spent=0.0),
    ]


EXPRESSIONS = {
    "spend": "last_over_time(account:sms_credit_spend:1d[15m])",
    "runway": "last_over_time(account:sms_credit_runway:seconds[15m]) / 86400",
    "predict_linear": "x - predict_linear(x[1d], 86400)",
    "delta": "-delta(x[1d])",
}


def _test(all_shapes: Sequence[Shape]) -> str:
    series = [
        {
            "series": f'sms_credit_balance{{job="sms",instance="a",account="{number}",currency="EUR"}}',
            "values": " ".join("_" if value is None else f"{value:.6f}" for value in shape.balance),
        }
        for number, shape in enumerate(all_shapes)
    ]
    end = f"{DAYS * 24}h"
    asked = [
        {"expr": expression.replace("x", "sms_credit_balance") if name in {"predict_linear", "delta"} else expression,
         "eval_time": end, "exp_samples": [{"labels": "{}", "value": -1}]}
        for name, expression in EXPRESSIONS.items()
    ]  # fmt: skip
    test = {"interval": "5m", "input_series": series, "promql_expr_test": asked}
    return json.dumps(
        {"rule_files": [str(HERE / "rules.yml")], "evaluation_interval": "5m", "tests": [test],
         "group_eval_order": ["sms_exporter_accounts", "sms_exporter_spend"]}
    )  # fmt: skip


def _told(output: str) -> Iterator[dict[int, float]]:
    # promtool shows what an expression came to only where another value was expected: a value that can't be.
    for got in re.findall(r"^ +got: ?(.*)$", output, re.MULTILINE):
        yield {int(number): float(value) for number, value in re.findall(r'account="(\d+)"[^}]*} (\S+?)(?:,|$)', got)}


def measured(promtool: str = "promtool") -> list[tuple[Shape, dict[str, float | None]]]:
    """What each expression comes to for each shape, as promtool evaluates the rules."""
    all_shapes = shapes()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "estimators.yml"
        file.write_text(_test(all_shapes), "utf-8")
        done = subprocess.run([promtool, "test", "rules", file], capture_output=True, text=True, check=False)  # noqa: S603
    columns = list(_told(done.stdout + done.stderr))
    if len(columns) != len(EXPRESSIONS):
        raise ValueError(done.stdout + done.stderr)
    names = list(EXPRESSIONS)
    return [
        (shape, {name: column.get(number) for name, column in zip(names, columns, strict=True)})
        for number, shape in enumerate(all_shapes)
    ]


_HEAD = """\
<!-- Made by alerts/estimators.py: edit it or the rules, then run it. -->
# Spend and runway, and how right they are

A balance is a gauge that is topped up, so neither `delta` nor `predict_linear` tells what is spent. The rules compare
each sighting of a balance with the one before, and keep what went and how long that took:

- a **top-up** is a rise above all that was there within the hour: the step is left out altogether; a smaller rise is a
  correction and counts as nothing spent;
- after a **gap** (up to six hours) one step covers it, with its real length; longer gaps are left out;
- what was spent in a window is what went, divided by the time that was watched, times the window: with less history
  than the window it is the mean of what there is;
- a **lone step** above a fifth of a usual week's spend, as when credit expires or is corrected, is spend and leaves the
  window with time, but isn't expected to go on: the pace of the day and the spike don't count it. Lone is what is more
  than five times the largest step of the day before, so pumping counts from its second step on;
- a **batch** is such a step within eight days of one like it: it counts in the pace of the week, so that an account
  that sends every few days has a runway from its second batch on, and one batch doesn't look like a day's pace;
- the **runway** is the balance divided by the pace: by the last day or (once there is a week) the last week, whichever
  was faster, so that a weekend doesn't hide the Monday. Where less than six hours of the last day were watched, the
  week's pace counts, if there is one. An idle account has no runway. While the provider can't be asked, the runway
  stays as it was.

Three days of each shape, a sample every five minutes, played by promtool: what goes in a day, and the runway in days.

| shape | spent | rules | error | `predict_linear(x[1d])` | `-delta(x[1d])` | runway | by the rules | error |
|---|---|---|---|---|---|---|---|---|
"""

_TAIL = """
`predict_linear` is what it expects to go in the next day. Named exceptions to an error of 5 %:

"""


def _figure(value: float | None, digits: int = 0) -> str:
    return "none" if value is None else f"{round(value, digits) + 0.0:.{digits}f}"


def _error(value: float | None, truth: float | None) -> str:
    if value is None or not truth:
        return "-" if value is None or not value else "all of it"
    return f"{round(100 * (value / truth - 1), 1) + 0.0:.1f} %"


def page(rows: Sequence[tuple[Shape, dict[str, float | None]]]) -> str:
    """The page in Markdown."""
    lines = []
    for shape, told in rows:
        runway = shape.left / shape.spent if shape.spent else None
        cells = (
            shape.name, _figure(shape.spent), _figure(told["spend"]), _error(told["spend"], shape.spent),
            _figure(told["predict_linear"]), _figure(told["delta"]), _figure(runway, 2), _figure(told["runway"], 2),
            _error(told["runway"], runway),
        )  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |\n")
    exceptions = "".join(f"- {shape.name}: {shape.named}.\n" for shape, _ in rows if shape.named)
    return _HEAD + "".join(lines) + _TAIL + exceptions


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(measured(*sys.argv[1:])), "utf-8")


if __name__ == "__main__":
    main()
