"""The providers behind one port, each under a path of its own: `/agiletelecom`, `/gatewayapi`, `/qlara`."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

from aiohttp import web

from exporter.simulator import control
from exporter.simulator.answers import PRICES, told
from exporter.simulator.calls import UNKNOWN, Call, Calls
from exporter.simulator.clock import Clock
from exporter.simulator.errors import ERRORS
from exporter.simulator.faults import Fault, Faults
from exporter.simulator.script import ProviderId
from exporter.simulator.sending import send
from exporter.simulator.sign_in import SignIn, SignInError
from exporter.simulator.story import Story

LATENCY_SECONDS = (0.02, 0.12)
"""Small and varied, as a provider in the same part of the world has it."""

_QLARA = "/api/v1/partner-gateway/subscription"
_SIGNED: tuple[tuple[ProviderId, str, str], ...] = (
    ("agiletelecom", "credit", "/services/sms/credit"),
    ("gatewayapi", "credit", "/rest/me"),
    ("qlara", "subscription", _QLARA),
    ("qlara", "credit", f"{_QLARA}/credit"),
    ("qlara", "contacts", f"{_QLARA}/contacts"),
)
_PRICES_PATH = "/api/prices/list/sms/json"
_CREDENTIAL_HEADERS = ("Authorization", "X-Api-Key", "Cookie")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Simulator:
    """Answers calls by the story, or by a fault where one is in force.

    Latency is drawn between two numbers of seconds by the story's seed; `now` is the real time.
    """

    def __init__(
        self,
        story: Story,
        clock: Clock,
        faults: Faults | None = None,
        *,
        latency_seconds: tuple[float, float] = LATENCY_SECONDS,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.story = story
        self.clock = clock
        self.faults = Faults() if faults is None else faults
        self.calls = Calls(now)
        self._latency_seconds = latency_seconds
        self._sign_in = {provider: SignIn(provider, story.accounts, now) for provider in ERRORS}
        self._closing = asyncio.Event()

    def app(self) -> web.Application:
        """The application: the providers' paths, and `/control`."""
        app = web.Application()
        for provider, api, path in _SIGNED:
            app.router.add_get(f"/{provider}{path}", self._signed(provider, api))
        app.router.add_get(f"/gatewayapi{_PRICES_PATH}", self._price_list)
        control.add_routes(app, self.story, self.clock, self.faults, self.calls)
        app.on_shutdown.append(self._close)
        return app

    async def _close(self, _app: web.Application) -> None:
        self._closing.set()

    def _signed(self, provider: ProviderId, api: str) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                account = self._sign_in[provider].account(_url(request), request.headers)
            except SignInError as error:
                return await self._serve(request, Call(UNKNOWN, provider, api), ERRORS[provider][error.name])
            said = told(self.story, account, api, self.clock.now())
            return await self._serve(request, Call(account.name, provider, api), said)

        return handle

    async def _price_list(self, request: web.Request) -> web.StreamResponse:
        return await self._serve(request, Call(UNKNOWN, "gatewayapi", "prices"), PRICES)

    async def _serve(self, request: web.Request, call: Call, usual: Fault) -> web.StreamResponse:
        with self.calls.recorded(call, credential=_has_credential(request)) as number:
            fault = self.faults.take(call.account or None, call.provider, call.api)
            if fault is None:
                fault = usual
            elif fault.status is None:
                fault = replace(usual, delay_seconds=fault.delay_seconds, ending=fault.ending)
            return await send(request, fault, self.latency_seconds(call, number), self._closing)

    def latency_seconds(self, call: Call, number: int) -> float:
        """How long the `number`-th call of its kind waits, faults aside."""
        low, high = self._latency_seconds
        if high <= 0:
            return 0.0
        draw = random.Random(f"{self.story.seed}/{call}/{number}")  # noqa: S311  a story, not a secret
        return draw.uniform(low, high)


def create_app(
    story: Story,
    clock: Clock,
    faults: Faults | None = None,
    *,
    latency_seconds: tuple[float, float] = LATENCY_SECONDS,
) -> web.Application:
    """The simulated providers as an aiohttp application; to be bound to loopback only."""
    return Simulator(story, clock, faults, latency_seconds=latency_seconds).app()


def _url(request: web.Request) -> str:
    # As the client wrote it: a signature covers it byte for byte.
    return f"{request.scheme}://{request.host}{request.raw_path}"


def _has_credential(request: web.Request) -> bool:
    return any(name in request.headers for name in _CREDENTIAL_HEADERS)
