"""Sign-in as the providers check it: from a request's headers to the account, or to the error's name."""

import base64
import binascii
import hmac
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from oauthlib.common import Request
from oauthlib.oauth1.rfc5849 import signature

from exporter.simulator.account import Account
from exporter.simulator.errors import ERRORS

_WINDOW_SECONDS = 300.0


class SignInError(Exception):
    """The credential is missing or wrong; `name` is one of `errors.ERRORS`."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class SignIn:
    """Knows the credentials of one provider's accounts, and the nonces that were used.

    `now` is the real time, in Unix seconds: signatures carry it, however fast the scenario goes.
    """

    def __init__(self, provider: str, accounts: Sequence[Account], now: Callable[[], float] = time.time) -> None:
        mine = [account for account in accounts if account.provider == provider]
        self._provider = provider
        self._now = now
        self._keys = {a.auth["api_key"]: a for a in mine if "api_key" in a.auth}
        self._tokens = {a.auth["token"]: a for a in mine if "token" in a.auth}
        self._users = {a.auth["basic"]["username"]: a for a in mine if "basic" in a.auth}
        self._consumers = {a.auth["oauth1"]["consumer_key"]: a for a in mine if "oauth1" in a.auth}
        self._nonces: dict[tuple[str, str, str], float] = {}

    def account(self, url: str, headers: Mapping[str, str]) -> Account:
        """The account that a GET of `url`, as the client wrote it, is made for.

        Raises:
            SignInError: the credential is missing or wrong.
        """
        scheme, _, credentials = headers.get("Authorization", "").partition(" ")
        match scheme.lower():
            case "basic":
                return self._basic(credentials)
            case "token":
                return _known(self._tokens, credentials)
            case "oauth":
                return self._oauth1(url, headers["Authorization"])
            case _:
                return _known(self._keys, headers.get("X-Api-Key", ""))

    def _basic(self, credentials: str) -> Account:
        try:
            username, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise SignInError("key_rejected") from error
        account = _known(self._users, username)
        if not hmac.compare_digest(account.auth["basic"]["password"].encode(), password.encode()):
            raise SignInError("key_rejected")
        return account

    def _oauth1(self, url: str, authorization: str) -> Account:
        sent = signature.collect_parameters(headers={"Authorization": authorization}, exclude_oauth_signature=False)
        given = dict(sent)
        account = self._consumers.get(given.get("oauth_consumer_key", ""))
        if account is None:
            raise self._refused("consumer_key_rejected")
        secrets = account.auth["oauth1"]
        request: Any = Request(url, "GET")  # oauthlib hangs more on it than it declares
        request.params = [(name, value) for name, value in sent if name != "oauth_signature"]
        request.params += signature.collect_parameters(uri_query=request.uri_query)
        request.signature = given.get("oauth_signature", "")
        if (
            given.get("oauth_signature_method") != "HMAC-SHA1"
            or given.get("oauth_version", "1.0") != "1.0"
            or given.get("oauth_token") != secrets.get("token")
            or not signature.verify_hmac_sha1(request, secrets["consumer_secret"], secrets.get("token_secret"))
        ):
            raise self._refused("signature_rejected")
        self._check_freshness(given)
        return account

    def _check_freshness(self, given: Mapping[str, str]) -> None:
        stamp, now = given.get("oauth_timestamp", ""), self._now()
        if not stamp.isdecimal() or abs(int(stamp) - now) > _WINDOW_SECONDS:
            raise self._refused("timestamp_expired")
        self._nonces = {used: at for used, at in self._nonces.items() if at >= now - 2 * _WINDOW_SECONDS}
        nonce = (given["oauth_consumer_key"], stamp, given.get("oauth_nonce", ""))
        if not nonce[2] or nonce in self._nonces:
            raise self._refused("nonce_used")
        self._nonces[nonce] = now

    def _refused(self, name: str) -> SignInError:
        # Not every provider says what is wrong with a signature.
        return SignInError(name if name in ERRORS[self._provider] else "key_rejected")


def _known(accounts: Mapping[str, Account], credential: str) -> Account:
    account = accounts.get(credential)
    if account is None:
        raise SignInError("key_rejected")
    return account
