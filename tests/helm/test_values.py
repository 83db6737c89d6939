"""The values: what people may say, what is refused, and what the pages show of them."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from tests.helm.rendering import CASES, CHART, README, SCHEMA, SHOWN, VALUES, rendering
from tests.test_docs import text_of


def accepted(values: object) -> bool:
    return bool(Draft7Validator(SCHEMA).is_valid(values))


@pytest.mark.parametrize("file", [CHART / "values.yaml", *CASES], ids=lambda path: path.name)
def test_values_of_ours_fit_the_schema(file: Path) -> None:
    assert accepted(yaml.safe_load(file.read_text("utf-8")))


@pytest.mark.parametrize("text", SHOWN)
def test_values_of_the_page_fit_the_schema(text: str) -> None:
    assert accepted(yaml.safe_load(text))


def test_the_schema_knows_every_value_and_no_other() -> None:
    assert set(SCHEMA["properties"]) == {*VALUES, "global"}
    for name, value in VALUES.items():
        known = SCHEMA["properties"][name].get("properties")
        if known is not None:
            assert set(value) <= set(known), name


def test_the_chart_s_own_page_names_values_that_there_are() -> None:
    named = re.findall(r"`([a-z][\w.]*)`", " ".join(re.findall(r"^\| (`.*?) \|", text_of(README), re.MULTILINE)))
    assert len(named) > 30
    for name in named:
        value = VALUES
        for key in name.split("."):
            assert key in value, name
            value = value[key]


@pytest.mark.parametrize(
    "values",
    [
        {"replica": 2},
        {"scrape": {"kind": "PodMonitor"}},
        {"scrape": {"interval": "60"}},
        {"image": {"digest": "sha256:123"}},
        {"config": {"accounts": []}},
        {"secrets": ["sms-keys"]},
        {"strategy": {"type": "OnDelete"}},
        {"hostAliases": [{"ip": "10.0.0.7"}]},
        {"dnsConfig": {"option": []}},
        {"extraContainers": [{"image": "proxy"}]},
        {"prometheusRule": {"dashboardURL": "grafana.example.org/d"}},
    ],
    ids=str,
)
def test_a_wrong_value_is_refused(values: object) -> None:
    assert not accepted(values)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"existingConfigMap": {"name": "a"}, "existingConfigSecret": {"name": "b"}}, "keep one of them"),
        ({"config": "accounts: ["}, "config is not YAML"),
        ({"scrape": {"kind": "Probe"}}, "no account is known"),
        ({"scrape": {"kind": "Probe"}, "config": "accounts: [{name: 012}]"}, "quote it"),
        ({"replica": 2}, "replica"),
        ({"serviceMonitor": {"enabled": True}, "scrape": {"kind": "Probe"}}, "keep one of them"),
        (
            {"serviceMonitor": {"enabled": True, "labels": {"release": "p"}}},
            "serviceMonitor.labels: all but enabled is under scrape",
        ),
    ],
)
def test_what_can_not_be_meant_is_refused_with_a_reason(given: dict[str, Any], said: str, helm: str) -> None:
    ran = rendering(helm, given=yaml.safe_dump(given))
    assert ran.returncode != 0
    assert said in ran.stderr
