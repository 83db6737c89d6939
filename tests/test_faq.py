"""docs/faq.md: what it shows is taken by the programs that it is for, as far as these are here."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from docs.generate import ROOT

PAGE = (ROOT / "docs" / "faq.md").read_text("utf-8")
BLOCKS = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
RULES = [block for block in BLOCKS if "groups" in block]


def promtool(folder: Path, *command: str, **files: Any) -> None:
    for name, content in files.items():
        (folder / f"{name}.yml").write_text(json.dumps(content))
    ran = subprocess.run(["promtool", *command], cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.rules
def test_the_scrape_configurations_are_prometheus_own(tmp_path: Path) -> None:
    (agent,) = [block for block in BLOCKS if "remote_write" in block]
    (collector,) = [block for block in BLOCKS if "receivers" in block]
    promtool(tmp_path, "check", "config", "--agent", "agent.yml", agent=agent)
    scraping = collector["receivers"]["prometheus"]["config"]
    promtool(tmp_path, "check", "config", "scraping.yml", scraping=scraping)
    assert agent["scrape_configs"][0]["static_configs"] == scraping["scrape_configs"][0]["static_configs"]


@pytest.mark.rules
def test_its_rules_say_what_it_says_of_them(tmp_path: Path) -> None:
    currency, keys = RULES
    balance = 'account:sms_credit_balance:min{{provider="p", account="shop", currency="{}"}}'
    told = balance.replace(":min", ":eur")
    cases: dict[str, Any] = {
        "rule_files": ["currency.yml", "keys.yml"],
        "tests": [
            {
                "input_series": [
                    {"series": balance.format("DKK"), "values": "1000x5"},
                    {"series": balance.format("EUR"), "values": "50x5"},
                    {"series": balance.format("messages"), "values": "9x5"},
                ],
                "promql_expr_test": [
                    {
                        "expr": "account:sms_credit_balance:eur",
                        "eval_time": "5m",
                        "exp_samples": [
                            {"labels": told.format("DKK"), "value": 134},
                            {"labels": told.format("EUR"), "value": 50},
                        ],
                    }
                ],
                # The clock of the cases begins in 1970: the date is far.
                "alert_rule_test": [{"eval_time": "5m", "alertname": "SMSKeyExpiresSoon", "exp_alerts": []}],
            },
        ],
    }
    promtool(tmp_path, "test", "rules", "cases.yml", cases=cases, currency=currency, keys=keys)
    soon = json.loads(json.dumps(keys).replace("1798761600", str(10 * 86400)))
    cases["tests"][0]["alert_rule_test"] = [
        {
            "eval_time": "0m",
            "alertname": "SMSKeyExpiresSoon",
            "exp_alerts": [
                {
                    "exp_labels": {"severity": "warning", "account": "shop"},
                    "exp_annotations": {"summary": "The key of shop expires in 10d 0h 0m 0s."},
                }
            ],
        }
    ]
    promtool(tmp_path, "test", "rules", "cases.yml", cases=cases, currency=currency, keys=soon)
