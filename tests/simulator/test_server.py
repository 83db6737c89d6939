import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from datetime import datetime
from typing import Any

import aiohttp
import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from exporter.failure import FailureError
from exporter.providers import compose, extract
from exporter.providers.catalogue import builtin
from exporter.simulator.account import DAY, HOUR
from exporter.simulator.accounts import ACCOUNTS
from exporter.simulator.answers import told
from exporter.simulator.clock import Clock
from exporter.simulator.provider import EVERYWHERE, REFUSALS, Provider
from exporter.simulator.scenario import Scenario
from exporter.simulator.server import Call, Simulator
from tests.simulator.injected_faults import InjectedFault

from .conftest import START, Served
from .test_sign_in import PATHS, headers, url

SUBSCRIPTION = "/qlara/api/v1/partner-gateway/subscription"
PRICES = "/gatewayapi/api/prices/list/sms/json"


@asynccontextmanager
async def asked(served: Served, name: str, path: str | None = None) -> AsyncIterator[ClientResponse]:
    account = served.simulator.scenario.account(name)
    given = headers(account, url(served, account))
    async with served.client.get(path or PATHS[account.provider], headers=given) as answer:
        yield answer


async def document(served: Served, name: str, path: str | None = None) -> Any:
    async with asked(served, name, path) as answer:
        assert answer.status == 200
        assert answer.content_type == "application/json"
        return await answer.json()


async def calls_came(served: Served, number: int) -> None:
    while served.simulator.calls.total("bakery-it") < number:  # noqa: ASYNC110  a count has no event
        await asyncio.sleep(0)


async def test_agile_telecom_answers_euros(served: Served) -> None:
    body = await document(served, "bakery-it")
    assert body.keys() == {"credit"}
    assert body["credit"] == served.simulator.scenario.state("bakery-it", START).balance
    assert isinstance(body["credit"], float)


async def test_gatewayapi_answers_its_currency_and_its_own_number(served: Served) -> None:
    body = await document(served, "bank-otp")
    state = served.simulator.scenario.state("bank-otp", START)
    assert body == {"credit": state.balance, "currency": "EUR", "id": state.account_id}


async def test_qlara_answers_credit_and_the_last_top_up(served: Served) -> None:
    body = await document(served, "crm-loyalty", f"{SUBSCRIPTION}/credit")
    state = served.simulator.scenario.state("crm-loyalty", START)
    assert body["balance"] == state.balance
    assert body["currency"] == "EUR"
    assert state.last_recharge_at is not None
    assert datetime.fromisoformat(body["lastRechargeDate"]).timestamp() == round(state.last_recharge_at)
    assert body["lastRechargeAmount"] == 2000
    assert body["estimatedMessagesRemaining"]["sms"] == int(state.balance / 0.035)


async def test_an_account_that_was_never_topped_up_has_no_last_top_up(served: Served) -> None:
    body = await document(served, "startup-trial", f"{SUBSCRIPTION}/credit")
    assert body.keys() & {"balance", "lastRechargeDate", "lastRechargeAmount"} == {"balance"}


async def test_qlara_answers_the_plan(served: Served) -> None:
    body = await document(served, "fashion-outlet", SUBSCRIPTION)
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


async def test_qlara_answers_the_contact_quota(served: Served) -> None:
    served.times.elapsed = 2 * DAY
    body = await document(served, "crm-loyalty", f"{SUBSCRIPTION}/contacts")
    assert body.keys() == {"used", "total", "lists"}
    assert 0.8 < body["used"] / body["total"] < 1


async def test_the_price_list_is_public_and_sees_who_sends_a_credential(served: Served) -> None:
    async with served.client.get(PRICES) as answer:
        prices = await answer.json()
    assert prices.keys() == {"standard", "premium"}
    for tier in prices.values():
        assert len({row["country"] for row in tier}) == len(tier) >= 30
        assert all(row.keys() == {"country", "dkk", "eur", "prefix"} for row in tier)
        assert all(0 < row["eur"] < row["dkk"] and isinstance(row["prefix"], int) for row in tier)
    call = Call("", "gatewayapi", "prices")
    assert served.simulator.calls.with_credential[call] == 0
    async with asked(served, "shop-dk", PRICES):
        pass
    assert served.simulator.calls.count[call] == 2
    assert served.simulator.calls.with_credential[call] == 1


async def test_answers_move_with_the_clock(served: Served) -> None:
    before = (await document(served, "bank-otp"))["credit"]
    served.times.elapsed = HOUR
    after = (await document(served, "bank-otp"))["credit"]
    assert float(after) < float(before)


async def test_the_scenario_refuses_by_itself(served: Served) -> None:
    async with asked(served, "old-intranet") as answer:
        assert answer.status == 401
        assert (await answer.json())["code"] == "0x0210"
    served.times.elapsed = HOUR
    async with asked(served, "hotel-desk") as answer:
        assert answer.status == 500
        assert (await answer.json()) == {"status": "error", "code": 8}


def known(provider: Provider) -> list[str]:
    """The names of the errors that a provider's definition can tell."""
    found = [name for name, error in EVERYWHERE.items() if error.ending == "whole"]
    for name in REFUSALS:
        with suppress(compose.ComposeError):
            provider.error("credit", name)
            found.append(name)
    return found


HEALTHY = {"agiletelecom": "parcel-alerts", "gatewayapi": "bank-otp", "qlara": "fashion-outlet"}
ANSWERED = [(provider, name) for provider in HEALTHY for name in known(Provider(builtin()[provider]))]


