# ruff: noqa: INP001  # a module beside the pages, no package
"""What all made pages share: their notice, lists of names, tables."""

from collections.abc import Iterable

NOTICE = "<!-- Made by docs/generate.py: edit the code or the definition, then run make golden. -->\n"


def names(labels: Iterable[str]) -> str:
    """Names as code, in their order."""
    return ", ".join(f"`{label}`" for label in labels)


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table with its head."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines) + "\n"
