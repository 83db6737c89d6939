"""Whether a request's user and password are right, without telling by its time which of the two is wrong."""

import asyncio
import hashlib
import secrets
import time
from base64 import b64decode
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import bcrypt

_MOST_REMEMBERED = 100
_WRONG_SECONDS = 60.0
"""How long a wrong password is remembered: a client that repeats it costs nothing."""

_AT_ONCE = 2
_MOST_WAITING = 100


class BusyError(Exception):
    """More passwords wait for their check than can be checked soon."""


class Passwords:
    """Checks HTTP basic authentication against bcrypt hashes, two at a time and beside the event loop.

    Who was right is remembered, under a key from which no password can be had, since bcrypt is slow on purpose:
    a scrape a minute wouldn't need that, a person who clicks does. So is for a while who was wrong.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._right: set[bytes] = set()
        self._wrong: dict[bytes, float] = {}
        self._turns = _Turns()
        self._threads = ThreadPoolExecutor(_AT_ONCE, "passwords")

    async def admit(self, users: Mapping[str, str], authorization: str, client: str = "") -> bool:
        """Whether a header Authorization names one of the users (never empty) with the right password.

        `client` is the address that asks: those of others don't wait behind its passwords.

        Raises:
            BusyError: too many wait already.
        """
        given = _given(authorization)
        if given is None:
            return False
        user, password = given
        # A user whom nobody knows costs what the dearest of the others does.
        hashed = users.get(user) or max(users.values(), key=lambda each: each[4:6])
        is_user = user in users
        key = hashlib.blake2b(repr((user, is_user, hashed, password)).encode(), key=self._key).digest()
        known = self._remembered(key)
        if known is not None:
            return known
        await self._turns.take(client)
        try:
            known = self._remembered(key)  # the same one may have been checked meanwhile
            if known is None:
                check = asyncio.get_running_loop().run_in_executor(self._threads, _is_right, password, hashed)
                known = await check and is_user
                self._remember(key, is_right=known)
        finally:
            self._turns.give_back()
        return known

    def _remembered(self, key: bytes) -> bool | None:
        if key in self._right:
            return True
        return False if self._wrong.get(key, 0.0) > time.monotonic() else None

    def _remember(self, key: bytes, *, is_right: bool) -> None:
        if is_right:
            if len(self._right) >= _MOST_REMEMBERED:
                self._right.clear()
            self._right.add(key)
        else:
            if len(self._wrong) >= _MOST_REMEMBERED:
                del self._wrong[next(iter(self._wrong))]
            self._wrong[key] = time.monotonic() + _WRONG_SECONDS


class _Turns:
    """Whose password is checked next: clients take turns, and of one client the newest comes first.

    So a right password waits neither behind another client's wrong ones, nor behind those that its own client, or
    the proxy before both, has sent earlier. Past a bound the oldest of the client that has most waiting is let go.
    """

    def __init__(self) -> None:
        self._free = _AT_ONCE
        self._waiting: dict[str, list[asyncio.Future[None]]] = {}

    async def take(self, client: str) -> None:
        """Wait for a turn; give it back afterwards."""
        if self._free:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(client, []).append(turn)
        if sum(map(len, self._waiting.values())) > _MOST_WAITING:
            most = max(self._waiting, key=lambda each: len(self._waiting[each]))
            oldest = self._pop(most, 0)
            if not oldest.cancelled():
                oldest.set_exception(BusyError())
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self.give_back()
            raise

    def give_back(self) -> None:
        """Hand a turn on to the next client, if one waits."""
        while self._waiting:
            client = next(iter(self._waiting))
            turn = self._pop(client, -1)
            if client in self._waiting:
                self._waiting[client] = self._waiting.pop(client)  # behind all others
            if not turn.cancelled():
                turn.set_result(None)
                return
        self._free += 1

    def _pop(self, client: str, place: int) -> asyncio.Future[None]:
        turns = self._waiting[client]
        turn = turns.pop(place)
        if not turns:
            del self._waiting[client]
        return turn


def _given(authorization: str) -> tuple[str, str] | None:
    """User and password of a header (RFC 7617); None where it has none."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        user, colon, password = b64decode(encoded.strip(), validate=True).decode().partition(":")
    except ValueError:
        return None
    return (user, password) if scheme.lower() == "basic" and colon else None


def _is_right(password: str, hashed: str) -> bool:
    try:
        return bcrypt.checkpw(password.encode(), hashed.encode())
    except ValueError:  # longer than the 72 bytes that bcrypt looks at
        return False
