"""TLS: sessions are resumed, handshakes queue by host, and a certificate is looked at as Prometheus does."""

import asyncio
import gc
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import trustme
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from exporter.client import connections, tls
from exporter.client.http import Call, HttpClient
from exporter.client.pool import MOST_HANDSHAKES, Gate, Key
from exporter.failure import FailureError, Reason
from exporter.secrets.secret import Secret
from exporter.settings import HttpSettings, TlsSettings
from tests.client.raw import Connection, answering, asking, at, bodies, public, raw, signed, until
from tests.injected_faults import GOOD, Authority, response, serving


@dataclass
class Handshakes:
    """What a server saw of TLS: how many connections, and how many of them resumed a session."""

    whole: int = 0
    resumed: int = 0

    async def talk(self, connection: Connection) -> None:
        over = connection.writer.get_extra_info("ssl_object")
        if over.session_reused:
            self.resumed += 1
        else:
            self.whole += 1
        await connection.request()
        await connection.send(response(GOOD))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_new_connection_resumes_the_newest_session_of_its_host(
    client: HttpClient, authority: Authority, trusting: HttpSettings, version: ssl.TLSVersion
) -> None:
    seen = Handshakes()
    context = authority.context("good")
    assert context is not None
    context.maximum_version = version
    async with raw(seen.talk, context) as server:
        for key in "ABCDEF":
            await bodies(client, signed(server, key, scheme="https"), http=trusting)
    assert (seen.whole, seen.resumed) == (1, 5)


async def test_a_server_that_has_forgotten_its_sessions_gets_a_whole_handshake(
    client: HttpClient, authority: Authority, trusting: HttpSettings
) -> None:
    seen = Handshakes()
    async with raw(seen.talk, authority.context("good")) as server:
        await bodies(client, public(server, scheme="https"), http=trusting)
    async with raw(seen.talk, authority.context("good")) as server:
        await bodies(client, public(server, scheme="https"), http=trusting)
        await bodies(client, signed(server, "A", scheme="https"), http=trusting)
    assert (seen.whole, seen.resumed) == (2, 1)


@pytest.mark.parametrize(("options", "most"), [(ssl.Options(0), 1), (ssl.OP_NO_TICKET, 6)], ids=["resumes", "never"])
async def test_a_session_is_asked_for_only_where_the_last_is_of_no_use(
    authority: Authority,
    trusting: HttpSettings,
    client: HttpClient,
    monkeypatch: pytest.MonkeyPatch,
    options: ssl.Options,
    most: int,
) -> None:
    """Each time that Python gives one it loses 4 kB."""
    given = 0
    getter: Any = ssl.SSLObject.session

    def counted(of: ssl.SSLObject) -> ssl.SSLSession | None:
        nonlocal given
        given += 1
        session: ssl.SSLSession | None = getter.__get__(of)
        return session

    monkeypatch.setattr(ssl.SSLObject, "session", property(counted, getter.fset))
    seen = Handshakes()
    context = authority.context("good")
    assert context is not None
    context.options |= options
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    async with raw(seen.talk, context) as server:
        for number in range(60):
            await bodies(client, signed(server, f"K{number}", scheme="https"), http=trusting)
    assert seen.whole + seen.resumed == 60
    assert 1 <= given <= most


async def test_no_session_outlives_the_settings_that_its_certificate_was_looked_at_with(
    client: HttpClient, authority: Authority, trusting: HttpSettings
) -> None:
    seen = Handshakes()
    async with raw(seen.talk, authority.context("wrong name")) as server:
        call = public(server, scheme="https")
        careless = HttpSettings(TlsSettings(insecure_skip_verify=True))
        await bodies(client, call, http=careless)
        with pytest.raises(FailureError) as error:
            await client.get(call, trusting)
        assert error.value.failure.reason is Reason.TLS
        named = HttpSettings(replace(trusting.tls, server_name="elsewhere.test"))
        await bodies(client, call, http=named)
        with pytest.raises(FailureError) as error:
            await client.get(call, trusting)
        assert error.value.failure.reason is Reason.TLS
        await bodies(client, call, http=named)
        await bodies(client, call, http=careless)
    assert (seen.whole, seen.resumed) == (2, 2)


