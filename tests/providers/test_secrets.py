"""Each part of each secret of each provider: looked for in all that comes out, whatever is answered."""

import asyncio
import itertools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from exporter.accounts.registry import Registry
from exporter.accounts.resource import Clock
from exporter.accounts.scrape import scrape
from exporter.check.nagios import status_line
from exporter.check.result import as_json, check, prometheus
from exporter.check.table import format_table
from exporter.client.http import HttpClient
from exporter.config.loading import load
from exporter.providers import compose
from exporter.providers.definition import Definition
from exporter.secrets import redaction
from exporter.settings import Settings
from exporter.web.debug import describe
from tests.providers.good import DEFINITIONS, good, named
from tests.sign_in import account
from tests.test_secrets_stay_home import forms, logged
from tests.virtual import rng

CASES = [
    (provider, form, name)
    for provider in DEFINITIONS.values()
    for form in provider.sign_in
    for name, api in provider.apis.items()
    if not api.public
]


def planted(text: str) -> str:
    """A secret of which nothing is a word: what follows the name of its part is searched for."""
    return f"k.{core(text)}~1"


def core(text: str) -> str:
    """Letters and digits, which no escaping changes."""
    return f"Qx7{text.title().replace('-', '')}Zw42v"


def kept(provider: Definition, form: str) -> list[str]:
    """What a call that signs in gives, by name."""
    sign_in = provider.sign_in[form]
    if sign_in.session is not None:
        return [*sign_in.session.keep]
    return [] if sign_in.token_url is None else ["access_token"]


def parts(provider: Definition, form: str) -> list[str]:
    """The parts that nobody may see, and what a sign-in gives for them."""
    shown = {"username", "client_id"}
    names = [*(part for part in provider.parts(form) if part not in shown), *kept(provider, form)]
    return [f"the-{part.replace('_', '-')}" for part in names]


def given(provider: Definition, form: str) -> bytes | None:
    """What a call that signs in is answered."""
    names = {name: planted(f"the-{name.replace('_', '-')}") for name in kept(provider, form)}
    session = provider.sign_in[form].session
    if session is not None:
        return compose.session(session, names).body
    return json.dumps(names).encode() if names else None


def answers(provider: Definition, form: str, name: str) -> Iterator[httpx.Response]:
    """A good answer, and those that give secrets back: as a value, in errors, in headers, in a redirect."""
    yield httpx.Response(200, content=good(provider.id, name))
    yield from echoing(parts(provider, form), provider, name)
    # An answer with the account's own is read no further: one with what the sign-in gave alone is.
    yield from echoing([f"the-{each.replace('_', '-')}" for each in kept(provider, form)], provider, name)


def echoing(names: list[str], provider: Definition, name: str) -> list[httpx.Response]:
    """Answers that give those secrets back; none without one."""
    if not names:
        return []
    echo = " ".join(planted(part) for part in names)
    body = good(provider.id, name)
    headers = {"X-Echo": echo, "Retry-After": echo, "Content-Type": "application/json"}
    headers |= {planted(part): "1" for part in names}
    values = body.replace(b'"', f'"{echo}'.encode(), 2) if provider.apis[name].format == "json" else body
    return [
        httpx.Response(200, content=values, headers=headers),
        httpx.Response(200, content=json.dumps({"code": echo, "message": echo, echo: echo}).encode(), headers=headers),
        httpx.Response(200, content=echo.encode(), headers=headers),
        httpx.Response(401, content=body + echo.encode(), headers=headers),
        httpx.Response(429, content=echo.encode(), headers=headers),
        httpx.Response(302, headers={"Location": f"https://elsewhere.example/?key={quote(echo)}", **headers}),
    ]


def client(response: httpx.Response, sign_in: bytes | None) -> HttpClient:
    firsts = itertools.count()

    def respond(_request: httpx.Request) -> httpx.Response:
        return response if sign_in is None or next(firsts) else httpx.Response(200, content=sign_in)

    return HttpClient(lambda _http, _proxy: httpx.MockTransport(respond))


async def outputs(settings: Settings, response: httpx.Response, sign_in: bytes | None) -> Mapping[str, str]:
    """All that comes out of one account that is answered like this."""
    with logged() as streams:
        result = await check(settings, (), 5, client(response, sign_in))
        accounts = Registry(settings, client(response, sign_in), Clock(), rng())
        (view,) = await scrape(accounts, 5)
        (asked,) = accounts
        debug = describe(asked, asked.apis, view, "")
        shown = repr((settings, result, view, asked, asked.apis, accounts))
        await accounts.aclose()
    return {
        "metrics": await prometheus(result),
        "json": as_json(result),
        "table": format_table(result, 200, False),
        "nagios": status_line(result),
        "debug": debug,
        "repr": shown,
        **{style: stream.getvalue() for style, stream in streams.items() if style != "control"},
    }


@pytest.mark.parametrize(("provider", "form", "name"), CASES, ids=named)
def test_no_part_of_a_secret_comes_out(tmp_path: Path, provider: Definition, form: str, name: str) -> None:
    searched = {part: forms(core(part)) for part in parts(provider, form)}
    assert searched
    for response in answers(provider, form, name):
        with redaction.forgetting():
            file = tmp_path / "f.yml"
            file.write_text(json.dumps({"accounts": [account(form, provider, name, planted)]}))
            settings = load(file, DEFINITIONS).settings
            for where, text in asyncio.run(outputs(settings, response, given(provider, form))).items():
                found = [how for known in searched.values() for how, what in known.items() if what in text.lower()]
                assert not found, (response.status_code, where)
    sent = (json.dumps(account(form, provider, name, planted)) + (given(provider, form) or b"").decode()).lower()
    assert all(any(what in sent for what in known.values()) for known in searched.values())
