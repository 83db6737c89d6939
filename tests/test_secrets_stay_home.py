"""A key planted in every sign-in form comes out nowhere, whatever goes wrong and whatever a provider sends back.

The providers here are the worst: they know every secret and put it into all that they answer.
"""

import asyncio
import base64
import contextlib
import copy
import html
import io
import json
import logging
import pickle
import re
import subprocess
import sys
import time
import traceback
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml
from aiohttp.test_utils import TestClient, TestServer

from exporter import logs
from exporter.accounts.service import Service
from exporter.check import nagios, result, table
from exporter.client.http import Answer, Call, HttpClient
from exporter.config.loading import load
from exporter.failure import FailureError, Reason
from exporter.secrets import redaction
from exporter.secrets.secret import Secret, SecretError
from exporter.settings import AccountSettings, HttpSettings, Settings
from exporter.web.routes import WebOptions, create_app
from tests.client.raw import asking
from tests.injected_faults import Conversation, closes_at_once, resets, response, sends, serving, then
from tests.processes import eventually, free_port, running
from tests.virtual import rng

CORES = {
    name: f"Qx7{name.title().replace('_', '')}Zw{number}v"
    for number, name in enumerate(
        (
            "api_key", "api_key_file", "api_key_env", "token", "token_file", "username", "password", "password_file",
            "consumer_key", "consumer_secret", "oauth_token", "token_secret", "proxy_user", "proxy_password",
        ),
        start=31,
    )
}  # fmt: skip
"""What is searched for: letters and digits, which no escaping changes. Each secret has its own around it."""

SECRETS = {name: f"k.{core}~1" for name, core in CORES.items()} | {
    "api_key_file": f'{CORES["api_key_file"]}/+="<&>%41',
    "token": f"to ken;{CORES['token']}\\",
    "password": f'pä:ß"{CORES["password"]}/é<',
    "consumer_secret": f"c&s {CORES['consumer_secret']}+ü",
    "proxy_password": f"p@:{CORES['proxy_password']}/",
}
ENVIRONMENT = "SMS_PLANTED_KEY"
PATIENCE = {"X-Prometheus-Scrape-Timeout-Seconds": "60"}


def forms(core: str) -> Mapping[str, str]:
    """The texts by which a secret would be known again, in small letters."""
    raw = core.encode()
    found = {
        "raw, percent-encoded, escaped for JSON or HTML, in any case": core,
        "backwards": core[::-1],
        "hexadecimal": raw.hex(),
        "percent-encoded throughout": "".join(f"%{byte:02x}" for byte in raw),
        "escaped throughout": "".join(f"\\u{byte:04x}" for byte in raw),
    }
    for shift in range(3):
        # Whole groups alone: what stands before and after the core changes the characters at its ends.
        encoded = base64.b64encode(b"\0" * shift + raw)
        found[f"base64, shifted by {shift}"] = encoded[4 if shift else 0 : len(shift * b"\0" + raw) // 3 * 4].decode()
    return {name: text.lower() for name, text in found.items()}


FORMS = {name: forms(core) for name, core in CORES.items()}


def leaks(text: str) -> list[str]:
    """Which planted secrets a text shows, and how."""
    small = text.lower()
    return [f"{name}: {form}" for name, known in FORMS.items() for form, what in known.items() if what in small]


def check(outputs: Mapping[str, str]) -> None:
    """No output shows anything; without outputs there would be nothing to show."""
    assert outputs
    assert {where: found for where, text in outputs.items() if (found := leaks(text))} == {}


def ways_to_print(secret: str) -> dict[str, str]:
    raw = secret.encode()
    return {
        "raw": f"x{secret}x",
        "repr": repr(secret),
        "upper": secret.upper(),
        "swapped": secret.swapcase(),
        "percent": quote(secret, safe=""),
        "json": json.dumps(secret),
        "html": html.escape(secret),
        "base64": base64.b64encode(raw).decode(),
        "pair": base64.b64encode(b"user:" + raw).decode(),
        "other pair": base64.urlsafe_b64encode(b"auser:" + raw).decode(),
        "hex": raw.hex(),
        "backwards": secret[::-1],
    }


@pytest.mark.parametrize("name", SECRETS)
def test_the_search_finds_a_secret_however_it_is_printed(name: str) -> None:
    for way, text in ways_to_print(SECRETS[name]).items():
        found = leaks(f'time=now msg="{text}" and more')
        assert found, way
        assert all(leak.startswith(name + ": ") for leak in found)
    with pytest.raises(AssertionError):
        check({"log": "fine", "page": SECRETS[name]})
    with pytest.raises(AssertionError):
        check({})


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(ENVIRONMENT, SECRETS["api_key_env"])
    with redaction.forgetting():
        yield


# Providers that give everything back


def echo(*, ascii_only: bool = True) -> str:
    """Every secret, as it is and in the forms in which a provider may give it back.

    A user's name is no secret by itself (`Secret.literal`): it comes back within the pair alone.
    """
    echoed = [secret for name, secret in SECRETS.items() if name not in {"username", "proxy_user"}]
    kept = [secret for secret in echoed if secret.isascii() or not ascii_only]
    pairs = [("username", "password"), ("proxy_user", "proxy_password")]
    basic = [base64.b64encode(f"{SECRETS[user]}:{SECRETS[word]}".encode()).decode() for user, word in pairs]
    return " ".join([*kept, *(quote(secret, safe="") for secret in echoed), *basic])


def echoing_headers() -> list[str]:
    return [
        f"X-Echo: {echo()}",
        f"Set-Cookie: session={quote(echo())}",
        f'WWW-Authenticate: Basic realm="{echo()}"',
        f"Retry-After: {echo()}",
        f"Content-Type: text/{quote(echo())}",
        "Connection: close",
    ]


def echoing(status: int, body: Mapping[str, Any] | None = None, *more: str, text: str | None = None) -> Conversation:
    """An answer whose status line, headers and body hold every secret."""
    document = {**(body or {}), "message": echo(ascii_only=False), "data": {"x": echo()}, echo(): echo()}
    content = json.dumps(document) if text is None else text
    return sends(response(content.encode(), f"{status} {echo()}", *echoing_headers(), *more))


async def answers_before_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.write(response(echo().encode(), f"400 {echo()}", *echoing_headers()))


def head(status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *echoing_headers()[:-1], ""]).encode()


