"""The Prometheus with the scenario's history, made once for all tests that ask it."""

from collections.abc import Iterator

import pytest

from tests.dashboards import history


@pytest.fixture(scope="session")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Prometheus with 35 days of the scenario's accounts, the rules and their results."""
    folder = tmp_path_factory.mktemp("scenario")
    history.make(folder)
    with history.serving(folder, "scenario", {"rule_files": [str(history.RULES)]}) as url:
        yield url
