"""An account's sign-in by a call of its own: made once for all who ask, and again once what it gave is refused."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from exporter.client.http import Answer, Call
from exporter.client.signing import ACCESS_TOKEN, Signer
from exporter.failure import Failure, FailureError, Reason
from exporter.providers import sessions
from exporter.providers.definition import DEFAULT_MAX_BYTES
from exporter.providers.request import Prepared
from exporter.secrets import redaction

T = TypeVar("T")

Send = Callable[[Call], Awaitable[Answer]]
"""Makes a call, which counts for who asks."""

_EARLY = 0.1
"""The part of its life before whose end a token is no longer used: it has to last for the calls that carry it."""


@dataclass(eq=False, slots=True, repr=False)
class Kept:
    """What a sign-in gave, by name, until `ends` (monotonic); hidden wherever it is shown."""

    values: Mapping[str, str]
    ends: float
    _hidden: redaction.Hidden


class Session:
    """What is kept of an account's newest sign-in. One call is in flight, however many ask."""

    def __init__(self, signer: Signer) -> None:
        self.signer = signer
        self._kept: Kept | None = None
        self._ended = 0
        self._failure: Failure | None = None
        self._as_basic = False
        self._calling = asyncio.Lock()

    async def kept(self, base_url: str, send: Send, now: Callable[[], float]) -> Kept:
        """What the newest sign-in gave; signs in where there is none any more. `now` is monotonic.

        Raises:
            FailureError: as a call, or as the answer is.
        """
        if self._kept is not None and now() < self._kept.ends:
            return self._kept
        ended = self._ended
        async with self._calling:
            if self._kept is not None and now() < self._kept.ends:
                return self._kept
            if self._ended != ended and self._failure is not None:
                raise FailureError(self._failure)  # of the call that was waited for
            self._kept = self._failure = None
            try:
                self._kept = await self._sign_in(base_url, send, now)
            except FailureError as error:
                self._failure = error.failure
                raise
            finally:
                self._ended += 1
            return self._kept

    def refuse(self, kept: Kept) -> None:
        """What it gave was refused: it isn't used again."""
        if self._kept is kept:
            self._kept = None

    async def _sign_in(self, base_url: str, send: Send, now: Callable[[], float]) -> Kept:
        session = self.signer.sign_in.session
        if session is None:
            return await self._token(base_url, send, now)
        answer = await send(self._call(self.signer.session_call(session, base_url)))
        values = _read(answer, lambda: sessions.kept(answer.status, answer.body, self.signer.provider, session))
        return Kept(values, now() + session.lives, redaction.register(*values.values()))

    async def _token(self, base_url: str, send: Send, now: Callable[[], float]) -> Kept:
        """A token. Servers take the client's id and secret in one of two places: the other is tried after a refusal."""
        try:
            return await self._token_by(base_url, send, now)
        except FailureError as error:
            if error.failure.reason is not Reason.UNAUTHORIZED and error.failure.reason is not Reason.BAD_REQUEST:
                raise
        self._as_basic = not self._as_basic
        return await self._token_by(base_url, send, now)

    async def _token_by(self, base_url: str, send: Send, now: Callable[[], float]) -> Kept:
        answer = await send(self._call(self.signer.token_call(base_url, as_basic=self._as_basic), signs=False))
        token, seconds = _read(answer, lambda: sessions.token(answer.status, answer.body, self.signer.provider))
        ends = math.inf if seconds is None else now() + seconds * (1 - _EARLY)
        return Kept({ACCESS_TOKEN: token}, ends, redaction.register(token))

    def _call(self, prepared: Prepared, *, signs: bool = True) -> Call:
        return Call(prepared, DEFAULT_MAX_BYTES, self.signer, self.signer.sign if signs else None)


def _read(answer: Answer, read: Callable[[], T]) -> T:
    try:
        return read()
    except FailureError as error:
        error.failure = answer.timed(error.failure)
        raise
