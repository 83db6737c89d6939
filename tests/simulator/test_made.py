"""Any provider simulated: an account made up by each definition, asked as the definition says."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from oauthlib.oauth1 import Client as OAuthClient

from exporter.client.signatures import SIGNATURES
from exporter.failure import FailureError, Reason
from exporter.providers import extract
from exporter.providers.catalogue import builtin, read
from exporter.providers.definition import Definition, SignIn
from exporter.providers.request import Prepared
from exporter.providers.template import Template
from exporter.readings import Readings
from exporter.sign_in import SIGNATURES as NAMED
from exporter.simulator import made
from exporter.simulator.account import DAY, Account
from exporter.simulator.answers import respond
from exporter.simulator.clock import Clock
from exporter.simulator.scenario import Scenario
from exporter.simulator.server import Simulator
from exporter.simulator.sign_in import credential
from exporter.simulator.summary import summarize
from tests.providers.invented import INVENTED

from .asking import Asking, Client, proven
from .conftest import START, Times

DEFINITIONS = [*builtin().values(), *INVENTED.values()]
OPTIONS = {"service": "sms", "region": "eu"}
every_definition = pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda each: each.id)
FORMS = [(definition, form) for definition in DEFINITIONS for form in definition.sign_in]
every_form = pytest.mark.parametrize(("definition", "form"), FORMS, ids=lambda each: getattr(each, "id", each))
every_shown_form = pytest.mark.parametrize(
    ("definition", "form"),
    [(definition, form) for definition, form in FORMS if form != "oauth1"],  # test_sign_in.py spoils its signatures
    ids=lambda each: getattr(each, "id", each),
)


class World:
    """A simulator of one account, and a client of it."""

    def __init__(self, definition: Definition, account: Account) -> None:
        self.definition, self.account = definition, account
        self.times = Times()
        self.scenario = Scenario(1, START, accounts=[account], definitions={definition.id: definition})
        clock = Clock(START, monotonic=lambda: self.times.elapsed)
        self.simulator = Simulator(self.scenario, clock, latency_seconds=(0, 0), now=lambda: self.times.real)
        self.http: TestClient[Any, Any] = TestClient(TestServer(self.simulator.app()))

    async def send(self, asking: Asking, parts: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        """Send a request, signed with `parts` where the form is a signature."""
        headers = dict(asking.headers)
        signature = self.definition.sign_in[credential(self.account)[0]].signature
        if signature is not None and parts is not None:
            url = str(self.http.make_url(f"/{self.definition.id}{asking.target}"))
            sent = {"Content-Type": "application/json"} if asking.json is not None else {}
            request = Prepared(asking.method, url, sent, asking.body)
            headers |= sent | SIGNATURES[signature](request, parts, OPTIONS, START, "nonce")
        if credential(self.account)[0] == "oauth1":
            secrets = [*self.account.auth["oauth1"].values()]
            url = str(self.http.make_url(f"/{self.definition.id}{asking.target}"))
            signing: Any = OAuthClient(*secrets)
            signing.timestamp = str(int(START))
            headers |= signing.sign(url)[1]
        if asking.form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        target = f"/{self.definition.id}{asking.target}"
        async with self.http.request(asking.method, target, data=asking.body, headers=headers) as answer:
            return answer.status, await answer.read()

    async def signed_in(self, **parts: str) -> Client:
        client = Client(self.definition, self.account, parts)
        first = client.first()
        if first is not None:
            client.keep((await self.send(first))[1])
        return client

    def read(self, api: str, status: int, body: bytes) -> Readings | Reason:
        try:
            return extract.answer(status, body, self.definition, self.definition.apis[api])
        except FailureError as error:
            return error.failure.reason


@asynccontextmanager
async def world(definition: Definition, form: str | None = None) -> AsyncIterator[World]:
    if form is not None:
        ordered = {form: definition.sign_in[form], **definition.sign_in}
        definition = definition.copy(sign_in=ordered)
    made_up = World(definition, made.account(definition))
    async with made_up.http:
        yield made_up


@every_form
async def test_whoever_asks_as_documented_is_answered_what_is_true(definition: Definition, form: str) -> None:
    async with world(definition, form) as here:
        client = await here.signed_in()
        for name in definition.apis:
            status, body = await here.send(client.ask(name), client.parts)
            assert (status, body) == (200, respond(here.scenario, here.account, name, START).body)
            assert isinstance(here.read(name, status, body), Readings)


@every_shown_form
async def test_a_wrong_part_of_a_secret_is_refused_as_the_definition_tells_it(
    definition: Definition, form: str
) -> None:
    async with world(definition, form) as here:
        name = next(iter(definition.apis))
        for part in credential(here.account)[1]:
            client = Client(definition, here.account, {part: "wrong"})
            first = client.first()
            if first is not None:
                status, body = await here.send(first)
                assert status >= 400
                assert form == "oauth2" or here.read(name, status, body) is Reason.UNAUTHORIZED
            else:
                assert here.read(name, *await here.send(client.ask(name), client.parts)) is Reason.UNAUTHORIZED


@pytest.mark.parametrize("provider", ["skebby", "later"])
async def test_what_a_sign_in_gave_out_ends_and_an_invented_one_never_counted(provider: str) -> None:
    async with world(INVENTED[provider]) as here:
        client = await here.signed_in()
        assert (await here.send(client.ask("credit"), client.parts))[0] == 200
        kept = client.kept
        client.kept = {name: f"{text}0" for name, text in kept.items()}
        assert here.read("credit", *await here.send(client.ask("credit"), client.parts)) is Reason.UNAUTHORIZED
        client.kept = kept
        here.times.real += DAY
        assert here.read("credit", *await here.send(client.ask("credit"), client.parts)) is Reason.UNAUTHORIZED
        again = await here.signed_in()
        assert again.kept != kept
        assert (await here.send(again.ask("credit"), again.parts))[0] == 200


SESSION = """
id: kept
name: Kept
base_url: https://kept.example
sign_in: {api_key: {header: X-Key, session: {path: /login, form: {a: b}, lives: 4m, keep: {key: {pointer: /key,
  pattern: PATTERN}}, headers: {X-Session: "{key}"}}}}
