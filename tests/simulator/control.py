"""The simulator under control: faults are injected, calls counted; over HTTP for tests in another process."""

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from aiohttp import web

from exporter.simulator.clock import Clock
from exporter.simulator.scenario import Scenario
from exporter.simulator.sending import Answer
from exporter.simulator.server import LATENCY_SECONDS, Call, Simulator
from tests.simulator.calls import Calls
from tests.simulator.injected_faults import InjectedFault, InjectedFaults, read_injected_fault

_CREDENTIAL_HEADERS = ("Authorization", "X-Api-Key", "Cookie")


class ControlledSimulator(Simulator):
    """A simulator with `injected_faults` to set and `calls` to look at, both under `/control` too."""

    def __init__(
        self,
        scenario: Scenario,
        clock: Clock,
        *,
        latency_seconds: tuple[float, float] = LATENCY_SECONDS,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(scenario, clock, latency_seconds=latency_seconds, now=now)
        self.injected_faults = InjectedFaults()
        self.calls = Calls(now)

    def app(self) -> web.Application:
        """The application: the providers' paths, and `/control`."""
        app = super().app()
        _add_routes(app, self)
        return app

    async def serve(self, request: web.Request, call: Call, answer: Answer) -> web.StreamResponse:
        """Count a call and send its answer, or what an injected fault makes of it."""
        with self.calls.recorded(call, credential=any(name in request.headers for name in _CREDENTIAL_HEADERS)):
            return await super().serve(request, call, self.injected_faults.answer(call, answer))


def _add_routes(app: web.Application, simulator: ControlledSimulator) -> None:
    """Add the control endpoints.

    `POST /control/injected-faults` takes `{"account", "provider", "api"}` (each may be absent: all) with
    either `"error"`, a name of `provider.EVERYWHERE` or `provider.REFUSALS`, or the fields of `InjectedFault`, or
    both. `DELETE /control/injected-faults` takes the same three, nothing for every fault. `GET /control/calls`
    and `GET /control/state` show; `DELETE /control/calls` begins to count anew.
    """
    scenario, clock = simulator.scenario, simulator.clock
    injected_faults, calls = simulator.injected_faults, simulator.calls

    async def post_fault(request: web.Request) -> web.Response:
        try:
            target, fault = _read_fault(await request.json(), scenario)
        except (ValueError, KeyError) as error:
            return web.json_response({"error": str(error)}, status=400)
        injected_faults.inject(fault, **target)
        return web.Response(status=204)

    async def delete_faults(request: web.Request) -> web.Response:
        target = _target(await request.json()) if request.can_read_body else {}
        injected_faults.clear(**target)
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

    async def get_state(_request: web.Request) -> web.Response:
        now = clock.now()
        accounts = {account.name: asdict(scenario.state(account.name, now)) for account in scenario.accounts}
        return web.json_response({"now": now, "start": scenario.start, "accounts": accounts})

    app.router.add_post("/control/injected-faults", post_fault)
    app.router.add_delete("/control/injected-faults", delete_faults)
    app.router.add_get("/control/calls", get_calls)
    app.router.add_delete("/control/calls", delete_calls)
    app.router.add_get("/control/state", get_state)


def _target(document: dict[str, Any]) -> dict[str, str | None]:
    return {name: document.get(name) for name in ("account", "provider", "api")}


def _read_fault(document: dict[str, Any], scenario: Scenario) -> tuple[dict[str, str | None], InjectedFault]:
    target = _target(document)
    fields = {name: value for name, value in document.items() if name not in {*target, "error"}}
    if "error" in document:
        account, provider = target["account"], target["provider"]
        known = scenario.providers[scenario.account(account).provider if account else provider or ""]
        api = target["api"] or next(iter(known.definition.apis))
        fields = {**asdict(known.error(api, document["error"])), **fields}
    return target, read_injected_fault(fields)