async def test_a_session_of_a_handshake_that_failed_is_never_offered(
    client: HttpClient, authority: Authority, trusting: HttpSettings
) -> None:
    seen = Handshakes()
    async with raw(seen.talk, authority.context("unknown authority")) as server:
        for _ in range(3):
            with pytest.raises(FailureError, match="certificate refused"):
                await client.get(public(server, scheme="https"), trusting)
    assert not seen.resumed


async def test_after_a_handshake_that_failed_the_next_one_is_whole(
    client: HttpClient, authority: Authority, trusting: HttpSettings
) -> None:
    """A host that resumption is the matter of must not fail for ever: here another one of its name fails."""
    seen = Handshakes()
    async with (
        raw(seen.talk, authority.context("good")) as good,
        raw(answering(), authority.context("unknown authority")) as bad,
    ):
        await bodies(client, public(good, scheme="https"), http=trusting)
        with pytest.raises(FailureError, match="certificate refused"):
            await client.get(public(bad, scheme="https"), trusting)
        await bodies(client, public(good, scheme="https"), http=trusting)
    assert (seen.whole, seen.resumed) == (2, 0)


async def test_a_turn_that_is_given_to_a_call_just_broken_off_is_passed_on() -> None:
    gate = Gate(1)
    keys = [Key(name, "https", "a.test", 443) for name in "ABC"]
    assert await gate.enter(keys[0], 0.0) is None
    broken, waiting = (asyncio.create_task(gate.enter(key, 0.0)) for key in keys[1:])
    await asyncio.sleep(0)
    gate.leave(keys[0])
    broken.cancel()
    assert await asyncio.wait_for(waiting, 1) is None
    gate.leave(keys[2])
    assert await asyncio.wait_for(gate.enter(keys[1], 0.0), 1) is None


def held_back(count: int) -> tuple[Callable[[Connection], Awaitable[None]], list[int]]:
    """Answers once so many requests are there together; tells how many there were at the most."""
    together = [0, 0]

    async def talk(connection: Connection) -> None:
        while True:
            await connection.request()
            together[0] += 1
            together[1] = max(together)
            await until(lambda: together[1] >= count)
            together[0] -= 1
            await connection.send(response(GOOD))

    return talk, together


async def test_new_connections_to_a_host_are_opened_a_few_dozen_at_a_time_and_handshakes_alone_count(
    client: HttpClient, authority: Authority, trusting: HttpSettings
) -> None:
    """All the same every call is under way at once: a connection that is open holds up nobody."""
    count = 3 * MOST_HANDSHAKES
    talk, together = held_back(count)
    async with raw(talk, authority.context("good")) as server:
        calls = [signed(server, f"K{n}", scheme="https") for n in range(count)]
        assert await bodies(client, *calls, http=trusting) == [GOOD] * count
        assert server.connections == count
    assert together[1] == count


async def test_a_queue_at_one_host_holds_up_no_other_and_plain_http_has_none(
    client: HttpClient, authority: Authority, trusting: HttpSettings
) -> None:
    opened = 0

    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        await reader.read()
        writer.close()

    hanging = await asyncio.start_server(never, "127.0.0.1", 0)
    port = hanging.sockets[0].getsockname()[1]
    async with raw(answering(), authority.context("good")) as other, raw(answering()) as plain:
        stuck = [replace_port(signed(other, f"K{n}", scheme="https"), port) for n in range(MOST_HANDSHAKES + 10)]
        tasks = [asyncio.create_task(client.get(call, trusting)) for call in stuck]
        await until(lambda: opened == MOST_HANDSHAKES)
        calls = [signed(other, "A", scheme="https"), signed(plain, "B")]
        assert await bodies(client, *calls, http=trusting) == [b"A", b"B"]
        assert opened == MOST_HANDSHAKES
        for task in tasks[:5]:
            task.cancel()
        await until(lambda: opened == MOST_HANDSHAKES + 5)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    hanging.close()
    await hanging.wait_closed()


