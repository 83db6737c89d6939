"""Providers that a user defines: each mechanism of the format, over real HTTP and through a real Prometheus.

The server here knows nothing of the exporter: requests are held to what is written here by hand, values are constants.
"""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from tests.processes import eventually, exporter, prometheus, query

pytestmark = pytest.mark.end_to_end

DEFINITIONS = {
    "alfa": """
id: alfa
name: Alfa
evidence: partly
settings:
  region: {about: where the account is, choices: [eu, us], default: eu}
  account: {about: the account's number, pattern: "[0-9]{4}"}
base_url: https://{region}.alfa.example
sign_in: {api_key: {}}
apis:
  credit:
    path: /v1/{api_key}/{account}/balance.txt
    query: {where: "{region}", braces: "{{x}}"}
    format: text
    cache_ttl: 1s
    account_id: {pointer: "", pattern: "account ([^;]+);.*"}
    credit:
      balance: {pointer: "", pattern: "[^;]+; left ([^ ]+) [^;]+;.*", written: "1.234,56"}
      currency: {pointer: "", pattern: "[^;]+; left [^ ]+ ([^;]+);.*", words: {euros: EUR}}
      expires: {pointer: "", pattern: ".*; until (.+)", time: date}
""",
    "bravo": """
id: bravo
name: Bravo
base_url: https://bravo.example
sign_in:
  basic:
    session:
      path: /login
      method: POST
      json: {client: "{username}", version: 2}
      keep: {session_key: /session/key}
      headers: {X-Session: "key {session_key}"}
      lives: 4m
apis:
  credit:
    path: /pots
    cache_ttl: 1s
    credit:
      - {balance: /money, currency: {constant: EUR}, optional: true}
      - {each: /pots/*, unless: {/kind: test}, wallet: /kind, balance: /left, currency: {constant: messages}}
""",
    "charlie": """
id: charlie
name: Charlie
base_url: https://charlie.example
sign_in: {oauth2: {token_url: /oauth/token, scope: balance}}
errors:
  code: /code
  codes: {OK: ok, DENIED: unauthorized}
apis:
  credit:
    path: /balance
    headers: {X-Version: "3"}
    cache_ttl: 1s
    credit:
      balance: {pointer: [/now/cents, /cents], divide_by: 100}
      currency: /currency
      overdraft: {pointer: /line, divide_by: 100}
      auto_recharge: /auto
      messages_remaining: /messages
""",
    "delta": """
id: delta
name: Delta
base_url: https://delta.example
sign_in: {keys: {parts: [login, secret]}}
apis:
  credit:
    path: /balance.php
    form: {user: "{login}", pass: "{secret}", fmt: "3"}
    cache_ttl: 1s
    credit:
      each: "/pots/{pot}"
      wallet: {key: pot}
      balance: {pointer: /left, none: ["-1"]}
      currency: /unit
      optional: true
""",
    "echo": """
id: echo
name: Echo
base_url: https://echo.example
sign_in: {token: {header: Authorization, prefix: "Bearer "}}
apis:
  credit:
    path: /accounts
    format: xml
    cache_ttl: 1s
    credit:
      each: /accounts/account/*
      where: {/type: live}
      wallet: /reference
      balance: /left
      currency: {constant: messages}
      expires: {pointer: /expires, time: utc}
      expiring: /lost
""",
    "foxtrot": """
id: foxtrot
name: Foxtrot
base_url: https://foxtrot.example
sign_in: {keys: {parts: [application_key, application_secret, consumer_key], signature: ovh}}
apis:
  credit:
    path: /sms
    cache_ttl: 1s
    credit:
      balance: /creditsLeft
      currency: {constant: credits}
      last_recharge: {pointer: /recharge/at, time: unix_ms}
      last_recharge_amount: /recharge/amount
""",
    "golf": """
id: golf
name: Golf
base_url: https://golf.example
sign_in: {api_key: {query: key}}
apis:
  subscription:
    path: /plan
    cache_ttl: 1s
    subscription:
      status: /state
      statuses: {On: active, Off: suspended}
      plan: /name
      end: {pointer: /until, time: unix}
      features: {pointer: /features, ignore: [contacts]}
      max_contacts: /features/contacts
  contacts:
    path: /contacts
    json: {list: all, page: 1}
    cache_ttl: 1s
    contacts: {used: /used}
""",
    "hotel": """
id: hotel
name: Hotel
base_url: https://hotel.example
sign_in: {api_key: {form: apikey}}
errors: {bodies: [{where: {/state: frozen}, reason: suspended}], retry_after: {header: X-Wait}}
apis:
  credit:
    path: /balance
    cache_ttl: 1s
    postpaid: [{where: {/contract: postpaid}}]
    credit: {balance: /balance, currency: /currency}
""",
    "india": """
id: india
name: India
base_url: https://india.example
sign_in: {keys: {parts: [api_key, api_secret], signature: solapi}}
apis:
  credit: {path: /cash, cache_ttl: 1s, credit: {balance: /balance, currency: {constant: KRW}}}
""",
    "juliett": """
id: juliett
name: Juliett
base_url: https://juliett.example
sign_in: {keys: {parts: [key, secret], signature: mac}}
apis:
  credit: {path: /credit, query: {b: "1"}, cache_ttl: 1s, credit: {balance: /balance, currency: {constant: AUD}}}
""",
}
AUTH = {
    "alfa": {"api_key": "key/of alfa"},
    "bravo": {"basic": {"username": "bravo-user", "password": "bravo-pass"}},
    "charlie": {"oauth2": {"client_id": "charlie-id", "client_secret": "charlie-secret"}},
    "delta": {"keys": {"login": "delta-login", "secret": "delta secret&"}},
    "echo": {"token": "echo-token"},
    "foxtrot": {"keys": {"application_key": "fox-app", "application_secret": "fox-secret", "consumer_key": "fox-con"}},
    "golf": {"api_key": "golf-key"},
    "hotel": {"api_key": "hotel-key"},
    "india": {"keys": {"api_key": "india-key", "api_secret": "india-secret"}},
    "juliett": {"keys": {"key": "juliett-key", "secret": "juliett-secret"}},
}
MORE: Mapping[str, dict[str, Any]] = {
    "alfa": {"settings": {"account": "4711"}},
    "delta": {"wallets": ["sms", "mail"], "thresholds": {"credit": {"wallets": {"sms": {"warning": 500}}}}},
    "golf": {"contacts_limit": 1000},
}


