"""The rules and the scripts beside them, as the tests read them."""

import functools
import importlib.util
import math
import os
import re
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


def strays(said: str) -> list[tuple[str, str]]:
    """What promtool expected and got where more differs than figures by a tenth.

    Since Prometheus 3 a window leaves out the sample at its beginning, so that figures of both differ a little; which
    alerts fire, when and for whom, must not.
    """
    pairs = re.findall(r"exp:\s*(.*?)\s*got:\s*(.*?)(?=\n\s*(?:expr|alertname|name): |\Z)", said, re.DOTALL)
    return [(expected, got) for expected, got in pairs if not _alike(expected, got)]


def _alike(expected: str, got: str) -> bool:
    told, found = (_FIGURE.findall(_in_seconds(text)) for text in (expected, got))
    texts = [_FIGURE.sub("0", _in_seconds(text)).rstrip(" ,]\n\t") for text in (expected, got)]
    figures = zip(map(float, told), map(float, found), strict=False)
    return texts[0] == texts[1] and all(math.isclose(one, other, rel_tol=0.1) for one, other in figures)


def _in_seconds(text: str) -> str:
    return _LENGTH.sub(lambda length: str(sum(int(n) * _UNITS[unit] for n, unit in _PART.findall(length[0]))), text)


_FIGURE = re.compile(r"\d+(?:\.\d+)?(?:E[+-]\d+)?")
_LENGTH = re.compile(r"\b\d+[dhm](?: \d+[hm])*\b")
_PART = re.compile(r"(\d+)([dhm])")
_UNITS = {"d": 86400, "h": 3600, "m": 60}
