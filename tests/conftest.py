"""Options and fixtures that several test files use."""

import os
import shutil
import sys

import pytest


def pytest_collection_finish() -> None:
    """Give property tests all the time that a busy machine takes; a file without any never loads hypothesis."""
    if "hypothesis" in sys.modules:
        from hypothesis import HealthCheck, settings

        settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
        settings.load_profile("tests")


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
