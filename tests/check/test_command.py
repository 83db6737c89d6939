"""`sms-exporter check`: what it judges, each of its forms, its exit codes, and that it keeps its timeout."""

import asyncio
import contextlib
import http.server
import json
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.accounts.observation import Observation, View
from exporter.check import nagios, table
from exporter.check.command import Order
from exporter.check.command import run as run_check
from exporter.check.health import Severity, findings
from exporter.check.result import EXIT_CODES, Checked, CheckError, Result, as_json, check, prometheus, select_accounts
from exporter.cli import main
from exporter.client.http import Call
from exporter.failure import Reason
from exporter.readings import Credit, Readings
from exporter.secrets import redaction
from exporter.settings import AccountSettings, Pair, Thresholds
from tests.conftest import program
from tests.virtual import WALL, Reply, ScriptedClient, VirtualLoop, account, agile, run, settings

DAY = 86400
GOLDEN = Path(__file__).parents[1] / "golden"
PAGE = Path(__file__).parents[2] / "docs" / "from-cron.md"
LIMITS = Thresholds(
    credit={"EUR": Pair(200, 50)},
    contacts_used_ratio=Pair(0.8, 1),
    subscription_remaining=Pair(30 * DAY, 7 * DAY),
)
PLAN = {"subscriptionId": "sub_1", "plan": "Business", "status": "ACTIVE", "autoRenew": False,
        "startDate": "2026-03-01T00:00:00Z", "endDate": "2027-03-01T00:00:00Z",
        "features": {"sms": True, "rcs": False, "maxContacts": 1000}}  # fmt: skip


def qlara(balance: float = 1049.99, used: int = 100, **plan: Any) -> dict[str, Any]:
    """What the three apis of one account say."""
    return {
        "credit": {"balance": balance, "currency": "EUR", "estimatedMessagesRemaining": {"sms": 30000}},
        "contacts": {"used": used, "total": 1000, "lists": 3},
        "subscription": PLAN | plan,
    }


Said = Mapping[str, Any] | Reply


def checked(accounts: Mapping[str, Said], seconds: float | None = None, **changes: Any) -> Result:
    """The result of a check of accounts that say that."""

    def script(call: Call) -> Reply:
        said = accounts[call.url.removeprefix("https://").partition(".test")[0]]
        return (
            said
            if isinstance(said, Reply)
            else Reply(json.dumps(said[call.url.rpartition("/")[2]]).encode(), seconds=0.0)
        )

    def one(name: str, said: Said) -> AccountSettings:
        provider = "agiletelecom" if isinstance(said, Reply) else "qlara"
        return account(name, provider, f"https://{name}.test", thresholds=LIMITS, **changes)

    async def main(loop: VirtualLoop) -> Result:
        chosen_ = settings(*(one(name, said) for name, said in accounts.items()))
        return await check(chosen_, (), seconds, ScriptedClient(script), loop.clock())

    return run(main)


def only(result: Result) -> list[tuple[Severity, str]]:
    (account_,) = result.accounts
    return [(finding.severity, finding.text) for finding in account_.findings]


MIXED: Mapping[str, Said] = {
    "techstore": agile(1500.5),
    "shop": agile(49.99),
    "crm": qlara(used=801),
    "shop.dk": qlara(autoRenew=True),
    "old-one": Reply(b'{"error": {"code": 1, "description": "bad key"}}', status=401),
    "gym": qlara(status="SUSPENDED", endDate="2027-01-20T08:00:00Z"),
}


@pytest.mark.parametrize(
    ("said", "exit_code"),
    [
        (qlara(), 0),
        (agile(200.0), 0),
        (agile(199.99), 1),
        (agile(50.0), 1),
        (agile(49.99), 2),
        (qlara(used=799), 0),
        (qlara(used=800), 1),
        (qlara(used=1000), 2),
        (qlara(endDate="2027-02-14T08:00:00Z"), 0),
        (qlara(endDate="2027-02-14T07:59:59Z"), 1),
        (qlara(endDate="2027-01-22T07:59:59Z"), 2),
        (qlara(endDate="2027-01-22T07:59:59Z", autoRenew=True), 0),
        (qlara(status="SUSPENDED"), 2),
        (qlara(status="EXPIRED"), 2),
        (qlara(status="CANCELLED"), 2),
        (Reply(b"{}", status=500), 3),
        (Reply(failure=Reason.CONNECTION), 3),
        (Reply(failure=Reason.SUSPENDED), 2),
        (Reply(failure=Reason.INSUFFICIENT_CREDIT), 2),
    ],
)
def test_the_exit_code_is_that_of_the_severity(said: Said, exit_code: int) -> None:
    assert EXIT_CODES[checked({"one": said}).severity] == exit_code


