"""What is wrong with a person's own definition is told with file, line, path, and what would be right."""

import pytest

from exporter.documents.faults import ConfigError
from exporter.providers.catalogue import read

GOOD = """\
id: mine
name: My provider
evidence: official
settings:
  region: {about: where the account is, choices: [eu, us], default: eu}
base_url: https://{region}.example.com
sign_in:
  api_key: {header: X-Key}
errors:
  code: /code
  codes: {0: ok, 401: unauthorized}
apis:
  credit:
    path: /v1/credit
    cache_ttl: 1m
    credit:
      balance: {pointer: /balance, written: "1,234.56"}
      currency: /currency
  contacts:
    path: /v1/contacts
    cache_ttl: 5m
    contacts: {used: /count}
"""

CREDIT = "apis.credit.credit"


def test_the_definition_itself_is_right() -> None:
    assert read("mine.yml", GOOD.encode()).id == "mine"


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("id: mine", "id: My-Provider", '1: id: "My-Provider" is not an id; use small letters and digits'),
        ("balance: {", "balanc: {", f"17: {CREDIT}.balanc: unknown key; did you mean balance?"),
        ("{region}", "{regoin}", "6: base_url: nothing is called {regoin}; did you mean region?"),
        (
            "base_url: https",
            "base_url: ftp",
            (
                '6: base_url: "ftp://{region}.example.com" is not an http or https URL; '
                "write it like https://host, without a / at its end"
            ),
        ),
        ("  api_key", "  apikey", "8: sign_in.apikey: there is no such sign-in form; did you mean api_key?"),
        (
            "{header: X-Key}",
            "{}",
            (
                "8: sign_in.api_key: nothing says where api_key goes; "
                "write {api_key} where it belongs, or header, query or form"
            ),
        ),
        (
            "{header: X-Key}",
            "{header: X Key}",
            '8: sign_in.api_key.header: "X Key" is not a header\'s name; write it like X-Api-Key',
        ),
        (
            "{header: X-Key}",
            "{form: key, session: {path: /in, method: GET, keep: {token: /token}, lives: 4m}}",
            "8: sign_in.api_key.session.method: a GET has no form; write POST, or remove it",
        ),
        (
            "401: unauthorized",
            "401: unauthorised",
            '11: errors.codes["401"]: "unauthorised": there is no such reason; did you mean unauthorized?',
        ),
        (
            "  code: /code\n",
            "",
            "10: errors.codes: nothing says where the code stands; write code beside it, such as code: /error/code",
        ),
        (
            "cache_ttl: 1m",
            "cache_ttl: 1 minute",
            '15: apis.credit.cache_ttl: "1 minute" is not a duration; write it like 30s, 1h30m or 7d',
        ),
        (
            '"1,234.56"',
            '"1.234,5"',
            (
                f'17: {CREDIT}.balance.written: "1.234,5" is not a way to write numbers; '
                "write 1234.56 in that way, such as 1.234,56 or 1,234.56"
            ),
        ),
        (
            "/balance,",
            "balance,",
            (
                f'17: {CREDIT}.balance.pointer: "balance" is not a JSON Pointer; '
                "one begins with /, such as /data/balance; an empty one is the whole answer"
            ),
        ),
        (
            'written: "1,234.56"',
            "divide_by: 0",
            f'17: {CREDIT}.balance.divide_by: "0": nothing is divided by this; write a number above 0, such as 10000',
        ),
        (
            'written: "1,234.56"',
            'pattern: "([0-9]+"',
            f'17: {CREDIT}.balance.pattern: "([0-9]+" is not a regular expression (RE2): missing ): ([0-9]+',
        ),
        ("      currency: /currency\n", "", f"16: {CREDIT}.currency: this is missing"),
        (
            "currency: /currency",
            "currency: {constant: Euro}",
            f'18: {CREDIT}.currency.constant: "Euro" is no currency; did you mean EUR?',
        ),
        (
            "currency: /currency",
            "currency: {constant: points}",
            (
                f'18: {CREDIT}.currency.constant: "points" is no currency; '
                "write a code of ISO 4217, like EUR, or credits, messages, emails"
            ),
        ),
        (
            "currency: /currency",
            "currency: {pointer: /unit, words: {Euro: EUR, pound: Pounds}}",
            (
                f'18: {CREDIT}.currency.words.pound: "Pounds" is no currency; '
                "write a code of ISO 4217, like EUR, or credits, messages, emails"
            ),
        ),
        (
            "currency: /currency",
            "currency: {words: {euro: EUR}}",
            f"18: {CREDIT}.currency: a value comes from one place; give exactly one of pointer, constant and key",
        ),
        (
            "    contacts: {used: /count}\n",
            "",
            "19: apis.contacts: nothing is read of the answer; give one of credit, subscription, contacts or prices",
        ),
        ("  contacts:\n", "  contact:\n", "19: apis.contact: there is no such api; did you mean contacts?"),
        (
            "{used: /count}",
            "{used: /count, limits: /max}",
            "22: apis.contacts.contacts.limits: unknown key; did you mean limit?",
        ),
        (
            "path: /v1/credit",
            "path: v1/credit",
            '14: apis.credit.path: "v1/credit" is not a path; it begins with / and has no spaces',
        ),
        (
            "path: /v1/credit",
            "path: /v1/{account}",
            "14: apis.credit.path: nothing is called {account}; valid are region, api_key",
        ),
        (
            "path: /v1/credit\n",
            "path: /v1/credit\n    form: {a: b}\n    json: {a: b}\n",
            "16: apis.credit.json: a request has one body; give form or json",
        ),
        ("default: eu", "default: de", "5: settings.region.default: this is none of the choices; valid are eu, us"),
        (
            "evidence: official",
            "evidence: certain",
            '3: evidence: "certain" is not a word that is known here; valid are official, sdk, partly, third-party',
        ),
        ("name: My", "name: Other\nname: My", "3: name: given twice, in line 2 and in line 3; remove one of them"),
    ],
)
def test_a_fault_has_file_line_path_and_what_would_be_right(right: str, wrong: str, told: str) -> None:
    assert right in GOOD
    with pytest.raises(ConfigError) as raised:
        read("mine.yml", GOOD.replace(right, wrong, 1).encode())
    assert f"mine.yml:{told}" in [str(fault) for fault in raised.value.faults]
