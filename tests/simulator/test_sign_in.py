import base64
from collections.abc import Mapping
from typing import Any

import pytest
from oauthlib.oauth1 import Client

from exporter.providers.catalogue import builtin
from exporter.simulator.account import Account
from exporter.simulator.server import Call

from .conftest import START, Served

PATHS = {
    provider.id: f"/{provider.id}{provider.apis['credit'].path}"
    for provider in builtin().values()
    if "credit" in provider.apis
}
REFUSALS = {
    "agiletelecom": {"status": "error", "code": 1},
    "gatewayapi": {"code": "0x0210"},
    "qlara": {"status": "fail", "data": {"authentication": True}},
}


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
    match next(iter(account.auth)):
        case "api_key":
            return {"X-Api-Key": account.auth["api_key"]}
        case "token":
            return {"Authorization": f"Token {account.auth['token']}"}
        case "basic":
            return basic(account.auth["basic"]["username"], account.auth["basic"]["password"])
        case _:
            return oauth1(url, account.auth)


async def get(served: Served, account: Account, given: dict[str, str]) -> tuple[int, Any]:
    async with served.client.get(PATHS[account.provider], headers=given) as answer:
        return answer.status, await answer.json()


def url(served: Served, account: Account, query: str = "") -> str:
    return str(served.client.make_url(PATHS[account.provider])) + query


async def test_every_account_is_known_by_its_credential(served: Served) -> None:
    for account in served.simulator.scenario.accounts:
        await get(served, account, headers(account, url(served, account)))
        assert served.simulator.calls.total(account.name) == 1


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
    served: Served, name: str, given: dict[str, str]
) -> None:
    account = served.simulator.scenario.account(name)
    status, body = await get(served, account, given)
    assert (status, body) == (401, REFUSALS[account.provider])
    assert served.simulator.calls.count == {Call("", account.provider, "credit"): 1}


async def test_a_credential_counts_at_its_own_provider_only(served: Served) -> None:
    qlara = served.simulator.scenario.account("crm-loyalty")
    status, _ = await get(served, qlara, {"X-Api-Key": "demo-key-bakery-it"})
    assert status == 401


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("bank-otp", {"consumer_key": "demo-nobody"}),
        ("bank-otp", {"consumer_secret": "wrong"}),
        ("bank-otp", {"token": "unasked", "token_secret": ""}),
        ("clinic-reminders", {"consumer_key": "demo-nobody"}),
        ("clinic-reminders", {"consumer_secret": "wrong"}),
        ("clinic-reminders", {"token": "wrong"}),
        ("clinic-reminders", {"token_secret": "wrong"}),
    ],
)
async def test_a_signature_with_another_secret_is_refused(served: Served, name: str, changed: dict[str, str]) -> None:
    account = served.simulator.scenario.account(name)
    status, body = await get(served, account, oauth1(url(served, account), account.auth, changed))
    assert (status, body) == (401, REFUSALS[account.provider])


async def test_a_signature_covers_the_url(served: Served) -> None:
    account = served.simulator.scenario.account("bank-otp")
    status, body = await get(served, account, oauth1(url(served, account, "?a=1"), account.auth))
    assert (status, body) == (401, REFUSALS[account.provider])
    signed = oauth1(url(served, account, "?a=1"), account.auth)
    async with served.client.get(PATHS["gatewayapi"] + "?a=1", headers=signed) as answer:
        assert answer.status == 200


async def test_a_nonce_counts_once(served: Served) -> None:
    account = served.simulator.scenario.account("bank-otp")
    signed = oauth1(url(served, account), account.auth)
    assert (await get(served, account, signed))[0] == 200
    status, body = await get(served, account, signed)
    assert (status, body) == (401, REFUSALS[account.provider])
    fresh = oauth1(url(served, account), account.auth)
    assert (await get(served, account, fresh))[0] == 200


@pytest.mark.parametrize("late", [-301, 301])
async def test_a_signature_is_good_for_five_minutes(served: Served, late: float) -> None:
    account = served.simulator.scenario.account("bank-otp")
    served.times.real = START + late
    signed = oauth1(url(served, account), account.auth)
    status, body = await get(served, account, signed)
    assert (status, body) == (401, REFUSALS[account.provider])
    served.times.real = START + 299
    assert (await get(served, account, signed))[0] == 200


async def test_a_signature_by_another_method_is_refused(served: Served) -> None:
    account = served.simulator.scenario.account("bank-otp")
    signed = oauth1(url(served, account), account.auth)
    plain = {"Authorization": signed["Authorization"].replace("HMAC-SHA1", "PLAINTEXT")}
    status, body = await get(served, account, plain)
    assert (status, body) == (401, REFUSALS[account.provider])
