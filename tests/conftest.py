"""Options and fixtures that several test files use."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("default")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Holds a text to a committed file; `--update-golden` writes the file."""

    def compare(name: str, text: str) -> None:
        path = Path(__file__).parent / "golden" / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
        assert text == path.read_text("utf-8"), "see the diff after: make golden"

    return compare


def program(name: str) -> str:
    """The path of a program that a test needs: in CI its absence is a failure, elsewhere a skip."""
    path = shutil.which(name)
    if path is None and os.environ.get("CI"):
        pytest.fail(f"{name} is missing, and this is CI")
    if path is None:
        pytest.skip(f"{name} is missing: make test installs it")
    return path


@pytest.fixture
def promtool() -> str:
    return program("promtool")
