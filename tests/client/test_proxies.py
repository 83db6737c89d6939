"""Proxies: http, https and socks5, from the configuration and from the environment."""

import asyncio
import ipaddress
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvloop
import yaml

from exporter.client.http import Call, HttpClient
from exporter.client.proxy import proxy_for
from exporter.failure import FailureError, Reason
from exporter.secrets.secret import Secret
from exporter.settings import HttpSettings, TlsSettings
from tests.client.raw import answering, asking, raw, signed
from tests.injected_faults import GOOD, Authority, answers, answers_anything, closes_at_once, response, serving


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("http_proxy", "https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


@dataclass
class Socks:
    """A SOCKS 5 proxy for tests: whatever the name, it leads to one port of loopback."""

    leads_to: int = 0
    user: tuple[str, str] | None = None
    refuse: bool = False
    asked: list[str] = field(default_factory=list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        count = (await reader.readexactly(2))[1]
        methods = await reader.readexactly(count)
        method = 0 if self.user is None else 2
        assert method in methods
        writer.write(bytes([5, method]))
        if self.user is not None:
            name = await reader.readexactly((await reader.readexactly(2))[1])
            word = await reader.readexactly((await reader.readexactly(1))[0])
            writer.write(bytes([1, int((name.decode(), word.decode()) != self.user)]))
        kind = (await reader.readexactly(4))[3]
        if kind == 3:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        else:
            host = str(ipaddress.ip_address(await reader.readexactly({1: 4, 4: 16}[kind])))
        port = int.from_bytes(await reader.readexactly(2), "big")
        self.asked.append(f"{host}:{port}")
        writer.write(bytes([5, 5 if self.refuse else 0, 0, 1, 0, 0, 0, 0, 0, 0]))
        if self.refuse:
            return
        onward, back = await asyncio.open_connection("127.0.0.1", self.leads_to)
        try:
            await asyncio.gather(_copy(reader, back), _copy(onward, writer))
        finally:
            back.close()


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(65536):
        sink.write(data)
    if sink.can_write_eof():
        sink.write_eof()


def at(url: str) -> Call:
    return asking(url, "A")


def through(url: str, tls: TlsSettings = TlsSettings()) -> HttpSettings:  # noqa: B008
    return HttpSettings(tls, proxy_url=Secret.literal(url))


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "SOCKS5"])
async def test_a_socks_proxy_is_given_the_name_and_its_connections_are_kept(client: HttpClient, scheme: str) -> None:
    async with raw(answering()) as server, serving((proxy := Socks(server.port)).talk) as port:
        call = at("http://provider.test/x")
        for _ in range(2):
            assert (await client.get(call, through(f"{scheme}://127.0.0.1:{port}"))).body == b"A"
        assert proxy.asked == ["provider.test:80"]
        assert server.connections == 1


async def test_tls_goes_through_a_socks_proxy_that_asks_for_a_password(
    client: HttpClient, authority: Authority, trusting: HttpSettings
) -> None:
    async with raw(answering(), authority.context("good")) as server:
        async with serving((proxy := Socks(server.port, ("operator", "pass:word"))).talk) as port:
            http = through(f"socks5://operator:pass%3Aword@127.0.0.1:{port}", trusting.tls)
            assert (await client.get(at(f"https://127.0.0.1:{server.port}/x"), http)).body == b"A"
            wrong = through(f"socks5://operator:wrong@127.0.0.1:{port}", trusting.tls)
            with pytest.raises(FailureError, match="the SOCKS proxy refused") as error:
                await client.get(at(f"https://127.0.0.1:{server.port}/x"), wrong)
            assert error.value.failure.reason is Reason.CONNECTION
            unknown = through(f"socks5://operator:pass%3Aword@127.0.0.1:{port}")
            with pytest.raises(FailureError, match="certificate refused"):
                await client.get(at(f"https://127.0.0.1:{server.port}/x"), unknown)
        assert proxy.asked[0] == f"127.0.0.1:{server.port}"


async def test_a_socks_proxy_that_refuses_or_is_none_is_a_matter_of_the_connection(client: HttpClient) -> None:
    async with serving(Socks(refuse=True).talk) as port:
        with pytest.raises(FailureError, match="the SOCKS proxy refused") as error:
            await client.get(at("http://provider.test/x"), through(f"socks5://127.0.0.1:{port}"))
        assert error.value.failure.reason is Reason.CONNECTION
    for none in (closes_at_once, answers_anything):
        async with serving(none) as port:
            with pytest.raises(FailureError) as error:
                await client.get(at("http://provider.test/x"), through(f"socks5://127.0.0.1:{port}"))
            assert error.value.failure.reason is Reason.CONNECTION
    with pytest.raises(FailureError, match="connection refused") as error:
        await client.get(at("http://provider.test/x"), through(f"socks5://127.0.0.1:{port}"))
    assert error.value.failure.reason is Reason.CONNECTION


@pytest.mark.parametrize(
    ("proxy", "is_loaded"), [("", False), ("http://127.0.0.1:1", False), ("socks5://127.0.0.1:1", True)]
)
def test_the_library_for_socks_is_loaded_where_a_socks_proxy_is_used(
    tmp_path: Path, proxy: str, is_loaded: bool
) -> None:
    account = {
        "name": "a",
        "provider": "agiletelecom",
        "base_url": "http://127.0.0.1:1",
        "auth": {"api_key": "the-key"},
    }
    configured = {**account, "http": {"proxy_url": proxy}} if proxy else account
    (tmp_path / "sms-exporter.yml").write_text(yaml.safe_dump({"accounts": [configured]}))
    code = "import sys; from exporter.cli.main import main; main(['check']); print('python_socks' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "Provider can't be reached" in ended.stdout  # it was tried
    assert ended.stdout.splitlines()[-1] == str(is_loaded), ended.stderr


