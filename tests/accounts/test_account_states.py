"""An account under any interleaving of scrapes, faults, time, reloads and rotations: what must always hold.

Every balance that the provider tells is the time at which it told it, so that the age of a value can be
read off the value itself.
"""

import asyncio
import contextlib
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from exporter.accounts.observation import View
from exporter.accounts.registry import Registry
from exporter.accounts.resource import LATE_ANSWER_SECONDS
from exporter.accounts.scrape import scrape
from exporter.client.http import Call
from exporter.failure import Reason
from exporter.secrets.credential import Credential
from exporter.secrets.secret import Secret
from exporter.settings import AccountSettings
from tests.virtual import Reply, ScriptedClient, VirtualLoop, account, rng, settings

APIS = ("subscription", "credit", "contacts")
CACHE_TTL = 40.0
STALE_FOR = 100.0
TIMEOUT = 10.0
TINY = 1e-6

KINDS = {
    "good": Reply(),
    "slow": Reply(seconds=7.0),
    "hangs": Reply(seconds=1000.0),
    "refused": Reply(b'{"status": "fail", "data": {"authentication": "?"}}', 401),
    "forbidden": Reply(status=403),
    "limited": Reply(status=429, retry_after=200.0),
    "broken": Reply(status=500),
    "out": Reply(status=503),
    "gone": Reply(failure=Reason.CONNECTION),
    "unexpected": Reply(b"<html>"),
}


