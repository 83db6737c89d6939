"""The house stands as CONTRIBUTING draws it, and nobody enters a chapter but by its face."""

import ast
import importlib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXPORTER = ROOT / "exporter"
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
CHAPTERS = sorted(path.name for path in EXPORTER.iterdir() if (path / "__init__.py").is_file())


def imports(file: Path) -> Iterator[tuple[str, ...]]:
    """Every module of ours that a file imports, or takes a name of: `("secrets", "redaction")`."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (tuple(name.split(".")[1:]) for name in names if name.startswith("exporter."))


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_says_in_one_sentence_what_it_is_and_names_its_face(chapter: str) -> None:
    package = importlib.import_module(f"exporter.{chapter}")
    assert re.fullmatch(r"[A-Z][^\n]*\.", package.__doc__ or "")
    rooms = {path.stem for path in (EXPORTER / chapter).glob("*.py")}
    assert set(package.__all__) <= rooms


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_others_import_of_a_chapter_what_its_face_names_and_all_of_that(chapter: str) -> None:
    used: set[str] = set()
    for file in EXPORTER.rglob("*.py"):
        if file.relative_to(EXPORTER).parts[0] != chapter:
            used |= {path[1] for path in imports(file) if path[0] == chapter and len(path) > 1}
    assert used == set(importlib.import_module(f"exporter.{chapter}").__all__)


def test_the_picture_of_imports_is_the_import_contract() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    (chapters,) = (contract for contract in contracts if contract.get("containers") == ["exporter"])
    (picture,) = re.findall(r"```\n(.*?)```", CONTRIBUTING.partition("## The house")[2], re.DOTALL)
    assert chapters["exhaustive"]
    assert [layer for layer in chapters["layers"] if layer != "__main__"] == picture.splitlines()


def test_every_chapter_is_explained() -> None:
    told = set(re.findall(r"`([a-z_]+)(?:/|\.py)`", CONTRIBUTING.partition("| Chapter |")[2].partition("\n\n")[0]))
    rooms = {path.stem for path in EXPORTER.glob("*.py")} - {"__init__", "__main__"}
    assert told == {*CHAPTERS, *rooms}


def test_the_way_of_a_scrape_has_ten_rooms_at_most_and_each_is_there() -> None:
    way = CONTRIBUTING.partition("One scrape")[2].partition("\n## ")[0]
    rooms = re.findall(r"^\d+\. `([a-z_/]+\.py)`", way, re.MULTILINE)
    assert 5 < len(rooms) <= 10
    assert [room for room in rooms if not (EXPORTER / room).is_file()] == []


def test_a_resource_knows_nothing_of_its_account() -> None:
    below = ("resource", "hold", "session", "observation", "backoff", "reading", "spending", "limit")
    for room in below:
        known = {path[1] for path in imports(EXPORTER / "accounts" / f"{room}.py") if path[0] == "accounts"}
        assert known <= set(below), room
