"""Sign-in forms, each proved against the simulator, which verifies it."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from oauthlib.oauth1 import Client

from exporter.accounts.observation import View
from exporter.accounts.registry import Registry
from exporter.accounts.resource import Clock
from exporter.accounts.scrape import scrape
from exporter.client.http import HttpClient
from exporter.client.signing import signer
from exporter.providers.catalogue import builtin
from exporter.secrets.credential import Credential
from exporter.secrets.secret import Secret
from exporter.settings import AccountSettings
from exporter.simulator.clock import Clock as ScenarioClock
from exporter.simulator.scenario import Scenario
from exporter.simulator.server import Simulator
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


def headers(form: str, provider: str, **secrets: str) -> dict[str, str]:
    made = Credential(form, {name: Secret.literal(value) for name, value in secrets.items()})
    return signer(made, builtin()[provider])("https://provider.test/x?a=b")


def test_what_each_form_sends() -> None:
    assert headers("api_key", "agiletelecom", api_key="a key") == {"X-Api-Key": "a key"}
    assert headers("token", "gatewayapi", token="a-token") == {"Authorization": "Token a-token"}
    basic = headers("basic", "qlara", username="Jürgen", password="geheim: ja")
    assert basic == {"Authorization": "Basic SsO8cmdlbjpnZWhlaW06IGph"}


def test_oauth_signs_each_request_anew_with_hmac_sha1() -> None:
    pair = {"consumer_key": "the-consumer", "consumer_secret": "its-secret"}
    made = Credential("oauth1", {name: Secret.literal(value) for name, value in pair.items()})
    sign = signer(made, builtin()["agiletelecom"])
    first, second = (sign("https://provider.test/x")["Authorization"] for _ in range(2))
    assert first != second
    for part in ('oauth_signature_method="HMAC-SHA1"', 'oauth_version="1.0"', 'oauth_consumer_key="the-consumer"'):
        assert part in first
    assert "oauth_token" not in first
    assert "its-secret" not in first
    sent = dict(part.split("=", 1) for part in first.removeprefix("OAuth ").split(", "))
    again = Client("the-consumer", client_secret="its-secret", nonce=sent["oauth_nonce"].strip('"'),
                   timestamp=sent["oauth_timestamp"].strip('"'))  # fmt: skip
    assert again.sign("https://provider.test/x")[1]["Authorization"] == first


def test_a_rotated_file_changes_what_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("old-key-old-key\n")
    made = Credential("api_key", {"api_key": Secret.from_file(path)})
    assert signer(made, builtin()["qlara"])("")["X-Api-Key"] == "old-key-old-key"
    path.write_text("new-key-new-key\n")
    assert made.refresh()
    assert signer(made, builtin()["qlara"])("")["X-Api-Key"] == "new-key-new-key"
