"""What several test files use: the profile of property tests, and programs that may be missing."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.secrets import redaction


def pytest_configure() -> None:
    """Heed Ctrl-C, and let the programs that tests start heed it: a shell has it ignored by what it runs with `&`."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collect_file(file_path: Path) -> None:
    """Give property tests all the time that a busy machine takes, before the first file of them is imported.

    No other file waits for hypothesis, which takes half a second.
    """
    if file_path.suffix == ".py" and "from hypothesis import" in file_path.read_text("utf-8"):
        from hypothesis import HealthCheck, settings

        settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
        settings.load_profile("tests")


@pytest.fixture(autouse=True)
def _own_secrets() -> Iterator[None]:
    """What a test's configuration keeps secret is none of the next test's concern: it lasts an hour otherwise."""
    with redaction.forgetting():
        yield


@pytest.fixture(autouse=True)
def _own_signals() -> Iterator[None]:
    """A command that a test runs in this process heeds signals: the next test's process is the one that pytest had."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        if signal.getsignal(number) is not handler:
            signal.signal(number, handler)


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
