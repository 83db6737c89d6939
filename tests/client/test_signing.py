"""Sign-in forms, each proved against the simulator, which verifies it."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web
from oauthlib.oauth1 import Client

from exporter.accounts.observation import View
from exporter.accounts.registry import Registry
from exporter.accounts.resource import Clock
from exporter.accounts.scrape import scrape
from exporter.client.http import Call, HttpClient
from exporter.client.signing import signer
from exporter.providers.catalogue import builtin, read
from exporter.providers.request import Prepared
from exporter.providers.template import Template
from exporter.secrets.credential import Credential
from exporter.secrets.secret import Secret
from exporter.settings import AccountSettings, HttpSettings
from exporter.simulator.clock import Clock as ScenarioClock
from exporter.simulator.scenario import Scenario
from exporter.simulator.server import Simulator
from tests.client.raw import Connection, answering, raw
from tests.injected_faults import response
from tests.virtual import account, rng, settings

SCENARIO = Scenario(1, time.time(), speed=1.0)
SIGNERS = [a for a in SCENARIO.accounts if not SCENARIO.state(a.name, SCENARIO.start).errors]
FORMS = {(str(a.provider), next(iter(a.auth)), "token" in dict(a.auth.get("oauth1", {}))): a for a in SIGNERS}


def credential(auth: dict[str, object], spoil: str = "") -> Credential:
    (form, value) = next(iter(auth.items()))
    pairs = value if isinstance(value, dict) else {form: value}
    return Credential(
        form, {key: Secret.literal(f"{text}{spoil if key != 'username' else ''}") for key, text in pairs.items()}
    )


@pytest.fixture
async def simulator() -> AsyncIterator[str]:
    app = Simulator(SCENARIO, ScenarioClock(SCENARIO.start, 1.0), latency_seconds=(0.0, 0.0)).app()
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}"
    await runner.cleanup()


async def ask(one: AccountSettings) -> View:
    accounts = Registry(settings(one), HttpClient(), Clock(), rng())
    try:
        return (await scrape(accounts, 5))[0]
    finally:
        await accounts.aclose()


@pytest.mark.parametrize("form", FORMS, ids=str)
async def test_a_form_with_the_right_secret_is_accepted_and_with_a_wrong_one_refused(
    simulator: str, form: tuple[str, str, bool]
) -> None:
    simulated = FORMS[form]
    base_url = f"{simulator}/{simulated.provider}"
    right = account(simulated.name, simulated.provider, base_url, credential(dict(simulated.auth)))
    assert {o.failure for o in (await ask(right)).observations} == {None}
    wrong = account(simulated.name, simulated.provider, base_url, credential(dict(simulated.auth), "x"))
    reasons = {o.failure and o.failure.reason.value for o in (await ask(wrong)).observations}
    assert reasons == {"unauthorized"}


def test_the_simulator_knows_every_form_of_its_accounts_providers() -> None:
    forms = {(provider, form) for provider, form, _ in FORMS}
    assert forms == {(provider, form) for provider, _ in forms for form in builtin()[provider].sign_in}
    assert {with_token for _, form, with_token in FORMS if form == "oauth1"} == {True, False}


def sent(made: Credential, provider: str, path: str = "/x") -> dict[str, str]:
    """The headers that a sign-in form adds."""
    signs = signer(made, builtin()[provider], {})
    api = next(iter(builtin()[provider].apis.values()))
    request = signs.prepare(api, "https://provider.test", Template(path))
    request = request if signs.sign is None else signs.sign(request)
    return {name: value for name, value in request.headers.items() if name != "Accept"}


def headers(form: str, provider: str, **secrets: str) -> dict[str, str]:
    made = Credential(form, {name: Secret.literal(value) for name, value in secrets.items()})
    return sent(made, provider, "/x?a=b")


def test_what_each_form_sends() -> None:
    assert headers("api_key", "agiletelecom", api_key="a key") == {"X-Api-Key": "a key"}
    assert headers("token", "gatewayapi", token="a-token") == {"Authorization": "Token a-token"}
    basic = headers("basic", "qlara", username="Jürgen", password="geheim: ja")
    assert basic == {"Authorization": "Basic SsO8cmdlbjpnZWhlaW06IGph"}


def test_oauth_signs_each_request_anew_with_hmac_sha1() -> None:
    pair = {"consumer_key": "the-consumer", "consumer_secret": "its-secret"}
    made = Credential("oauth1", {name: Secret.literal(value) for name, value in pair.items()})
    first, second = (sent(made, "agiletelecom")["Authorization"] for _ in range(2))
    assert first != second
    for part in ('oauth_signature_method="HMAC-SHA1"', 'oauth_version="1.0"', 'oauth_consumer_key="the-consumer"'):
        assert part in first
    assert "oauth_token" not in first
    assert "its-secret" not in first
    fields = dict(part.split("=", 1) for part in first.removeprefix("OAuth ").split(", "))
    again = Client("the-consumer", client_secret="its-secret", nonce=fields["oauth_nonce"].strip('"'),
                   timestamp=fields["oauth_timestamp"].strip('"'))  # fmt: skip
    assert again.sign("https://provider.test/x")[1]["Authorization"] == first


def test_a_rotated_file_changes_what_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("old-key-old-key\n")
    made = Credential("api_key", {"api_key": Secret.from_file(path)})
    assert sent(made, "qlara")["X-Api-Key"] == "old-key-old-key"
    path.write_text("new-key-new-key\n")
    assert made.refresh()
    assert sent(made, "qlara")["X-Api-Key"] == "new-key-new-key"


OWN = read(
    "own.yml",
    b"""
