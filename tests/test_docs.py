"""The pages: what all of them show is true."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml

from alerts import build as rules
from benchmarks import __main__ as benchmarks
from docs.generate import ROOT, filled, pages
from docs.provider_page import provider_page
from exporter.cli.main import main
from exporter.cli.providers import describe
from exporter.failure import Reason
from exporter.metrics.families import ACCOUNT_FAMILIES, EXPORTER_FAMILIES
from exporter.providers.catalogue import builtin, read
from exporter.secrets import redaction

MADE = pages()
EVERY_PAGE = sorted(
    {
        *MADE,
        *(
            str(path.relative_to(ROOT))
            for glob in ("*.md", "docs/**/*.md", "deploy/**/*.md")
            for path in ROOT.glob(glob)
        ),
    }
)
OTHERS = {
    "curl": {"--retry", "--retry-connrefused", "--retry-delay"},
    "docker compose": {"--volumes", "--rmi"},
    "helm": {"--create-namespace", "--set"},
}
"""Flags of other programs that a line may hold which names the program."""

COMMANDS = ("", "serve", "demo", "check", "check-config", "providers", "schema")


def text_of(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def blocks(page: str, language: str) -> list[str]:
    """The code blocks of a page in one language, without the indentation of a list that they stand in."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^\1```$", text_of(page), re.MULTILINE | re.DOTALL)
    return [re.sub(f"^{indent}", "", code, flags=re.MULTILINE) for indent, code in found]


def prose(page: str) -> str:
    return re.sub(r"^ *```.*?^ *```$", "", text_of(page), flags=re.MULTILINE | re.DOTALL)


def help_of(command: str) -> str:
    """What `--help` prints in a terminal of 100 columns."""
    printed = subprocess.run(
        [sys.executable, "-m", "exporter", *([command] if command else []), "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1"},
    )
    return printed.stdout


