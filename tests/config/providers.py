"""Definitions that the tests of the configuration invent, and what a configuration that names them comes to."""

from collections.abc import Mapping
from pathlib import Path

from exporter.config.loading import ConfigError, load
from exporter.providers.catalogue import builtin, read
from exporter.providers.definition import Definition
from exporter.settings import AccountSettings

ACME = """
id: acme
name: Acme
settings:
  account_sid: {about: "the account's SID, on the console's first page", pattern: "AC[0-9a-f]{4}"}
  region: {about: where the account is, choices: [eu, us], default: eu}
  brand: {about: the brand's part of the address}
base_url: https://{brand}.{region}.acme.example
sign_in: {basic: {}}
apis:
  credit: {path: "/v1/{account_sid}/balance", cache_ttl: 1m, credit: {balance: /balance, currency: {constant: EUR}}}
"""
ACCOUNT = "accounts:\n- name: a\n  provider: acme\n  auth: {basic: {username: user, password: password-1}}\n"


def known(*texts: str) -> Mapping[str, Definition]:
    return {**builtin(), **{each.id: each for each in (read("mine.yml", text.encode()) for text in texts)}}


def account(text: str, *definitions: str) -> AccountSettings:
    Path("f.yml").write_text(text)
    (only,) = load(Path("f.yml"), known(*definitions)).settings.accounts
    return only


def lines(text: str, *definitions: str) -> list[str]:
    """Every fault and warning, as printed."""
    Path("f.yml").write_text(text)
    try:
        return [*map(str, load(Path("f.yml"), known(*definitions)).warnings)]
    except ConfigError as error:
        return [*map(str, error.faults), *map(str, error.warnings)]
