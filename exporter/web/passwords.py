"""Whether a request's user and password are right, without telling by its time which of the two is wrong."""

import asyncio
import hashlib
import secrets
from base64 import b64decode
from collections.abc import Mapping

import bcrypt

_MOST_REMEMBERED = 100


class Passwords:
    """Checks HTTP basic authentication against bcrypt hashes, one at a time and beside the event loop.

    Who was right is remembered, under a key from which no password can be had, since bcrypt is slow on purpose:
    a scrape a minute wouldn't need that, a person who clicks does.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._remembered: set[bytes] = set()
        self._one_at_a_time = asyncio.Lock()

    async def admit(self, users: Mapping[str, str], authorization: str) -> bool:
        """Whether a header Authorization names one of the users (never empty) with the right password."""
        given = _given(authorization)
        if given is None:
            return False
        user, password = given
        # A user whom nobody knows costs what the dearest of the others does.
        hashed = users.get(user) or max(users.values(), key=lambda each: each[4:6])
        key = hashlib.blake2b(repr((user, hashed, password)).encode(), key=self._key).digest()
        if key in self._remembered:
            return True
        async with self._one_at_a_time:
            is_right = await asyncio.to_thread(_is_right, password, hashed)
        if is_right and user in users:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered.add(key)
            return True
        return False


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