def make_secrets(folder: Path, written: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file and environment variable that a configuration names, with something in it."""
    for key, value in written.items() if isinstance(written, dict) else enumerate(written):
        if isinstance(value, dict | list):
            make_secrets(folder, value, monkeypatch)
        elif key == "ca_file":
            trustme.CA().cert_pem.write_to_path(str(folder / value))
        elif str(key).endswith("_file"):
            (folder / value).parent.mkdir(parents=True, exist_ok=True)
            (folder / value).write_text(f"secret-of-tests-{value}\n")
        elif str(key).endswith("_env"):
            monkeypatch.setenv(value, f"secret-of-tests-{value}")


def check_config(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """The exit code of `check-config` for a configuration whose secrets are there."""
    monkeypatch.chdir(folder)
    make_secrets(folder, yaml.safe_load(text), monkeypatch)
    (folder / "sms-exporter.yml").write_text(text)
    with redaction.forgetting():
        return main(["check-config", "sms-exporter.yml"])


def configurations() -> Iterator[Any]:
    for page in EVERY_PAGE:
        for number, block in enumerate(blocks(page, "yaml") if (ROOT / page).exists() else ()):
            written = yaml.safe_load(block)
            if "accounts" in written and "provider_files" not in written:  # test_own_provider_page.py tries that
                yield pytest.param(block, id=f"{page}-{number}")
    yield pytest.param(text_of("sms-exporter.example.yml"), id="sms-exporter.example.yml")


def test_every_provider_has_a_page_and_no_page_is_left_of_one_that_is_gone() -> None:
    assert {path.stem for path in (ROOT / "docs/providers").iterdir()} == {*builtin(), "README"}


@pytest.mark.parametrize("configuration", list(configurations()))
def test_a_configuration_that_is_shown_passes_check_config_without_a_warning(
    configuration: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = check_config(tmp_path, configuration, monkeypatch)
    assert (code, capsys.readouterr().err) == (0, "")


def test_every_form_of_sign_in_is_shown() -> None:
    for provider in builtin().values():
        shown = [yaml.safe_load(block)["accounts"][0] for block in blocks(f"docs/providers/{provider.id}.md", "yaml")]
        assert [account["provider"] for account in shown] == [provider.id] * len(provider.sign_in)
        forms = [next(iter(account["auth"])).removesuffix("_file") for account in shown]
        assert forms == list(provider.sign_in)


def test_the_page_says_that_oauth_of_agile_telecom_is_our_reading() -> None:
    assert re.search(r"OAuth 1\.0a with\s+HMAC-SHA1 .* is our reading", MADE["docs/providers/agiletelecom.md"])


def anchors(page: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", EVERY_PAGE)
def test_links_between_files_lead_somewhere(page: str) -> None:
    lost = []
    for link in re.findall(r"\]\(([^)]+)\)", prose(page)):
        path, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = ((ROOT / page).parent / path).resolve() if path else ROOT / page
        if not target.exists() or (anchor and anchor not in anchors(str(target.relative_to(ROOT)))):
            lost.append(link)
    assert lost == []


@pytest.fixture(scope="module")
def helps() -> dict[str, str]:
    return {command: help_of(command) for command in COMMANDS}


@pytest.mark.parametrize("page", [page for page in EVERY_PAGE if page not in {"CHANGELOG.md", "CONTRIBUTING.md"}])
def test_flags_and_metrics_that_are_named_exist(page: str, helps: dict[str, str]) -> None:
    text = text_of(page)
    scripts: dict[str, Any] = {"docs/performance.md": benchmarks, "docs/alerts/README.md": rules}
    script = scripts[page].flags().format_help() if page in scripts else ""
    known = set(re.findall(r"--[a-z][a-z.-]+", "".join([*helps.values(), script])))
    for line in text.splitlines():
        of_others = {flag for program, flags in OTHERS.items() if f"{program} " in line for flag in flags}
        assert set(re.findall(r"(?<![\w-])--[a-z][a-z.-]+", line)) <= known | of_others
    families = {family.name for family in (*ACCOUNT_FAMILIES, *EXPORTER_FAMILIES)}
    families |= set(re.findall(r"record: \w+:(\w+):", (ROOT / "alerts/rules.yml").read_text()))
    assert set(re.findall(r"\bsms_[a-z_]+", text)) <= families


def test_every_reason_has_a_section_of_the_troubleshooting_in_order() -> None:
    section = text_of("docs/troubleshooting.md").partition("## By reason")[2].partition("\n## ")[0]
    assert re.findall(r"^### (.+)$", section, re.MULTILINE) == [reason.value for reason in Reason]


POTS = b"""
id: pots
name: Pots
base_url: https://pots.test
sign_in: {api_key: {header: api-key}}
apis:
  credit:
    path: /account
    cache_ttl: 1m
    postpaid: [{where: {/payment: postpaid}}, {has: [/invoice/due]}]
    credit:
      - {balance: /money, currency: {constant: EUR}, overdraft: /line, optional: true}
      - {each: /plan/*, wallet: /type, balance: /left, currency: {constant: emails}, expires: /end}
"""


def test_several_pots_of_credit_and_postpaid_are_told_with_their_fields() -> None:
    provider = read("provider.yml", POTS)
    page = provider_page(provider)
    for metric, origin in (
        (
            "balance",
            "`money`; `currency` is always `EUR`<br>`left`; `currency` is always `emails`; `wallet` from `type`",
        ),
        ("overdraft_limit", "`line`; `currency` is always `EUR`"),
        ("expiry_timestamp_seconds", "`end`; `currency` is always `emails`; `wallet` from `type`"),
        ("postpaid", "1 where `payment` is `postpaid` or has `invoice.due`"),
    ):
        assert f"| [`sms_credit_{metric}`](../metrics.md#sms_credit_{metric}) | {origin} |\n" in page
    assert "sms_credit_auto_recharge" not in page
    assert "\n  sms_credit_postpaid from payment, invoice.due\n" in f"{describe(provider)}\n"


def test_a_value_that_is_the_whole_body_is_told_to_be_that() -> None:
    provider = read("provider.yml", POTS.replace(b"/money", b"''"))
    assert "| the body; `currency` is always `EUR`<br>" in provider_page(provider)
    assert "\n  sms_credit_balance from the body\n" in describe(provider)


def test_markers_that_are_missing_are_told() -> None:
    assert filled("a\n<!-- x -->\nold\n<!-- /x -->\nb", "x", "new\n") == "a\n<!-- x -->\nnew\n<!-- /x -->\nb"
    with pytest.raises(ValueError, match="no markers for y"):
        filled("<!-- x -->\n<!-- /x -->", "y", "new")
