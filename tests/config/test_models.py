"""The configuration's models and JSON Schema."""

from typing import Any

import jsonschema
import pytest
import yaml
from jsonschema.protocols import Validator

from exporter.config.models import File
from exporter.config.schema import json_schema

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
    thresholds: {credit: {warning: 200, EUR: {critical: 1.5}, messages: null}}
  - name: shop-dk
    provider: gatewayapi
    base_url: https://gatewayapi.eu
    auth: {token_env: GATEWAYAPI_TOKEN}
    apis: [credit, prices]
    prices: {countries: [DK, "NO", IT], currencies: all}
    api_settings: {prices: {cache_ttl: 12h}}
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


def test_the_schema_needs_the_required_keys(validator: Validator) -> None:
    for key in ("name", "provider", "auth"):
        account: dict[str, Any] = {"name": "a", "provider": "qlara", "auth": {"api_key": "x"}}
        del account[key]
        assert not validator.is_valid({"accounts": [account]})


def test_models_do_not_show_what_is_written() -> None:
    file = File.model_validate(
        {"accounts": [{"auth": {"api_key": "hunter2"}, "http": {"proxy_url": "http://hunter2@x"}}]}
    )
    assert "hunter2" not in repr(file) + str(file) + repr(file.accounts)
