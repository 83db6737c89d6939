"""The providers behind one port, each under a path of its own that begins with its id."""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from aiohttp import web

from exporter.providers import compose
from exporter.providers.template import Template
from exporter.simulator.account import Account
from exporter.simulator.answers import public, respond
from exporter.simulator.clock import Clock
from exporter.simulator.provider import Provider, sent
from exporter.simulator.requests import Asked, Claim, OtherRequestError, claims, path_claims
from exporter.simulator.scenario import Scenario
from exporter.simulator.sending import Answer, send
from exporter.simulator.sign_in import TOKEN_SECONDS, SignIn, SignInError

LATENCY_SECONDS = (0.02, 0.12)
"""Small and varied, as a provider in the same part of the world has it."""

UNKNOWN = ""
"""The account of a call without a known credential, as those for a public api are."""

SIGN_IN = "sign-in"
"""Stands for the api of a call that signs in."""

_NOT_FOUND = Answer(404, b"", content_type="text/plain")
_NOT_ALLOWED = Answer(405, b"", content_type="text/plain")
_NO_CLIENT = Answer(401, b'{"error": "invalid_client"}')


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
        self._desks = {
            name: _Desk(self, name, provider, SignIn(provider.definition, _of(scenario, name), now))
            for name, provider in scenario.providers.items()
        }
        self._calls: Counter[Call] = Counter()
        self._closing = asyncio.Event()

    def app(self) -> web.Application:
        """An aiohttp application with the providers' paths; to be bound to loopback only."""
        app = web.Application()
        for name, desk in self._desks.items():
            app.router.add_route("*", f"/{name}{{path:/.*}}", self._handler(name, desk))
        app.on_shutdown.append(self._close)
        return app

    async def _close(self, _app: web.Application) -> None:
        self._closing.set()

    def _handler(self, name: str, desk: "_Desk") -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            # As the client wrote it: a signature covers it byte for byte.
            url = f"{request.scheme}://{request.host}{request.raw_path}"
            path = request.raw_path.partition("?")[0].removeprefix(f"/{name}")
            asked = Asked(request.method, url, path, request.headers, await request.read())
            call, answer = desk.answer(asked)
            return await (
                send(request, answer, 0, self._closing) if call is None else self.serve(request, call, answer)
            )

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


class _Desk:
    """Where one provider's requests are answered."""

    def __init__(self, simulator: Simulator, name: str, provider: Provider, sign_in: SignIn) -> None:
        self._simulator = simulator
        self._name = name
        self._provider = provider
        self._sign_in = sign_in
        oauth2 = provider.definition.sign_in.get("oauth2")
        self._token_path = None if oauth2 is None or oauth2.token_url is None else token_path(oauth2.token_url)
        self._public: dict[str, Answer] = {}

    def answer(self, asked: Asked) -> tuple[Call | None, Answer]:
        """The call that a request makes (None for no documented one), and the answer to it."""
        if self._token_path is not None and asked.method == "POST" and _is_at(self._token_path, asked):
            return Call(UNKNOWN, self._name, SIGN_IN), self._token(asked)
        for form, found in self._sessions(asked):
            return Call(UNKNOWN, self._name, SIGN_IN), self._session(form, asked, found)
        paths: list[Template] = []
        for name, api in self._provider.definition.apis.items():
            try:
                return self._api(name, asked, claims(api, self._provider.definition.methods(api), asked))
            except OtherRequestError:
                paths.append(api.path)
        return None, _NOT_ALLOWED if any(_is_at(path, asked) for path in paths) else _NOT_FOUND

    def _api(self, name: str, asked: Asked, found: list[Claim]) -> tuple[Call, Answer]:
        definition = self._provider.definition
        api = definition.apis[name]
        if api.public:
            if name not in self._public:
                self._public[name] = sent(compose.answer(public(api), definition, api))
            return Call(UNKNOWN, self._name, name), self._public[name]
        try:
            account = self._sign_in.account(asked, found)
        except SignInError:
            return Call(UNKNOWN, self._name, name), self._provider.error(name, "key_rejected")
        scenario = self._simulator.scenario
        return Call(account.name, self._name, name), respond(scenario, account, name, self._simulator.clock.now())

    def _sessions(self, asked: Asked) -> Iterator[tuple[str, list[Claim]]]:
        for form, placement in self._provider.definition.sign_in.items():
            if placement.session is not None:
                try:
                    yield form, claims(placement.session.call, [placement.session.method(placement)], asked)
                except OtherRequestError:
                    continue

    def _session(self, form: str, asked: Asked, found: list[Claim]) -> Answer:
        try:
            return sent(self._sign_in.session(form, asked, found))
        except SignInError:
            return self._provider.error(next(iter(self._provider.definition.apis)), "key_rejected")

    def _token(self, asked: Asked) -> Answer:
        try:
            token = self._sign_in.token(asked)
        except SignInError:
            return _NO_CLIENT
        told = {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS}
        return Answer(200, json.dumps(told).encode())


def _of(scenario: Scenario, provider: str) -> Iterator[Account]:
    return (account for account in scenario.accounts if account.provider == provider)


def token_path(url: Template) -> Template:
    """Where a token is asked for: the path of a whole URL, as if it lay below the base URL."""
    return url if url.startswith("/") else Template(urlsplit(url).path or "/")


def _is_at(path: Template, asked: Asked) -> bool:
    try:
        path_claims(path, asked.path)
    except OtherRequestError:
        return False
    return True
