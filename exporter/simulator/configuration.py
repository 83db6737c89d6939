"""The demo's configuration: what an operator would write for the simulated accounts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from exporter.durations import format_duration
from exporter.simulator.account import DAY, Account
from exporter.simulator.scenario import Scenario

_HEAD = """\
# Simulated accounts: every name and secret here is made up, and base_url points at the simulator.
"""
_FAST = """\
# Its clock goes {speed:g} times as fast as yours, so that a week takes {week}. The thresholds of the
# runway are as much shorter, and answers are asked for as much sooner; leave both keys out in earnest.
"""


def configuration(scenario: Scenario, base_url: str, provider_files: Sequence[Path] = ()) -> str:
    """The configuration file (YAML) for all accounts of a scenario whose simulator listens at `base_url`.

    `provider_files` have the definitions that aren't built in.
    """
    document: dict[str, Any] = {}
    if provider_files:
        document["provider_files"] = [str(file.absolute()) for file in provider_files]
    head = _HEAD
    if scenario.speed != 1:
        week = format_duration(7 * DAY / scenario.speed)
        head += _FAST.format(speed=scenario.speed, week=week)
        document["defaults"] = {
            "cache_ttl": "5s",
            "thresholds": {
                "runway": {
                    "warning": _duration(7 * DAY / scenario.speed),
                    "critical": _duration(2 * DAY / scenario.speed),
                }
            },
        }
    document["accounts"] = [_account(scenario, account, base_url.rstrip("/")) for account in scenario.accounts]
    return head + yaml.safe_dump(document, sort_keys=False, width=110)


def _account(scenario: Scenario, account: Account, base_url: str) -> dict[str, Any]:
    written: dict[str, Any] = {
        "name": account.name,
        "provider": account.provider,
        "base_url": f"{base_url}/{account.provider}",
        "auth": dict(account.auth),
    }
    if account.settings:
        written["settings"] = dict(account.settings)
    if account.billing != "prepaid":
        written["billing"] = account.billing
    written["labels"] = dict(account.labels)
    if account.expect_features:
        written["expect_features"] = list(account.expect_features)
    if account.thresholds:
        written["thresholds"] = dict(account.thresholds)
    if account.prices is not None:
        apis = scenario.provider(account).definition.apis
        written["apis"] = [name for name, api in apis.items() if api.standard or name == "prices"]
        written["prices"] = dict(account.prices)
    return written


def _duration(seconds: float) -> str:
    return f"{max(1, round(seconds))}s"
