"""From a definition to requests: what is sent to an api, and how its URL is shown without a secret."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

from exporter.providers.definition import Request, SignIn
from exporter.providers.template import Template, fill_json

_ACCEPTED = {"json": "application/json", "text": "text/plain", "xml": "application/xml"}
_PLAIN_IN_QUERY = ",:/@!$'()*;-._~"
"""What a documented query may hold as it is written."""


@dataclass(eq=False, frozen=True, slots=True)
class Prepared:
    """A request as it is sent. `holds_secret`: one stands in its URL or its body, which no redirect may carry on."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    holds_secret: bool = False

    def with_headers(self, headers: Mapping[str, str]) -> "Prepared":
        """The same request with more headers."""
        return Prepared(self.method, self.url, {**self.headers, **headers}, self.body, self.holds_secret)


def prepare(
    request: Request,
    base_url: str,
    path: Template,
    settings: Mapping[str, str],
    secrets: Mapping[str, str],
    sign_in: SignIn | None = None,
) -> Prepared:
    """A request with settings and secrets in their places: percent-encoded in path, query and form.

    `secrets` are the parts of a credential and what a session keeps; `sign_in` says where a secret goes that no
    template holds. Headers that prove who asks are not among them: signing adds those.
    """
    values = {**settings, **secrets}
    query = [f"{quote(name, safe='')}={_in_query(text, values)}" for name, text in request.query.items()]
    form = None if request.form is None else {name: text.fill(values) for name, text in request.form.items()}
    if sign_in is not None and sign_in.query is not None:
        query.append(f"{quote(sign_in.query, safe='')}={quote(_only(secrets), safe='')}")
    if sign_in is not None and sign_in.form is not None:
        form = {**(form or {}), sign_in.form: _only(secrets)}
    url = _kept_once(base_url + path.fill(values, _encoded) + ("?" + "&".join(query) if query else ""))
    headers, body = {"Accept": _ACCEPTED[request.format]}, None
    if form is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        body = "&".join(f"{quote_plus(name)}={quote_plus(text)}" for name, text in form.items()).encode()
    elif request.json is not None:
        headers["Content-Type"] = "application/json"
        body = json.dumps(fill_json(request.json, values), ensure_ascii=False).encode()
    headers |= {name: text.fill(values) for name, text in request.headers.items()}
    method = request.method(sign_in)
    if method == "POST" and body is None:
        body = b""
    return Prepared(method, url, headers, body, _holds(request, path, sign_in, secrets))


def shown_url(request: Request, base_url: str, path: Template, settings: Mapping[str, str]) -> str:
    """The URL as it may be shown: a secret by its name alone, `…/v1/{api_key}/account/info.json`."""
    names = {name for _, text in request.templates() for name in text.names} | set(path.names)
    values = {name: f"{{{name}}}" for name in names} | {name: _encoded(value) for name, value in settings.items()}
    query = [f"{quote(name, safe='')}={text.fill(values)}" for name, text in request.query.items()]
    return _kept_once(base_url + path.fill(values) + ("?" + "&".join(query) if query else ""))


def _kept_once(text: str) -> str:
    """The text, the same object for the thousands of accounts that have it; it goes when the last of them does."""
    return sys.intern(text)


def _holds(request: Request, path: Template, sign_in: SignIn | None, secrets: Mapping[str, str]) -> bool:
    if sign_in is not None and (sign_in.query is not None or sign_in.form is not None):
        return True
    names = {name for place, text in request.templates() if place[0] != "headers" for name in text.names}
    return not secrets.keys().isdisjoint(names | set(path.names))


def _in_query(text: Template, values: Mapping[str, str]) -> str:
    return "".join(
        quote(literal, safe=_PLAIN_IN_QUERY) + ("" if name is None else _encoded(values[name]))
        for literal, name in text.pieces
    )


def _encoded(value: str) -> str:
    return quote(value, safe="")


def _only(secrets: Mapping[str, str]) -> str:
    """The secret of a form that has one; a session may have kept more beside it."""
    return next(iter(secrets.values()))
