"""The HTTP client against real servers on loopback: every way to misbehave gives its reason."""

import asyncio
import contextlib
import email.utils
import logging
import re
import socket
import ssl
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import respx

from exporter.accounts.registry import Registry
from exporter.accounts.resource import Clock
from exporter.accounts.scrape import scrape
from exporter.client.http import Call, HttpClient, retry_after
from exporter.client.proxy import proxy_for
from exporter.failure import Failure, FailureError, Reason
from exporter.providers.catalogue import builtin
from exporter.providers.errors import wait_seconds
from exporter.secrets.secret import Secret
from exporter.settings import AccountSettings, HttpSettings, TlsSettings
from tests.client.raw import asking
from tests.injected_faults import BEHAVIOURS, GOOD, Authority, Behaviour, answers, response, sends, serving
from tests.virtual import account, rng, settings


@pytest.fixture(scope="module")
def trusting(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> HttpSettings:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.ca.cert_pem.write_to_path(path)
    return HttpSettings(TlsSettings(ca_file=str(path)))


@contextlib.asynccontextmanager
async def behaving(
    behaviour: Behaviour, authority: Authority, trusting: HttpSettings
) -> AsyncIterator[AccountSettings]:
    """An account whose provider behaves like this."""
    async with serving(behaviour.talk, authority.context(behaviour.tls)) as port:
        scheme = "https" if behaviour.tls else "http"
        name = re.sub("[^a-z0-9]+", "-", behaviour.name.lower())
        yield account(name, base_url=f"{scheme}://127.0.0.1:{port}", http=trusting)


@pytest.mark.end_to_end  # measures time
async def test_every_behaviour_gives_its_reason_in_one_scrape_that_ends_in_time_and_hides_nothing(
    client: HttpClient, authority: Authority, trusting: HttpSettings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    async with contextlib.AsyncExitStack() as stack:
        accounts = [await stack.enter_async_context(behaving(b, authority, trusting)) for b in BEHAVIOURS]
        port = await stack.enter_async_context(serving(answers(GOOD)))
        refused = await stack.enter_async_context(unused_port())
        accounts += [
            account("refused", base_url=f"http://127.0.0.1:{refused}"),
            account("no-such-host", base_url="http://no-such-host.invalid"),
            account("healthy", base_url=f"http://127.0.0.1:{port}"),
        ]
        every = Registry(settings(*accounts), client, Clock(), rng())
        loop = asyncio.get_running_loop()
        began = loop.time()
        views = await scrape(every, 4.0)
        assert loop.time() - began < 4.5
        await every.aclose()
    said = {view.settings.name: view.observations[0] for view in views}
    reasons = {name: None if o.failure is None else o.failure.reason for name, o in said.items()}
    expected = {a.name: b.reason for a, b in zip(accounts, BEHAVIOURS, strict=False)}
    expected |= {"refused": Reason.CONNECTION, "no-such-host": Reason.CONNECTION, "healthy": None}
    assert reasons == expected
    assert len(BEHAVIOURS) >= 40
    for name, observation in said.items():
        assert (observation.readings is None) is (expected[name] is not None)
        if observation.readings is not None:
            assert observation.readings.credits[0].balance == 10.324


@contextlib.asynccontextmanager
async def unused_port() -> AsyncIterator[int]:
    """A port that is bound, but not listened on: connections to it are refused."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def call(port: int, path: str = "/x", key: str | None = None, scheme: str = "http", max_bytes: int = 1000) -> Call:
    return asking(f"{scheme}://127.0.0.1:{port}{path}", key, max_bytes)


async def failure_of(client: HttpClient, asked: Call, http: HttpSettings | None = None) -> tuple[Reason, str]:
    with pytest.raises(FailureError) as error:
        await client.get(asked, http or HttpSettings())
    return error.value.failure.reason, error.value.failure.detail


async def test_a_request_carries_what_it_should_and_nothing_else(client: HttpClient) -> None:
    heard: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(
            response(
                GOOD, "200 OK", "Set-Cookie: session=1", "Retry-After: 7", "X-Two: 1", "x-two: 2", "Connection: close"
            )
        )

    async with serving(talk) as port:
        answer = await client.get(call(port, key="the-key"), HttpSettings())
        await client.get(call(port), HttpSettings())
    first, second = (set(request.decode().split("\r\n")) - {""} for request in heard)
    assert first - second == {"x-api-key: the-key"}
    names = {line.split(":")[0].lower() for line in second}
    assert names == {"get /x http/1.1", "host", "accept", "accept-encoding", "user-agent"}
    assert answer.header_names == ("content-length", "set-cookie", "retry-after", "x-two", "connection")
    assert (answer.status, answer.body, answer.retry_after_seconds) == (200, GOOD, 7.0)


async def test_a_kept_connection_is_used_again_and_a_broken_one_is_not_silently_asked_twice(client: HttpClient) -> None:
    connections = requests = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections, requests
        connections += 1
        for _ in range(3):
            await reader.readuntil(b"\r\n\r\n")
            requests += 1
            if requests == 3:
                return  # closes without an answer
            writer.write(response(GOOD))

    async with serving(talk) as port:
        await client.get(call(port), HttpSettings())
        await client.get(call(port), HttpSettings())
        assert connections == 1
        reason, _ = await failure_of(client, call(port))
    assert (reason, connections, requests) == (Reason.CONNECTION, 1, 3)


async def test_the_largest_body_that_is_allowed_is_read_and_a_byte_more_is_not(client: HttpClient) -> None:
    async with serving(answers(b"x" * 1000, "200 OK", "Connection: close")) as port:
        assert len((await client.get(call(port), HttpSettings())).body) == 1000
        reason, detail = await failure_of(client, call(port, max_bytes=999))
    assert (reason, detail) == (Reason.INVALID_RESPONSE, "the body is larger than 999 bytes")


async def test_redirects_are_followed_where_configured_but_the_credential_stays_with_its_origin(
    client: HttpClient,
) -> None:
    heard: list[bytes] = []

    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(response(GOOD))

    async def same(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        heard.append(request)
        onward = f"http://127.0.0.1:{other_port}/z" if b"/y " in request else "y?q=1"
        if b"/y?" in request:
            onward = f"//127.0.0.1:{other_port}/z"
        writer.write(response(b"", "302 Found", f"Location: {onward}", "Connection: close"))

    following = HttpSettings(follow_redirects=True)
    async with serving(other) as other_port, serving(same) as port:
        answer = await client.get(call(port, key="the-key"), following)
    assert answer.body == GOOD
    assert [b"the-key" in request for request in heard] == [True, True, False]


@pytest.mark.parametrize(
    ("location", "detail"),
    [
        ("/x", "more than 5 redirects"),
        ("file:///etc/passwd", "redirected to what is no URL"),
        ("http://[x", "redirected to what is no URL"),
        ("ftp://127.0.0.1/", "redirected away from https"),
    ],
)
async def test_redirects_lead_neither_in_circles_nor_out_of_http(
    client: HttpClient, location: str, detail: str
) -> None:
    async with serving(answers(b"", "302 Found", f"Location: {location}", "Connection: close")) as port:
        said = await failure_of(client, call(port), HttpSettings(follow_redirects=True))
    assert said == (Reason.REDIRECT, detail)


async def test_a_redirect_from_https_to_http_is_refused(
    client: HttpClient, authority: Authority, trusting: HttpSettings
) -> None:
    talk = answers(b"", "302 Found", "Location: http://127.0.0.1:9/x")
    async with serving(talk, authority.context("good")) as port:
        http = HttpSettings(trusting.tls, follow_redirects=True)
        said = await failure_of(client, call(port, scheme="https"), http)
    assert said == (Reason.REDIRECT, "redirected away from https")


async def test_tls_is_verified_unless_told_otherwise(
    client: HttpClient, authority: Authority, trusting: HttpSettings
) -> None:
    async with serving(answers(GOOD), authority.context("wrong name")) as port:
        asked = call(port, scheme="https")
        assert (await failure_of(client, asked, trusting))[0] is Reason.TLS
        assert (await failure_of(client, asked, HttpSettings()))[0] is Reason.TLS
        named = HttpSettings(TlsSettings(ca_file=trusting.tls.ca_file, server_name="elsewhere.test"))
        assert (await client.get(asked, named)).body == GOOD
        careless = HttpSettings(TlsSettings(insecure_skip_verify=True))
        assert (await client.get(asked, careless)).body == GOOD


async def test_a_client_certificate_is_sent_and_versions_are_bound(
    client: HttpClient, authority: Authority, trusting: HttpSettings, tmp_path: Path
) -> None:
    context = authority.context("good")
    assert context is not None
    authority.ca.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    own = authority.ca.issue_cert("client.test")
    own.private_key_pem.write_to_path(tmp_path / "key.pem")
    own.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    files = TlsSettings(trusting.tls.ca_file, str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"))
    async with serving(answers(GOOD), context) as port:
        asked = call(port, scheme="https")
        # The server's alert and its closing come together, and asyncio may see the latter alone.
        assert (await failure_of(client, asked, trusting))[0] in {Reason.TLS, Reason.CONNECTION}
        with_own = HttpSettings(replace(files, max_version="TLS12"))
        assert (await client.get(asked, with_own)).body == GOOD
        too_new = HttpSettings(replace(files, min_version="TLS13"))
        assert (await failure_of(client, asked, too_new))[0] in {Reason.TLS, Reason.CONNECTION}


async def test_a_replaced_ca_file_is_heeded_without_a_restart(
    client: HttpClient, authority: Authority, tmp_path: Path
) -> None:
    path = tmp_path / "ca.pem"
    Authority().ca.cert_pem.write_to_path(path)
    http = HttpSettings(TlsSettings(ca_file=str(path)))
    async with serving(answers(GOOD), authority.context("good")) as port:
        asked = call(port, scheme="https")
        assert (await failure_of(client, asked, http))[0] is Reason.TLS
        authority.ca.cert_pem.write_to_path(path)
        assert (await client.get(asked, http)).body == GOOD


async def test_a_ca_file_that_has_vanished_is_a_matter_of_tls(client: HttpClient, tmp_path: Path) -> None:
    http = HttpSettings(TlsSettings(ca_file=str(tmp_path / "gone.pem")))
    reason, detail = await failure_of(client, call(1, scheme="https"), http)
    assert reason is Reason.TLS
    assert detail.startswith("tls_config can't be used: ")
    (tmp_path / "gone.pem").write_text("no certificate")
    reason, detail = await failure_of(client, call(1, scheme="https"), http)
    assert (reason, detail.partition(": ")[2]) == (
        Reason.TLS,
        "a certificate or key is not one, or they don't belong together",
    )


async def test_a_proxy_is_asked_for_what_is_not_excluded(client: HttpClient) -> None:
    heard: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(response(GOOD))

    async with serving(proxy) as port:
        url = Secret.literal(f"http://operator:proxy-password@127.0.0.1:{port}")
        through = HttpSettings(proxy_url=url)
        asked = asking("http://provider.invalid/x")
        assert (await client.get(asked, through)).body == GOOD
    assert heard[0].startswith(b"GET http://provider.invalid/x HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic b3BlcmF0b3I6cHJveHktcGFzc3dvcmQ=" in heard[0]


async def test_a_proxy_that_refuses_is_a_matter_of_the_connection(client: HttpClient) -> None:
    async with serving(sends(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")) as port:
        through = HttpSettings(proxy_url=Secret.literal(f"http://127.0.0.1:{port}"))
        asked = asking("https://provider.invalid/x")
        assert await failure_of(client, asked, through) == (Reason.CONNECTION, "the proxy answered HTTP 407")


@pytest.mark.parametrize(
    ("url", "no_proxy", "direct"),
    [
        ("http://127.0.0.1/x", "example.test", True),
        ("http://localhost/x", "example.test", True),
        ("http://127.0.0.1/x", "", False),
        ("http://a.test/x", "", False),
        ("http://a.test/x", "a.test", True),
        ("http://b.a.test/x", "a.test", True),
        ("http://ba.test/x", "a.test", False),
        ("http://a.test/x", ".a.test", False),
        ("http://b.a.test/x", ".a.test, other", True),
        ("http://b.a.test/x", "*.a.test", True),
        ("http://a.test/x", "a.test:80", True),
        ("http://a.test/x", "a.test:8080", False),
        ("https://a.test/x", "a.test:443", True),
        ("http://10.1.2.3/x", "10.0.0.0/8", True),
        ("http://11.1.2.3/x", "10.0.0.0/8", False),
        ("http://[::1]/x", "::1", True),
        ("http://a.test/x", "*", True),
        ("http://a.test/x", "*.", False),
    ],
)
def test_no_proxy_names_hosts_domains_addresses_and_ports(url: str, no_proxy: str, direct: bool) -> None:
    http = HttpSettings(proxy_url=Secret.literal("http://proxy.test:3128"), no_proxy=no_proxy)
    assert (proxy_for(url, http) is None) is direct


def test_the_environments_proxy_is_heeded_where_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    http = HttpSettings(proxy_from_environment=True)
    assert proxy_for("https://a.test/x", http) is None
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.test:3128")
    monkeypatch.setenv("no_proxy", "b.test")
    assert proxy_for("https://a.test/x", http) == "http://proxy.test:3128"
    assert proxy_for("https://b.test/x", http) is None
    assert proxy_for("https://localhost/x", http) is None
    assert proxy_for("https://127.0.0.9/x", http) is None
    assert proxy_for("http://a.test/x", http) is None
    assert proxy_for("https://a.test/x", HttpSettings()) is None


NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("headers", "reason", "seconds"),
    [
        (["x-Wait: 12"], Reason.RATE_LIMITED, 12),
        (["X-Wait: 1.5"], Reason.RATE_LIMITED, 1.5),
        (["X-Wait: 12", "Retry-After: 90"], Reason.RATE_LIMITED, 90),
        (["X-Wait: soon"], Reason.RATE_LIMITED, None),
        ([], Reason.RATE_LIMITED, None),
        (["X-Wait: 12"], Reason.FORBIDDEN, None),  # many answers have it, whether or not a limit is met
        (["Retry-After: 90"], Reason.FORBIDDEN, 90),
    ],
)
async def test_how_long_to_wait_may_stand_in_a_header_of_the_providers_own(
    client: HttpClient, headers: list[str], reason: Reason, seconds: float | None
) -> None:
    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(response(b"{}", "429 No", *headers))
        await writer.drain()

    async with serving(talk) as port:
        asked = replace(call(port), wait_header="x-wait")
        answer = await client.get(asked, HttpSettings())
    assert answer.timed(Failure(reason, "no")) == Failure(reason, "no", seconds)


@pytest.mark.parametrize(
    ("status", "headers", "by_status", "reason", "seconds"),
    [
        ("403 No", ["Retry-After: 90"], True, Reason.RATE_LIMITED, 90),
        ("403 No", ["Retry-After: 0"], True, Reason.RATE_LIMITED, 0),
        ("403 No", ["Retry-After: soon"], True, Reason.IP_NOT_ALLOWED, None),
        ("403 No", [], True, Reason.IP_NOT_ALLOWED, None),
        ("403 No", ["X-Wait: 12"], True, Reason.IP_NOT_ALLOWED, None),
        ("403 No", ["Retry-After: 90"], False, Reason.IP_NOT_ALLOWED, 90),  # a code says it
        ("401 No", ["Retry-After: 90"], True, Reason.IP_NOT_ALLOWED, 90),
    ],
)
async def test_who_forbids_for_a_time_has_had_too_many_calls(
    client: HttpClient, status: str, headers: list[str], by_status: bool, reason: Reason, seconds: float | None
) -> None:
    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(response(b"{}", status, *headers))
        await writer.drain()

    async with serving(talk) as port:
        answer = await client.get(replace(call(port), wait_header="x-wait"), HttpSettings())
    timed = answer.timed(Failure(Reason.IP_NOT_ALLOWED, "HTTP 403", by_status=by_status))
    assert (timed.reason, timed.retry_after_seconds) == (reason, seconds)


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        (90, 90),
        ("90", 90),
        (NOW + 90, 90),
        (str(int(NOW) + 90), 90),
        (1e9, 1e9),
        (True, None),
        (None, None),
        ("x", None),
    ],
)
def test_a_number_above_a_billion_is_the_time_until_which_to_wait(told: object, seconds: float | None) -> None:
    assert wait_seconds(told, NOW) == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("120", 120.0),
        (" 0 ", 0.0),
        (email.utils.formatdate(NOW + 90, usegmt=True), 90.0),
        (email.utils.formatdate(NOW - 90, usegmt=True), 0.0),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("Fri, 31 Feb 2027 00:00:00 GMT", None),
        (time.asctime(time.gmtime(NOW + 90)), 90.0),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("Mon, 01 Jan 2033 00:00:00 +99999999999999999999", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


@pytest.fixture
def router() -> respx.Router:
    return respx.Router()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (httpx.ConnectError("x"), Reason.CONNECTION),
        (httpx.ReadError("x"), Reason.CONNECTION),
        (httpx.ReadTimeout("x"), Reason.TIMEOUT),
        (httpx.RemoteProtocolError("x"), Reason.CONNECTION),
        (ValueError("x"), Reason.INTERNAL),
    ],
)
async def test_httpx_is_the_seam_any_transport_of_it_serves(
    router: respx.Router, error: Exception, reason: Reason
) -> None:
    path = builtin()["agiletelecom"].apis["credit"].path
    router.get(f"https://provider.test{path}").mock(side_effect=[httpx.Response(200, json={"credit": 5}), error])
    client = HttpClient(lambda _http, _proxy: httpx.MockTransport(router.async_handler))
    asked = asking(f"https://provider.test{path}")
    assert (await client.get(asked, HttpSettings())).status == 200
    assert (await failure_of(client, asked))[0] is reason
    await client.aclose()


async def test_connections_of_settings_that_nobody_has_any_more_are_closed(client: HttpClient) -> None:
    closed = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(response(GOOD))
        assert await reader.read() == b""
        closed.set()

    async with serving(talk) as port:
        await client.get(call(port), HttpSettings())
        client.keep_only({HttpSettings()})
        assert not closed.is_set()
        client.keep_only(set())
        await asyncio.wait_for(closed.wait(), 5)
