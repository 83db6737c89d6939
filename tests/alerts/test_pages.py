"""The pages: one for each alert, with what the alert says, queries that parse and commands that exist."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.alerts.loading import PAGES, alerts, promtools

SECTIONS = ["Meaning", "Impact", "How to check", "What to do", "When to change the threshold"]
PAGE_NAMES = sorted(path.stem for path in PAGES.glob("SMS*.md"))


def page(name: str) -> str:
    return (PAGES / f"{name}.md").read_text("utf-8")


def code(name: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page(name), re.DOTALL)


def test_every_alert_has_a_page_and_every_page_an_alert() -> None:
    assert set(alerts()) - set(PAGE_NAMES) == set(), "alerts without a page: write docs/alerts/NAME.md"
    assert set(PAGE_NAMES) - set(alerts()) == set(), "pages of alerts that are no rule: remove them"


@pytest.mark.parametrize("name", PAGE_NAMES)
def test_a_page_says_what_its_alert_says(name: str) -> None:
    rule, text = alerts()[name], page(name)
    assert text.startswith(f"# {name}\n\n*{rule['labels']['severity']}, after {rule['for']}")
    assert ("keep_firing_for" in rule) == (f"ends {rule.get('keep_firing_for')} after its cause" in text)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    assert code(name, "promql")
    assert code(name, "sh")


@pytest.mark.parametrize("name", PAGE_NAMES)
def test_the_commands_of_a_page_exist(name: str) -> None:
    for line in "".join(code(name, "sh")).splitlines():
        for command in line.split(" | "):
            words = shlex.split(command)
            assert shutil.which(words[0]) or words[0] == "sms-exporter", words
            if words[0] == "sms-exporter":
                subprocess.run([sys.executable, "-m", "exporter", words[1], "--help"], check=True, capture_output=True)


def test_the_queries_of_all_pages_parse(tmp_path: Path) -> None:
    queries = [query.strip() for name in PAGE_NAMES for query in code(name, "promql")]
    recorded = [{"record": f"query:number:{number}", "expr": query} for number, query in enumerate(queries)]
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "pages", "rules": recorded}]}), "utf-8")
    for promtool in promtools():
        done = subprocess.run([promtool, "check", "rules", file], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