class AccountStates(RuleBasedStateMachine):
    """Drives one account of three apis in virtual time and watches every call and every view."""

    @initialize()
    def start(self) -> None:
        self.loop = VirtualLoop()
        self.kinds = dict.fromkeys(APIS, "good")
        self.client = ScriptedClient(self.reply)
        self.folder = tempfile.TemporaryDirectory()
        self.key = Path(self.folder.name) / "key"
        self.rotations = 0
        self.write_key()
        self.credential = Credential("api_key", {"api_key": Secret.from_file(self.key)})
        self.accounts = Registry(settings(self.settings()), self.client, self.loop.clock(), rng())
        self.scrapes: set[asyncio.Task[None]] = set()
        self.not_before = dict.fromkeys(APIS, 0.0)  # by a refusal: forgotten at a reload or a rotation
        self.not_before_limit = dict.fromkeys(APIS, 0.0)  # by a rate limit: never forgotten
        self.pace = dict.fromkeys(APIS, 0.0)
        self.retry_until = dict.fromkeys(APIS, -1.0)
        self.epoch = 0
        self.violations: list[str] = []

    def settings(self, **changes: Any) -> AccountSettings:
        return account(
            provider="qlara", credential=self.credential, cache_ttl=CACHE_TTL, stale_for_seconds=STALE_FOR,
            timeout=TIMEOUT, **changes,
        )  # fmt: skip

    def write_key(self) -> None:
        self.key.write_text(f"key-number-{self.rotations}-of-many")

    def run(self, main: Coroutine[Any, Any, Any]) -> None:
        self.loop.run_until_complete(main)

    def reply(self, call: Call) -> Reply:
        """What the provider does; watches that the call may be made, and what its end forbids."""
        api = call.url.rpartition("/")[2]
        now = self.loop.time()
        kind = KINDS[self.kinds[api]]
        retry, self.retry_until[api] = now <= self.retry_until[api], -1.0
        # An assertion here would become a failure of the api: it is kept for the invariant.
        if now < self.not_before[api] - TINY:
            self.violations.append(f"{api} is called inside its backoff")
        if now < self.not_before_limit[api] - TINY:
            self.violations.append(f"{api} is called inside its rate limit")
        if not retry and now < self.pace[api] - TINY:
            self.violations.append(f"{api} is called too soon")
        end = now + min(kind.seconds, TIMEOUT)
        self.loop.call_at(end, self.ended, api, self.kinds[api], self.epoch, retry)
        if kind.body or kind.status != 200 or kind.failure:
            return kind
        told = {"subscription": '"status": "ACTIVE", "features": {"t%s": true}', "contacts": '"used": %s',
                "credit": '"balance": %s, "currency": "EUR"'}[api]  # fmt: skip
        return Reply(b"{%s}" % (told % (now + kind.seconds)).encode(), seconds=kind.seconds)

    def ended(self, api: str, kind: str, epoch: int, was_retry: bool) -> None:
        now = self.loop.time()
        if kind in {"good", "slow"}:
            self.pace[api] = now + CACHE_TTL
            return
        self.pace[api] = now + min(CACHE_TTL, 30.0)
        if kind in {"out", "gone"} and not was_retry:
            self.retry_until[api] = now + 0.5
        if kind == "limited":
            self.not_before_limit[api] = now + 200.0
        elif kind == "forbidden":
            self.not_before[api] = now + 30.0
        elif kind == "refused" and epoch == self.epoch:
            self.not_before = {each: max(before, now + 30.0) for each, before in self.not_before.items()}
        elif kind == "refused":
            self.pace[api] = now  # it was the old key that was refused

    def check(self, view: View, began: float) -> None:
        now = self.loop.time()
        for observation in view.observations:
            readings = observation.readings
            if readings is None:
                assert observation.failure is not None, "neither values nor a failure"
                continue
            told = (
                readings.credits[0].balance
                if readings.credits
                else readings.contacts.used
                if readings.contacts
                else float(next(iter(readings.subscription.features))[1:])  # type: ignore[union-attr,arg-type]
            )
            age = now - told
            assert age >= -TINY
            # An answer that came after its waiters had left may be older, where it succeeded; that the key has
            # been refused since, elsewhere, doesn't take it away.
            reason = observation.failure and observation.failure.reason
            late = reason in {None, Reason.UNAUTHORIZED} and age <= LATE_ANSWER_SECONDS + (now - began) + TINY
            assert late or age <= CACHE_TTL + STALE_FOR + TINY, f"a value of {age} s"

    @rule(kind=st.sampled_from(sorted(KINDS)), apis=st.sets(st.sampled_from(APIS), min_size=1))
    def provider_changes(self, kind: str, apis: set[str]) -> None:
        for api in apis:
            self.kinds[api] = kind

    @rule(seconds=st.sampled_from([0.0, 0.05, 2.0, 9.5, None]))
    def scrape_whole(self, seconds: float | None) -> None:
        self.run(self.one_scrape(seconds))

    @rule(seconds=st.sampled_from([1.0, 5.0, 9.5, None]))
    def scrape_in_background(self, seconds: float | None) -> None:
        async def begin() -> None:
            task = asyncio.create_task(self.one_scrape(seconds))
            self.scrapes.add(task)
            task.add_done_callback(self.scrapes.discard)
            await asyncio.sleep(0)

        self.run(begin())

    @rule()
    def scrapes_are_cancelled(self) -> None:
        async def cancel() -> None:
            for task in list(self.scrapes):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

        self.run(cancel())

    async def one_scrape(self, seconds: float | None) -> None:
        began = self.loop.time()
        (view,) = await scrape(self.accounts, seconds)
        if seconds is not None:
            assert self.loop.time() - began <= seconds + TINY, "a scrape past its deadline"
        self.check(view, began)

    @rule(seconds=st.sampled_from([0.05, 1.0, 8.0, 29.0, 31.0, 39.0, 41.0, 90.0, 141.0, 290.0, 1000.0]))
    def time_passes(self, seconds: float) -> None:
        self.run(asyncio.sleep(seconds))

    @rule()
    def reload(self) -> None:
        self.forget()
        self.accounts.replace(settings(self.settings(labels={"version": str(self.epoch)})))

    @rule()
    def key_changes(self) -> None:
        self.rotations += 1
        self.write_key()
        self.forget()
        self.run(self.one_scrape(0.0))

    def forget(self) -> None:
        """What a reload and a rotation forget: refusals, and the pauses that they alone gave."""
        self.epoch += 1
        for api in APIS:
            newest = next(iter(self.accounts)).apis[api].resource.newest
            reason = getattr(getattr(newest, "result", None), "reason", None)
            if reason in {Reason.UNAUTHORIZED, Reason.FORBIDDEN}:
                self.pace[api] = 0.0
        self.not_before = dict.fromkeys(APIS, 0.0)

    @invariant()
    def one_call_at_a_time(self) -> None:
        if hasattr(self, "client"):
            assert self.client.most_in_flight <= 1
            assert self.violations == []

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            self.scrapes_are_cancelled()
            self.run(self.accounts.aclose())
            left = asyncio.all_tasks(self.loop)
            self.loop.close()
            self.folder.cleanup()
            assert not left, "tasks left behind"


TestAccountStates = AccountStates.TestCase
TestAccountStates.settings = hypothesis_settings(
    deadline=None, report_multiple_bugs=False, max_examples=250, stateful_step_count=40
)
