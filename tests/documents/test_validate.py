"""From a file to a model: each fault has its line, its path, and the word that was meant."""

import pytest

from exporter.documents.faults import ConfigError
from exporter.providers.catalogue import read

DEFINITION = """\
id: example
name: Example
documentation: [https://example.com/api]
checked: 2026-11-26
base_url: https://api.example.com
sign_in:
  api_key: {header: X-Key}
errors:
  code: /code
  codes: {1: unauthorized}
apis:
  credit:
    path: /balance
    cache_ttl: 1m
    credit: {balance: /left, currency: {constant: EUR}}
"""

WRONG = [
    ("name: Example", "nmae: Example", ["2: nmae: unknown key; did you mean name?", "1: name: this is missing"]),
    ("id: example", "id: Example-1", ['1: id: "Example-1" is not an id; use small letters and digits']),
    ("2026-11-26", "yesterday", ['4: checked: "yesterday" is not a day; write it like 2026-11-22']),
    ("https://api.example.com", "api.example.com/", ['5: base_url: "api.example.com/" is not an http or https URL; write it like https://host, without a / at its end']),
    ("api_key: {header: X-Key}", "api_kye: {header: X-Key}", ["7: sign_in.api_kye: there is no such sign-in form; did you mean api_key?"]),
    ("{header: X-Key}", "{}", ["7: sign_in.api_key: nothing says where api_key goes; write {api_key} where it belongs, or header, query or form"]),
    ("{header: X-Key}", "{headr: X-Key}", ["7: sign_in.api_key.headr: unknown key; did you mean header?"]),
    ("{1: unauthorized}", "{1: unauthorised}", ['10: errors.codes["1"]: "unauthorised": there is no such reason; did you mean unauthorized?']),
    ("/code", "code", ['9: errors.code: "code" is not a JSON Pointer; one begins with /, such as /data/balance; an empty one is the whole answer']),
    ("  credit:\n    path", "  credits:\n    path", ["12: apis.credits: there is no such api; did you mean credit?"]),
    ("    path: /balance\n", "", ["12: apis.credit.path: this is missing"]),
    ("1m", "1 minute", ['14: apis.credit.cache_ttl: "1 minute" is not a duration; write it like 30s, 1h30m or 7d']),
    ("balance: /left", "balanse: /left", ["15: apis.credit.credit.balanse: unknown key; did you mean balance?", "15: apis.credit.credit.balance: this is missing"]),
    ("balance: /left", "balance: {pointer: /left, key: tier}", ["15: apis.credit.credit.balance: a value comes from one place; give exactly one of pointer, constant and key"]),
    ("balance: /left", "balance: {pointer: /left, pattern: '('}", ['15: apis.credit.credit.balance.pattern: "(" is not a regular expression (RE2): missing ): (']),
    ("balance: /left", "balance: {pointer: /left, divide_by: x}", ['15: apis.credit.credit.balance.divide_by: "x" is not a number; write digits, such as 10000']),
    ("    credit: {balance", "    standard: maybe\n    credit: {balance", ['15: apis.credit.standard: "maybe" is neither true nor false; write true or false']),
    ("    credit: {balance", "    max_bytes: 1.5\n    credit: {balance", ['15: apis.credit.max_bytes: "1.5" is not a whole number']),
    ("[https://example.com/api]", "https://example.com/api", ['3: documentation: a list belongs here, not "https://example.com/api"; write it like [one, two]']),
    ("{1: unauthorized}", "[1]", ["10: errors.codes: a mapping belongs here, not a list; write it like {key: value}"]),
    ("name: Example", "name: [Example]", ["2: name: a text belongs here, not a list"]),
    ("name: Example", "name: Example\nname: Other", ["3: name: given twice, in line 2 and in line 3; remove one of them"]),
]  # fmt: skip


def faults(text: str) -> list[str]:
    try:
        read("example.yml", text.encode())
    except ConfigError as error:
        return [str(fault).removeprefix("example.yml:") for fault in error.faults]
    return []


@pytest.mark.parametrize(("right", "wrong", "said"), WRONG)
def test_a_fault_of_a_definition_has_its_line_its_path_and_the_nearest_word(
    right: str, wrong: str, said: list[str]
) -> None:
    assert right in DEFINITION
    assert sorted(faults(DEFINITION.replace(right, wrong, 1))) == sorted(said)


def test_the_definition_without_a_fault_is_taken() -> None:
    assert faults(DEFINITION) == []


def test_every_fault_is_told_at_once_in_the_order_of_lines() -> None:
    text = DEFINITION.replace("/code", "code").replace("1m", "soon").replace("X-Key", "[X]")
    assert [fault.partition(":")[0] for fault in faults(text)] == ["7", "9", "14"]


@pytest.mark.parametrize(("text", "said"), [("a: [", "2: not YAML: "), ("", "1: a mapping belongs here, not nothing")])
def test_a_file_that_is_no_mapping_is_told(text: str, said: str) -> None:
    (fault,) = faults(text)
    assert fault.startswith(said)
