import base64
from collections.abc import Mapping
from typing import Any

import pytest
from oauthlib.oauth1 import Client

from exporter.simulator.calls import Call
from exporter.simulator.script import Account

from .conftest import START, Stage

PATHS = {
    "agiletelecom": "/agiletelecom/services/sms/credit",
    "gatewayapi": "/gatewayapi/rest/me",
    "qlara": "/qlara/api/v1/partner-gateway/subscription/credit",
}
AGILE_REFUSAL = {"status": "error", "message": "Wrong credentials", "code": 1}
QLARA_REFUSAL = {"status": "fail", "data": {"authentication": "Invalid or missing API key"}}


def basic(username: str, password: str) -> dict[str, str]:
    pair = f"{username}:{password}".encode()
    return {"Authorization": "Basic " + base64.b64encode(pair).decode()}


def oauth1(url: str, auth: Mapping[str, Any], changed: Mapping[str, str] | None = None) -> dict[str, str]:
    secrets = {**auth["oauth1"], **(changed or {})}
    client = Client(
        secrets["consumer_key"],
        client_secret=secrets["consumer_secret"],
        resource_owner_key=secrets.get("token"),
        resource_owner_secret=secrets.get("token_secret"),
        timestamp=str(int(START)),
    )
    return dict(client.sign(url)[1])


def headers(account: Account, url: str) -> dict[str, str]:
    match account.sign_in_form:
        case "api_key":
            return {"X-Api-Key": account.auth["api_key"]}
        case "token":
            return {"Authorization": f"Token {account.auth['token']}"}
        case "basic":
            return basic(account.auth["basic"]["username"], account.auth["basic"]["password"])
        case _:
            return oauth1(url, account.auth)


async def get(stage: Stage, account: Account, given: dict[str, str]) -> tuple[int, Any]:
    async with stage.client.get(PATHS[account.provider], headers=given) as answer:
        return answer.status, await answer.json()


def url(stage: Stage, account: Account, query: str = "") -> str:
    return str(stage.client.make_url(PATHS[account.provider])) + query


async def test_every_account_is_known_by_its_credential(stage: Stage) -> None:
    for account in stage.simulator.story.accounts:
        await get(stage, account, headers(account, url(stage, account)))
        assert stage.simulator.calls.total(account.name) == 1


@pytest.mark.parametrize("name", ["bakery-it", "hotel-desk", "crm-loyalty", "school-board", "shop-dk"])
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"X-Api-Key": "demo-key-nobody"},
        {"X-Api-Key": ""},
        {"Authorization": "Token demo-token-nobody"},
        {"Authorization": "Bearer demo-token-shop-dk"},
        {"Authorization": "Basic !"},
        {"Authorization": "Basic //8="},
        basic("hotel-desk", "wrong"),
        basic("school-board", ""),
        basic("nobody", "demo-password-hotel-desk"),
    ],
)
async def test_a_wrong_or_missing_credential_is_refused_as_documented(
    stage: Stage, name: str, given: dict[str, str]
) -> None:
    account = stage.simulator.story.account(name)
    status, body = await get(stage, account, given)
    assert status == 401
    if account.provider == "gatewayapi":
        assert body["code"] == "0x0229"
        assert {"message", "incident_uuid"} <= body.keys()
    else:
        assert body == (AGILE_REFUSAL if account.provider == "agiletelecom" else QLARA_REFUSAL)
    assert stage.simulator.calls.count == {Call("", account.provider, "credit"): 1}


async def test_a_credential_counts_at_its_own_provider_only(stage: Stage) -> None:
    qlara = stage.simulator.story.account("crm-loyalty")
    status, _ = await get(stage, qlara, {"X-Api-Key": "demo-key-bakery-it"})
    assert status == 401


@pytest.mark.parametrize(
    ("name", "changed", "code"),
    [
        ("bank-otp", {"consumer_key": "demo-nobody"}, "0x0223"),
        ("bank-otp", {"consumer_secret": "wrong"}, "0x0224"),
        ("bank-otp", {"token": "unasked", "token_secret": ""}, "0x0224"),
        ("clinic-reminders", {"consumer_key": "demo-nobody"}, 1),
        ("clinic-reminders", {"consumer_secret": "wrong"}, 1),
        ("clinic-reminders", {"token": "wrong"}, 1),
        ("clinic-reminders", {"token_secret": "wrong"}, 1),
    ],
)
async def test_a_signature_with_another_secret_is_refused(
    stage: Stage, name: str, changed: dict[str, str], code: str | int
) -> None:
    account = stage.simulator.story.account(name)
    status, body = await get(stage, account, oauth1(url(stage, account), account.auth, changed))
    assert (status, body["code"]) == (401, code)


async def test_a_signature_covers_the_url(stage: Stage) -> None:
    account = stage.simulator.story.account("bank-otp")
    status, body = await get(stage, account, oauth1(url(stage, account, "?a=1"), account.auth))
    assert (status, body["code"]) == (401, "0x0224")
    signed = oauth1(url(stage, account, "?a=1"), account.auth)
    async with stage.client.get(PATHS["gatewayapi"] + "?a=1", headers=signed) as answer:
        assert answer.status == 200


async def test_a_nonce_counts_once(stage: Stage) -> None:
    account = stage.simulator.story.account("bank-otp")
    signed = oauth1(url(stage, account), account.auth)
    assert (await get(stage, account, signed))[0] == 200
    status, body = await get(stage, account, signed)
    assert (status, body["code"]) == (401, "0x0226")
    fresh = oauth1(url(stage, account), account.auth)
    assert (await get(stage, account, fresh))[0] == 200


@pytest.mark.parametrize("late", [-301, 301])
async def test_a_signature_is_good_for_five_minutes(stage: Stage, late: float) -> None:
    account = stage.simulator.story.account("bank-otp")
    stage.hands.real = START + late
    signed = oauth1(url(stage, account), account.auth)
    status, body = await get(stage, account, signed)
    assert (status, body["code"]) == (401, "0x0225")
    stage.hands.real = START + 299
    assert (await get(stage, account, signed))[0] == 200


async def test_a_signature_by_another_method_is_refused(stage: Stage) -> None:
    account = stage.simulator.story.account("bank-otp")
    signed = oauth1(url(stage, account), account.auth)
    plain = {"Authorization": signed["Authorization"].replace("HMAC-SHA1", "PLAINTEXT")}
    status, body = await get(stage, account, plain)
    assert (status, body["code"]) == (401, "0x0224")