async def test_a_socks_proxy_comes_from_the_environment_too(
    client: HttpClient, environment: pytest.MonkeyPatch
) -> None:
    async with raw(answering()) as server, serving((proxy := Socks(server.port)).talk) as port:
        environment.setenv("http_proxy", f"socks5://127.0.0.1:{port}")
        http = HttpSettings(proxy_from_environment=True)
        assert (await client.get(at("http://provider.test/x"), http)).body == b"A"
        assert proxy.asked == ["provider.test:80"]


async def test_a_tunnel_is_kept_and_guarded_like_any_connection(
    client: HttpClient, authority: Authority, trusting: HttpSettings
) -> None:
    asked: list[bytes] = []

    async with raw(answering(), authority.context("good")) as server:

        async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            onward, back = await asyncio.open_connection("127.0.0.1", server.port)
            try:
                await asyncio.gather(_copy(reader, back), _copy(onward, writer))
            finally:
                back.close()

        async with serving(proxy) as port:
            http = through(f"http://operator:secret@127.0.0.1:{port}", trusting.tls)
            calls = [at(f"https://127.0.0.1:{server.port}/x"), signed(server, "B", scheme="https")]
            for _ in range(2):
                assert [(await client.get(call, http)).body for call in calls] == [b"A", b"B"]
    assert len(asked) == 2
    assert asked[0].startswith(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\n" % server.port)
    assert b"Proxy-Authorization: Basic b3BlcmF0b3I6c2VjcmV0" in asked[0]
    assert all("proxy-authorization" not in request.lower() for request in server.heard)


async def test_informational_answers_of_a_proxy_without_end_are_refused(client: HttpClient) -> None:
    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        while True:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)
            await writer.drain()

    async with serving(proxy) as port:
        with pytest.raises(FailureError, match="informational answers without end"):
            await asyncio.wait_for(client.get(at("https://p.test/x"), through(f"http://127.0.0.1:{port}")), 5)


async def test_plain_http_is_asked_of_the_proxy_in_whole(client: HttpClient) -> None:
    heard: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            heard.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(response(GOOD))

    async with serving(proxy) as port:
        http = through(f"http://127.0.0.1:{port}")
        for _ in range(2):
            assert (await client.get(at("http://provider.test:8080/x?a=%20b"), http)).body == GOOD
    assert [request.split(b"\r\n")[0] for request in heard] == [b"GET http://provider.test:8080/x?a=%20b HTTP/1.1"] * 2
    assert b"proxy-authorization" not in heard[0].lower()


async def test_one_call_may_go_through_proxies_and_without(client: HttpClient) -> None:
    async with raw(answering(lambda _: b"direct")) as server, serving(answers(b"by proxy", "200 OK")) as port:
        call = signed(server, "A")
        ways = [HttpSettings(), through(f"http://127.0.0.1:{port}"), HttpSettings()]
        assert [(await client.get(call, http)).body for http in ways] == [b"direct", b"by proxy", b"direct"]
    assert [request.split()[1] for request in server.heard] == ["/x", "/x"]


@pytest.fixture
def from_environment() -> HttpSettings:
    return HttpSettings(proxy_from_environment=True)


@pytest.mark.parametrize(
    ("value", "proxy"),
    [
        ("host:3128", "http://host:3128"),
        ("user:word@host:3128", "http://user:word@host:3128"),
        ("host", "http://host"),
        ("https://host:3128", "https://host:3128"),
        ("socks5://host:1080", "socks5://host:1080"),
        ("socks5h://host", "socks5h://host"),
    ],
)
def test_a_proxy_of_the_environment_needs_no_scheme(
    environment: pytest.MonkeyPatch, from_environment: HttpSettings, value: str, proxy: str
) -> None:
    environment.setenv("HTTPS_PROXY", value)
    assert proxy_for("https://provider.test/x", from_environment) == proxy


@pytest.mark.parametrize(
    "value", ["ftp://host", "socks4://host", "host:port", "http://", "h ost", "://", "http://host/path"]
)
async def test_what_is_no_proxy_in_the_environment_is_told_and_not_quoted(
    client: HttpClient, environment: pytest.MonkeyPatch, from_environment: HttpSettings, value: str
) -> None:
    environment.setenv("HTTPS_PROXY", value)
    with pytest.raises(FailureError, match="the environment's proxy") as error:
        await client.get(at("https://provider.test/x"), from_environment)
    assert error.value.failure.reason is Reason.CONNECTION
    assert value not in error.value.failure.detail


@pytest.mark.parametrize("scheme", ["http", "https", "socks5"])
def test_every_kind_of_proxy_is_used_on_the_loop_that_the_exporter_runs_on(scheme: str, authority: Authority) -> None:
    async def main() -> None:
        client = HttpClient()
        async with raw(answering()) as server:
            context = authority.context("good") if scheme == "https" else None
            talk = Socks(leads_to=server.port).talk if scheme == "socks5" else answers(b"A")
            async with serving(talk, context) as port:
                through = Secret.literal(f"{scheme}://127.0.0.1:{port}")
                http = HttpSettings(TlsSettings(insecure_skip_verify=True), proxy_url=through)
                assert (await client.get(signed(server, "A"), http)).body == b"A"
        await client.aclose()

    uvloop.run(main())
