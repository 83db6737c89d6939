"""`/control`: faults, calls and truth for tests that run in another process."""

from dataclasses import asdict
from typing import Any

from aiohttp import web

from exporter.simulator.calls import Calls
from exporter.simulator.clock import Clock
from exporter.simulator.errors import ERRORS
from exporter.simulator.faults import Fault, Faults, fault_from_json
from exporter.simulator.story import Story


def add_routes(app: web.Application, story: Story, clock: Clock, faults: Faults, calls: Calls) -> None:
    """Add the control endpoints.

    `POST /control/faults` takes `{"account", "provider", "api"}` (each may be absent: all) with either
    `"error"`, the name of a documented error of `errors.ERRORS`, or the fields of `faults.Fault`, or both.
    `DELETE /control/faults` takes the same three, nothing for every fault. `GET /control/calls` and
    `GET /control/truth` tell; `DELETE /control/calls` begins to count anew.
    """

    async def post_fault(request: web.Request) -> web.Response:
        try:
            target, fault = _read_fault(await request.json(), story)
        except (ValueError, KeyError) as error:
            return web.json_response({"error": str(error)}, status=400)
        faults.set(fault, **target)
        return web.Response(status=204)

    async def delete_faults(request: web.Request) -> web.Response:
        target = _target(await request.json()) if request.can_read_body else {}
        faults.clear(**target)
        return web.Response(status=204)

    async def get_calls(_request: web.Request) -> web.Response:
        return web.json_response(
            [
                {
                    **call._asdict(),
                    "count": count,
                    "with_credential": calls.with_credential[call],
                    "most_at_once": calls.most_at_once[call],
                    "times": list(calls.times[call]),
                }
                for call, count in calls.count.items()
            ]
        )

    async def delete_calls(_request: web.Request) -> web.Response:
        calls.clear()
        return web.Response(status=204)

    async def get_truth(_request: web.Request) -> web.Response:
        now = clock.now()
        accounts = {account.name: asdict(story.state(account.name, now)) for account in story.accounts}
        return web.json_response({"now": now, "start": story.start, "accounts": accounts})

    app.router.add_post("/control/faults", post_fault)
    app.router.add_delete("/control/faults", delete_faults)
    app.router.add_get("/control/calls", get_calls)
    app.router.add_delete("/control/calls", delete_calls)
    app.router.add_get("/control/truth", get_truth)


def _target(document: dict[str, Any]) -> dict[str, str | None]:
    return {name: document.get(name) for name in ("account", "provider", "api")}


def _read_fault(document: dict[str, Any], story: Story) -> tuple[dict[str, str | None], Fault]:
    target = _target(document)
    fields = {name: value for name, value in document.items() if name not in {*target, "error"}}
    if "error" in document:
        account, provider = target["account"], target["provider"]
        errors: Any = ERRORS[story.account(account).provider if account else provider]  # type: ignore[index]
        named = asdict(errors[document["error"]])
        fields = {**named, **fields}
    return target, fault_from_json(fields)
