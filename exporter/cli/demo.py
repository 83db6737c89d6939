"""`sms-exporter demo`: the simulated providers and an exporter of their accounts, in one process."""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from exporter import logs
from exporter.cli.serve import serve, until_ended
from exporter.config.loading import load_text
from exporter.config.own_providers import taken
from exporter.documents.faults import ConfigError, Fault, read_file
from exporter.durations import format_duration
from exporter.providers import catalogue
from exporter.providers.catalogue import builtin, meant
from exporter.providers.definition import Definition
from exporter.settings import AccountSettings, Settings
from exporter.simulator import made
from exporter.simulator.account import Account
from exporter.simulator.clock import Clock
from exporter.simulator.configuration import configuration
from exporter.simulator.hosting import hosted
from exporter.simulator.scenario import DEFAULT_SPEED, Scenario
from exporter.simulator.server import Simulator, token_path
from exporter.simulator.summary import summarize


def run(options: argparse.Namespace) -> int:
    """Serve until a signal comes; returns the exit code, 1 at once where a provider can't be simulated."""
    try:
        rehearsed = _rehearsed(options.providers)
    except ConfigError as error:
        for fault in error.faults:
            print(fault, file=sys.stderr)
        return 1
    logs.configure(options.log_level, options.log_format, beside=True)
    return until_ended(_serve(options, rehearsed), options)


@dataclass(frozen=True, slots=True)
class _Rehearsed:
    """The providers that were asked for, with an account each, and the files of those that aren't built in."""

    definitions: dict[str, Definition] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)


def _rehearsed(asked: Sequence[str]) -> _Rehearsed:
    """What `--provider` names.

    Raises:
        ConfigError: there is no such provider, its file has faults, or no account of it can be made up.
    """
    found = _Rehearsed()
    for word in dict.fromkeys(asked):
        definition = builtin().get(word) or _own(word, found)
        try:
            found.accounts.append(made.account(definition))
        except made.MadeError as error:
            raise ConfigError([Fault(word, 0, "", f"no account of it can be made up: {error}")]) from None
        found.definitions[definition.id] = definition
    return found


def _own(word: str, found: _Rehearsed) -> Definition:
    file = Path(word)
    if not (file.exists() or file.suffix or "/" in word):
        hint = meant(word, builtin())
        raise ConfigError([Fault(f"--provider {word}", 0, "", "there is no such provider, and no such file", hint)])
    content = read_file(file, catalogue.LARGEST_BYTES)
    definition = catalogue.read(str(file), content)
    if definition.id in builtin() or definition.id in found.definitions:
        how = "comes with the exporter" if definition.id in builtin() else "is defined in another file too"
        raise ConfigError([taken(file, content, definition.id, how)])
    found.files.append(file)
    return definition


async def _serve(options: argparse.Namespace, rehearsed: _Rehearsed) -> int:
    start, speed = time.time(), options.demo_speed or DEFAULT_SPEED
    scenario = Scenario(
        options.demo_seed, start, speed=speed, beside=rehearsed.accounts, definitions=rehearsed.definitions
    )
    async with hosted(Simulator(scenario, Clock(start, speed))) as base_url:

        def load() -> Settings:
            settings = load_text(configuration(scenario, base_url, rehearsed.files), "demo").settings
            return replace(settings, accounts=tuple(map(_within_reach, settings.accounts)))

        def started(url: str) -> None:
            print(_welcome(scenario, start, url, options.telemetry_path), flush=True)

        return await serve(options, load, started=started)


def _within_reach(account: AccountSettings) -> AccountSettings:
    """The account with its token's URL at the simulator, wherever the provider has it: the demo asks nobody else."""
    sign_in = account.provider.sign_in.get("oauth2")
    if sign_in is None or sign_in.token_url is None:
        return account
    near = sign_in.copy(token_url=token_path(sign_in.token_url))
    forms = {**account.provider.sign_in, "oauth2": near}
    return replace(account, provider=account.provider.copy(sign_in=forms))


def _welcome(scenario: Scenario, start: float, exporter: str, telemetry_path: str) -> str:
    """Where to look, and what the accounts are going through."""
    day = format_duration(86400 / scenario.speed)
    week = format_duration(7 * 86400 / scenario.speed)
    indented = summarize(scenario, start).replace("\n", "\n  ")
    return (
        f"\nSimulated accounts, {scenario.speed:g} times as fast as life (a day takes {day}, so that a runway"
        f" threshold of 7d is {week} here):"
        f"\n\n  {indented}\n\nLook at\n"
        f"  {exporter}/\n"
        f"  {exporter}{telemetry_path}\n"
        f"  {exporter}/probe?target={scenario.accounts[0].name}&debug=true\n"
        f"Ctrl-C ends it.\n"
    )
