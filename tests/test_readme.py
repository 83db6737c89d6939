"""The README and the pages of reference that it leads to: what they show is held to the program."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from prometheus_client.parser import text_string_to_metric_families as parse_text

from docs.generate import ROOT, filled, providers_in_short, sign_in_table
from exporter.config import models
from exporter.config.loading import load_text
from exporter.config.schema import json_schema
from exporter.failure import Reason
from exporter.metrics.families import ACCOUNT_FAMILIES, EXPORTER_FAMILIES
from exporter.providers.catalogue import builtin
from exporter.secrets import redaction
from exporter.settings import Pair
from tests.conftest import program
from tests.test_docs import COMMANDS, blocks, check_config, help_of, make_secrets, text_of

README, CONFIGURATION, FLAGS = "README.md", "docs/configuration.md", "docs/flags.md"
TROUBLESHOOTING = "docs/troubleshooting.md"
YAML = [(text, yaml.safe_load(text)) for page in (README, CONFIGURATION) for text in blocks(page, "yaml")]


def made() -> dict[str, str]:
    """The README with its table of providers; the pages of sign-in forms and of what `--help` prints."""
    helps = "\n".join(
        f"```console\n$ sms-exporter{f' {command}' if command else ''} --help\n{help_of(command)}```\n"
        for command in COMMANDS
    )
    flags = filled(text_of(FLAGS), "help", helps)
    same = text_of(FLAGS).split() == flags.split()  # Python 3.13 breaks some lines elsewhere
    return {
        README: filled(text_of(README), "providers", providers_in_short()),
        CONFIGURATION: filled(text_of(CONFIGURATION), "sign-in", sign_in_table()),
        FLAGS: text_of(FLAGS) if same else flags,
    }


def of_kind(key: str) -> list[str]:
    return [text for text, content in YAML if key in content]


def section(page: str, title: str) -> str:
    return text_of(page).partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_it_begins_with_two_sentences_and_the_two_commands() -> None:
    before, _, rest = text_of(README).partition("```sh\n")
    heading, *sentences = re.split(r"\n\n|\.\n", before.strip())
    assert heading == "# sms-exporter"
    assert len(sentences) == 2
    commands = [line.split("#")[0].split() for line in rest.partition("```")[0].splitlines()]
    assert commands == [["make", "demo"], ["make", "test"]]
    makefile = text_of("Makefile")
    assert all(f"\n{target}:" in makefile for _, target in commands)


def test_the_sample_has_the_labels_that_the_metrics_have() -> None:
    own = {family.name: set(family.labels) - {"wallet"} for family in ACCOUNT_FAMILIES}  # its credit is one pot
    samples = [sample for family in parse_text(blocks(README, "text")[0]) for sample in family.samples]
    assert len(samples) > 5
    for sample in samples:
        assert set(sample.labels) == {"provider", "account", "cost_center", "importance"} | own[sample.name]


def test_every_yaml_block_is_of_a_kind_that_is_tested() -> None:
    kinds = {"accounts", "scrape_configs", "groups", "inhibit_rules"}
    assert [len(kinds & set(content)) for _, content in YAML] == [1] * len(YAML)
    assert all(of_kind(kind) for kind in kinds)


@pytest.mark.parametrize("text", of_kind("scrape_configs"))
def test_a_scrape_configuration_passes_promtool(text: str, promtool: str, tmp_path: Path) -> None:
    file = tmp_path / "prometheus.yml"
    file.write_text(text)
    checked = subprocess.run([promtool, "check", "config", "--lint=all", "--lint-fatal", file], capture_output=True, text=True, check=False)  # fmt: skip
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_step_5_scrapes_as_the_page_of_the_configuration_does() -> None:
    # tests/test_end_to_end.py runs a Prometheus with the latter.
    walk, page, _ = (yaml.safe_load(text) for text in of_kind("scrape_configs"))
    assert walk == page


RULE_CASES = """
rule_files: [rules.yml]
tests:
  - interval: 1m
    input_series:
      - {series: 'sms_credit_balance{instance="i", provider="qlara", account="a", currency="EUR"}', values: 49.9x10}
      - {series: 'sms_credit_balance_threshold{instance="i", provider="qlara", account="a", currency="EUR", severity="critical"}', values: 50x10}
      - {series: 'sms_credit_balance{instance="i", provider="qlara", account="b", currency="EUR"}', values: 50x10}
      - {series: 'sms_credit_balance_threshold{instance="i", provider="qlara", account="b", currency="EUR", severity="critical"}', values: 50x10}
      - {series: 'contacts_used_ratio{instance="i", provider="qlara", account="a"}', values: 0.8x10}
      - {series: 'contacts_used_ratio_threshold{instance="i", provider="qlara", account="a", severity="warning"}', values: 0.8x10}
      - {series: 'contacts_used_ratio_threshold{instance="i", provider="qlara", account="a", severity="critical"}', values: 1x10}
    alert_rule_test:
      - alertname: MyCreditLow
        eval_time: 10m
        exp_alerts:
          - exp_labels: {instance: i, provider: qlara, account: a, currency: EUR, severity: critical}
            exp_annotations: {summary: a has 49.9 EUR left}
      - alertname: MyContactsHigh
        eval_time: 10m
        exp_alerts:
          - exp_labels: {instance: i, provider: qlara, account: a, severity: warning}
            exp_annotations: {summary: a has used 80% of its contacts}
