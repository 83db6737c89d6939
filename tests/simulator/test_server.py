import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import aiohttp
import pytest
from aiohttp import ClientResponse

from exporter.simulator.answers import answer as answer_of
from exporter.simulator.calls import Call
from exporter.simulator.errors import ERRORS
from exporter.simulator.faults import Fault
from exporter.simulator.script import DAY, HOUR

from .conftest import START, Stage
from .test_sign_in import PATHS, headers, url

SUBSCRIPTION = "/qlara/api/v1/partner-gateway/subscription"
PRICES = "/gatewayapi/api/prices/list/sms/json"


@asynccontextmanager
async def asked(stage: Stage, name: str, path: str | None = None) -> AsyncIterator[ClientResponse]:
    account = stage.simulator.story.account(name)
    given = headers(account, url(stage, account))
    async with stage.client.get(path or PATHS[account.provider], headers=given) as answer:
        yield answer


async def document(stage: Stage, name: str, path: str | None = None) -> Any:
    async with asked(stage, name, path) as answer:
        assert answer.status == 200
        assert answer.content_type == "application/json"
        return await answer.json()


async def calls_came(stage: Stage, number: int) -> None:
    while stage.simulator.calls.total("bakery-it") < number:  # noqa: ASYNC110  a count has no event
        await asyncio.sleep(0)


async def test_agile_telecom_tells_euros(stage: Stage) -> None:
    body = await document(stage, "bakery-it")
    assert body.keys() == {"credit"}
    assert body["credit"] == stage.simulator.story.state("bakery-it", START).balance
    assert isinstance(body["credit"], float)


async def test_gatewayapi_tells_a_decimal_text_with_its_currency(stage: Stage) -> None:
    body = await document(stage, "bank-otp")
    truth = stage.simulator.story.state("bank-otp", START)
    assert body == {"credit": f"{truth.balance:.5f}", "currency": "EUR", "id": truth.account_id}


async def test_qlara_tells_credit_and_the_last_top_up(stage: Stage) -> None:
    body = await document(stage, "crm-loyalty", f"{SUBSCRIPTION}/credit")
    truth = stage.simulator.story.state("crm-loyalty", START)
    assert body["balance"] == truth.balance
    assert body["currency"] == "EUR"
    assert truth.last_recharge_at is not None
    assert datetime.fromisoformat(body["lastRechargeDate"]).timestamp() == round(truth.last_recharge_at)
    assert body["lastRechargeAmount"] == 2000
    assert body["estimatedMessagesRemaining"]["sms"] == int(truth.balance / 0.035)


async def test_an_account_that_was_never_topped_up_has_no_last_top_up(stage: Stage) -> None:
    body = await document(stage, "startup-trial", f"{SUBSCRIPTION}/credit")
    assert body["lastRechargeDate"] is None
    assert body["lastRechargeAmount"] is None


async def test_qlara_tells_the_plan(stage: Stage) -> None:
    body = await document(stage, "fashion-outlet", SUBSCRIPTION)
    assert body.keys() == {
        "subscriptionId",
        "plan",
        "status",
        "startDate",
        "endDate",
        "autoRenew",
        "features",
    }
    assert body["features"] == {
        "sms": True,
        "rcs": True,
        "whatsapp": False,
        "webhooks": True,
        "maxContacts": 60000,
    }
    assert datetime.fromisoformat(body["endDate"]).utcoffset() is not None


async def test_qlara_tells_the_contact_quota(stage: Stage) -> None:
    stage.hands.elapsed = 2 * DAY
    body = await document(stage, "crm-loyalty", f"{SUBSCRIPTION}/contacts")
    assert body.keys() == {"used", "total", "percentage", "lists"}
    assert body["percentage"] == round(100 * body["used"] / body["total"], 1)
    assert 80 < body["percentage"] < 100


async def test_the_price_list_is_public_and_sees_who_sends_a_credential(stage: Stage) -> None:
    async with stage.client.get(PRICES) as answer:
        prices = await answer.json()
    assert prices.keys() == {"standard", "premium"}
    for tier in prices.values():
        assert len({row["country"] for row in tier}) == len(tier) >= 30
        assert all(row.keys() == {"country", "country_name", "dkk", "eur", "prefix"} for row in tier)
        assert all(0 < row["eur"] < row["dkk"] and isinstance(row["prefix"], int) for row in tier)
    call = Call("", "gatewayapi", "prices")
    assert stage.simulator.calls.with_credential[call] == 0
    async with asked(stage, "shop-dk", PRICES):
        pass
    assert stage.simulator.calls.count[call] == 2
    assert stage.simulator.calls.with_credential[call] == 1


async def test_answers_move_with_the_clock(stage: Stage) -> None:
    before = (await document(stage, "bank-otp"))["credit"]
    stage.hands.elapsed = HOUR
    after = (await document(stage, "bank-otp"))["credit"]
    assert float(after) < float(before)


async def test_the_story_refuses_by_itself(stage: Stage) -> None:
    async with asked(stage, "old-intranet") as answer:
        assert answer.status == 401
        assert (await answer.json())["code"] == "0x0229"
    stage.hands.elapsed = HOUR
    async with asked(stage, "hotel-desk") as answer:
        assert answer.status == 500
        assert (await answer.json()) == {"status": "error", "message": "Server error", "code": 8}