def test_an_expected_feature_that_is_off_is_a_warning() -> None:
    found = only(checked({"one": qlara()}, expect_features=("sms", "rcs")))
    assert found == [(Severity.WARNING, "Expected of the plan, but off: rcs")]


def test_the_worst_is_critical_then_unknown_then_warning() -> None:
    low, lower, lost = agile(100.0), agile(10.0), Reply(failure=Reason.TIMEOUT)
    assert checked({"a": low, "b": agile(1000.0)}).severity is Severity.WARNING
    assert checked({"a": low, "b": lost}).severity is Severity.UNKNOWN
    assert checked({"a": low, "b": lost, "c": lower}).severity is Severity.CRITICAL
    assert checked({}).severity is Severity.UNKNOWN


def test_the_urgent_ones_stand_first() -> None:
    result = checked({**MIXED, "shop": agile(1.0), "low": agile(40.0), "lower": agile(20.0)})
    assert [account_.name for account_ in result.worst_first()] == [
        "gym", "shop", "lower", "low", "old-one", "crm", "shop.dk", "techstore",
    ]  # fmt: skip


def test_among_equals_names_are_in_natural_order() -> None:
    result = checked({"a10": agile(500.0), "a9": agile(500.0)})
    assert [account_.name for account_ in result.worst_first()] == ["a9", "a10"]


def test_only_the_named_accounts_are_asked() -> None:
    file = settings(account("shop"), account("shop-dk"), account("techstore"))
    assert [each.name for each in select_accounts(file, ()).accounts] == ["shop", "shop-dk", "techstore"]
    assert [each.name for each in select_accounts(file, ("techstore", "shop", "shop")).accounts] == [
        "shop",
        "techstore",
    ]
    with pytest.raises(CheckError) as refused:
        select_accounts(file, ("techstroe", "shop", "x"))
    assert refused.value.lines == (
        'no account has the name "techstroe"; did you mean techstore?',
        'no account has the name "x"',
    )


def test_a_provider_that_is_too_slow_is_unknown_once_the_time_is_up() -> None:
    result = checked({"slow": agile(1000.0, seconds=8.0), "quick": agile(1000.0)}, seconds=3.0)
    assert [account_.severity for account_ in result.accounts] == [Severity.UNKNOWN, Severity.FINE]
    assert result.timestamp_seconds == WALL + 3.0


# Its forms


def golden_table() -> str:
    """Accounts of every severity, at 100 columns."""
    return table.format_table(checked(MIXED), 100, is_terminal=False)


def golden_json() -> str:
    """An account that answers, and one that doesn't."""
    accounts = {name: MIXED[name] for name in ("crm", "old-one")}
    return as_json(checked(accounts, labels={"cost_center": "crm"}))


@pytest.mark.parametrize("width", [40, 60, 100, 200])
def test_the_table_is_as_wide_as_it_may_be_and_loses_nothing(width: int) -> None:
    text = table.format_table(checked(MIXED), width, is_terminal=False)
    assert max(len(line) for line in text.splitlines()[:-1]) <= width
    assert "\x1b" not in text
    for words in ("techstore", "critical", "1,500.50 EUR", "Suspended"):
        assert words in text
    assert text.endswith("6 accounts: 2 critical, 1 unknown, 1 warning, 2 fine\n")


