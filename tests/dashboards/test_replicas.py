"""Two replicas in Kubernetes show what one exporter elsewhere shows: the same history twice, under a second job."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dashboards import history
from tests.dashboards.reading import Query, answer, queries

pytestmark = pytest.mark.end_to_end

SPAN_SECONDS, STEP_SECONDS = 6 * 3600, 1200
DAYS = 1.5

EACH_ITS_OWN = {
    "Calls and failures": "each replica really makes its own calls",
    "Calls": "each replica really makes its own calls",
    "Up": "one for each exporter",
    "Configuration": "one for each exporter",
    "Loaded, and started": "one for each exporter",
    "Watched accounts": "one for each exporter",
}


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prometheus with a day and a half of the scenario: job `one` has one instance, job `two` has two in a namespace."""
    folder = tmp_path_factory.mktemp("pair")
    (folder / "data").mkdir()
    for part in range(2):
        source = folder / f"part-{part}.om"
        history.write_part(source, part, copies=1, days=DAYS)
        text = source.read_text("utf-8")
        source.unlink()
        kubernetes = ',namespace="monitoring"'
        for job, instance, more in (
            ("one", "a:10077", ""),
            ("two", "a:10077", kubernetes),
            ("two", "b:10077", kubernetes),
        ):
            copy: Path = folder / f"{job}-{instance[0]}.om"
            copy.write_text(text.replace('job="sms",instance="demo:10077"', f'job="{job}",instance="{instance}"{more}'))
            history.create_blocks(copy, folder / "data")
    for number, stage in enumerate(history.stages(history.recorded())):
        history.record(folder, f"stage-{number}", stage, DAYS)
    history.record_alerts(folder, DAYS)
    with history.serving(folder, "pair", {}) as url:
        yield url


def shown(url: str, query: Query, job: str) -> list[object]:
    """What a query shows for a job, without the job's name and namespace."""
    found = answer(url, query, history.END, SPAN_SECONDS, STEP_SECONDS, job=job, **CHOSEN.get(query.dashboard, {}))
    series = []
    for one in found:
        labels = {name: value for name, value in one["metric"].items() if name not in {"job", "namespace"}}
        series.append((sorted(labels.items()), one.get("value") or one["values"]))
    return sorted(series, key=str)


CHOSEN = {"sms-account": {"provider": "qlara", "account": "school-board"}}


@pytest.mark.parametrize("query", [pytest.param(query, id=str(query)) for query in queries()])
def test_two_replicas_count_once(pair: str, query: Query) -> None:
    one, two = shown(pair, query, "one"), shown(pair, query, "two")
    assert one == two or query.place in EACH_ITS_OWN


@pytest.mark.parametrize("place", EACH_ITS_OWN)
def test_an_exception_is_needed(pair: str, place: str) -> None:
    asked = [query for query in queries() if query.place == place]
    assert any(shown(pair, query, "one") != shown(pair, query, "two") for query in asked)


def test_there_is_something_to_compare(pair: str) -> None:
    compared = [str(query) for query in queries() if shown(pair, query, "one")]
    assert len(compared) > 60
