import pytest

from .conftest import START, Served
from .test_server import asked


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        ({"account": "bakery-it", "status": 418, "body": "tea", "headers": {"X-A": "b"}}, 418, b"tea"),
        ({"provider": "agiletelecom", "api": "credit", "status": 204}, 204, b""),
        ({"account": "bakery-it", "error": "unavailable"}, 503, b""),
        ({"provider": "agiletelecom", "error": "unavailable", "status": 599, "body": "x"}, 599, b"x"),
    ],
)
async def test_a_fault_is_injected_and_taken_away(
    served: Served, fault: dict[str, object], status: int, body: bytes
) -> None:
    async with served.client.post("/control/injected-faults", json=fault) as answer:
        assert answer.status == 204
    async with asked(served, "bakery-it") as answer:
        assert (answer.status, await answer.read()) == (status, body)
    async with served.client.delete("/control/injected-faults"):
        pass
    async with asked(served, "bakery-it") as answer:
        assert answer.status == 200


async def test_one_injected_fault_is_taken_away_by_its_target(served: Served) -> None:
    for account in ("bakery-it", "parcel-alerts"):
        await served.client.post("/control/injected-faults", json={"account": account, "status": 500})
    await served.client.delete("/control/injected-faults", json={"account": "bakery-it"})
    async with asked(served, "bakery-it") as answer:
        assert answer.status == 200
    async with asked(served, "parcel-alerts") as answer:
        assert answer.status == 500


@pytest.mark.parametrize(
    "fault",
    [
        {"account": "bakery-it", "error": "nonsense"},
        {"account": "nobody", "error": "timeout"},
        {"error": "timeout"},
        {"statsu": 500},
        {"status": "many"},
        {"ending": "sudden"},
    ],
)
async def test_an_injected_fault_that_makes_no_sense_is_refused(served: Served, fault: dict[str, object]) -> None:
    async with served.client.post("/control/injected-faults", json=fault) as answer:
        assert answer.status == 400
        assert (await answer.json())["error"]


async def test_calls_are_shown_and_forgotten(served: Served) -> None:
    async with asked(served, "crm-loyalty"):
        pass
    async with served.client.get("/control/calls") as answer:
        assert await answer.json() == [
            {
                "account": "crm-loyalty",
                "provider": "qlara",
                "api": "credit",
                "count": 1,
                "with_credential": 1,
                "most_at_once": 1,
                "times": [START],
            }
        ]
    await served.client.delete("/control/calls")
    async with served.client.get("/control/calls") as answer:
        assert await answer.json() == []


async def test_the_state_is_what_the_accounts_are_answered(served: Served) -> None:
    served.times.elapsed = 5000
    async with served.client.get("/control/state") as answer:
        shown = await answer.json()
    assert shown["now"] == START + 5000
    assert len(shown["accounts"]) == len(served.simulator.scenario.accounts)
    async with asked(served, "bakery-it") as answer:
        assert (await answer.json())["credit"] == shown["accounts"]["bakery-it"]["balance"]
    assert shown["accounts"]["hotel-desk"]["errors"] == {"credit": "server_error"}
    assert shown["accounts"]["gym-members"]["subscription"]["status"] == "SUSPENDED"
