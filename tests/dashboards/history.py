"""A Prometheus that has 35 days of the scenario in it, and what the rules would have recorded of them."""

import contextlib
import functools
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import yaml

from exporter.config.loading import load_text
from exporter.simulator.configuration import configuration
from exporter.simulator.scenario import Scenario
from tests.conftest import program
from tests.processes import eventually, fetch, free_port, running
from tests.simulator.crowd import crowd
from tests.simulator.history import write_history

RULES = Path(__file__).parents[2] / "alerts" / "rules.yml"
STEP_SECONDS = 300
DAY = 86400
BLOCK_HOURS = 1536
END = 324 * BLOCK_HOURS * 3600 - DAY
"""When the scenario starts and its history ends: late in a block of promtool's, so that all lies in one."""

_RECORDED = re.compile(r"\b[a-z]+:[a-z0-9_]+(?::[a-z0-9]+)?\b")
_ALERTS_DAYS = 2.0
_PARTS = 2


@dataclass(frozen=True)
class Rule:
    """A recording rule."""

    record: str
    expr: str
    labels: Mapping[str, str]


@functools.cache
def groups() -> list[Any]:
    """The groups of the rule file."""
    found: list[Any] = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    return found


def recorded() -> list[Rule]:
    """The recording rules, as they stand."""
    rules = [rule for group in groups() for rule in group["rules"] if "record" in rule]
    return [Rule(rule["record"], rule["expr"], rule.get("labels", {})) for rule in rules]


def stages(rules: Sequence[Rule]) -> Iterator[list[Rule]]:
    """The rules in an order in which each finds what it reads.

    A rule that reads itself holds what it saw while a provider can't be asked. It comes twice: first without
    itself, then once more, when a window of a week takes the place of the many evaluations between.
    """
    left, done = {rule.record: rule for rule in rules}, set[str]()
    while left:
        reads = {name: set(_RECORDED.findall(rule.expr)) - {name} for name, rule in left.items()}
        stage = [rule for name, rule in left.items() if reads[name] <= done]
        assert stage, f"these rules read each other: {sorted(left)}"
        yield stage
        again = [rule for rule in stage if rule.record in _RECORDED.findall(rule.expr)]
        if again:
            yield [
                replace(rule, expr=re.sub(rf"{rule.record}\[\w+\]", f"{rule.record}[7d]", rule.expr)) for rule in again
            ]
        for rule in stage:
            done.add(rule.record)
            del left[rule.record]


def alerts() -> tuple[list[Rule], list[Rule]]:
    """What Prometheus keeps of the alerts, as recording rules: which fire, and since when."""
    rules = [_alert(rule) for group in groups() for rule in group["rules"] if "alert" in rule]
    return [firing for firing, _ in rules], [since for _, since in rules]


def _alert(alert: Mapping[str, Any]) -> tuple[Rule, Rule]:
    seconds = int(alert["for"].removesuffix("m")) * 60 if alert["for"].endswith("m") else int(alert["for"][:-1]) * 3600
    steps = max(1, seconds // STEP_SECONDS)
    labels = {"alertname": alert["alert"], **alert["labels"]}
    long = f"count_over_time(({alert['expr']})[{seconds}s:{STEP_SECONDS}s]) >= {steps}"
    firing = Rule("ALERTS", f"0 * ({long}) + 1", {**labels, "alertstate": "firing"})
    began = f"time() - {STEP_SECONDS} * count_over_time(({alert['expr']})[1d:{STEP_SECONDS}s])"
    return firing, Rule("ALERTS_FOR_STATE", began, labels)


def write_part(path: Path, part: int, copies: int, days: float) -> None:
    """Write the history of every so-manieth account."""
    scenario = Scenario(1, END, accounts=crowd(copies))
    settings = load_text(configuration(scenario, "http://127.0.0.1"), "history").settings
    chosen = replace(settings, accounts=settings.accounts[part::_PARTS])
    with path.open("w", encoding="utf-8") as out:
        write_history(scenario, chosen, out, days=days, step_seconds=STEP_SECONDS)


def create_blocks(text: Path, data: Path) -> None:
    """Turn OpenMetrics into blocks of a Prometheus, and remove the text."""
    promtool = [program("promtool"), "tsdb", "create-blocks-from", f"--max-block-duration={BLOCK_HOURS}h"]
    subprocess.run([*promtool, "--quiet", "openmetrics", str(text), str(data)], check=True, capture_output=True)
    text.unlink()


def make_part(folder: Path, part: int, copies: int, days: float) -> None:
    """Write a part and turn it into blocks."""
    write_part(folder / f"{part}.om", part, copies, days)
    create_blocks(folder / f"{part}.om", folder / "data")


@contextlib.contextmanager
def serving(folder: Path, name: str, config: Mapping[str, Any]) -> Iterator[str]:
    """A Prometheus on the folder's data; gives its URL."""
    (folder / f"{name}.yml").write_text(yaml.safe_dump(dict(config)))
    port = free_port()
    command = [
        program("prometheus"),
        f"--config.file={folder / f'{name}.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        "--storage.tsdb.retention.time=60d",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with running(folder, name, *command):
        url = f"http://127.0.0.1:{port}"
        eventually("Prometheus", lambda: fetch(f"{url}/-/ready"))
        yield url


def record(folder: Path, name: str, rules: Sequence[Rule], days: float) -> None:
    """Add to the data what the rules would have recorded in the last days."""
    start = END - int(days * DAY) + STEP_SECONDS
    with serving(folder, name, {}) as url, ThreadPoolExecutor(_PARTS) as pool:

        def one(number: int, rule: Rule) -> None:
            # The aggregation drops the names that `last_over_time` keeps: promtool would take them for other series.
            written = {"record": rule.record, "expr": f"max without () ({rule.expr})", "labels": dict(rule.labels)}
            file = folder / f"{name}-{number}.yml"
            file.write_text(yaml.safe_dump({"groups": [{"name": name, "rules": [written]}]}))
            span = [f"--start={start}", f"--end={END}", f"--eval-interval={STEP_SECONDS}s", f"--url={url}"]
            promtool = [program("promtool"), "tsdb", "create-blocks-from", f"--max-block-duration={BLOCK_HOURS}h"]
            command = [*promtool, "rules", *span, f"--output-dir={folder / 'data'}", str(file)]
            made = subprocess.run(command, capture_output=True, text=True, check=False)
            assert made.returncode == 0, f"{rule.record}: {made.stderr}"

        for task in [pool.submit(one, number, rule) for number, rule in enumerate(rules)]:
            task.result()


def record_alerts(folder: Path, days: float) -> None:
    """Add which alerts fired in the last days, and since when those of the last hour do."""
    firing, since = alerts()
    record(folder, "firing", firing, days)
    record(folder, "since", since, 1 / 24)


def make(folder: Path, copies: int = 1, days: float = 35) -> None:
    """The history of the scenario's accounts, so many copies of each, with the rules."""
    (folder / "data").mkdir()
    with ProcessPoolExecutor(_PARTS, mp_context=get_context("spawn")) as pool:
        for task in [pool.submit(make_part, folder, part, copies, days) for part in range(_PARTS)]:
            task.result()
    for number, stage in enumerate(stages(recorded())):
        record(folder, f"stage-{number}", stage, days)
    record_alerts(folder, min(days, _ALERTS_DAYS))
