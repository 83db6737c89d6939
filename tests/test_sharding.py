"""Two Prometheus servers that share the accounts of one exporter by the configuration that docs/scaling.md shows."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.processes import eventually, exporter, fetch, prometheus, query, simulator
from tests.test_docs import blocks

pytestmark = pytest.mark.end_to_end

PAGE = "docs/scaling.md"
SHARDS = 2


def shard(number: int, address: str) -> dict[str, Any]:
    """The page's configuration of shard 0, for this shard, asked every other second."""
    text = next(block for block in blocks(PAGE, "yaml") if "hashmod" in block)
    config: dict[str, Any] = yaml.safe_load(text.replace("localhost:10077", address).replace('"0"', f'"{number}"'))
    for job in config["scrape_configs"]:
        job |= {"scrape_interval": "2s", "scrape_timeout": "2s"}
        for discovery in job.get("http_sd_configs", ()):
            discovery["refresh_interval"] = "2s"
    return config


def accounts(url: str, expression: str) -> list[str]:
    return sorted(labels["instance"] for labels, _ in query(url, expression))


def test_two_shards_scrape_each_of_200_accounts_exactly_once(tmp_path: Path) -> None:
    with (
        simulator(tmp_path, "--copies", "10", "--speed", "0.001", "--latency", "0") as provider,
        exporter(tmp_path, provider.config_file) as (address, _),
        prometheus(tmp_path, shard(0, address), "first") as first,
        prometheus(tmp_path, shard(1, address), "second") as second,
    ):
        everyone = sorted(provider.control("state")["accounts"])
        assert len(everyone) == 200
        targets = json.loads(fetch(f"http://{address}/sd"))
        assert sorted(group["labels"]["__param_target"] for group in targets) == everyone
        shares = []
        for url in (first, second):
            eventually(
                "twice every account of a shard",
                lambda url=url: (  # type: ignore[misc]
                    query(url, 'count(count_over_time(up{job="sms"}[1m]) >= 2) == count(up{job="sms"}) > 60') or None
                ),
            )
            share = accounts(url, 'up{job="sms"} == 1')
            assert accounts(url, 'up{job="sms"}') == share
            assert accounts(url, "sms_account_up") == share
            named = {(labels["instance"], labels["account"]) for labels, _ in query(url, "sms_account_up")}
            assert named == {(account, account) for account in share}
            shares.append(share)
            assert len(query(url, "sms_exporter_build_info")) == 1
        assert sorted(shares[0] + shares[1]) == everyone


def test_an_account_that_is_added_is_scraped_by_one_of_the_two(tmp_path: Path) -> None:
    with simulator(tmp_path, "--speed", "0.001", "--latency", "0") as provider:
        whole = yaml.safe_load(provider.config_file.read_text())
        config_file = tmp_path / "growing.yml"
        config_file.write_text(yaml.safe_dump({**whole, "accounts": whole["accounts"][:4]}))
        with (
            exporter(tmp_path, config_file, "--web.enable-lifecycle") as (address, process),
            prometheus(tmp_path, shard(0, address), "first") as first,
            prometheus(tmp_path, shard(1, address), "second") as second,
        ):

            def both() -> list[str]:
                return sorted(accounts(first, "sms_account_up") + accounts(second, "sms_account_up"))

            names = [account["name"] for account in whole["accounts"]]
            eventually("four accounts", lambda: both() == sorted(names[:4]) or None)
            config_file.write_text(yaml.safe_dump({**whole, "accounts": whole["accounts"][1:7]}))
            process.popen.send_signal(1)
            eventually("those that are configured now", lambda: both() == sorted(names[1:7]) or None)
