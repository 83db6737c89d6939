"""The providers behind one port, each under a path of its own that begins with its id: `/qlara`."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from aiohttp import web

from exporter.providers.catalogue import builtin
from exporter.simulator.answers import PUBLIC, respond
from exporter.simulator.clock import Clock
from exporter.simulator.errors import ERRORS
from exporter.simulator.scenario import Scenario
from exporter.simulator.sending import Answer, send
from exporter.simulator.sign_in import SignIn, SignInError

LATENCY_SECONDS = (0.02, 0.12)
"""Small and varied, as a provider in the same part of the world has it."""

UNKNOWN = ""
"""The account of a call without a known credential, as those for a public api are."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Call(NamedTuple):
    """Whose call it is, and for what."""

    account: str
    provider: str
    api: str


class Simulator:
    """Answers calls to the providers of a scenario's accounts.

    Latency is drawn between two numbers of seconds by the scenario's seed; `now` is the real time.
    """

    def __init__(
        self,
        scenario: Scenario,
        clock: Clock,
        *,
        latency_seconds: tuple[float, float] = LATENCY_SECONDS,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.scenario = scenario
        self.clock = clock
        self._latency_seconds = latency_seconds
        providers = {account.provider for account in scenario.accounts}
        self._sign_in = {provider: SignIn(provider, scenario.accounts, now) for provider in providers}
        self._calls: Counter[Call] = Counter()
        self._closing = asyncio.Event()

    def app(self) -> web.Application:
        """An aiohttp application with the providers' paths; to be bound to loopback only."""
        app = web.Application()
        for provider in self._sign_in:
            for name, api in builtin()[provider].apis.items():
                handler = self._public(provider, name) if api.public else self._signed(provider, name)
                app.router.add_get(f"/{provider}{api.path}", handler)
        app.on_shutdown.append(self._close)
        return app

    async def _close(self, _app: web.Application) -> None:
        self._closing.set()

    def _signed(self, provider: str, api: str) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                account = self._sign_in[provider].account(_url(request), request.headers)
            except SignInError as error:
                return await self.serve(request, Call(UNKNOWN, provider, api), ERRORS[provider][error.name])
            answer = respond(self.scenario, account, api, self.clock.now())
            return await self.serve(request, Call(account.name, provider, api), answer)

        return handle

    def _public(self, provider: str, api: str) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await self.serve(request, Call(UNKNOWN, provider, api), PUBLIC[provider, api])

        return handle

    async def serve(self, request: web.Request, call: Call, answer: Answer) -> web.StreamResponse:
        """Send the answer to a call, after the latency of its turn among those of its kind."""
        self._calls[call] += 1
        return await send(request, answer, self.latency_seconds(call, self._calls[call]), self._closing)

    def latency_seconds(self, call: Call, number: int) -> float:
        """How long the `number`-th call of its kind waits."""
        low, high = self._latency_seconds
        if high <= 0:
            return 0.0
        draw = random.Random(f"{self.scenario.seed}/{call}/{number}")  # noqa: S311  no secret
        return draw.uniform(low, high)


def _url(request: web.Request) -> str:
    # As the client wrote it: a signature covers it byte for byte.
    return f"{request.scheme}://{request.host}{request.raw_path}"