async def test_in_the_queue_an_owners_free_connection_is_taken_before_a_new_one(
    client: HttpClient, authority: Authority, trusting: HttpSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MOST_QUEUEING_SECONDS", 60.0)  # a busy machine takes more than a second
    owners = 2 * MOST_HANDSHAKES
    async with raw(answering(), authority.context("good")) as server:
        calls = []
        for n in range(owners):
            first = signed(server, f"K{n}", scheme="https")
            calls += [first, *(same_owner(first, path) for path in ("/y", "/z"))]
        assert len(await bodies(client, *calls, http=trusting)) == 3 * owners
        assert server.connections <= 1.5 * owners


@pytest.mark.parametrize("run", [uvloop.run, asyncio.run])
@pytest.mark.parametrize("through", ["directly", "a proxy"])
def test_a_handshake_that_is_broken_off_leaves_nothing(run: Callable[..., Any], through: str) -> None:
    """At whichever turn of the loop: uvloop alone holds what some of them leave for a minute, 300 kB each."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if through == "a proxy":
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await reader.read()
        writer.close()

    async def breaking_off() -> None:
        client = HttpClient()
        async with serving(silent) as port:
            proxy = None if through == "directly" else Secret.literal(f"http://127.0.0.1:{port}")
            http = HttpSettings(TlsSettings(insecure_skip_verify=True), proxy_url=proxy)
            for turn in range(200):
                call = asking(f"https://127.0.0.1:{port}/x", "A")
                task = asyncio.create_task(client.get(call, http))
                for _ in range(turn % 10):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.wait({task})
                del task  # an exception's frames hold what was in them
            for _ in range(20):  # what ends in order needs a turn or two
                if not handshakes():
                    break
                await asyncio.sleep(0.01)
        await client.aclose()
        assert handshakes() == 0

    run(breaking_off())


def handshakes() -> int:
    gc.collect()
    return sum(type(held) is ssl.SSLObject for held in gc.get_objects())


def same_owner(call: Call, path: str) -> Call:
    return at(call, call.url.removesuffix("/x") + path)


def replace_port(call: Call, port: int) -> Call:
    return at(call, f"https://127.0.0.1:{port}/x")


def with_common_name_alone(authority: trustme.CA, name: str, folder: Path) -> ssl.SSLContext:
    """A certificate as they were made twenty years ago."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.load_pem_x509_certificate(authority.cert_pem.bytes())
    signer = serialization.load_pem_private_key(authority.private_key_pem.bytes(), None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(issuer.not_valid_before_utc)
        .not_valid_after(issuer.not_valid_after_utc)
        .sign(signer, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


async def test_a_certificate_whose_name_is_no_alternative_name_is_refused(
    client: HttpClient, authority: Authority, trusting: HttpSettings, tmp_path: Path
) -> None:
    context = with_common_name_alone(authority.ca, "provider.test", tmp_path)
    async with raw(answering(), context) as server:
        named = HttpSettings(replace(trusting.tls, server_name="provider.test"))
        with pytest.raises(FailureError, match="certificate refused") as error:
            await client.get(public(server, scheme="https"), named)
        assert error.value.failure.reason is Reason.TLS


def test_settings_that_check_alike_share_a_context_and_others_none(authority: Authority, tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    authority.ca.cert_pem.write_to_path(path)
    one = tls.context(TlsSettings(ca_file=str(path)))
    assert tls.context(TlsSettings(ca_file=str(path), server_name="a.test")) is one
    assert tls.context(TlsSettings(ca_file=str(path), min_version="TLS13")) is not one
    assert tls.context(TlsSettings()) is tls.context(TlsSettings(server_name="b.test"))
    path.write_bytes(path.read_bytes() + b"\n")
    assert tls.context(TlsSettings(ca_file=str(path))) is not one