def test_colour_is_for_terminals_that_may_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    result = checked({"shop": agile(1.0)})
    assert "\x1b[1;31mcritical" in table.format_table(result, 100, is_terminal=True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "31mcritical" not in table.format_table(result, 100, is_terminal=True)


def test_no_words_of_a_provider_reach_a_terminal_as_a_command() -> None:
    plan = qlara(status="SUSPENDED")
    plan["subscription"]["features"] = {"[bold]\x1b[2Jrcs": False}
    result = checked({"one": plan}, expect_features=("[bold]\x1b[2Jrcs",))
    text = table.format_table(result, 100, is_terminal=False)
    assert "[bold]�[2Jrcs" in text
    assert "\x1b" not in text


def test_a_table_of_nothing() -> None:
    assert table.format_table(checked({}), 100, is_terminal=False) == "There are no accounts.\n"
    assert table.format_table(checked({"a": agile(1000.0)}), 100, is_terminal=False).endswith("1 account: 1 fine\n")
    bare = {
        "credit": {"balance": 900, "currency": "EUR"},
        "contacts": {"used": 5},
        "subscription": {"status": "ACTIVE"},
    }
    assert table.format_table(checked({"a": bare}), 100, is_terminal=False).splitlines()[1:3] == [
        "a        Qlara     fine   900.00 EUR  plan active",
        "                                      5 contacts",
    ]


def test_the_table_says_all_that_the_script_of_the_seed_says() -> None:
    told: dict[str, Any] = {
        "credit": {
            "balance": 1250.75, "currency": "EUR", "lastRechargeDate": "2026-04-01T00:00:00+02:00", "lastRechargeAmount": 500.00,
            "estimatedMessagesRemaining": {"sms": 35735, "rcs": 25015, "whatsapp": 17867},
        },
        "contacts": {"used": 32450, "total": 50000, "percentage": 64.9, "lists": 12},
        "subscription": {
            "subscriptionId": "sub_abc123def456", "plan": "Business Pro", "status": "ACTIVE", "autoRenew": True,
            "startDate": "2026-01-01T00:00:00+01:00", "endDate": "2027-12-31T23:59:59+01:00",
            "features": {"sms": True, "rcs": True, "whatsapp": False, "maxContacts": 50000, "webhooks": True},
        },
    }  # fmt: skip
    assert table.format_table(checked({"crm": told}), 142, is_terminal=False).splitlines()[1:-1] == [
        "crm      Qlara     fine   1,250.75 EUR  enough for 35,735 sms, 25,015 rcs, 17,867 whatsapp",
        "                                        plan Business Pro: active, ends 2027-12-31, in 350 days, renews itself; with sms, rcs, webhooks,",
        "                                        without whatsapp",
        "                                        32,450 of 50,000 contacts (64.9 %)",
    ]
    suspended = told | {"subscription": told["subscription"] | {"status": "SUSPENDED"}}
    text = table.format_table(checked({"crm": suspended}), 150, is_terminal=False)
    assert "Suspended by the provider\n" in text
    assert "plan Business Pro: suspended, ends 2027-12-31" in text


# Pots of credit, as no provider of the catalogue has them


POTS = (
    Credit(-3.0, "EUR", overdraft=100.0, auto_recharge=True),
    Credit(5000.0, "messages", None, None, {"sms": 4800.0}, "sms"),
    Credit(12.0, "emails", None, None, {}, "mail", None, WALL + 3 * DAY, 5.0),
)


def of_pots(readings: Readings, name: str = "shop") -> Result:
    """A result that no provider gave."""
    limits = Thresholds({"EUR": Pair(98, 50)}, runway=Pair(7 * DAY), wallets={"mail": Pair(20, 10)})
    told = View(account(name, thresholds=limits), (Observation("credit", readings),))
    return Result((Checked(told, findings(told, WALL)),), (), WALL)


def test_each_pot_has_a_line_of_its_own_in_the_table() -> None:
    result = of_pots(Readings(credits=POTS))
    assert table.format_table(result, 130, is_terminal=False).splitlines()[1:-1] == [
        "shop     Agile Telecom  warning            -3.00 EUR  Credit of mail expires in 3 days: 5 emails",
        "                                 sms: 5,000 messages  Credit of mail below 20 emails: 12 emails left",
        "                                     mail: 12 emails  Credit below 98 EUR: 97.00 EUR left (balance -3.00 EUR)",
        "                                                      97.00 EUR left with an overdraft of 100.00 EUR, tops itself up",
        "                                                      sms: enough for 4,800 sms",
        "                                                      mail: 5 emails expire 2027-01-18, in 3 days",
    ]
    narrow = [line.strip() for line in table.format_table(result, 60, is_terminal=False).splitlines()]
    assert narrow[narrow.index("-3.00 EUR") + 1 :][:2] == ["sms: 5,000 messages", "mail: 12 emails"]


def test_no_pot_is_lost_however_long_its_name_is() -> None:
    long = Credit(5.0, "messages", wallet="q" * 150)
    for width in (60, 100):
        text = table.format_table(of_pots(Readings(credits=(long, *POTS))), width, is_terminal=False)
        assert max(map(len, text.splitlines())) <= width
        assert text.count("q") == 150


def test_each_pot_has_figures_of_its_own_and_an_overdraft_lowers_its_thresholds() -> None:
    text, data = parsed(nagios.status_line(of_pots(Readings(credits=POTS))))
    assert text.startswith("WARNING - shop: Credit of mail expires in 3 days")
    assert {label: (d["value"], d["warn"], d["crit"], d["min"]) for label, d in data.items()} == {
        "shop_credit_EUR": ("-3", "-2:", "-50:", "-100"),
        "shop_credit_messages_sms": ("5000", "", "", ""),
        "shop_credit_emails_mail": ("12", "20:", "10:", ""),
        "shop_messages_sms_sms": ("4800", "", "", "0"),
    }
    fine = of_pots(Readings(credits=(Credit(-1, "EUR", overdraft=200.5), POTS[1])))
    assert nagios.status_line(fine).startswith("OK - shop: 199.50 EUR, 5,000 messages of sms left | ")


def test_a_postpaid_account_is_told_to_be_one() -> None:
    result = of_pots(Readings(postpaid=True))
    assert (
        table.format_table(result, 100, is_terminal=False).splitlines()[1] == "shop     Agile Telecom  fine   postpaid"
    )
    assert nagios.status_line(result) == "OK - shop is postpaid\n"
    (told,) = json.loads(as_json(result))["accounts"]
    assert (told["postpaid"], told["credit"]) == (True, [])


def test_the_json_tells_each_pot_with_what_is_available_and_its_own_threshold() -> None:
    (told,) = json.loads(as_json(of_pots(Readings(credits=POTS))))["accounts"]
    assert told["postpaid"] is None
    assert [(each["wallet"], each["available"], each["threshold"]) for each in told["credit"]] == [
        (None, 97, {"warning": 98, "critical": 50}),
        ("sms", 5000, {"warning": None, "critical": None}),
        ("mail", 12, {"warning": 20, "critical": 10}),
    ]


async def test_the_metrics_are_those_of_a_scrape(promtool: str) -> None:
    one, other = account("one", thresholds=LIMITS), account("two", labels={"team_": "x"})
    client = ScriptedClient(lambda _: agile(10.0, seconds=0.0))
    text = await prometheus(await check(settings(one, other), ("one",), 5.0, client))
    linted = await asyncio.to_thread(
        subprocess.run, [promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    assert (linted.returncode, linted.stderr) == (0, "")
    families = {family.name: family for family in parse_text(text)}
    (balance,) = families["sms_credit_balance"].samples
    assert balance.labels == {"provider": "agiletelecom", "account": "one", "team_": "", "currency": "EUR"}
    assert (balance.value, balance.timestamp) == (10.0, None)
    assert {"sms_account_up", "sms_api_up", "sms_credit_balance_threshold", "sms_api_requests"} <= set(families)
    assert not any(name.startswith(("sms_exporter_", "process_", "python_")) for name in families)


# Nagios' form, read as its guidelines say: https://www.monitoring-plugins.org/doc/guidelines.html#AEN201

DATUM = re.compile(
    r"'(?P<label>(?:[^'=|]|'')+)'=(?P<value>-?[0-9.]+)(?P<unit>s|%|B|c)?"
    r"(?:;(?P<warn>[^; ]*))?(?:;(?P<crit>[^; ]*))?(?:;(?P<min>-?[0-9.]*))?(?:;(?P<max>-?[0-9.]*))?"
)


def alerts(range_: str, value: Decimal) -> bool:
    """Whether a value alerts by a range of the guidelines: outside of it, or with @ inside, ends included."""
    inside, text = range_.startswith("@"), range_.removeprefix("@")
    low, colon, high = text.rpartition(":")
    least = Decimal("-Infinity" if low == "~" else (low or 0))
    most = Decimal(high) if high else Decimal("Infinity")
    assert colon or not low
    return (least <= value <= most) is inside


def parsed(line: str) -> tuple[str, dict[str, dict[str, str]]]:
    text, _, data = line.partition(" | ")
    found, end = {}, 0
    data = data.removesuffix("\n")
    while end < len(data):
        match = DATUM.match(data, end)
        assert match, data[end:]
        label = match["label"].replace("''", "'")
        assert label not in found
        found[label] = {key: each or "" for key, each in match.groupdict().items()}
        end = match.end() + 1
        assert data[match.end() : end] in {"", " "}
    return text, found


def test_nagios_gets_one_line_with_the_word_and_all_figures() -> None:
    line = nagios.status_line(checked(MIXED))
    text, data = parsed(line)
    assert line.count("\n") == 1
    assert text == (
        "CRITICAL - gym: Suspended by the provider, Plan ends in 4 days and doesn't renew itself."
        " shop: Credit below 50 EUR: 49.99 EUR left. old-one: Key rejected. crm: Contacts at 80 % of 1,000"
    )
    assert data["techstore_credit_EUR"] | {"label": ""} == {
        "label": "", "value": "1500.5", "unit": "", "warn": "200:", "crit": "50:", "min": "", "max": "",
    }  # fmt: skip
    assert data["crm_contacts_used"]["max"] == "1000"
    assert data["crm_contacts_used_ratio"]["unit"] == "%"
    assert data["crm_messages_sms"]["value"] == "30000"
    assert data["gym_plan_remaining"]["value"] == str(5 * DAY - 1)
    assert (data["shop.dk_plan_remaining"]["warn"], data["shop.dk_plan_remaining"]["unit"]) == ("", "s")
    assert not any(label.startswith("old-one") for label in data)


@pytest.mark.parametrize(
    ("said", "label"),
    [
        *((agile(value), "one_credit_EUR") for value in (200.0, 199.99, 50.0, 49.99, 1e-7, -3.5, 1e16)),
        *((qlara(used=used), "one_contacts_used_ratio") for used in (799, 800, 999, 1000, 1001)),
        *((qlara(endDate=end), "one_plan_remaining") for end in ("2027-02-14T08:00:01Z", "2027-01-22T08:00:00Z", "2026-01-01T00:00:00Z")),
    ],
)  # fmt: skip
def test_the_figures_alert_as_the_judgement_does(said: Said, label: str) -> None:
    result = checked({"one": said})
    datum = parsed(nagios.status_line(result))[1][label]
    value = Decimal(datum["value"])
    by_range = (
        Severity.CRITICAL if alerts(datum["crit"], value)
        else Severity.WARNING if alerts(datum["warn"], value) else Severity.FINE
    )  # fmt: skip
    assert by_range is result.severity


@pytest.mark.parametrize(
    ("accounts", "said"),
    [
        ({}, "UNKNOWN - there are no accounts\n"),
        ({"a": agile(1500.5)}, "OK - a: 1,500.50 EUR left | 'a_credit_EUR'=1500.5;200:;50:\n"),
        ({"a": agile(1500.5), "b": agile(200)}, "OK - 2 accounts are fine | 'a_credit_EUR'=1500.5;200:;50: 'b_credit_EUR'=200;200:;50:\n"),
        ({"a": agile(100)}, "WARNING - a: Credit below 200 EUR: 100.00 EUR left | 'a_credit_EUR'=100;200:;50:\n"),
        ({"a": Reply(failure=Reason.TLS)}, "UNKNOWN - a: No TLS connection that can be trusted\n"),
    ],
)  # fmt: skip
def test_the_line_of_nagios(accounts: Mapping[str, Said], said: str) -> None:
    assert nagios.status_line(checked(accounts)) == said


def test_an_account_without_balance_is_fine_in_few_words() -> None:
    contacts = {"contacts": {"used": 0, "total": 0}}
    assert nagios.status_line(checked({"a": contacts}, apis=["contacts"])) == (
        "OK - a is fine | 'a_contacts_used'=0;;;0;0\n"
    )


def test_what_an_operator_or_a_provider_writes_breaks_neither_line_nor_label() -> None:
    odd = "it's a=b | c\nd"
    plan = qlara(features={odd: False})
    plan["credit"]["estimatedMessagesRemaining"] = {odd: 5}
    line = nagios.status_line(checked({"a": plan}, expect_features=(odd,)))
    text, data = parsed(line)
    assert text == "WARNING - a: Expected of the plan, but off: it's a=b / c d"
    assert data["a_messages_it's a_b / c d"]["value"] == "5"


def test_the_page_shows_what_the_table_and_the_line_are() -> None:
    page = PAGE.read_text()
    assert f"```text\n{(GOLDEN / 'check.table').read_text()}```" in page
    assert f"```text\n{nagios.status_line(checked({'shop': agile(49.99)}))}```" in page


def test_the_page_explains_every_key_of_the_json() -> None:
    section = PAGE.read_text().partition("\n## The JSON\n")[2]
    explained = set(re.findall("[a-z_]+", " ".join(re.findall(r"`[^`]+`", section))))
    free = {"cost_center", "sms", "rcs", "subscription", "credit", "contacts"}  # of labels, channels, features, apis
    keys = set(re.findall(r'"([a-z_]+)":', (GOLDEN / "check.json").read_text())) - free
    assert len(keys) > 25
    assert keys - explained == set(), 'keys that docs/from-cron.md, "The JSON", has to explain'


# The command


class Provider(http.server.ThreadingHTTPServer):
    """Agile Telecom on loopback: the first part of the path is the balance, after `slow` it never answers."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.ended = threading.Event()
        self.asked: Callable[[], None] = lambda: None

    def file(self, folder: Path, *accounts: str) -> Path:
        path = folder / "sms-exporter.yml"
        port = self.server_address[1]
        path.write_text(
            yaml.safe_dump(
                {
                    "accounts": [
                        {
                            "name": f"a{balance}",
                            "provider": "agiletelecom",
                            "base_url": f"http://127.0.0.1:{port}/{balance}",
                            "auth": {"api_key": "the-secret-key"},
                        }
                        for balance in accounts
                    ]
                }
            )
        )
        return path


class Handler(http.server.BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        balance = self.path.split("/")[1]
        self.server.asked()
        if balance == "slow":
            self.server.ended.wait(30)
            return
        body = b'{"credit": %s}' % balance.encode()
        if balance.startswith("broke"):
            body = '{"status": "error", "code": 2, "message": "il credito non è sufficiente"}'.encode("latin-1")
        self.send_response(500 if balance.startswith("broke") else 200)
        charset = "; charset=ISO-8859-1" if balance == "broke-and-says-so" else ""
        self.send_header("Content-Type", f"application/json{charset}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def provider() -> Iterator[Provider]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with Provider() as server, redaction.forgetting():
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.ended.set()
        server.shutdown()
        thread.join()
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


@pytest.mark.parametrize(
    ("accounts", "names", "exit_code"),
    [
        (["500"], [], 0),
        (["500", "90"], [], 1),
        (["500", "90", "20"], [], 2),
        (["500", "90", "nonsense"], [], 3),
        (["500", "90", "nonsense", "20"], [], 2),
        (["500", "90", "20"], ["a500"], 0),
        (["500", "90", "20"], ["a90", "a500"], 1),
        ([], [], 3),
    ],
)
@pytest.mark.parametrize("form", ["table", "json", "prometheus", "nagios"])
def test_the_command(
    provider: Provider, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    accounts: list[str], names: list[str], exit_code: int, form: str,
) -> None:  # fmt: skip
    file = provider.file(tmp_path, *accounts)
    assert main.main(["check", *names, f"--config.file={file}", "--format", form]) == exit_code
    out, err = capsys.readouterr()
    asked = [name for name in (f"a{balance}" for balance in accounts) if not names or name in names]
    if form == "json":
        assert [each["account"] for each in json.loads(out)["accounts"]] == asked
    elif form == "prometheus":
        families = {family.name: family for family in parse_text(out)}
        ups = families["sms_account_up"].samples if asked else []
        assert [sample.labels["account"] for sample in ups] == asked
    elif form == "nagios":
        assert out.startswith(("OK", "WARNING", "CRITICAL", "UNKNOWN")[exit_code])
    else:
        assert [line for line in out.splitlines() if line.startswith("a")] != [] or not asked
    assert re.findall("level=(INFO|DEBUG)", err) == []
    assert "the-secret-key" not in out + err


@pytest.mark.parametrize("answer", ["broke", "broke-and-says-so"])
def test_a_refusal_in_iso_8859_1_is_critical(
    provider: Provider, tmp_path: Path, capsys: pytest.CaptureFixture[str], answer: str
) -> None:
    """The status is a 500: read as that alone it was unknown, and nobody was woken."""
    assert main.main(["check", f"--config.file={provider.file(tmp_path, answer)}", "--format=prometheus"]) == 2
    assert f'account="a{answer}",api="credit",reason="insufficient_credit"}} 1' in capsys.readouterr().out


REFUSALS = {
    "table": "",
    "prometheus": "",
    "nagios": 'UNKNOWN - no account has the name "a5000"; did you mean a500?\n',
}


@pytest.mark.parametrize("form", ["table", "json", "prometheus", "nagios"])
def test_an_unknown_account_is_unknown_and_nobody_is_asked(
    provider: Provider, tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    file = provider.file(tmp_path, "500", "20", "slow")
    assert main.main(["check", "a5000", "a20", f"--config.file={file}", "--format", form]) == 3
    out, err = capsys.readouterr()
    assert err == 'no account has the name "a5000"; did you mean a500?\n'
    if form == "json":
        told = json.loads(out)
        assert (told["severity"], told["accounts"], told["faults"]) == ("unknown", [], [err.strip()])
    else:
        assert out == REFUSALS[form]


@pytest.mark.parametrize("form", ["table", "json", "prometheus", "nagios"])
def test_a_bad_file_is_unknown(
    provider: Provider, tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    file = provider.file(tmp_path, "500")
    file.write_text(file.read_text() + "- {name: a500, provider: qlarra, auth: {api_key: x-secret}}\n")
    assert main.main(["check", f"--config.file={file}", "--format", form]) == 3
    out, err = capsys.readouterr()
    assert f"{file}:7: accounts[1].provider: there is no provider" in err
    faults = err.splitlines()
    if form == "json":
        assert json.loads(out)["faults"] == faults
    elif form == "nagios":
        assert out == f"UNKNOWN - {'. '.join(faults)}\n"
    else:
        assert out == ""


def test_what_is_odd_in_the_file_is_logged(
    provider: Provider, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = provider.file(tmp_path, "500")
    file.write_text(file.read_text().replace("  name:", "  labels: {team: x}\n  name:"))
    assert main.main(["check", f"--config.file={file}"]) == 0
    assert "Configuration warning" in capsys.readouterr().err


@pytest.mark.parametrize(
    "flags", [["--format=xml"], ["--fromat=json"], ["--timeout=0"], ["--timeout=x"], ["--timeout"]]
)
def test_a_flag_that_makes_no_sense_is_unknown_and_not_critical(flags: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main.main(["check", *flags])
    assert end.value.code == 3


def test_help_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main.main(["check", "--help"])
    assert not end.value.code
    assert "--timeout SECONDS" in capsys.readouterr().out


def command(*arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "exporter", "check", *arguments],
        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False, timeout=30,
        **{"stdout": subprocess.PIPE} | more,
    )  # fmt: skip


@pytest.mark.end_to_end  # measures time
def test_the_timeout_is_kept(provider: Provider, tmp_path: Path) -> None:
    file = provider.file(tmp_path, "500", "slow", "20")
    began = time.monotonic()
    ended = command(f"--config.file={file}", "--timeout=2", "--format=nagios")
    took = time.monotonic() - began
    assert ended.returncode == 2
    assert ended.stdout.startswith("CRITICAL - a20: ")
    assert ". aslow: No answer in time | 'a500_credit_EUR'" in ended.stdout
    assert took < 6  # the account's own timeout is 10 s; what is above 2 is a busy machine's interpreter


@pytest.mark.parametrize(
    ("timeout", "started", "seconds", "warned"),
    [(None, 5, None, False), (10, 0, 9.8, False), (1, 0.3, 0.6, False), (1, 0.5, 0.5, True), (2, 60, 1, True)],
)
def test_the_calls_get_half_of_the_timeout_at_least_and_a_slow_start_is_told(
    timeout: float | None, started: float, seconds: float | None, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    order = Order(Path("f.yml"), (), "nagios", timeout, began=1000.0)
    assert order.seconds_for_calls(1000.0 + started) == (None if seconds is None else pytest.approx(seconds))
    assert [(vars(record)["timeout_seconds"], vars(record)["start_seconds"]) for record in caplog.records] == (
        [(timeout, started)] if warned else []
    )


def test_a_provider_is_asked_however_long_starting_took(
    provider: Provider, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    order = Order(provider.file(tmp_path, "500"), (), "nagios", 20, began=time.monotonic() - 60)
    assert asyncio.run(run_check(order)) == 0
    assert "Starting took most of --timeout" in caplog.text


def crontab_lines(folder: Path, file: Path) -> list[str]:
    """The commands of the page's crontabs, with the paths of a test; cron gives them to sh."""
    lines = re.findall(r"^[*/0-9]+(?: [*0-9]+){4} (.+)$", PAGE.read_text(), re.MULTILINE)
    assert not any("%" in line for line in lines)  # cron would make a line break of it
    assert all(
        " /opt/sms-exporter/bin/sms-exporter check " in f" {line}".replace("$(", " ") for line in lines
    )  # cron's PATH
    return [
        line.replace("/etc/sms-exporter/sms-exporter.yml", str(file)).replace("/var/lib/node_exporter", str(folder))
        .replace("/var/lib/sms-exporter", str(folder)).replace("/opt/sms-exporter/bin/sms-exporter check", f"{sys.executable} -m exporter check")
        for line in lines
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("balance", "words"),
    [("500", ""), ("20", "Credit below 50 EUR: 20.00 EUR left"), ("nonsense", "Answer not understood")],
)
def test_the_crontabs_of_the_page(provider: Provider, tmp_path: Path, balance: str, words: str) -> None:
    mail, crossing, textfile = crontab_lines(tmp_path, provider.file(tmp_path, balance))
    mailed = subprocess.run(["sh", "-c", mail], capture_output=True, text=True, check=False, timeout=30)
    assert (words in mailed.stdout) is True
    assert (mailed.stdout == "") is (words == "")
    for told in (words, ""):
        mailed = subprocess.run(["sh", "-c", crossing], capture_output=True, text=True, check=False, timeout=30)
        assert (told in mailed.stdout, mailed.stdout == "", mailed.stderr) == (True, told == "", "")
    written = subprocess.run(["sh", "-c", textfile], capture_output=True, text=True, check=False, timeout=30)
    assert (written.returncode, written.stdout) == (0, "")
    assert f'account="a{balance}"' in (tmp_path / "sms.prom").read_text()
    (tmp_path / "sms-exporter.yml").write_text("half")
    before = (tmp_path / "sms.prom").read_text()
    assert subprocess.run(["sh", "-c", textfile], capture_output=True, check=False, timeout=30).returncode == 1
    assert (tmp_path / "sms.prom").read_text() == before


NAMELESS = """
mount --bind resolv.conf /etc/resolv.conf && mount --bind nsswitch.conf /etc/nsswitch.conf || exit 99
exec "$@"
"""


@pytest.mark.end_to_end
def test_the_timeout_is_kept_while_a_name_is_being_resolved(tmp_path: Path) -> None:
    """The resolver's thread can't be interrupted; neither event loop nor interpreter may wait for it."""
    (tmp_path / "resolv.conf").write_text("nameserver 192.0.2.1\noptions timeout:15 attempts:2\n")  # RFC 5737: nobody
    (tmp_path / "nsswitch.conf").write_text("hosts: dns\n")
    (tmp_path / "sms-exporter.yml").write_text("accounts: [{name: a, provider: qlara, auth: {api_key: some-key}}]\n")
    check = [sys.executable, "-m", "exporter", "check", "--timeout=2", "--format=nagios"]
    began = time.monotonic()
    ended = subprocess.run(
        [program("unshare"), "--map-root-user", "--mount", "sh", "-c", NAMELESS, "sh", *check],
        capture_output=True, text=True, check=False, timeout=60, cwd=tmp_path,
    )  # fmt: skip
    took = time.monotonic() - began
    if ended.returncode in {1, 99} or "No answer in time" not in ended.stdout:
        pytest.skip(f"no mounts of one's own, or names are refused at once: {ended.stderr[-200:]}")
    assert (ended.returncode, ended.stdout) == (3, "UNKNOWN - a: No answer in time\n")
    assert took < 8  # the resolver's own patience is 30 s


@pytest.mark.parametrize(("balance", "code"), [("500", 0), ("60", 1), ("20", 2)])
@pytest.mark.parametrize(("form", "unbuffered"), [("table", ""), ("nagios", ""), ("nagios", "1")])
def test_the_exit_code_holds_where_nobody_can_read_the_result(
    provider: Provider, tmp_path: Path, form: str, unbuffered: str, balance: str, code: int
) -> None:
    python = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with Path("/dev/full").open("w") as full:
        ended = command(
            f"--config.file={provider.file(tmp_path, balance)}", f"--format={form}", stdout=full, env=python
        )
    assert ended.returncode == code
    assert "No space left on device" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_full_disk_changes_no_exit_code(provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with contextlib.suppress(OSError), Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert main.main(["check", f"--config.file={provider.file(tmp_path, '60')}"]) == 1


@pytest.mark.parametrize("form", ["table", "nagios"])
def test_a_closed_stdout_changes_no_exit_code(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    file = provider.file(tmp_path, "60")
    monkeypatch.setattr(sys, "stdout", None)  # as Python has it where the file descriptor is closed
    assert main.main(["check", f"--config.file={file}", f"--format={form}"]) == 1
    assert 'err="stdout is closed"' in capsys.readouterr().err


@pytest.mark.parametrize(("balance", "code"), [("500", 0), ("60", 1), ("20", 2), ("nonsense", 3)])
@pytest.mark.parametrize("closed", [">&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_the_exit_code_holds_in_a_process_without_stdout(
    provider: Provider, tmp_path: Path, balance: str, code: int, closed: str
) -> None:
    check = [sys.executable, "-m", "exporter", "check", f"--config.file={provider.file(tmp_path, balance)}"]
    ended = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", *check], capture_output=True, text=True, check=False, timeout=30
    )
    assert (ended.returncode, ended.stdout) == (code, "")
    assert "Traceback" not in ended.stderr


def test_what_nobody_could_read_is_told_again(provider: Provider, tmp_path: Path) -> None:
    flags = [f"--config.file={provider.file(tmp_path, '20')}", f"--changes={tmp_path / 'states'}"]
    with Path("/dev/full").open("w") as full:
        assert command(*flags, stdout=full).returncode == 2
    assert not (tmp_path / "states").exists()
    ended = command(*flags)
    assert (ended.returncode, "Credit below 50 EUR" in ended.stdout) == (2, True)
    ended = command(*flags)
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", "")


@pytest.mark.parametrize("form", ["table", "json", "prometheus", "nagios"])
def test_a_defect_is_unknown_and_not_a_warning(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    def defect(*_: object) -> None:
        raise ZeroDivisionError

    file = provider.file(tmp_path, "500")
    monkeypatch.setattr("asyncio.wait", defect)
    assert main.main(["check", f"--config.file={file}", f"--format={form}"]) == 3
    out, err = capsys.readouterr()
    assert "ZeroDivisionError" in err
    told = "Unexpected error in the exporter: stderr has more"
    if form == "json":
        assert json.loads(out)["faults"] == [told]
    else:
        assert out == (f"UNKNOWN - {told}\n" if form == "nagios" else "")


def test_who_interrupts_it_gets_no_traceback(
    provider: Provider, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    provider.asked = lambda: os.kill(os.getpid(), signal.SIGINT)
    assert main.main(["check", f"--config.file={provider.file(tmp_path, 'slow')}"]) == 3
    assert capsys.readouterr() == ("", "")