LOCATION = f"Location: http://127.0.0.1:9/{quote(echo(), safe='')}?key={quote(echo(), safe='')}"

PROVIDERS: Mapping[str, tuple[Reason, Conversation]] = {
    "unauthorized": (Reason.UNAUTHORIZED, echoing(401)),
    "forbidden": (Reason.FORBIDDEN, echoing(403, {"data": {"authorization": echo()}})),
    "code-1": (Reason.UNAUTHORIZED, echoing(500, {"status": "error", "code": 1})),
    "rate-limited": (Reason.RATE_LIMITED, echoing(429, {"retryAfter": echo()})),
    "bad-request": (Reason.BAD_REQUEST, echoing(404)),
    "server-error": (Reason.SERVER_ERROR, echoing(500, {"code": echo()})),
    "unavailable": (Reason.SERVER_ERROR, echoing(503)),
    "redirect": (Reason.REDIRECT, echoing(302, None, LOCATION)),
    "hangs-in-headers": (Reason.TIMEOUT, then(head(), 60.0)),
    "hangs-in-body": (Reason.TIMEOUT, then(head() + b"Content-Length: 9999\r\n\r\n" + echo().encode(), 60.0)),
    "closes": (Reason.CONNECTION, closes_at_once),
    "resets": (Reason.CONNECTION, resets(head())),
    "ends-early": (Reason.CONNECTION, sends(response(echo().encode(), length=99_999))),
    "no-http": (Reason.INVALID_RESPONSE, sends(f"{echo()}\r\n\r\n".encode())),
    "no-status": (Reason.INVALID_RESPONSE, sends(f"HTTP/1.1 {echo()}\r\n\r\n".encode())),
    "no-header": (Reason.INVALID_RESPONSE, sends(f"HTTP/1.1 200 OK\r\n{echo()}\r\n\r\n".encode())),
    "no-length": (Reason.INVALID_RESPONSE, sends(f"HTTP/1.1 200 OK\r\nContent-Length: {echo()}\r\n\r\n".encode())),
    "no-chunk": (
        Reason.INVALID_RESPONSE,
        sends(f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{echo()}\r\n".encode()),
    ),
    "header-flood": (Reason.INVALID_RESPONSE, echoing(200, None, *(f"X-{n}: {echo()}" for n in range(300)))),
    "odd-coding": (Reason.INVALID_RESPONSE, echoing(200, None, f"Content-Encoding: {quote(echo())}")),
    "no-gzip": (Reason.INVALID_RESPONSE, echoing(200, None, "Content-Encoding: gzip")),
    "no-json": (Reason.INVALID_RESPONSE, echoing(200, text=echo())),
    "json-cut-short": (Reason.INVALID_RESPONSE, echoing(200, text=json.dumps({"credit": echo()})[:-2])),
    "wrong-types": (
        Reason.INVALID_RESPONSE,
        echoing(200, {name: echo() for name in ("credit", "balance", "currency", "used")}),
    ),
    "unknown-code": (Reason.INVALID_RESPONSE, echoing(200, {"code": echo(), "status": "error"})),
    # Followed, as these accounts' settings ask for it, to where there is no URL.
    "follows": (Reason.REDIRECT, echoing(302, None, f"Location: http://[{quote(echo(), safe='')}")),
    # By the provider's own code.
    "ip-not-allowed": (Reason.IP_NOT_ALLOWED, echoing(403, {"status": "error", "code": 100})),
    "insufficient-credit": (Reason.INSUFFICIENT_CREDIT, echoing(500, {"status": "error", "code": 2})),
    "suspended": (Reason.SUSPENDED, echoing(403, {"code": "0x022A"})),
    "tls": (Reason.TLS, answers_before_tls),
}

AUTH: Mapping[str, tuple[str, dict[str, Any]]] = {
    "key": ("qlara", {"api_key": SECRETS["api_key"]}),
    "file": ("agiletelecom", {"api_key_file": "secrets/api_key_file"}),
    "env": ("agiletelecom", {"api_key_env": ENVIRONMENT}),
    "token": ("gatewayapi", {"token": SECRETS["token"]}),
    "tokenfile": ("gatewayapi", {"token_file": "secrets/token_file"}),
    "basic": ("agiletelecom", {"basic": {"username": SECRETS["username"], "password": SECRETS["password"]}}),
    "basicfile": (
        "qlara",
        {"basic": {"username": SECRETS["username"], "password_file": "secrets/password_file"}},
    ),
    "oauth": (
        "agiletelecom",
        {
            "oauth1": {
                "consumer_key": SECRETS["consumer_key"],
                "consumer_secret": SECRETS["consumer_secret"],
                "token": SECRETS["oauth_token"],
                "token_secret": SECRETS["token_secret"],
            }
        },
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Planted:
    """A configuration file with every secret; `reasons` are those that its accounts must fail by, if any one does."""

    file: Path
    names: tuple[str, ...]


def write_secrets(folder: Path) -> None:
    (folder / "secrets").mkdir()
    for name in ("api_key_file", "token_file", "password_file"):
        (folder / "secrets" / name).write_bytes(SECRETS[name].encode() + b"\r\n")


def account(name: str, form: str, port: int, **more: Any) -> dict[str, Any]:
    provider, auth = AUTH[form]
    scheme = "https" if name.startswith("tls") else "http"
    return {
        "name": name,
        "provider": provider,
        "base_url": f"{scheme}://127.0.0.1:{port}",
        "auth": copy.deepcopy(auth),
        # Some hundred providers answer in one process: those that do answer get the time for it on a busy machine.
        "timeout": "1s" if "hangs" in name else "60s",
        **more,
    }


@contextlib.asynccontextmanager
async def planted(folder: Path) -> AsyncIterator[Planted]:
    """An account for each way to sign in at each of these providers, and some through a proxy."""
    write_secrets(folder)
    accounts = []
    async with contextlib.AsyncExitStack() as stack:
        for behaviour, (_, talk) in PROVIDERS.items():
            port = await stack.enter_async_context(serving(talk))
            more = {"http": {"follow_redirects": True}} if behaviour == "follows" else {}
            accounts += [account(f"{behaviour}-{form}", form, port, **more) for form in AUTH]
        user, password = quote(SECRETS["proxy_user"], safe=""), quote(SECRETS["proxy_password"], safe="")
        for behaviour in ("unauthorized", "no-status", "hangs-in-headers"):
            port = await stack.enter_async_context(serving(PROVIDERS[behaviour][1]))
            for where in ("127.0.0.1:80", "provider.invalid"):
                through = account(f"proxy-{behaviour}-{where[0]}", "key", port)
                through["base_url"] = f"{'https' if where[0] == 'p' else 'http'}://{where}"
                through["http"] = {"proxy_url": f"http://{user}:{password}@127.0.0.1:{port}"}
                accounts.append(through)
        file = folder / "planted.yml"
        file.write_text(yaml.safe_dump({"defaults": {"cache_ttl": "0s"}, "accounts": accounts}, allow_unicode=True))
        yield Planted(file, tuple(each["name"] for each in accounts))


BROKEN = f"""
accounts:
- name: one
  provider: qlara
  auth: {{api_key: "{SECRETS["api_key"]}\\r\\nX-Injected: 1", {SECRETS["consumer_key"]}: 1}}
- name: two
  provider: agiletelecom
  auth: {{api_key_file: secrets/crlf, token: {SECRETS["oauth_token"]}}}
- name: three
  provider: qlara
  auth: {SECRETS["token_secret"]}
- name: four
  provider: agiletelecom
  base_url: https://{SECRETS["proxy_user"]}:{quote(SECRETS["proxy_password"], safe="")}@provider.test
  auth: {{basic: {{username: "{SECRETS["username"]}:x", password_file: secrets/control}}}}
- name: five
  provider: gatewayapi
  auth: {{token: ["{SECRETS["api_key"]}"]}}
  http: {{proxy_url: "ftp://{SECRETS["proxy_user"]}@x/", no_proxy: x}}
- name: six
  provider: gatewayapi
  auth: {{oauth1: {{consumer_key: "{SECRETS["consumer_key"]}", token: "{SECRETS["oauth_token"]}"}}}}
- name: eight
  provider: qlara
  auth: {{api_key_env: "{SECRETS["api_key"]}"}}
- name: nine
  provider: qlara
  auth: {{api_key_file: "{SECRETS["api_key"]}"}}
"""
BROKEN_TWICE = f"""
accounts:
- name: seven
  provider: qlara
  auth: {{api_key: {SECRETS["api_key"]}, api_key: {SECRETS["api_key_env"]}}}
"""
BROKEN_YAML = f"accounts:\n- auth: {{api_key: {SECRETS['api_key']}\n  x: &{SECRETS['consumer_key']}\n"
BROKEN_TAG = f"accounts:\n- auth: {{api_key: !!python/name:{SECRETS['api_key']} x}}\n"
BROKEN_FILES = (BROKEN, BROKEN_TWICE, BROKEN.replace("}}", "}"), BROKEN_YAML, BROKEN_TAG)


def write_broken_secrets(folder: Path) -> None:
    (folder / "secrets" / "crlf").write_bytes(f"{SECRETS['api_key']}\r\n{SECRETS['token_file']}\r\n".encode())
    (folder / "secrets" / "control").write_bytes(f"{SECRETS['password']}\x00\x1b[31m".encode())


# In one process, with the real HTTP client


@contextlib.contextmanager
def logged() -> Iterator[Mapping[str, io.StringIO]]:
    """The process' whole log at debug, in both formats; beside them, as a control, without redaction."""
    streams = {style: io.StringIO() for style in (*logs.FORMATS, "control")}
    handlers = []
    for style, stream in streams.items():
        handler = logging.StreamHandler(stream)
        handler.setFormatter(logging.Formatter() if style == "control" else logs.LineFormatter(style))
        handlers.append(handler)
    root, web = logging.getLogger(), logging.getLogger("aiohttp")
    before = root.level, web.level
    root.setLevel(logging.DEBUG)
    web.setLevel(logging.WARNING)  # as `logs.configure` has it: the test's server would log what it is asked
    for handler in handlers:
        root.addHandler(handler)
    try:
        yield streams
    finally:
        root.setLevel(before[0])
        web.setLevel(before[1])
        for handler in handlers:
            root.removeHandler(handler)


@contextlib.asynccontextmanager
async def served(service: Service, options: WebOptions) -> AsyncIterator[TestClient[Any, Any]]:
    client = TestClient(TestServer(create_app(service, options)))
    await client.start_server()
    try:
        yield client
    finally:
        await client.close()


async def answered(client: TestClient[Any, Any], path: str, method: str = "GET", **headers: str) -> tuple[int, str]:
    async with client.request(method, path, headers=headers) as answer:
        lines = [f"{answer.status} {answer.reason}", *(f"{k}: {v}" for k, v in answer.headers.items())]
        return answer.status, "\n".join([*lines, "", await answer.text()])


def shown_by_python(service: Service) -> dict[str, str]:
    """What a debugger, a careless log line or a crash report would show of the objects that hold secrets."""
    outputs = {}
    for each in service.accounts:
        settings = each.settings
        things = [
            each,
            settings,
            settings.credential,
            settings.http,
            *(each.observe(api, each.now()) for api in each.apis.values()),
            *settings.credential.secrets.values(),
        ]
        things += [settings.http.proxy_url, each.apis]
        for thing in things:
            said = [repr(thing), str(thing), f"{thing}", f"{thing!r:>10}", repr(getattr(thing, "__dict__", None))]
            try:
                said.append(repr(pickle.dumps(thing)))
            except (TypeError, AttributeError, pickle.PicklingError) as error:
                said.append(repr(error))
            outputs[f"{settings.name}: {type(thing).__name__}"] = "\n".join(said)
    return outputs


async def test_nothing_that_comes_out_of_the_service_shows_a_secret(tmp_path: Path) -> None:
    outputs: dict[str, str] = {}
    with logged() as streams:
        async with planted(tmp_path) as config:
            service = Service(lambda: load(config.file).settings, HttpClient(), rng=rng())
            async with served(service, WebOptions(enable_lifecycle=True, max_requests=1)) as client:
                good = config.file.read_text()
                _, outputs["first"] = await answered(client, "/metrics", **PATIENCE)
                text = outputs["first"]
                _, outputs["openmetrics"] = await answered(
                    client, "/metrics", Accept="application/openmetrics-text;version=1.0.0"
                )
                for name in config.names:
                    status, outputs[f"debug {name}"] = await answered(
                        client, f"/probe?target={name}&debug=true", **{"X-Prometheus-Scrape-Timeout-Seconds": "0.55"}
                    )
                    assert status == 200
                for secret in SECRETS.values():
                    # A client's own words aren't given back either.
                    for path, expected in (
                        (f"/{quote(secret, safe='')}", 404),
                        (f"/probe?target={quote(secret, safe='')}", 400),
                    ):
                        status, outputs[path.replace(quote(secret, safe=""), secret[:2])] = await answered(client, path)
                        assert status == expected
                status, outputs["405"] = await answered(client, "/metrics", "POST")
                assert status == 405
                both = await asyncio.gather(answered(client, "/metrics"), answered(client, "/metrics"))
                (_, outputs["busy"]), (status, outputs["503"]) = sorted(both)
                assert status == 503
                write_broken_secrets(tmp_path)
                for number, broken in enumerate(BROKEN_FILES):
                    config.file.write_text(broken)
                    status, outputs[f"reload {number}"] = await answered(client, "/-/reload", "POST")
                    assert status == 500
                config.file.write_text(good)
                status, outputs["reload"] = await answered(client, "/-/reload", "POST")
                assert status == 200
            for name in ("api_key_file", "token_file"):
                (tmp_path / "secrets" / name).write_bytes(b"\x00" + SECRETS[name].encode())
            for each in service.accounts:
                each.settings.credential.refresh()
            outputs |= shown_by_python(service)
            # What the log makes of an exception that quotes everything, with its traceback and its causes.
            for error in await errors_of(service.accounts.settings):
                logging.getLogger("exporter").error("failed: %r", error, exc_info=error, extra={"what": error})
            await service.aclose()
    outputs |= {style: stream.getvalue() for style, stream in streams.items() if style != "control"}
    reasons = set(re.findall(r'reason="(\w+)"', text))
    assert reasons == set(Reason) - {Reason.INTERNAL}  # a defect has a test of its own, below
    assert outputs["logfmt"].count("Traceback") >= 10
    check(outputs)
    # Without redaction the same log would have shown them.
    assert len({leak.partition(":")[0] for leak in leaks(streams["control"].getvalue())}) == len(SECRETS)


async def errors_of(settings: Settings) -> list[BaseException]:
    """The client's exceptions by these providers, and one as a defect of our own might raise it."""
    client = HttpClient()
    errors: list[BaseException] = []

    async def ask(of: AccountSettings) -> None:
        call = asking(of.apis[0].url, SECRETS["api_key"])
        try:
            async with asyncio.timeout(1.0):
                await client.get(call, of.http)
        except (FailureError, TimeoutError) as error:
            errors.append(error)

    await asyncio.gather(*(ask(each) for each in settings.accounts if each.name.endswith("-key")))
    await client.aclose()
    try:
        try:
            dict[str, int]()[echo(ascii_only=False)]
        except KeyError as error:
            raise RuntimeError({"headers": echo()}) from error
    except RuntimeError as error:
        error.add_note(echo())
        errors.append(error)
    return errors


class Defective:
    """An HTTP client with a defect: it raises what it was to send."""

    async def get(self, call: Call, http: HttpSettings) -> Answer:
        headers = call.signed().headers
        raise AssertionError(f"{call} {http} {headers} {echo(ascii_only=False)}")

    def keep_only(self, in_use: set[HttpSettings]) -> None:
        pass

    async def aclose(self) -> None:
        pass


async def test_a_defect_shows_no_secret_either(tmp_path: Path) -> None:
    write_secrets(tmp_path)
    file = tmp_path / "defect.yml"
    accounts = [account(f"defect-{form}", form, 9) for form in AUTH]
    user, password = quote(SECRETS["proxy_user"], safe=""), quote(SECRETS["proxy_password"], safe="")
    accounts[0]["http"] = {"proxy_url": f"http://{user}:{password}@127.0.0.1:9"}
    file.write_text(yaml.safe_dump({"accounts": accounts}, allow_unicode=True))
    with logged() as streams:
        service = Service(lambda: load(file).settings, Defective(), rng=rng())
        async with served(service, WebOptions()) as client:
            _, text = await answered(client, "/metrics")
            _, debug = await answered(client, "/probe?target=defect-key&debug=true")
        await service.aclose()
    assert text.count('reason="internal"') == len(AUTH) + 2 * 2  # Qlara has three apis
    assert streams["logfmt"].getvalue().count("Traceback") == text.count('reason="internal"')
    check({"metrics": text, "debug": debug, **{s: streams[s].getvalue() for s in logs.FORMATS}})
    assert leaks(streams["control"].getvalue())


VALUES = {
    "qlara": {
        "subscriptionId": SECRETS["api_key"],
        "plan": f"Plan {SECRETS['api_key']}",
        "status": SECRETS["api_key"],
        "features": {SECRETS["api_key"]: True},
        "balance": 1,
        "currency": "EUR",
        "estimatedMessagesRemaining": {SECRETS["api_key"]: 5},
        "used": 1,
    },
    "gatewayapi": {"credit": 5, "currency": "EUR", "id": SECRETS["token"]},
}


@pytest.mark.parametrize("form", ["key", "token"])
async def test_a_provider_that_gives_the_secret_back_as_a_value_gets_it_into_no_metric(
    tmp_path: Path, form: str
) -> None:
    write_secrets(tmp_path)
    body = json.dumps(VALUES[AUTH[form][0]]).encode()
    file = tmp_path / "values.yml"
    async with serving(sends(response(body, "200 OK", "Connection: close"))) as port:
        file.write_text(yaml.safe_dump({"accounts": [account("reflected", form, port)]}))
        with logged() as streams:
            service = Service(lambda: load(file).settings, HttpClient(), rng=rng())
            async with served(service, WebOptions()) as client:
                _, text = await answered(client, "/metrics")
                _, debug = await answered(client, "/probe?target=reflected&debug=true")
            await service.aclose()
    # Such a provider is not believed at all: hiding a part would make names that nobody gave.
    assert 'sms_account_up{provider="' + AUTH[form][0] + '",account="reflected"} 0' in text
    assert 'account="reflected",api="credit",reason="invalid_response"} 1' in text
    check({"debug": debug, **{s: streams[s].getvalue() for s in logs.FORMATS}})
    check({"metrics": text})


@pytest.mark.parametrize(
    ("auth", "given_back"),
    [
        ({"api_key": "Ab3-5678"}, "for ab3-5678 only"),
        ({"api_key": "a/long-key+value"}, quote("a/long-key+value", safe="")),
        ({"api_key": "a/long-key+value"}, base64.b64encode(b"a/long-key+value").decode()),
        ({"basic": {"username": "us", "password": "pw"}}, None),
        ({"basic": {"username": "shop", "password": "pass"}}, base64.b64encode(b"shop:pass").decode()),
    ],
)
async def test_a_secret_that_is_given_back_in_another_form_gets_into_no_metric_either(
    tmp_path: Path, auth: dict[str, Any], given_back: str | None
) -> None:
    body = json.dumps({"status": "ACTIVE", "plan": f"Plan {given_back or 'pw'}"}).encode()
    file = tmp_path / "form.yml"
    async with serving(sends(response(body, "200 OK", "Connection: close"))) as port:
        of = {"name": "a", "provider": "qlara", "base_url": f"http://127.0.0.1:{port}", "apis": ["subscription"]}
        file.write_text(yaml.safe_dump({"accounts": [{**of, "auth": auth}]}))
        service = Service(lambda: load(file).settings, HttpClient(), rng=rng())
        async with served(service, WebOptions()) as client:
            _, text = await answered(client, "/metrics")
        await service.aclose()
    # What is so short may be a word, and hiding it would hide the plan.
    assert ('reason="invalid_response"} 1' in text) is (given_back is not None)
    assert ("sms_subscription_info{" in text) is (given_back is None)


async def all_that_is_shown(file: Path) -> dict[str, str]:
    """Every answer of the port, every form of `check`, and the log."""
    outputs: dict[str, str] = {}
    with logged() as streams:
        service = Service(lambda: load(file).settings, HttpClient(), rng=rng())
        async with served(service, WebOptions()) as client:
            names = [each.settings.name for each in service.accounts]
            probes = [f"/probe?target={name}{debug}" for name in names for debug in ("", "&debug=true")]
            for path in ("/metrics", *probes, "/", "/sd"):
                _, outputs[path] = await answered(client, path)
            _, outputs["openmetrics"] = await answered(
                client, "/metrics", Accept="application/openmetrics-text;version=1.0.0"
            )
        await service.aclose()
        checked = await result.check(load(file).settings, (), 5.0, HttpClient())
        outputs["json"] = result.as_json(checked)
        outputs["prometheus"] = await result.prometheus(checked)
        outputs["nagios"] = nagios.status_line(checked)
        outputs["table"] = table.format_table(checked, 200, is_terminal=False)
    return outputs | {style: streams[style].getvalue() for style in logs.FORMATS}


def plan_of(text: str) -> dict[str, Any]:
    """An answer of Qlara's with a text wherever one becomes a label."""
    return {
        "subscriptionId": f"id-{text}",
        "plan": f"The {text} plan",
        "status": "ACTIVE",
        "features": {text: True, "sms": True},
        "balance": 1,
        "currency": "EUR",
        "estimatedMessagesRemaining": {f"{text}s": 5, "sms": 7},
        "used": 1,
    }


@pytest.mark.parametrize("shown", [str, str.upper, str.title, lambda text: quote(text, safe="")])
@pytest.mark.parametrize("secret", ["zq4x", "zq4x/1+", "zq4x-zq4x-zq4x"])
@pytest.mark.parametrize("of", ["its own", "another account's"])
async def test_a_secret_of_four_characters_or_more_gets_into_nothing_that_is_shown(
    tmp_path: Path, secret: str, of: str, shown: Callable[[str], str]
) -> None:
    file = tmp_path / "short.yml"
    body = json.dumps(plan_of(shown(secret))).encode()
    header = f"X-{shown(secret)}: 1" if secret.replace("-", "").isalnum() else "X-Plain: 1"
    async with serving(sends(response(body, "200 OK", header, "Connection: close"))) as port:
        asked = account("asked", "key", port)
        idle = account("idle", "token", 9)
        (asked if of == "its own" else idle)["auth"] = {"api_key": secret} if of == "its own" else {"token": secret}
        file.write_text(yaml.safe_dump({"accounts": [asked, idle]}))
        outputs = await all_that_is_shown(file)
    assert {name for name, text in outputs.items() if re.search("zq4x", text, re.IGNORECASE)} == set()
    # An account whose key comes back whole isn't believed; a word that may be a secret is left out alone.
    kept = of != "its own" or len(secret) < 8
    assert ('sms_credit_balance{provider="qlara",account="asked",currency="EUR"} 1\n' in outputs["/metrics"]) is kept
    assert (
        'sms_subscription_info{provider="qlara",account="asked",subscription_id="",plan=""} 1\n' in outputs["/metrics"]
    ) is kept
    assert ('account="asked",channel="sms"} 7\n' in outputs["/metrics"]) is kept
    assert ('account="asked",feature="sms"} 1\n' in outputs["/metrics"]) is kept
    assert ("plan is left out: it holds a secret of this configuration" in outputs["logfmt"]) is kept


async def test_a_secret_in_a_public_price_list_becomes_no_label(tmp_path: Path) -> None:
    file = tmp_path / "public.yml"
    row = {"country": "DK", "prefix": 45, "eur": 0.05}
    rows = [row, {**row, "prefix": "4711"}, {**row, "prefix": "47110"}, {**row, "prefix": 471}]
    body = json.dumps({"standard": rows, "Zq4x-first-token": [row], "the ZQ5Y tier": [row]}).encode()
    async with serving(sends(response(body, "200 OK", "Connection: close"))) as port:
        accounts = [account(f"shop-{number}", "token", port) for number in range(3)]
        secrets = ("zq4x-first-token", "zq5y", "4711")
        for each, secret in zip(accounts, secrets, strict=True):
            each |= {"auth": {"token": secret}, "apis": ["prices"], "prices": {"countries": "all"}}
        file.write_text(yaml.safe_dump({"accounts": accounts}))
        outputs = await all_that_is_shown(file)
    assert {name for name, text in outputs.items() if re.search('zq4x|zq5y|"4711', text, re.IGNORECASE)} == set()
    shown = re.findall(r'account="(.*?)",country="DK",prefix="(.*?)",tier="(.*?)",currency="EUR"', outputs["/metrics"])
    assert shown == [(f"shop-{n}", prefix, "standard") for n in range(3) for prefix in ("45", "471")]
    assert "a price is left out: it holds a secret of this configuration" in outputs["logfmt"]


async def test_a_price_list_of_secrets_alone_is_none(tmp_path: Path) -> None:
    file = tmp_path / "all.yml"
    body = json.dumps({"zq4x": [{"country": "DK", "prefix": 45, "eur": 0.05}]}).encode()
    async with serving(sends(response(body, "200 OK", "Connection: close"))) as port:
        shop = account("shop", "token", port, apis=["prices"], prices={"countries": "all"})
        shop["auth"] = {"token": "zq4x"}
        file.write_text(yaml.safe_dump({"accounts": [shop]}))
        outputs = await all_that_is_shown(file)
    assert {name for name, text in outputs.items() if "zq4x" in text} == set()
    assert 'account="shop",api="prices",reason="invalid_response"} 1\n' in outputs["/metrics"]


async def test_an_answer_is_read_anew_for_a_secret_that_is_new(tmp_path: Path) -> None:
    file = tmp_path / "later.yml"
    body = json.dumps(plan_of("zq4x")).encode()
    async with serving(sends(response(body, "200 OK", "X-Zq4x: 1", "Connection: close"))) as port:
        asked = account("asked", "key", port, cache_ttl="0s")
        later = account("later", "token", 9)
        later["auth"] = {"token": "zq4x"}
        file.write_text(yaml.safe_dump({"accounts": [asked]}))
        service = Service(lambda: load(file).settings, HttpClient(), rng=rng())
        async with served(service, WebOptions()) as client:
            _, before = await answered(client, "/probe?target=asked&debug=true")
            file.write_text(yaml.safe_dump({"accounts": [asked, later]}))
            assert await service.reload() is None
            _, after = await answered(client, "/probe?target=asked&debug=true")
        await service.aclose()
    assert 'plan="The zq4x plan"' in before
    assert "x-zq4x" in before
    assert "zq4x" not in after
    assert 'subscription_id="",plan=""} 1' in after


async def test_a_header_that_is_named_by_the_secret_is_hidden(tmp_path: Path) -> None:
    """`debug=true` tells the names of headers, and those are written small."""
    talk = sends(response(b"{}", "500 x", f"X-{SECRETS['api_key']}: 1", "X-Plain: 1", "Connection: close"))
    file = tmp_path / "named.yml"
    async with serving(talk) as port:
        file.write_text(yaml.safe_dump({"accounts": [account("named", "key", port)]}))
        service = Service(lambda: load(file).settings, HttpClient(), rng=rng())
        async with served(service, WebOptions()) as client:
            _, debug = await answered(client, "/probe?target=named&debug=true")
        await service.aclose()
    assert "x-plain" in debug
    check({"debug": debug})


def test_a_secret_with_an_apostrophe_is_hidden_in_the_repr_of_a_longer_text() -> None:
    """As in the last line of a KeyError's traceback."""
    secret = Secret.literal(f"it's {CORES['token']}")
    said = redaction.redact(repr(KeyError(f'no "{secret.value()}"')))
    check({"repr": said})


@pytest.mark.parametrize("kind", ["literal", "file"])
def test_a_refused_secret_is_not_quoted_by_its_refusal(tmp_path: Path, kind: str) -> None:
    said = []
    for tail in ("\r\nX-Injected: 1", "\x00x", "\x1b[31m", "\n\n\ty", "\udcff"):
        try:
            if kind == "literal":
                Secret.literal(SECRETS["api_key"] + tail).hold_to("header")
            else:
                path = tmp_path / "refused"
                path.write_bytes((SECRETS["api_key"] + tail).encode("utf-8", "surrogateescape"))
                Secret.from_file(path).hold_to("header")
        except SecretError as error:
            said.append("".join(traceback.format_exception(error)))
    assert len(said) == 5
    check(dict(enumerate_texts(said)))


def enumerate_texts(texts: list[str]) -> Iterator[tuple[str, str]]:
    for number, text in enumerate(texts):
        yield str(number), text


# In processes of their own


def run(*arguments: str, cwd: Path) -> tuple[int, str]:
    command = [sys.executable, "-m", "exporter", *arguments]
    done = subprocess.run(command, capture_output=True, cwd=cwd, check=False, timeout=60)
    return done.returncode, (done.stdout + done.stderr).decode()


@pytest.mark.end_to_end
def test_commands_quote_no_secret_of_a_faulty_file(tmp_path: Path) -> None:
    write_secrets(tmp_path)
    write_broken_secrets(tmp_path)
    outputs = {}
    for number, broken in enumerate(BROKEN_FILES):
        (tmp_path / "sms-exporter.yml").write_text(broken)
        serve = ["serve", "--web.listen-address=127.0.0.1:0", "--log.level=debug"]
        for command in [["check-config"], serve][: 1 if number else 2]:
            code, said = run(*command, cwd=tmp_path)
            assert (code, "sms-exporter.yml:" in said) == (1, True)
            outputs[f"{command[0]} {number}"] = said
    assert all(f"accounts[{n}]" in outputs["check-config 0"] for n in range(8))
    for command in (["--help"], ["serve", "--help"], ["check-config", "--help"], ["schema"], ["providers", "qlara"]):
        code, outputs[" ".join(command)] = run(*command, cwd=tmp_path)
        assert code == 0
    check(outputs)


@pytest.mark.end_to_end
async def test_nothing_that_comes_out_of_the_process_shows_a_secret(tmp_path: Path) -> None:
    async with planted(tmp_path) as config:
        outputs = await asyncio.to_thread(outputs_of_the_process, tmp_path, config)
    assert set(re.findall(r'reason="(\w+)"', outputs["metrics"])) == set(Reason) - {Reason.INTERNAL}
    assert "no whole answer within" in outputs["log"]
    check(outputs)


def outputs_of_the_process(folder: Path, config: Planted) -> dict[str, str]:
    outputs: dict[str, str] = {}
    flags = ("--web.enable-lifecycle", "--log.level=debug", "--log.format=json")
    address = f"127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "exporter", f"--config.file={config.file}", f"--web.listen-address={address}"]
    with running(folder, "exporter", *command, *flags) as process:
        eventually("the exporter", lambda: asked(f"http://{address}/-/ready"))
        for name, path in {"metrics": "/metrics", "404": "/nothing", "400": "/probe"}.items():
            outputs[name] = asked(f"http://{address}{path}", **PATIENCE)
        for name in config.names[:: len(AUTH) - 1]:
            outputs[f"debug {name}"] = asked(f"http://{address}/probe?target={name}&debug=true")
        proc = Path(f"/proc/{process.popen.pid}")
        for file in ("cmdline", "comm", f"task/{process.popen.pid}/comm"):
            outputs[file] = (proc / file).read_bytes().decode("utf-8", "replace")
        write_broken_secrets(folder)
        config.file.write_text(BROKEN)
        outputs["reload"] = asked(f"http://{address}/-/reload", "POST")
        assert "planted.yml:" in outputs["reload"]
        (folder / "secrets" / "api_key_file").write_bytes(b"a\r\n" + SECRETS["api_key_file"].encode())
        outputs["after"] = asked(f"http://{address}/metrics")
        time.sleep(0.2)
        outputs["log"] = process.log.read_text()
    return outputs


def asked(url: str, method: str = "GET", **headers: str) -> str:
    request = urllib.request.Request(url, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=90) as answer:
            return f"{answer.headers}\n{answer.read().decode()}"
    except urllib.error.HTTPError as error:
        with error:
            return f"{error.headers}\n{error.read().decode()}"
