"""Textfiles of several cron jobs beside each other, as a real node_exporter reads them."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families as parse_text

from tests.conftest import program
from tests.processes import eventually, fetch, free_port, running, simulator

pytestmark = pytest.mark.end_to_end

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def series(text: str) -> Series:
    """What is ours, without the labels that are empty, which are none."""
    return {
        (sample.name, frozenset(pair for pair in sample.labels.items() if pair[1])): sample.value
        for family in parse_text(text)
        for sample in family.samples
        if sample.name.startswith(("sms_", "contacts_"))
    }


def test_no_series_of_a_job_vanishes_beside_those_of_another(tmp_path: Path) -> None:
    """A family of which two files tell a different HELP or TYPE is left out but for the first file."""
    textfiles = tmp_path / "textfiles"
    textfiles.mkdir()
    written: Series = {}
    with simulator(tmp_path) as simulated:
        config = yaml.safe_load(simulated.config_file.read_text())
        providers = sorted({account["provider"] for account in config["accounts"]})
        assert len(providers) > 2
        for provider in providers:
            accounts = [account for account in config["accounts"] if account["provider"] == provider]
            own = {account["name"]: {"labels": {f"of_{provider}": "x"}} for account in accounts}
            file = tmp_path / f"{provider}.yml"
            file.write_text(yaml.safe_dump({**config, "accounts": [each | own[each["name"]] for each in accounts]}))
            command = [sys.executable, "-m", "exporter", "check", f"--config.file={file}", "--format=prometheus"]
            text = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60).stdout
            (textfiles / f"{provider}.prom").write_text(text)
            balances = [name for name, _ in series(text) if name == "sms_credit_balance"]
            assert balances
            written |= series(text)
    address = f"127.0.0.1:{free_port()}"
    collect = ["--collector.disable-defaults", "--collector.textfile", f"--collector.textfile.directory={textfiles}"]
    with running(
        tmp_path, "node", program("prometheus-node-exporter"), *collect, f"--web.listen-address={address}"
    ) as node:
        text = eventually("node_exporter", lambda: fetch(f"http://{address}/metrics"))
        assert "node_textfile_scrape_error 0\n" in text
        assert series(text) == written
        assert "inconsistent" not in node.log.read_text()