"""


@pytest.mark.parametrize("text", of_kind("groups"))
def test_the_alert_fires_below_50_eur_and_at_80_percent(text: str, promtool: str, tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(text)
    (tmp_path / "cases.yml").write_text(RULE_CASES)
    tested = subprocess.run([promtool, "test", "rules", tmp_path / "cases.yml"], capture_output=True, text=True, check=False)  # fmt: skip
    assert tested.returncode == 0, tested.stdout + tested.stderr


@pytest.mark.parametrize("text", of_kind("inhibit_rules"))
def test_the_critical_alert_inhibits_the_warning_of_the_same_name_and_account(text: str, tmp_path: Path) -> None:
    file = tmp_path / "alertmanager.yml"
    file.write_text(f"route: {{receiver: nobody}}\nreceivers: [{{name: nobody}}]\n{text}")
    checked = subprocess.run([program("amtool"), "check-config", file], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "1 inhibit rules" in checked.stdout
    (rule,) = yaml.safe_load(text)["inhibit_rules"]
    # What is equal is all that the two alerts of step 6 have but severity, of which the rules make two, and the labels
    # that keep environments apart, as the Alertmanager's own file has them.
    own = set(re.findall(r"on \(([\w, ]+)\)", of_kind("groups")[0])[0].split(", "))
    pot = yaml.safe_load(text_of("alerts/alertmanager.yml"))["inhibit_rules"][0]["equal"]
    assert set(rule["equal"]) == own | {"alertname", *pot}


def test_what_the_walk_makes_in_a_checkout_is_kept_out_of_git() -> None:
    ignored = text_of(".gitignore").splitlines()
    assert {"/sms-exporter.yml", "/secrets/"} <= set(ignored)


def test_what_check_config_prints_is_what_it_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = (block.splitlines()[1:] for block in blocks(README, "console")[:2])
    first = of_kind("accounts")[0]
    assert check_config(tmp_path, first, monkeypatch) == 0
    assert check_config(tmp_path, first.replace("qlara\n", "qlarra\n", 1), monkeypatch) == 1
    printed = capsys.readouterr()
    assert (printed.out.splitlines(), printed.err.splitlines()) == (good, bad)


@pytest.mark.parametrize("text", [*of_kind("accounts"), text_of("sms-exporter.example.yml")])
def test_an_example_fits_the_schema(text: str) -> None:
    Draft202012Validator(json_schema()).validate(yaml.safe_load(text))


def test_the_example_says_truly_which_thresholds_its_accounts_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = text_of("sms-exporter.example.yml")
    monkeypatch.chdir(tmp_path)
    make_secrets(tmp_path, yaml.safe_load(text), monkeypatch)
    with redaction.forgetting():
        accounts = {account.name: account.thresholds for account in load_text(text, "example").settings.accounts}
    assert "thresholds: {credit: {warning: 200}}       # critical stays at 50 EUR" in text
    assert accounts["techstore"].for_unit("EUR") == Pair(200, 50)
    assert "Its thresholds are the built-in ones: 100 and 50 EUR, 80 % and 100 % of the" in text
    assert (accounts["marketingpro"].for_unit("EUR"), accounts["marketingpro"].contacts_used_ratio) == (
        Pair(100, 50),
        Pair(0.8, 1),
    )
    assert accounts["wholesale"].for_unit("EUR") == Pair()


def test_every_key_of_the_configuration_is_explained() -> None:
    said = section(CONFIGURATION, "Keys").partition("| Key of an account")[2]
    explained = set(re.findall(r"[a-z_0-9]+", " ".join(re.findall(r"`[^`]+`", said))))
    blocks_: tuple[Any, ...] = (models.Account, models.Limits, models.Prices, models.Http, models.Tls, models.ApiKeys)
    keys = {name for block in (models.File, *blocks_) for name in block.fields} - {"accounts"}
    assert keys - explained == set()


def test_defaults_may_hold_what_it_says() -> None:
    sentence = section(CONFIGURATION, "Keys").partition("- `defaults` may hold ")[2].partition(".")[0]
    assert set(re.findall(r"`(\w+)`", sentence)) == models.Defaults.fields.keys()


@pytest.mark.parametrize(("page", "place"), [(README, "docs/providers/"), ("docs/providers/README.md", "")])
def test_the_tables_of_providers_are_the_catalogue(page: str, place: str) -> None:
    linked = re.findall(rf"\]\({place}(\w+)\.md\)", re.sub(r"^(?!\|).*$", "", text_of(page), flags=re.MULTILINE))
    assert sorted(linked) == sorted(builtin())


def test_the_table_of_reasons_has_each_once_in_order() -> None:
    cells = re.findall(r"^\| \[`(\w+)`\]\(#(\w+)\) \|", section(TROUBLESHOOTING, "By reason"), re.MULTILINE)
    assert cells == [(reason.value, reason.value) for reason in Reason]


def test_the_metrics_page_has_every_family_once_in_its_tables() -> None:
    rows = re.findall(r"^\| (?:\[`(\w+)`\]\(#\w+\)|`(\w+)`) \| (?:gauge|counter) \|", text_of("docs/metrics.md"), re.MULTILINE)  # fmt: skip
    assert [linked or plain for linked, plain in rows] == [
        family.name for family in (*ACCOUNT_FAMILIES, *EXPORTER_FAMILIES)
    ]


def test_no_file_names_a_place_of_the_machine_that_it_was_written_on() -> None:
    for page in (
        README,
        CONFIGURATION,
        FLAGS,
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "sms-exporter.example.yml",
        TROUBLESHOOTING,
    ):
        assert str(ROOT) not in text_of(page)
