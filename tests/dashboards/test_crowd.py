"""What a dashboard shows where other jobs are scraped too, and where replicas differ: promtool tests its queries."""

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards.words import STATUSES
from tests.dashboards.history import RULES
from tests.dashboards.reading import Query, filled, queries
from tests.dashboards.test_names import CLIENT, PROMETHEUS, selectors

MINUTES = 60
OF_PROMETHEUS = {"up", "scrape_duration_seconds", "scrape_samples_scraped"}
"""These go on, at 0 or thereabouts, while the exporter is down."""

SHARED = {*OF_PROMETHEUS, *CLIENT}
"""What every job may have."""

KUBERNETES = {"namespace": "monitoring", "pod": "sms-exporter-0", "container": "exporter", "endpoint": "http"}


def series(name: str, values: str, **labels: str) -> dict[str, str]:
    """A series as promtool wants it."""
    text = ",".join(f'{label}="{value}"' for label, value in labels.items())
    return {"series": f"{name}{{{text}}}", "values": values}


def shown(
    folder: Path,
    promtool: str,
    given: list[dict[str, str]],
    asked: Mapping[str, Mapping[str, float]],
    rules: Sequence[Path] = (),
) -> None:
    """Hold queries to what each is to give at the end; a value's key is its labels in PromQL."""
    tests = [
        {"expr": expr, "eval_time": f"{MINUTES}m", "exp_samples": [{"labels": k, "value": v} for k, v in to.items()]}
        for expr, to in asked.items()
    ]
    document: dict[str, Any] = {
        "rule_files": [str(path) for path in rules],
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": given, "promql_expr_test": tests}],
    }
    (folder / "test.yml").write_text(yaml.safe_dump(document, width=10_000))
    done = subprocess.run([promtool, "test", "rules", folder / "test.yml"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def crowd(target: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """An exporter `a`, another `b` that is down, one that never answered; and others who have what every job has."""
    yield series("sms_exporter_build_info", f"1x{MINUTES}", **target, job="sms", instance="a", version="1")
    yield series("sms_exporter_build_info", "1x10", **target, job="sms", instance="b", version="1")
    # The same address under another job, and another program under the same job.
    for job, instance in (("sms", "a"), ("node", "a"), ("sms", "other")):
        for name in (*OF_PROMETHEUS, *CLIENT):
            more = {"implementation": "CPython" if (job, instance) == ("sms", "a") else "PyPy"}
            own = more if name == "python_info" else {}
            yield series(name, f"1+1x{MINUTES}", **target, job=job, instance=instance, **own)
    for name in OF_PROMETHEUS:
        yield series(name, f"0x{MINUTES}", **target, job="sms", instance="b")
    yield series("up", f"0x{MINUTES}", **target, job="team-sms-exporter", instance="never")


def shared() -> list[Query]:
    """The queries on what every job may have."""
    return [query for query in queries() if SHARED & {name for name, _ in selectors(query.expr)}]


@pytest.mark.parametrize("target", [{}, KUBERNETES], ids=["plain", "kubernetes"])
@pytest.mark.parametrize("query", [pytest.param(query, id=str(query)) for query in shared()])
def test_other_jobs_do_not_appear(query: Query, target: Mapping[str, str], tmp_path: Path, promtool: str) -> None:
    (name,) = SHARED & {name for name, _ in selectors(query.expr)}
    a, b, never = (
        '{job="sms", instance="a"}',
        '{job="sms", instance="b"}',
        '{job="team-sms-exporter", instance="never"}',
    )
    expected = [a, b] if name in OF_PROMETHEUS else ['{implementation="CPython"}'] if name == "python_info" else [a]
    expected += [never] if name == "up" else []
    whose = f"0 * max by (job, instance, implementation) ({filled(query.expr, 60)})"
    shown(tmp_path, promtool, list(crowd(target)), {whose: dict.fromkeys(expected, 0.0)})


def test_all_that_every_job_may_have_is_looked_at() -> None:
    assert set(PROMETHEUS) == {*OF_PROMETHEUS, "ALERTS", "ALERTS_FOR_STATE"}
    assert {name for query in shared() for name, _ in selectors(query.expr)} >= SHARED


def test_an_exporter_is_known_by_the_name_by_which_its_alert_knows_it() -> None:
    (up,) = (query.expr for query in queries() if (query.dashboard, query.place) == ("sms-exporter", "Up"))
    (pattern,) = re.findall(r'job=~"([^$"]+)"', up)
    assert f'up{{job=~"{pattern}"}}' in RULES.read_text("utf-8")


def plan(status: str, minutes: tuple[int, int] = (0, MINUTES), **labels: str) -> Iterator[dict[str, str]]:
    """A plan as an exporter shows it: every status, 1 for the one that it has, from one minute to another."""
    start, end = minutes
    at = f"_x{start} " if start else ""
    for one in STATUSES:
        values = f"{at}{int(one == status)}x{end - start}"
        yield series("sms_subscription_status", values, job="sms", provider="qlara", **labels, status=one)
    success = f"{at}{60 * start}+60x{end - start}"
    name = "sms_api_last_success_timestamp_seconds"
    yield series(name, success, job="sms", provider="qlara", **labels, api="subscription")
    yield series("sms_api_up", f"{at}1x{end - start}", job="sms", provider="qlara", **labels, api="subscription")


OF_A_PLAN = re.compile(r'account:sms_subscription_status:max\{[^{}]*status="trial"')
PLANS = [query for query in queries() if OF_A_PLAN.search(query.expr)]


def of_plans(to: Mapping[str, float], **values: str) -> dict[str, Mapping[str, float]]:
    """Every query of a plan's state, and what each is to give."""
    return {filled(query.expr, 60, provider="qlara", **values): to for query in PLANS}


@pytest.mark.parametrize(
    ("one", "other", "worse"),
    [("active", "suspended", "suspended"), ("cancelled", "active", "cancelled"), ("trial", "active", "trial")],
)
def test_of_two_replicas_that_differ_the_worse_state_is_shown(
    one: str, other: str, worse: str, tmp_path: Path, promtool: str
) -> None:
    given = [*plan(one, instance="a", account="two"), *plan(other, instance="b", account="two")]
    expected = {'{job="sms", provider="qlara", account="two"}': STATUSES.index(worse) + 1.0}
    shown(tmp_path, promtool, given, of_plans(expected, account="two"), [RULES])


def test_a_change_of_labels_shows_no_state_that_never_was(tmp_path: Path, promtool: str) -> None:
    change = MINUTES - 10
    before = plan("active", (0, change), instance="a", account="moved", team="x")
    after = plan("trial", (change, MINUTES), instance="a", account="moved", team="y")
    expected = {'{job="sms", provider="qlara", account="moved"}': STATUSES.index("trial") + 1.0}
    shown(tmp_path, promtool, [*before, *after], of_plans(expected, account="moved"), [RULES])


def test_an_account_in_two_namespaces_is_two_accounts(tmp_path: Path, promtool: str) -> None:
    states = {"prod": "active", "staging": "suspended"}
    given = [
        one for space, status in states.items() for one in plan(status, namespace=space, instance=space, account="x")
    ]
    expected = {
        f'{{job="sms", namespace="{space}", provider="qlara", account="x"}}': STATUSES.index(status) + 1.0
        for space, status in states.items()
    }
    both = of_plans(expected, account="x")
    one = of_plans(dict(list(expected.items())[:1]), account="x", namespace="prod")
    shown(tmp_path, promtool, given, {**both, **one}, [RULES])


def test_every_panel_that_names_a_plans_state_is_asked() -> None:
    account = {"sms-account / Plan / A", "sms-account / Subscription over time / A"}
    assert {str(query) for query in PLANS} == account | {"sms-overview / Accounts / F"}
