"""Sign-in as a provider's definition has it: from a request to the account that it is made for."""

import base64
import binascii
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count
from typing import Any

from oauthlib.common import Request
from oauthlib.oauth1.rfc5849 import signature

from exporter.providers import compose
from exporter.providers.definition import Definition
from exporter.providers.definition import SignIn as Placement
from exporter.simulator import signed
from exporter.simulator.account import Account
from exporter.simulator.requests import Asked, Claim, OtherRequestError, header_claims

_WINDOW_SECONDS = 300.0
TOKEN_SECONDS = 3600
_OAUTH2_PARTS = ("client_id", "client_secret")


class SignInError(Exception):
    """The credential is missing or wrong."""


class SignIn:
    """Knows the credentials of one provider's accounts, what it gave out for them, and the nonces that were used.

    `now` is the real time, in Unix seconds: signatures carry it, however fast the scenario goes.
    """

    def __init__(
        self, definition: Definition, accounts: Iterable[Account], now: Callable[[], float] = time.time
    ) -> None:
        self._definition = definition
        self._now = now
        self._known: dict[str, dict[Claim, set[str]]] = defaultdict(lambda: defaultdict(set))
        self._accounts: dict[str, Account] = {}
        defaults = {name: each.default for name, each in definition.settings.items() if each.default is not None}
        for account in accounts:
            form, parts = credential(account)
            self._accounts[account.name] = account
            for claim in {**defaults, **account.settings, **parts}.items():
                self._known[form][claim].add(account.name)
        self._given: dict[tuple[str, frozenset[Claim]], tuple[Account, float]] = {}
        self._numbers = count(1)
        self._nonces: dict[tuple[str, str, str], float] = {}

    def account(self, asked: Asked, claims: Sequence[Claim]) -> Account:
        """The account that a call is made for; `claims` are what stood where the api's request has names.

        Raises:
            SignInError: the credential is missing or wrong.
        """
        for form, placement in self._definition.sign_in.items():
            try:
                if placement.session is not None:
                    return self._of_session(form, placement, asked, claims)
                if form == "oauth2":
                    return self._received("oauth2", [("token", _word(asked, "bearer"))])
                return self._signed(form, placement, asked, claims)
            except (SignInError, OtherRequestError):
                continue
        raise SignInError

    def token(self, asked: Asked) -> str:
        """A token for the client that asks for one, its id and secret in the form or as Basic (RFC 6749).

        Raises:
            SignInError: the client isn't known.
        """
        form = dict(asked.form)
        try:
            proof = [(part, form[part]) for part in _OAUTH2_PARTS]
        except KeyError:
            proof = [*zip(_OAUTH2_PARTS, (text for _, text in _basic(asked)), strict=True)]
        if form.get("grant_type") != "client_credentials":
            raise SignInError
        account = self._find("oauth2", proof)
        token = f"demo-token-{next(self._numbers)}"
        self._give("oauth2", [("token", token)], account, TOKEN_SECONDS)
        return token

    def session(self, form: str, asked: Asked, claims: Sequence[Claim]) -> compose.Composed:
        """The answer to a call that signs in.

        Raises:
            SignInError: the credential is missing or wrong.
        """
        placement = self._definition.sign_in[form]
        session = placement.session
        assert session is not None  # noqa: S101  # for the type checker
        account = self._signed(form, placement, asked, claims)
        number = next(self._numbers)
        for written in ("demo-{name}-{number}", "{number:032x}", "{number}"):
            kept = {name: written.format(name=name, number=number) for name in session.keep}
            try:
                composed = compose.session(session, kept)
            except compose.ComposeError:
                continue
            self._give(form, kept.items(), account, session.lives)
            return composed
        raise SignInError

    def _of_session(self, form: str, placement: Placement, asked: Asked, claims: Sequence[Claim]) -> Account:
        session = placement.session
        assert session is not None  # noqa: S101  # for the type checker
        found = dict([*claims, *header_claims(session.headers, asked)])
        return self._received(form, [(name, found[name]) for name in session.keep if name in found])

    def _give(self, form: str, kept: Iterable[Claim], account: Account, seconds: float) -> None:
        now = self._now()
        self._given = {key: each for key, each in self._given.items() if each[1] > now}
        self._given[form, frozenset(kept)] = account, now + seconds

    def _received(self, form: str, kept: Iterable[Claim]) -> Account:
        """Whose it was given to, what a request shows a part or all of."""
        shown = set(kept)
        for (given_form, given), (account, until) in self._given.items():
            if given_form == form and shown and shown <= given and until > self._now():
                return account
        raise SignInError

    def _signed(self, form: str, placement: Placement, asked: Asked, claims: Sequence[Claim]) -> Account:
        """The account of a form's own secret, or of what a signature names of it."""
        parts = self._definition.parts(form)
        stood = [claim for claim in claims if claim[0] in parts or claim[0] in self._definition.settings]
        if form == "oauth1":
            return self._oauth1(asked)
        if placement.signature is not None:
            return self._of_signature(form, placement, asked, stood)
        if form == "basic":
            proof = _basic(asked)
        else:
            proof = [*_placed(parts[0], placement, asked)] or [claim for claim in stood if claim[0] in parts]
        if not proof:
            raise SignInError
        return self._find(form, [*proof, *stood])

    def _of_signature(self, form: str, placement: Placement, asked: Asked, stood: Sequence[Claim]) -> Account:
        name = placement.signature or ""
        found = signed.shown(name, asked)
        if found is None:
            raise SignInError
        account = self._find(form, [*signed.keys(found), *stood])
        parts, at = credential(account)[1], signed.time_of(found)
        defaults = {name: each.default or "" for name, each in self._definition.settings.items()}
        options = {key: text.fill({**defaults, **account.settings, **parts}) for key, text in placement.options.items()}
        if at is None or abs(at - self._now()) > _WINDOW_SECONDS:
            raise SignInError
        if not signed.is_right(name, asked, found, parts, options, at):
            raise SignInError
        return account

    def _find(self, form: str, proof: Sequence[Claim]) -> Account:
        known = self._known[form]
        fitting = set.intersection(*(known.get(claim, set()) for claim in proof))
        if not fitting:
            raise SignInError
        return self._accounts[min(fitting)]

    def _oauth1(self, asked: Asked) -> Account:
        authorization = asked.headers.get("Authorization", "")
        if not authorization.lower().startswith("oauth "):
            raise SignInError
        sent = signature.collect_parameters(headers={"Authorization": authorization}, exclude_oauth_signature=False)
        given = dict(sent)
        account = self._find("oauth1", [("consumer_key", given.get("oauth_consumer_key", ""))])
        secrets = account.auth["oauth1"]
        method: Any = asked.method
        request: Any = Request(asked.url, method)  # oauthlib hangs more on it than it declares
        request.params = [(name, value) for name, value in sent if name != "oauth_signature"]
        request.params += signature.collect_parameters(uri_query=request.uri_query, body=asked.form)
        request.signature = given.get("oauth_signature", "")
        if (
            given.get("oauth_signature_method") != "HMAC-SHA1"
            or given.get("oauth_version", "1.0") != "1.0"
            or given.get("oauth_token") != secrets.get("token")
            or not signature.verify_hmac_sha1(request, secrets["consumer_secret"], secrets.get("token_secret"))
        ):
            raise SignInError
        self._check_freshness(given)
        return account

    def _check_freshness(self, given: Mapping[str, str]) -> None:
        stamp, now = given.get("oauth_timestamp", ""), self._now()
        if not stamp.isdecimal() or abs(int(stamp) - now) > _WINDOW_SECONDS:
            raise SignInError
        self._nonces = {used: at for used, at in self._nonces.items() if at >= now - 2 * _WINDOW_SECONDS}
        nonce = (given["oauth_consumer_key"], stamp, given.get("oauth_nonce", ""))
        if not nonce[2] or nonce in self._nonces:
            raise SignInError
        self._nonces[nonce] = now


def credential(account: Account) -> tuple[str, Mapping[str, str]]:
    """The form of an account's sign-in, and its parts by their names."""
    ((form, secrets),) = account.auth.items()
    return form, {form: secrets} if isinstance(secrets, str) else secrets


def _placed(part: str, placement: Placement, asked: Asked) -> Iterable[Claim]:
    """A secret that the definition gives a place of its own."""
    if placement.header is not None:
        text = asked.headers.get(placement.header, "")
        return [(part, text.removeprefix(placement.prefix))] if text.startswith(placement.prefix) else []
    given = asked.query if placement.query is not None else asked.form if placement.form is not None else ()
    return [(part, text) for name, text in given if name in (placement.query, placement.form)]


def _word(asked: Asked, scheme: str) -> str:
    """What follows a scheme in the header `Authorization`."""
    given, _, word = asked.headers.get("Authorization", "").partition(" ")
    if given.lower() != scheme:
        raise SignInError
    return word


def _basic(asked: Asked) -> list[Claim]:
    try:
        username, _, password = base64.b64decode(_word(asked, "basic"), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise SignInError from error
    return [("username", username), ("password", password)]
