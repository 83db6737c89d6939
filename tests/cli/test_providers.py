"""`sms-exporter providers`: a definition tried without a network."""

import io
import json
import re
import sys
from pathlib import Path

import pytest

from exporter.cli.main import main
from exporter.providers.catalogue import builtin
from tests.providers.recorded import DEFINITIONS

MINE = """
id: mine
name: Mine
base_url: https://{region}.mine.example
settings: {region: {about: where the account is, default: eu}, account: {about: the account's number}}
sign_in: {api_key: {query: key}, token: {header: Authorization, prefix: "Bearer "}}
errors: {code: /error, codes: {denied: unauthorized}}
apis:
  credit:
    path: /v1/{account}/balance
    cache_ttl: 1m
    credit: {balance: /left, currency: {constant: messages}, last_recharge: /at}
"""


@pytest.fixture
def mine(tmp_path: Path) -> str:
    (tmp_path / "mine.yml").write_text(MINE)
    return str(tmp_path / "mine.yml")


def answer(tmp_path: Path, document: object) -> str:
    (tmp_path / "answer.json").write_text(json.dumps(document))
    return str(tmp_path / "answer.json")


def test_a_file_of_ones_own_is_described(mine: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["providers", "--file", mine]) == 0
    said = capsys.readouterr().out
    assert "Mine (mine)" in said
    assert "region: where the account is; eu where nothing is said" in said
    assert "account: the account's number; required" in said


def test_what_is_read_from_an_answer_is_printed_as_series(
    mine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = answer(tmp_path, {"left": 5, "at": "soon"})
    assert main(["providers", "--file", mine, "--try", "--answer", file]) == 0
    assert capsys.readouterr().out.splitlines() == [
        'sms_credit_balance{provider="mine",account="example",currency="messages"} 5',
        "# at is left out: it is not a date and time of ISO 8601",
    ]


def test_an_answer_that_fails_says_why(mine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = answer(tmp_path, {"error": "denied"})
    assert main(["providers", "--file", mine, "--try", "--answer", file, "--status", "403"]) == 1
    assert capsys.readouterr().out == "unauthorized: HTTP 403, code denied\n"


def test_an_answer_may_come_from_standard_input(
    mine: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"left": 7}')))
    assert main(["providers", "--file", mine, "--try", "--answer", "-"]) == 0
    assert capsys.readouterr().out.endswith(" 7\n")


def test_the_exact_request_is_shown_with_names_for_secrets(mine: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["providers", "--file", mine, "--request"]) == 0
    assert capsys.readouterr().out.split("\n\n") == [
        "api_key:\nGET https://eu.mine.example/v1/{account}/balance?key={api_key}\nAccept: application/json",
        "token:\nGET https://eu.mine.example/v1/{account}/balance\nAccept: application/json\nAuthorization: Bearer {token}\n",
    ]


def test_a_sign_in_by_a_call_of_its_own_is_shown_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["providers", "skebby", "--request"]) == 0
    first, then = capsys.readouterr().out.split("\n\n")
    assert "Authorization: Basic base64({username}:{password})" in first
    assert "Session_key: {session_key}" in then


@pytest.mark.parametrize("provider", sorted(path.parent.name for path in DEFINITIONS.glob("*/provider.yml")))
def test_every_provider_shows_its_requests(provider: str, capsys: pytest.CaptureFixture[str]) -> None:
    for api in ("credit", "contacts", "subscription", "prices"):
        assert main(["providers", provider, "--request", "--api", api]) in {0, 1}
    assert "https://" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["none"], 1, "no provider 'none'"),
        (["brevo", "--request"], 1, "brevo has several apis; add --api credit or contacts"),
        (["brevo", "--request", "--api", "contact"], 1, "brevo has no api 'contact'; did you mean contacts?"),
        (["brevo", "--try"], 2, "--try needs --answer FILE"),
        (["brevo", "--answer", "x"], 2, "--try needs --answer FILE"),
        (["--request"], 2, "need an ID, or --file FILE"),
        (["brevo", "--file", "x"], 2, "an ID or --file, not both"),
        (["brevo", "--api", "credit"], 2, "--api belongs to --try or --request"),
        (["brevo", "--try", "--answer", "x", "--status", "7"], 2, "--status is a number from 100 to 599"),
        (["vonage", "--try", "--answer", "missing.json"], 1, "missing.json: "),
        (["--file", "missing.yml"], 1, "missing.yml: "),
    ],
)
def test_what_can_not_be_done_is_told(
    arguments: list[str], code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["providers", *arguments]) == code
    said = capsys.readouterr()
    assert told in said.err
    assert said.out == ""


def test_the_list_has_other_names_what_each_gives_and_by_what_that_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["providers"]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["ID", "NAME", "GIVES", "SIGN-IN", "EVIDENCE", "ALSO"]
    rows = {line.split()[0]: re.split(r" {2,}", line) for line in lines}
    assert rows["brevo"][2:] == [
        "credit in messages and emails (wallets, expiry), contacts",
        "api_key",
        "official",
        "Sendinblue",
    ]
    assert rows["twilio"][1:] == ["Twilio", "credit", "basic", "official"]
    assert rows["qlara"][2] == "credit (top-ups), subscription, contacts"
    assert list(rows) == list(builtin())
