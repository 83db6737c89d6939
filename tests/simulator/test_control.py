import pytest

from .conftest import START, Stage
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
async def test_a_fault_is_set_and_taken_away(stage: Stage, fault: dict[str, object], status: int, body: bytes) -> None:
    async with stage.client.post("/control/faults", json=fault) as answer:
        assert answer.status == 204
    async with asked(stage, "bakery-it") as answer:
        assert (answer.status, await answer.read()) == (status, body)
    async with stage.client.delete("/control/faults"):
        pass
    async with asked(stage, "bakery-it") as answer:
        assert answer.status == 200


async def test_one_fault_is_taken_away_by_its_target(stage: Stage) -> None:
    for account in ("bakery-it", "parcel-alerts"):
        await stage.client.post("/control/faults", json={"account": account, "status": 500})
    await stage.client.delete("/control/faults", json={"account": "bakery-it"})
    async with asked(stage, "bakery-it") as answer:
        assert answer.status == 200
    async with asked(stage, "parcel-alerts") as answer:
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
async def test_a_fault_that_makes_no_sense_is_refused(stage: Stage, fault: dict[str, object]) -> None:
    async with stage.client.post("/control/faults", json=fault) as answer:
        assert answer.status == 400
        assert (await answer.json())["error"]


async def test_calls_are_told_and_forgotten(stage: Stage) -> None:
    async with asked(stage, "crm-loyalty"):
        pass
    async with stage.client.get("/control/calls") as answer:
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
    await stage.client.delete("/control/calls")
    async with stage.client.get("/control/calls") as answer:
        assert await answer.json() == []


async def test_the_truth_is_what_the_accounts_are_told(stage: Stage) -> None:
    stage.hands.elapsed = 5000
    async with stage.client.get("/control/truth") as answer:
        told = await answer.json()
    assert told["now"] == START + 5000
    assert len(told["accounts"]) == len(stage.simulator.story.accounts)
    async with asked(stage, "bakery-it") as answer:
        assert (await answer.json())["credit"] == told["accounts"]["bakery-it"]["balance"]
    assert told["accounts"]["hotel-desk"]["troubles"] == {"credit": "server_error"}
    assert told["accounts"]["gym-members"]["subscription"]["status"] == "SUSPENDED"