id: own
name: Own
base_url: https://own.test/{region}
settings: {region: {about: which one}}
sign_in: {api_key: {query: key}}
apis:
  credit:
    path: /{region}/balance
    query: {of: "{region}"}
    form: {where: "{region}"}
    cache_ttl: 1m
    credit: {balance: /credit, currency: {constant: EUR}}
""",
)


async def test_a_request_of_its_own_goes_out_as_its_definition_says(client: HttpClient) -> None:
    bodies: list[bytes] = []

    async def talk(connection: Connection) -> None:
        await connection.request()
        bodies.append(await connection.reader.readexactly(12))
        await connection.send(response(b'{"credit": 5}'))

    async with raw(talk) as server:
        made = Credential("api_key", {"api_key": Secret.literal("planted key")})
        signs = signer(made, OWN, {"region": "eu one"})
        api = OWN.apis["credit"]
        request = signs.prepare(api, server.url(""), api.path)
        answer = await client.get(Call(request, 1000, signs, signs.sign), HttpSettings())
    assert answer.body == b'{"credit": 5}'
    (heard,) = server.heard
    assert bodies == [b"where=eu+one"]
    assert heard.startswith("POST /eu%20one/balance?of=eu%20one&key=planted%20key HTTP/1.1\r\n")
    assert "content-type: application/x-www-form-urlencoded\r\ncontent-length: 12\r\n" in heard.lower()


@pytest.mark.parametrize(
    "request_",
    [
        Prepared("POST", "", body=b"{}"),
        Prepared("GET", "", holds_secret=True),
    ],
    ids=["a body", "a secret in the URL"],
)
async def test_no_redirect_carries_a_body_or_a_secret_on(client: HttpClient, request_: Prepared) -> None:
    async with raw(answering(lambda _: b"never")) as other:

        async def talk(connection: Connection) -> None:
            await connection.request()
            await connection.send(response(b"", "302 Found", f"Location: {other.url('/')}"))

        async with raw(talk) as server:
            call = Call(replace(request_, url=server.url("/x")), 1000, object())
            status = (await client.get(call, HttpSettings(follow_redirects=True))).status
    assert (status, other.heard) == (302, [])
