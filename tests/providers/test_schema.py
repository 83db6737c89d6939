"""The JSON Schema of a definition: it takes what our own engine takes, and refuses what that refuses."""

from collections.abc import Iterable
from importlib import resources
from typing import Any

import jsonschema
import pytest
import yaml
from jsonschema.protocols import Validator

from exporter.documents.faults import ConfigError
from exporter.documents.schema import json_schema
from exporter.providers.catalogue import builtin, read
from exporter.providers.definition import Definition

FULL = """
id: 46example
name: Example
also: [Example SMS]
evidence: official
documentation: [https://example.com/docs]
checked: "2026-11-25"
rate_limit: {calls: 100, per: 1h}
settings:
  account_sid: {about: the account's SID, pattern: "AC[0-9a-f]{32}"}
  region: {about: where it is, choices: [eu, us], default: eu}
base_url: https://{region}.example.com
sign_in:
  api_key: {header: X-Key, prefix: "App "}
  token: {query: key}
  basic: {}
  oauth2: {token_url: /token, scope: read}
  keys: {parts: [access_key_id, secret_access_key], signature: aws4, options: {service: sms, region: "{region}"}}
errors:
  code: {pointer: [/code, /error/code], pattern: "([0-9]+) .*"}
  codes: {SUCCESS: ok, "200": ok, "401": unauthorized}
  bodies: [{where: {/status: 1}, has: [/error], reason: suspended}, {lacks: [/ok]}]
  statuses: {402: insufficient_credit}
  retry_after: {header: x-ratelimit-reset}
apis:
  credit:
    path: /{account_sid}/{access_key_id}
    query: {limit: 1, all: true}
    headers: {Accept: application/json}
    json: {usercode: "{secret_access_key}", stip: 2, list: [null, true]}
    format: xml
    cache_ttl: 1h30m
    account_id: /id
    postpaid: [{where: {/payment: postpaid}}]
    credit:
      - {each: /plan/*, unless: {/type: 1}, wallet: /type, balance: {pointer: /a, written: "1.234,56"}, currency: {constant: EUR}}
      - balance: {pointer: /n, divide_by: 10000, none: [-1]}
        currency: {pointer: /c, words: {euros: EUR}}
        wallet: {constant: mail}
        expires: {pointer: /x, time: unix_ms}
        optional: true
  contacts: {path: /c, form: {fmt: 3}, cache_ttl: 15m, contacts: {used: [/count, /total]}}
  subscription: {path: /s, cache_ttl: 0s, subscription: {status: /s, statuses: {LIVE: active}, features: {pointer: /f}}}
"""


@pytest.fixture(scope="module")
def validator() -> Validator:
    schema = json_schema(Definition, "provider.yml")
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def as_json(value: Any) -> Any:
    """What an editor hands to the schema: keys are texts."""
    if isinstance(value, dict):
        return {str(key): as_json(item) for key, item in value.items()}
    return [as_json(item) for item in value] if isinstance(value, list) else value


def written() -> Iterable[str]:
    folder = resources.files("exporter.providers").joinpath("definitions")
    return [folder.joinpath(name, "provider.yml").read_text("utf-8") for name in builtin()]


@pytest.mark.parametrize("text", [FULL, *written()])
def test_it_takes_what_the_engine_takes(validator: Validator, text: str) -> None:
    read("mine.yml", text.encode())
    validator.validate(as_json(yaml.safe_load(text)))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("id: 46example", "id: Example"),
        ("name: Example\n", ""),
        ("evidence: official", "evidence: rumours"),
        ('checked: "2026-11-25"', "checked: yesterday"),
        ("per: 1h", "per: hour"),
        ("about: the account's SID, ", ""),
        ("region: {about", "Region: {about"),
        ("base_url: https:", "base_url: ftp:"),
        ("  basic: {}", "  basik: {}"),
        ("header: X-Key", "header: 'X Key'"),
        ("prefix:", "prefx:"),
        ("token_url: /token", "token_url: token"),
        ("[access_key_id, secret_access_key]", "access_key_id"),
        ('"401": unauthorized', '"401": unauthorised'),
        ("402: ins", "abc: ins"),
        ("{header: x-ratelimit-reset}", "[x]"),
        ("path: /{account_sid}/", "path: x{account_sid}/"),
        ("X-Key", "X:Key"),
        ("format: xml", "format: csv"),
        ("cache_ttl: 1h30m", "cache_ttl: 90"),
        ("account_id: /id", "account_id: id"),
        ("{/payment: postpaid}", "{payment: postpaid}"),
        ("balance: {pointer: /n", "balnce: {pointer: /n"),
        ("divide_by: 10000", "divide_by: -1"),
        ("time: unix_ms", "time: epoch"),
        ("{used: [/count, /total]}", "{used: [count]}"),
        ("LIVE: active", "LIVE: living"),
        ("contacts: {path", "contact: {path"),
    ],
)
def test_it_refuses_what_the_engine_refuses(validator: Validator, right: str, wrong: str) -> None:
    assert FULL.count(right) == 1
    text = FULL.replace(right, wrong)
    with pytest.raises(ConfigError):
        read("mine.yml", text.encode())
    assert not validator.is_valid(as_json(yaml.safe_load(text)))


def test_a_shorthand_and_one_block_for_a_list(validator: Validator) -> None:
    brief = yaml.safe_load(
        "{id: a, name: A, base_url: https://a.example, sign_in: {basic: {}}, errors: {retry_after: /seconds},"
        " apis: {credit: {path: /, cache_ttl: 1m, credit: {balance: [/a, /b], currency: /c}}}}"
    )
    validator.validate(brief)
    assert not validator.is_valid(brief | {"apis": {"credit": brief["apis"]["credit"] | {"credit": "/a"}}})
