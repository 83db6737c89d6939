"""The rules and the scripts beside them, as the tests read them."""

import functools
import importlib.util
import os
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

from tests.conftest import program

ROOT = Path(__file__).parents[2]
ALERTS = ROOT / "alerts"
PAGES = ROOT / "docs" / "alerts"


def script(name: str) -> ModuleType:
    """A script of `alerts/`, which is no package."""
    specification = importlib.util.spec_from_file_location(name, ALERTS / f"{name}.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    import sys

    sys.modules[name] = module
    specification.loader.exec_module(module)
    return module


@functools.cache
def rules() -> list[dict[str, Any]]:
    """Every rule that is shipped."""
    document = yaml.safe_load((ALERTS / "rules.yml").read_text("utf-8"))
    return [rule for group in document["groups"] for rule in group["rules"]]


def alerts() -> dict[str, dict[str, Any]]:
    """The alerts by name."""
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def promtools() -> list[str]:
    """Debian's promtool, and the one that PROMTOOL_NEWER names."""
    newer = os.environ.get("PROMTOOL_NEWER")
    return [program("promtool"), *([newer] if newer else [])]


def played(promtool: str, file: Path) -> subprocess.CompletedProcess[str]:
    """What promtool says of a file of tests."""
    # Go's collector takes a fifth of the time of a world unless it may let rubbish lie.
    environment = {**os.environ, "GOGC": "400"}
    command = [promtool, "test", "rules", str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