class Asked:
    """A request as the server got it."""

    def __init__(self, handler: BaseHTTPRequestHandler) -> None:
        self.method = handler.command
        self.target = handler.path
        self.headers = handler.headers
        self.body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))

    @property
    def form(self) -> dict[str, list[str]]:
        assert self.headers["Content-Type"] == "application/x-www-form-urlencoded"
        return parse_qs(self.body.decode())

    @property
    def json(self) -> Any:
        assert self.headers["Content-Type"] == "application/json"
        return json.loads(self.body)


def basic(pair: str) -> str:
    return "Basic " + base64.b64encode(pair.encode()).decode()


def alfa(asked: Asked) -> str:
    assert asked.target == "/alfa/v1/key%2Fof%20alfa/4711/balance.txt?where=eu&braces=%7Bx%7D"
    return "account A-1; left 1.234,50 Euros; until 2030-12-31"


def bravo(asked: Asked) -> object:
    if asked.target == "/bravo/login":
        assert (asked.method, asked.headers["Authorization"]) == ("POST", basic("bravo-user:bravo-pass"))
        assert asked.json == {"client": "bravo-user", "version": 2}
        return {"session": {"key": "bravo-session"}}
    assert asked.target == "/bravo/pots"
    assert (asked.headers["X-Session"], asked.headers["Authorization"]) == ("key bravo-session", None)
    pots = [{"kind": "GP", "left": 120}, {"kind": "TI", "left": "40"}, {"kind": "test", "left": 9}]
    return {"money": 7.25, "pots": pots}


def charlie(asked: Asked) -> object:
    if asked.target == "/charlie/oauth/token":
        form = {name: values[0] for name, values in asked.form.items()}
        client = {"client_id": "charlie-id", "client_secret": "charlie-secret"}
        assert form == {"grant_type": "client_credentials", "scope": "balance", **client}
        return {"access_token": "charlie-token", "token_type": "Bearer", "expires_in": 3600}
    assert (asked.target, asked.headers["Authorization"]) == ("/charlie/balance", "Bearer charlie-token")
    assert asked.headers["X-Version"] == "3"
    told = {"cents": -300, "currency": "usd", "line": "10000", "auto": 1, "messages": {"sms": 12}}
    return {"code": "ok", **told}


