"""The configuration's models and JSON Schema."""

from typing import Any

import jsonschema
import pytest
import yaml
from jsonschema.protocols import Validator

from exporter.config.models import File
from exporter.config.schema import json_schema
from exporter.documents import reader
from exporter.documents.report import Report
from exporter.documents.validate import validate

EXAMPLE = """
defaults:
  timeout: 10s
  stale_for: 0
  labels: {cost_center: 451234}
  thresholds: {runway: {warning: 7d, critical: 2d}, credit: null}
accounts:
  - name: marketingpro
    provider: qlara
    auth: {api_key_file: secrets/qlara}
    expect_features: [sms, rcs]
  - name: techstore
    provider: agiletelecom
    auth: {basic: {username: techstore, password_file: secrets/agile}}
    thresholds: {credit: {warning: 200, EUR: {critical: 1.5}, messages: null, wallets: {sms: {warning: 3}, mail: null}}}
    settings: {account_sid: AC00ff, region: null}
    wallets: [sms]
    contacts_limit: 50000
  - name: shop-dk
    provider: gatewayapi
    base_url: https://gatewayapi.eu
    auth: {keys: {api_login: x, api_key_file: y, other_env: null}}
    apis: [credit, prices]
    prices: {countries: [DK, "NO", IT], currencies: all}
    api_settings: {prices: {cache_ttl: 12h}}
    thresholds: {credit: {emails: {warning: 5}}, spend_spike: {warning: 2.5}}
    http: {proxy_url: http://proxy:3128, follow_redirects: true, tls_config: {ca_file: ca.pem, min_version: TLS12}}
"""


@pytest.fixture(scope="module")
def validator() -> Validator:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_schema_accepts_the_example(validator: Validator) -> None:
    validator.validate(yaml.safe_load(EXAMPLE))


@pytest.mark.parametrize("text", ["accounts:", "accounts: []", "defaults:", "{}"])
def test_the_schema_accepts_a_file_without_accounts(validator: Validator, text: str) -> None:
    validator.validate(yaml.safe_load(text))


@pytest.mark.parametrize(
    "change",
    [
        {"nmae": "x"},
        {"name": "a b"},
        {"name": None},
        {"provider": "nobody"},
        {"auth": {}},
        {"auth": {"basic": {"hunter2": 1}}},
        {"timeout": "5"},
        {"base_url": "gatewayapi.eu"},
        {"thresholds": {"credit": {"eur": {"warning": 1}}}},
        {"thresholds": {"contacts_used_ratio": {"warning": 0}}},
        {"prices": {"countries": "DK"}},
        {"api_settings": {"credit": {"path": "x"}}},
        {"http": {"tls_config": {"min_version": "1.2"}}},
        {"billing": "free"},
        {"auth": {"keys": {"api_key": ["x"]}}},
        {"auth": {"oauth2": {"client": "x"}}},
        {"settings": {"region": ["eu"]}},
        {"wallets": "sms"},
        {"contacts_limit": 0},
        {"thresholds": {"spend_spike": {"warning": 1}}},
        {"thresholds": {"spend_spike": {"critical": 9}}},
        {"thresholds": {"credit": {"wallets": {"sms": {"warnning": 1}}}}},
        {"apis": ["credits"]},
        {"api_settings": {"credits": {"timeout": "5s"}}},
        {"labels": {"job": "x"}},
        {"labels": {"a-b": "x"}},
        {"labels": {"exported_a": "x"}},
    ],
)
def test_the_schema_refuses(validator: Validator, change: dict[str, Any]) -> None:
    account: dict[str, Any] = {"name": "a", "provider": "qlara", "auth": {"api_key": "x"}}
    validator.validate({"accounts": [account]})
    assert not validator.is_valid({"accounts": [account | change]})


def test_the_schema_takes_socks_for_proxies_alone(validator: Validator) -> None:
    account: dict[str, Any] = {"name": "a", "provider": "qlara", "auth": {"api_key": "x"}}
    assert validator.is_valid({"accounts": [account | {"http": {"proxy_url": "socks5://u:p@proxy:1080"}}]})
    assert not validator.is_valid({"accounts": [account | {"http": {"proxy_url": "socks4://proxy"}}]})
    assert not validator.is_valid({"accounts": [account | {"base_url": "socks5://provider.test"}]})


def test_the_schema_takes_any_providers_id_beside_files_of_definitions(validator: Validator) -> None:
    account: dict[str, Any] = {"name": "a", "provider": "acme", "auth": {"api_key": "x"}}
    file: dict[str, Any] = {"accounts": [account], "account_files": ["accounts.d/*.yml"]}
    assert not validator.is_valid(file)
    validator.validate(file | {"provider_files": ["mine.yml"]})


def test_the_schema_needs_the_required_keys(validator: Validator) -> None:
    for key in ("name", "provider", "auth"):
        account: dict[str, Any] = {"name": "a", "provider": "qlara", "auth": {"api_key": "x"}}
        del account[key]
        assert not validator.is_valid({"accounts": [account]})


def test_models_do_not_show_what_is_written() -> None:
    text = "accounts: [{auth: {api_key: hunter2}, http: {proxy_url: 'http://hunter2@x'}}]"
    file = validate(File, Report("accounts.yml", reader.read(text)))
    account = (file.accounts or [])[0]
    assert account.auth is not None
    assert account.auth.api_key == "hunter2"
    assert "hunter2" not in repr(file) + str(file) + repr(file.accounts)
