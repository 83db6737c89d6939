"""A loop whose time passes at once, and a provider that answers by script: for tests of waiting."""

import asyncio
import random
import selectors
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from exporter.accounts.resource import Clock
from exporter.client.http import Answer, Call
from exporter.failure import Failure, FailureError, Reason
from exporter.providers.catalogue import builtin
from exporter.secrets.credential import Credential
from exporter.settings import AccountSettings, ApiSettings, HttpSettings, Settings
from tests import sign_in

T = TypeVar("T")

WALL = 1_800_000_000.0
"""Unix time at which a virtual loop begins."""


class _Selector(selectors.DefaultSelector):
    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if not events and timeout is None:
            raise AssertionError("everything waits for something that never comes")
        if not events:
            self.loop.now += timeout or 0.0
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """Where nothing is ready, time jumps to the next timer."""

    def __init__(self) -> None:
        self.now = 0.0
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.now

    def clock(self) -> Clock:
        return Clock(self.time, lambda: WALL + self.now)


def run(main: Callable[[VirtualLoop], Coroutine[Any, Any, T]]) -> T:
    """Run a test's coroutine in virtual time; a task that is left over fails the test."""

    async def whole() -> T:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        result = await main(loop)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"tasks left: {left}"
        return result

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(whole())


Script = Callable[[Call], "Reply"]


@dataclass
class Reply:
    """What the scripted provider does with one call: after `seconds` an answer, or a failure without one."""

    body: bytes = b""
    status: int = 200
    seconds: float = 0.1
    retry_after: float | None = None
    failure: Reason | None = None


def agile(credit: float = 10.324, seconds: float = 0.1) -> Reply:
    return Reply(b'{"credit": %s}' % str(credit).encode(), seconds=seconds)


@dataclass
class ScriptedClient:
    """Stands for the network: every call asks the script what happens."""

    script: Script
    calls: list[tuple[float, str]] = field(default_factory=list)
    in_flight: dict[str, int] = field(default_factory=dict)
    most_in_flight: int = 0
    headers: list[dict[str, str]] = field(default_factory=list)

    async def get(self, call: Call, http: HttpSettings) -> Answer:
        del http
        loop = asyncio.get_running_loop()
        self.calls.append((loop.time(), call.url))
        self.headers.append({name: text for name, text in call.signed().headers.items() if name != "Accept"})
        self.in_flight[call.url] = self.in_flight.get(call.url, 0) + 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight[call.url])
        try:
            reply = self.script(call)
            await asyncio.sleep(reply.seconds)
        finally:
            self.in_flight[call.url] -= 1
        if reply.failure is not None:
            raise FailureError(Failure(reply.failure, "as the script says"))
        return Answer(reply.status, reply.body, ("content-type",), reply.retry_after)

    def keep_only(self, in_use: set[HttpSettings]) -> None:
        pass

    async def aclose(self) -> None:
        pass

    def count(self, ending: str = "") -> int:
        return sum(url.endswith(ending) for _, url in self.calls)


def account(
    name: str = "techstore",
    provider: str = "agiletelecom",
    base_url: str = "https://provider.test",
    credential: Credential | None = None,
    **changes: Any,
) -> AccountSettings:
    """Settings of one account with its provider's standard apis and times."""
    definition = builtin()[provider]
    names = changes.pop("apis", None) or [name for name, api in definition.apis.items() if api.standard]
    cache_ttl = changes.pop("cache_ttl", None)
    apis = tuple(
        ApiSettings(
            api,
            base_url + definition.apis[api].path,
            base_url,
            definition.apis[api].path,
            definition.apis[api].cache_ttl if cache_ttl is None else cache_ttl,
            changes.get("timeout", 10.0),
        )
        for api in names
    )
    changes.pop("timeout", None)
    credential = credential or sign_in.credential(next(iter(definition.sign_in)), f"key-of-{name}")
    return AccountSettings(name, definition, credential, apis, **changes)


def settings(*accounts: AccountSettings) -> Settings:
    return Settings(tuple(accounts))


def rng() -> random.Random:
    return random.Random(1)