apis: {credit: {path: /b, cache_ttl: 1m, credit: {balance: /b, currency: {constant: EUR}}}}
"""


@pytest.mark.parametrize("pattern", ["(.+)", "([0-9a-f]{32})", "([0-9]{1,4})"])
async def test_what_is_kept_of_a_sign_in_fits_its_pattern(pattern: str) -> None:
    async with world(read("kept", SESSION.replace("PATTERN", f"'{pattern}'").encode())) as here:
        client = await here.signed_in()
        assert re.fullmatch(pattern, client.kept["key"])
        assert (await here.send(client.ask("credit")))[0] == 200
        wrong = Client(here.definition, here.account, {"api_key": "wrong"}).first()
        assert wrong is not None
        assert here.read("credit", *await here.send(wrong)) is Reason.UNAUTHORIZED


async def test_no_session_is_opened_where_nothing_that_fits_can_be_kept() -> None:
    async with world(read("kept", SESSION.replace("PATTERN", "'([A-Z]+)'").encode())) as here:
        first = Client(here.definition, here.account).first()
        assert first is not None
        assert here.read("credit", *await here.send(first)) is Reason.UNAUTHORIZED


async def test_a_token_is_given_for_basic_and_for_client_credentials_alone() -> None:
    async with world(INVENTED["later"]) as here:
        first = Client(here.definition, here.account).first()
        assert first is not None
        secrets = {name: text for name, text in (first.form or {}).items() if name != "grant_type"}
        basic = proven(replace(first, form={"grant_type": "client_credentials"}), "basic", SignIn(), secrets)
        assert (await here.send(basic))[0] == 200
        for form in ({"grant_type": "password"}, {"grant_type": "client_credentials"}):
            assert (await here.send(replace(basic, form=form, headers={})))[0] == 401


SIGNED = """
id: signed
name: Signed
settings: {zone: {about: where, default: eu}}
base_url: https://signed.example
sign_in: {keys: {parts: [PARTS], signature: NAME, options: {OPTIONS}}}
apis: {credit: {path: /b, cache_ttl: 1m, credit: {balance: /b, currency: {constant: EUR}}}}
"""


@pytest.mark.parametrize("name", SIGNATURES)
@pytest.mark.parametrize("late", [0, 299, 301, -301])
async def test_a_signature_is_computed_anew_and_counts_for_five_minutes(name: str, late: int) -> None:
    options = "service: sms, region: '{zone}'" if NAMED[name].options else ""
    source = SIGNED.replace("PARTS", ", ".join(NAMED[name].parts)).replace("OPTIONS", options).replace("NAME", name)
    async with world(read("signed", source.encode())) as here:
        client = await here.signed_in()
        here.times.real += late
        status, _ = await here.send(client.ask("credit"), client.parts)
        assert status == (200 if abs(late) < 300 else 401)
        for part in client.parts:
            spoilt = {**client.parts, part: "wrong"}
            assert here.read("credit", *await here.send(client.ask("credit"), spoilt)) is Reason.UNAUTHORIZED


async def test_a_time_that_is_none_is_refused() -> None:
    source = SIGNED.replace("PARTS", "api_key, api_secret").replace("OPTIONS", "").replace("NAME", "solapi")
    async with world(read("signed", source.encode())) as here:
        client = await here.signed_in()
        text = f"HMAC-SHA256 apiKey={client.parts['api_key']}, date=yesterday, salt=s, signature=x"
        asking = replace(client.ask("credit"), headers={"Authorization": text})
        assert (await here.send(asking))[0] == 401


@every_definition
async def test_another_request_than_the_documented_one_is_no_call(definition: Definition) -> None:
    async with world(definition) as here:
        client = await here.signed_in()
        for name, api in definition.apis.items():
            right = client.ask(name)
            wrong = [
                (replace(right, method="PUT"), 405),
                (replace(right, path=f"{right.path}/more"), 404),
                *((replace(right, query={**right.query, key: "other"}), 405) for key in fixed(api.query)),
                *((replace(right, headers={**right.headers, key: "other"}), 405) for key in fixed(api.headers)),
                *((replace(right, form={**(right.form or {}), key: "other"}), 405) for key in fixed(api.form or {})),
            ]
            if right.json is not None:
                others: list[Any] = [[], {**right.json, "page": 2}, "text"]
                wrong += [(replace(right, json=other), 405) for other in others]
                wrong += [(replace(right, json=None, form={"no": "json"}), 405)]
            for asking, status in wrong:
                assert (await here.send(asking, client.parts))[0] == status, asking


def fixed(texts: Mapping[str, Template]) -> list[str]:
    """The keys whose values the definition has as they are."""
    return [key for key, text in texts.items() if not text.names]


async def test_settings_belong_to_the_account() -> None:
    async with world(INVENTED["ovh"]) as here:
        assert here.account.settings == {"service": "demo-service"}
        client = await here.signed_in()
        other = replace(client.ask("credit"), path="/1.0/sms/other")
        assert here.read("credit", *await here.send(other, client.parts)) is Reason.UNAUTHORIZED


async def test_a_lists_json_is_held_to_the_definitions() -> None:
    source = """
    id: listed
    name: Listed
    base_url: https://listed.example
    sign_in: {keys: {parts: [key, secret], signature: aws4, options: {service: sms, region: eu}}}
    apis: {credit: {path: /b, cache_ttl: 1m, json: {keys: ["{key}", 1, null]},
           credit: {balance: /b, currency: {constant: EUR}}}}
    """
    parts = "parts: [access_key_id, secret_access_key]"
    definition = read(
        "listed", source.replace("parts: [key, secret]", parts).replace("{key}", "{access_key_id}").encode()
    )
    async with world(definition) as here:
        client = await here.signed_in()
        right = client.ask("credit")
        assert (await here.send(right, client.parts))[0] == 200
        assert (await here.send(replace(right, json={"keys": [right.json["keys"][0], 1]}), client.parts))[0] == 405


@every_definition
def test_an_account_made_up_has_a_line_and_a_habit(definition: Definition) -> None:
    account = made.account(definition)
    scenario = Scenario(1, START, accounts=[account], definitions={definition.id: definition})
    line = summarize(scenario, START)
    assert line.startswith(f"demo-{definition.id} ({definition.name}): ")
    assert "now " not in line
    before, after = scenario.state(account.name, START), scenario.state(account.name, START + DAY)
    assert before.balance > 0
    assert before.balance != after.balance
    assert all(value.startswith("demo-") for value in credential(account)[1].values())


@pytest.mark.parametrize(
    ("provider", "pots"),
    [
        ("brevo", {("messages", "sms"), ("emails", "main"), ("emails", "extra")}),
        ("skebby", {("EUR", None), ("messages", "main"), ("messages", "extra")}),
        ("named", {("messages", "main"), ("messages", "extra"), ("EUR", None)}),
        ("paired", {("messages", "main"), ("messages", "extra"), ("EUR", "main"), ("EUR", "extra")}),
        ("ovh", {("credits", None)}),
    ],
)
def test_an_account_made_up_has_the_pots_that_its_definition_knows(
    provider: str, pots: set[tuple[str, str | None]]
) -> None:
    assert {(pot.currency, pot.wallet) for pot in made.account(INVENTED[provider]).pots} == pots


MADE_UP = """
id: odd
name: Odd
settings: {sid: {about: "the account's SID", pattern: "AC[0-9a-f]{32}"}, zone: {about: where, choices: [eu, us]}}
base_url: https://odd.example
sign_in: {api_key: {header: X-Key}}
apis: {credit: {path: "/{sid}/{zone}", cache_ttl: 1m, credit: {balance: /b, currency: {constant: EUR}}}}
"""


def test_settings_made_up_fit_what_the_definition_asks() -> None:
    settings = made.account(read("odd", MADE_UP.encode())).settings
    assert settings == {"sid": "AC" + "0" * 32, "zone": "eu"}


@pytest.mark.parametrize(
    ("was", "becomes", "reason"),
    [
        ("AC[0-9a-f]{32}", "AC[0-9a-f]{99}", "no text is found that fits the pattern of the setting sid"),
        ("balance: /b", r'balance: {pointer: /b, pattern: "\\QCredit: \\E(.*)"}', "no answer of odd is found"),
    ],
)
def test_what_can_not_be_made_up_is_told(was: str, becomes: str, reason: str) -> None:
    with pytest.raises(made.MadeError, match=reason):
        made.account(read("odd", MADE_UP.replace(was, becomes).encode()))
