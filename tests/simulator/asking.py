"""Requests as a definition documents them, made for an account without the exporter's own code."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlencode

from exporter.providers import values
from exporter.providers.definition import Definition, Request, SignIn
from exporter.providers.template import fill_json
from exporter.simulator.account import Account
from exporter.simulator.sign_in import credential


@dataclass(frozen=True)
class Asking:
    """A request."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    form: Mapping[str, str] | None
    json: Any

    @property
    def target(self) -> str:
        return self.path + (f"?{urlencode(self.query)}" if self.query else "")

    @property
    def body(self) -> bytes | None:
        if self.json is not None:
            return json.dumps(self.json).encode()
        return None if self.form is None else urlencode(self.form).encode()


def documented(request: Request, names: Mapping[str, str]) -> Asking:
    """A request with its names filled, without what proves who asks."""
    return Asking(
        request.method(),
        request.path.fill(names, lambda text: quote(text, safe="")),
        {name: text.fill(names) for name, text in request.query.items()},
        {name: text.fill(names) for name, text in request.headers.items()},
        None if request.form is None else {name: text.fill(names) for name, text in request.form.items()},
        fill_json(request.json, names),
    )


def proven(asking: Asking, form: str, sign_in: SignIn, parts: Mapping[str, str]) -> Asking:
    """A request with the proof that a form gives it, sessions, tokens and OAuth aside."""
    secret = next(iter(parts.values()))
    if form == "basic":
        pair = base64.b64encode(":".join(parts.values()).encode()).decode()
        return replace(asking, headers={**asking.headers, "Authorization": f"Basic {pair}"})
    if sign_in.signature is not None:
        return asking  # `World.send` signs the whole URL
    if sign_in.header is not None:
        return replace(asking, headers={**asking.headers, sign_in.header: sign_in.prefix + secret})
    if sign_in.query is not None:
        return replace(asking, query={**asking.query, sign_in.query: secret})
    if sign_in.form is not None:
        return replace(asking, method="POST", form={**(asking.form or {}), sign_in.form: secret})
    return asking


@dataclass
class Client:
    """Asks for one account as its definition says; signs in first where that is a call of its own."""

    definition: Definition
    account: Account
    parts: Mapping[str, str] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.form, secrets = credential(self.account)
        self.parts = {**secrets, **self.parts}
        self.sign_in = self.definition.sign_in[self.form]

    @property
    def names(self) -> dict[str, str]:
        defaults = {name: each.default for name, each in self.definition.settings.items() if each.default is not None}
        return {**defaults, **self.account.settings, **self.parts, **self.kept}

    def first(self) -> Asking | None:
        """The call that signs in, where there is one."""
        if self.form == "oauth2":
            form = {"grant_type": "client_credentials", **self.parts}
            return Asking("POST", str(self.sign_in.token_url), {}, {}, form, None)
        if self.sign_in.session is None:
            return None
        session = self.sign_in.session.copy(headers={})
        return proven(documented(session, self.names), self.form, self.sign_in, self.parts)

    def keep(self, body: bytes) -> None:
        """Keep what the call that signs in answered."""
        session = self.sign_in.session
        if session is None:
            self.kept = {"token": json.loads(body)["access_token"]}
            return
        document = body.decode() if session.format == "text" else json.loads(body)
        self.kept = {name: str(values.text(value, document, {})) for name, value in session.keep.items()}

    def ask(self, api: str) -> Asking:
        """The call of an api."""
        asking = documented(self.definition.apis[api], self.names)
        if self.form == "oauth2":
            return replace(asking, headers={**asking.headers, "Authorization": f"Bearer {self.kept['token']}"})
        if self.sign_in.session is not None:
            own = {name: text.fill(self.names) for name, text in self.sign_in.session.headers.items()}
            return replace(asking, headers={**asking.headers, **own})
        return proven(asking, self.form, self.sign_in, self.parts)
