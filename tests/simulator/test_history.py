import io
import itertools
import json
from collections.abc import Sequence

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from exporter.config.loading import load_text
from exporter.metrics.families import ACCOUNT_FAMILIES
from exporter.providers.catalogue import builtin
from exporter.simulator.account import DAY, HOUR
from exporter.simulator.answers import respond
from exporter.simulator.configuration import configuration
from exporter.simulator.scenario import Scenario
from tests.simulator.history import write_history

from .conftest import START


def history(scenario: Scenario, days: float, step_seconds: int, end: float | None = None) -> str:
    settings = load_text(configuration(scenario, "http://127.0.0.1:1"), "history").settings
    out = io.StringIO()
    write_history(scenario, settings, out, days=days, step_seconds=step_seconds, end=end)
    return out.getvalue()


@pytest.fixture(scope="session")
def day(scenario: Scenario) -> Sequence[Metric]:
    return list(text_string_to_metric_families(history(scenario, 1, 3600)))


def samples(metrics: Sequence[Metric], name: str, **labels: str) -> list[tuple[float, float]]:
    return [
        (float(sample.timestamp), sample.value)
        for metric in metrics
        for sample in metric.samples
        if sample.name == name and labels.items() <= sample.labels.items()
        if sample.timestamp is not None
    ]


def test_it_is_openmetrics_with_every_series_in_order_of_time(day: Sequence[Metric]) -> None:
    assert len({metric.name for metric in day}) == len(day)
    for metric in day:
        for _, group in itertools.groupby(metric.samples, key=lambda s: (s.name, tuple(s.labels.items()))):
            times = [float(sample.timestamp or 0) for sample in group]
            assert times == sorted(times)
            assert times[-1] <= START
            assert times[0] >= START - DAY


def test_it_has_every_family_that_the_exporter_shows(scenario: Scenario, day: Sequence[Metric]) -> None:
    shown = {sample.name for metric in day for sample in metric.samples}
    apis = [api for each in scenario.accounts for api in builtin()[each.provider].apis.values()]
    told = {each.name for each in ACCOUNT_FAMILIES if each.field is None or any(map(each.sources, apis))}
    assert len(told) > 25
    assert shown >= told
    assert {"up", "sms_exporter_build_info", "sms_exporter_config_last_reload_successful"} <= shown


def test_every_series_has_its_target(day: Sequence[Metric]) -> None:
    for metric in day:
        for sample in metric.samples:
            assert sample.labels["job"] == "sms"
            assert sample.labels["instance"] == "demo:10077"


def test_it_says_what_the_live_exporter_would_have_said(scenario: Scenario, day: Sequence[Metric]) -> None:
    balances = samples(day, "sms_credit_balance", account="bakery-it")
    assert len(balances) == 25
    for at, value in balances:
        assert value == json.loads(respond(scenario, scenario.account("bakery-it"), "credit", at).body)["credit"]
    assert samples(day, "contacts_used_ratio", account="crm-loyalty")[-1][1] == pytest.approx(0.792, abs=0.001)


def test_a_failing_api_shows_in_it(day: Sequence[Metric]) -> None:
    failures = samples(day, "sms_api_failure", account="old-intranet", reason="unauthorized")
    assert failures[0][0] == START - 6 * HOUR
    balances = samples(day, "sms_credit_balance", account="old-intranet")
    assert balances[-1][0] == START - 7 * HOUR
    ups = dict(samples(day, "sms_account_up", account="old-intranet"))
    assert (ups[START - 7 * HOUR], ups[START - 6 * HOUR]) == (1, 0)
    requests = samples(day, "sms_api_failures_total", account="old-intranet")
    assert [value for _, value in requests][-2:] == [360, 420]


def test_a_hanging_provider_is_a_timeout_in_it(scenario: Scenario) -> None:
    text = history(scenario, 0.05, 600, START - 23.4 * DAY + 1200)
    metrics = list(text_string_to_metric_families(text))
    assert samples(metrics, "sms_api_failure", account="parcel-alerts", reason="timeout")
    assert samples(metrics, "sms_api_duration_seconds", account="parcel-alerts")[-1][1] == 10


def test_it_begins_no_earlier_than_the_scenario(scenario: Scenario) -> None:
    metrics = list(text_string_to_metric_families(history(scenario, 60, 86400, scenario.begin + DAY)))
    assert len(samples(metrics, "up")) == 1
