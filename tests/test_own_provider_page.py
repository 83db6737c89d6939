"""docs/own-provider.md: a person who follows it gets what it shows, and it leaves nothing of the format out."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from docs.generate import ROOT
from exporter.documents.schema import json_schema
from exporter.providers.catalogue import read
from exporter.providers.definition import Definition

PAGE = (ROOT / "docs" / "own-provider.md").read_text("utf-8")
YAML, JSON, CONSOLE = (re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL) for kind in ("yaml", "json", "console"))
DEFINITION, ERRORS, CONFIGURATION, SESSION, POTS = YAML


def run(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "exporter", *arguments]
    made = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return made.stdout + made.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What somebody has made who has followed the page to its end."""
    (tmp_path / "mine.yml").write_text(DEFINITION)
    for name, text in zip(("answer", "refused"), JSON, strict=True):
        (tmp_path / f"{name}.json").write_text(text)
    (tmp_path / "sms-exporter.yml").write_text(CONFIGURATION)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "examplesms").write_text("key-of-tests\n")
    return tmp_path


def shown() -> Iterator[tuple[list[str], str]]:
    """Every command of ours that the page shows, and what it shows of what that prints."""
    for block in CONSOLE:
        for command, printed in re.findall(r"^\$ sms-exporter (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
            yield command.split(), printed


def test_its_commands_print_what_it_shows(folder: Path) -> None:
    commands = list(shown())
    assert len(commands) == 3
    for arguments, printed in commands:
        if "refused.json" in arguments:
            (folder / "mine.yml").write_text(DEFINITION + ERRORS)
        assert run(folder, *arguments) == printed


def test_its_answer_is_the_one_that_curl_shows() -> None:
    assert JSON[0] in CONSOLE[0]


def test_its_configuration_is_valid(folder: Path) -> None:
    assert run(folder, "check-config") == "sms-exporter.yml: valid, 1 account\n"


@pytest.mark.parametrize("more", [SESSION, POTS], ids=["session", "pots"])
def test_its_further_examples_are_definitions(more: str) -> None:
    key = more.partition(":")[0]
    others = re.sub(rf"^{key}:\n(?: .*\n)+", "", DEFINITION, flags=re.MULTILINE)
    assert read("mine.yml", (others + more).encode()).id == "examplesms"


def keys(schema: Any) -> Iterator[str]:
    """Every key that a definition may have somewhere."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
    for part in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from keys(part)


def test_it_has_every_key_of_the_format() -> None:
    prose = re.sub(r"```.*?```", "", PAGE.partition("## The whole format")[2], flags=re.DOTALL)
    told = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]+)`", prose))))
    assert set(keys(json_schema(Definition, "provider.yml"))) - told == set()