@pytest.mark.parametrize(("provider", "name"), ANSWERED)
async def test_every_error_that_a_definition_knows_on_demand(served: Served, provider: str, name: str) -> None:
    error = served.simulator.scenario.providers[provider].error("credit", name)
    served.simulator.injected_faults.inject(InjectedFault(**asdict(error)), provider=provider)
    async with asked(served, HEALTHY[provider]) as answer:
        assert answer.status == error.status
        assert answer.content_type == error.content_type
        assert await answer.read() == error.body
    if name in REFUSALS:
        definition = builtin()[provider]
        with pytest.raises(FailureError) as told_as:
            extract.answer(error.status or 0, error.body, definition, definition.apis["credit"])
        assert told_as.value.failure.reason is REFUSALS[name]


CODES = [
    ("agiletelecom", "key_rejected", 401, 1),
    ("agiletelecom", "insufficient_credit", 402, 2),
    ("agiletelecom", "server_error", 500, 8),
    ("agiletelecom", "timeout_reported", 504, 9),
    ("agiletelecom", "address_not_allowed", 403, 100),
    ("gatewayapi", "key_rejected", 401, "0x0210"),
    ("gatewayapi", "address_not_allowed", 403, "0x0212"),
    ("gatewayapi", "insufficient_credit", 402, "0x0216"),
    ("gatewayapi", "suspended", 403, "0x022A"),
]


@pytest.mark.parametrize(("provider", "name", "status", "code"), CODES)
def test_codes_are_the_documented_ones(provider: str, name: str, status: int, code: str | int) -> None:
    error = Provider(builtin()[provider]).error("credit", name)
    assert (error.status, json.loads(error.body)["code"]) == (status, code)


def test_a_definition_says_where_it_stands_when_to_come_again() -> None:
    errors = {name: Provider(builtin()[name]).error("credit", "rate_limited") for name in HEALTHY}
    assert (errors["qlara"].status, json.loads(errors["qlara"].body)["retryAfter"]) == (429, 12)
    assert errors["qlara"].headers == {}
    assert errors["gatewayapi"].headers == {"Retry-After": "12"}


async def test_a_reset_breaks_the_connection(served: Served) -> None:
    served.simulator.injected_faults.inject(InjectedFault(ending="reset"), account="bakery-it")
    with pytest.raises(aiohttp.ClientConnectionError):
        async with asked(served, "bakery-it"):
            pass


async def test_a_truncated_answer_ends_early(served: Served) -> None:
    served.simulator.injected_faults.inject(InjectedFault(ending="truncate"), account="bakery-it")
    async with asked(served, "bakery-it") as answer:
        assert answer.status == 200
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()


async def test_a_hanging_answer_ends_with_the_simulator(served: Served) -> None:
    served.simulator.injected_faults.inject(InjectedFault(ending="hang"), account="bakery-it")

    async def ask() -> int:
        async with asked(served, "bakery-it") as answer:
            return answer.status

    call = asyncio.create_task(ask())
    await calls_came(served, 1)
    assert not call.done()
    await served.client.app.shutdown()
    assert await call == 504


async def test_calls_are_counted_while_they_run(served: Served) -> None:
    served.simulator.injected_faults.inject(InjectedFault(ending="hang"), account="bakery-it")

    async def ask() -> None:
        async with asked(served, "bakery-it"):
            pass

    calls = [asyncio.create_task(ask()) for _ in range(3)]
    await calls_came(served, 3)
    await served.client.app.shutdown()
    await asyncio.gather(*calls)
    call = Call("bakery-it", "agiletelecom", "credit")
    assert served.simulator.calls.most_at_once[call] == 3
    assert list(served.simulator.calls.times[call]) == [START] * 3


async def test_the_more_precise_injected_fault_counts_and_ends_after_its_times(served: Served) -> None:
    served.simulator.injected_faults.inject(InjectedFault(503, times=2), account="bank-otp", api="credit")
    served.simulator.injected_faults.inject(InjectedFault(502), provider="gatewayapi")
    statuses: list[int] = []
    for _ in range(3):
        async with asked(served, "bank-otp") as answer:
            statuses.append(answer.status)
    assert statuses == [503, 503, 502]
    served.simulator.injected_faults.clear(provider="gatewayapi")
    async with asked(served, "bank-otp") as answer:
        assert answer.status == 200


async def test_only_get_is_answered(served: Served) -> None:
    async with served.client.post(PATHS["agiletelecom"]) as answer:
        assert answer.status == 405


def test_a_provider_has_no_api_that_it_does_not_document(served: Served) -> None:
    scenario = served.simulator.scenario
    with pytest.raises(ValueError, match="agiletelecom has no contacts"):
        told(scenario, scenario.account("bakery-it"), "contacts", START)


async def test_an_answer_can_be_late(served: Served) -> None:
    served.simulator.injected_faults.inject(InjectedFault(delay_seconds=0.001, ending="whole"), account="bakery-it")
    assert (await document(served, "bakery-it")).keys() == {"credit"}


async def test_only_the_providers_of_its_accounts_are_served() -> None:
    accounts = [account for account in ACCOUNTS if account.provider == "qlara"]
    simulator = Simulator(Scenario(1, START, accounts=accounts), Clock(START), latency_seconds=(0, 0))
    async with TestClient(TestServer(simulator.app())) as client:
        for path, status in [(PATHS["qlara"], 401), (PATHS["gatewayapi"], 404), (PRICES, 404)]:
            async with client.get(path) as answer:
                assert answer.status == status