ANSWERED = [
    (provider, name) for provider, errors in ERRORS.items() for name, fault in errors.items() if fault.ending == "whole"
]
HEALTHY = {"agiletelecom": "parcel-alerts", "gatewayapi": "bank-otp", "qlara": "fashion-outlet"}


@pytest.mark.parametrize(("provider", "name"), ANSWERED)
async def test_every_documented_error_on_demand(stage: Stage, provider: Any, name: str) -> None:
    fault = ERRORS[provider][name]
    stage.faults.set(fault, provider=provider)
    async with asked(stage, HEALTHY[provider]) as answer:
        assert answer.status == fault.status
        assert answer.content_type == fault.content_type
        assert await answer.read() == fault.body


CODES = [
    ("agiletelecom", "key_rejected", 401, 1),
    ("agiletelecom", "insufficient_credit", 500, 2),
    ("agiletelecom", "server_error", 500, 8),
    ("agiletelecom", "timeout_told", 503, 9),
    ("agiletelecom", "address_not_allowed", 403, 100),
    ("gatewayapi", "user_name_rejected", 401, "0x0210"),
    ("gatewayapi", "password_rejected", 401, "0x0211"),
    ("gatewayapi", "address_rejected", 401, "0x0212"),
    ("gatewayapi", "address_not_allowed", 403, "0x0213"),
    ("gatewayapi", "insufficient_credit", 403, "0x0216"),
    ("gatewayapi", "bad_argument", 400, "0x0220"),
    ("gatewayapi", "consumer_key_rejected", 401, "0x0223"),
    ("gatewayapi", "signature_rejected", 401, "0x0224"),
    ("gatewayapi", "timestamp_expired", 401, "0x0225"),
    ("gatewayapi", "nonce_used", 401, "0x0226"),
    ("gatewayapi", "key_rejected", 401, "0x0229"),
    ("gatewayapi", "suspended", 403, "0x022A"),
]


@pytest.mark.parametrize(("provider", "name", "status", "code"), CODES)
def test_codes_are_the_documented_ones(provider: Any, name: str, status: int, code: str | int) -> None:
    fault = ERRORS[provider][name]
    assert (fault.status, json.loads(fault.body)["code"]) == (status, code)


def test_qlara_says_in_the_body_when_to_come_again() -> None:
    fault = ERRORS["qlara"]["rate_limited"]
    assert (fault.status, json.loads(fault.body)["retryAfter"]) == (429, 12)


async def test_a_reset_breaks_the_connection(stage: Stage) -> None:
    stage.faults.set(Fault(ending="reset"), account="bakery-it")
    with pytest.raises(aiohttp.ClientConnectionError):
        async with asked(stage, "bakery-it"):
            pass


async def test_a_truncated_answer_ends_early(stage: Stage) -> None:
    stage.faults.set(Fault(ending="truncate"), account="bakery-it")
    async with asked(stage, "bakery-it") as answer:
        assert answer.status == 200
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()


async def test_a_hanging_answer_ends_with_the_simulator(stage: Stage) -> None:
    stage.faults.set(Fault(ending="hang"), account="bakery-it")

    async def ask() -> int:
        async with asked(stage, "bakery-it") as answer:
            return answer.status

    call = asyncio.create_task(ask())
    await calls_came(stage, 1)
    assert not call.done()
    await stage.client.app.shutdown()
    assert await call == 504


async def test_calls_are_counted_while_they_run(stage: Stage) -> None:
    stage.faults.set(Fault(ending="hang"), account="bakery-it")

    async def ask() -> None:
        async with asked(stage, "bakery-it"):
            pass

    calls = [asyncio.create_task(ask()) for _ in range(3)]
    await calls_came(stage, 3)
    await stage.client.app.shutdown()
    await asyncio.gather(*calls)
    call = Call("bakery-it", "agiletelecom", "credit")
    assert stage.simulator.calls.most_at_once[call] == 3
    assert list(stage.simulator.calls.times[call]) == [START] * 3


async def test_the_more_precise_fault_counts_and_ends_after_its_times(stage: Stage) -> None:
    stage.faults.set(Fault(503, times=2), account="bank-otp", api="credit")
    stage.faults.set(Fault(502), provider="gatewayapi")
    statuses: list[int] = []
    for _ in range(3):
        async with asked(stage, "bank-otp") as answer:
            statuses.append(answer.status)
    assert statuses == [503, 503, 502]
    stage.faults.clear(provider="gatewayapi")
    async with asked(stage, "bank-otp") as answer:
        assert answer.status == 200


async def test_only_get_is_answered(stage: Stage) -> None:
    async with stage.client.post(PATHS["agiletelecom"]) as answer:
        assert answer.status == 405


def test_a_provider_has_no_api_that_it_does_not_document(stage: Stage) -> None:
    story = stage.simulator.story
    with pytest.raises(ValueError, match="agiletelecom has no contacts"):
        answer_of(story.account("bakery-it"), "contacts", story.state("bakery-it", START))


async def test_an_answer_can_be_late(stage: Stage) -> None:
    stage.faults.set(Fault(delay_seconds=0.001, ending="whole"), account="bakery-it")
    assert (await document(stage, "bakery-it")).keys() == {"credit"}