def delta(asked: Asked) -> object:
    assert (asked.method, asked.target) == ("POST", "/delta/balance.php")
    assert asked.form == {"user": ["delta-login"], "pass": ["delta secret&"], "fmt": ["3"]}
    mail, other = {"left": 0, "unit": "emails"}, {"left": 5, "unit": "credits"}
    return {"pots": {"sms": {"left": 5000, "unit": "messages"}, "mail": mail, "rcs": {"left": "-1"}, "other": other}}


def echo(asked: Asked) -> str:
    assert (asked.target, asked.headers["Authorization"]) == ("/echo/accounts", "Bearer echo-token")
    assert asked.headers["Accept"] == "application/xml"
    return """<?xml version="1.0"?><accounts xmlns="urn:echo">
      <account><reference>EX1</reference><type>live</type><left>310</left><expires>2030-06-01T12:00:00</expires>
        <lost>30</lost></account>
      <account><reference>EX2</reference><type>demo</type><left>5</left></account></accounts>"""


def foxtrot(asked: Asked) -> object:
    stamp = asked.headers["X-Ovh-Timestamp"]
    url = f"http://{asked.headers['Host']}{asked.target}"
    text = f"fox-secret+fox-con+GET+{url}++{stamp}"
    assert asked.headers["X-Ovh-Signature"] == "$1$" + hashlib.sha1(text.encode()).hexdigest()
    assert (asked.headers["X-Ovh-Application"], asked.headers["X-Ovh-Consumer"]) == ("fox-app", "fox-con")
    return {"creditsLeft": 1312.5, "recharge": {"at": 1790000000000, "amount": 1000}}


def golf(asked: Asked) -> object:
    if asked.target == "/golf/plan?key=golf-key":
        features = {"sms": True, "rcs": "false", "contacts": 5000}
        return {"state": "on", "name": "Team", "until": 1900000000, "features": features}
    assert (asked.method, asked.target) == ("POST", "/golf/contacts?key=golf-key")
    assert asked.json == {"list": "all", "page": 1}
    return {"used": 250}


def hotel(asked: Asked) -> object:
    assert (asked.method, asked.target, asked.form) == ("POST", "/hotel/balance", {"apikey": ["hotel-key"]})
    return {"contract": "postpaid", "balance": None}


def india(asked: Asked) -> object:
    scheme, _, rest = asked.headers["Authorization"].partition(" ")
    said = dict(part.split("=", 1) for part in rest.split(", "))
    expected = hmac.new(b"india-secret", (said["date"] + said["salt"]).encode(), "sha256").hexdigest()
    assert (scheme, said["apiKey"], said["signature"]) == ("HMAC-SHA256", "india-key", expected)
    return {"balance": "12000"}


def juliett(asked: Asked) -> object:
    scheme, _, rest = asked.headers["Authorization"].partition(" ")
    said = {name: value.strip('"') for name, value in (part.split("=", 1) for part in rest.split(", "))}
    host, _, port = asked.headers["Host"].partition(":")
    text = "".join(f"{line}\n" for line in (said["ts"], said["nonce"], "GET", asked.target, host, port, ""))
    mac = base64.b64encode(hmac.new(b"juliett-secret", text.encode(), "sha256").digest()).decode()
    assert (scheme, said["id"], said["mac"], asked.target) == ("MAC", "juliett-key", mac, "/juliett/credit?b=1")
    return {"balance": 19.5}


HANDLERS: Mapping[str, Callable[[Asked], object]] = {
    each.__name__: each for each in (alfa, bravo, charlie, delta, echo, foxtrot, golf, hotel, india, juliett)
}


