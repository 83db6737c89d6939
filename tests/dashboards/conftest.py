"""The Prometheus with the story's history, made once for all tests that ask it."""

from collections.abc import Iterator

import pytest

from tests.dashboards import history


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Prometheus with 35 days of the story's accounts, the rules and their results."""
    folder = tmp_path_factory.mktemp("story")
    history.make(folder)
    with history.serving(folder, "story", {"rule_files": [str(history.RULES)]}) as url:
        yield url