class Server:
    """The providers' side: who asks otherwise than is written here is answered 400, and remembered in `wrong`."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self.heard: list[tuple[str, str]] = []

    def answer(self, asked: Asked) -> tuple[int, bytes]:
        self.heard.append((asked.method, urlsplit(asked.target).path))
        try:
            told = HANDLERS[asked.target.split("/")[1]](asked)
        except (AssertionError, KeyError, ValueError, TypeError) as error:
            self.wrong.append(f"{asked.method} {asked.target}: {error!r}")
            return 400, b"{}"
        return 200, (told if isinstance(told, str) else json.dumps(told)).encode()


@contextmanager
def serving(server: Server) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, body = server.answer(Asked(self))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        httpd.daemon_threads = True
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        try:
            yield httpd.server_port
        finally:
            httpd.shutdown()


def configuration(folder: Path, port: int) -> Path:
    """Each definition in a file of its own, and an account of each."""
    for name, text in DEFINITIONS.items():
        (folder / f"{name}.yml").write_text(text)
    accounts = [
        {"name": f"a-{name}", "provider": name, "base_url": f"http://127.0.0.1:{port}/{name}", "auth": auth}
        | MORE.get(name, {})
        for name, auth in AUTH.items()
    ]
    file = folder / "sms-exporter.yml"
    file.write_text(yaml.safe_dump({"provider_files": [f"{name}.yml" for name in DEFINITIONS], "accounts": accounts}))
    return file


EXPECTED = {
    "sms_credit_balance": {
        ("alfa", "EUR", ""): 1234.5,
        ("bravo", "EUR", ""): 7.25,
        ("bravo", "messages", "GP"): 120,
        ("bravo", "messages", "TI"): 40,
        ("charlie", "USD", ""): -3,
        ("delta", "messages", "sms"): 5000,
        ("delta", "emails", "mail"): 0,
        ("echo", "messages", "EX1"): 310,
        ("foxtrot", "credits", ""): 1312.5,
        ("india", "KRW", ""): 12000,
        ("juliett", "AUD", ""): 19.5,
    },
    "sms_credit_overdraft_limit": {("charlie", "USD", ""): 100},
    "sms_credit_expiry_timestamp_seconds": {
        ("alfa", "EUR", ""): 1924992000,  # the end of 2030-12-31
        ("echo", "messages", "EX1"): 1906545600,  # 2030-06-01T12:00:00Z
    },
    "sms_credit_expiring_amount": {("echo", "messages", "EX1"): 30},
    "sms_credit_auto_recharge": {("charlie", "", ""): 1},
    "sms_credit_postpaid": {("hotel", "", ""): 1},
    "sms_credit_last_recharge_timestamp_seconds": {("foxtrot", "", ""): 1790000000},
    "sms_credit_last_recharge_amount": {("foxtrot", "credits", ""): 1000},
    "sms_credit_messages_remaining": {("charlie", "", ""): 12},
    "sms_subscription_end_timestamp_seconds": {("golf", "", ""): 1900000000},
    "sms_subscription_max_contacts": {("golf", "", ""): 5000},
    "contacts_used": {("golf", "", ""): 250},
    "contacts_limit": {("golf", "", ""): 1000},
    "contacts_used_ratio": {("golf", "", ""): 0.25},
    'sms_subscription_status{status="active"}': {("golf", "", ""): 1},
    'sms_subscription_feature_enabled{feature="sms"}': {("golf", "", ""): 1},
    'sms_subscription_feature_enabled{feature="rcs"}': {("golf", "", ""): 0},
    'sms_credit_balance_threshold{severity="warning",wallet="sms"}': {("delta", "messages", "sms"): 500},
    "sms_account_info": {("alfa", "", ""): 1},
}


def test_ten_invented_providers_give_exact_values_through_a_real_prometheus(tmp_path: Path) -> None:
    server = Server()
    with (
        serving(server) as port,
        exporter(tmp_path, configuration(tmp_path, port)) as (address, _),
    ):
        job = {"job_name": "sms", "scrape_interval": "1s", "static_configs": [{"targets": [address]}]}
        with prometheus(tmp_path, {"scrape_configs": [job]}) as url:
            up = eventually("two scrapes", lambda: twice(url))
            found = {name: series(query(url, name)) for name in EXPECTED}
    assert server.wrong == []
    assert up == {(name, "", ""): 1 for name in DEFINITIONS}
    assert found == EXPECTED
    logins = [path for _, path in server.heard if path in {"/bravo/login", "/charlie/oauth/token"}]
    assert sorted(logins) == ["/bravo/login", "/charlie/oauth/token"]
    posted = {path for method, path in server.heard if method == "POST"}
    documented = {"/bravo/login", "/charlie/oauth/token", "/delta/balance.php", "/golf/contacts", "/hotel/balance"}
    assert posted == documented
    assert {method for method, _ in server.heard} == {"GET", "POST"}


def twice(url: str) -> dict[tuple[str, str, str], float] | None:
    """Which accounts are up, once each api was called a second time."""
    calls = [number for _, number in query(url, "min(sms_api_requests_total)")]
    return series(query(url, "sms_account_up")) if calls and calls[0] >= 2 else None


def series(found: list[tuple[dict[str, str], float]]) -> dict[tuple[str, str, str], float]:
    return {(of["provider"], of.get("currency", ""), of.get("wallet", "")): value for of, value in found}
