"""The guarded port: users, headers and certificates, and files that change while it serves."""

import asyncio
import base64
import ssl
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple, Self

import aiohttp
import bcrypt
import pytest
import trustme
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from exporter.documents.faults import ConfigError
from exporter.web.guard import Guard
from exporter.web.passwords import BusyError, Passwords
from exporter.web.routes import WebOptions, create_app, is_health
from tests.virtual import account
from tests.web.test_routes import App

CHEAP = 4


def hash_of(password: str, cost: int = CHEAP) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


class Port:
    """A port behind a guard, with a route `/` and one that is broken; and the files that the guard reads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "web.yml"
        self.ca = trustme.CA()

    def write(self, text: str) -> None:
        self.file.write_text(text)

    def issue(self, name: str = "server", ca: trustme.CA | None = None) -> None:
        """A new certificate in the place of the one before."""
        certificate = (ca or self.ca).issue_cert("localhost", "127.0.0.1")
        certificate.private_key_pem.write_to_path(self.folder / f"{name}.key")
        (self.folder / f"{name}.pem").write_bytes(certificate.cert_chain_pems[0].bytes())

    async def serve(self) -> Self:
        app = web.Application()
        app.router.add_get("/", self._fine)
        app.router.add_get("/broken", self._broken)
        guard = Guard(self.file)
        guard.protect(app)
        self.context = guard.ssl_context
        self.server = TestServer(app, scheme="http" if self.context is None else "https")
        await self.server.start_server(ssl=self.context)
        return self

    async def _fine(self, _request: web.Request) -> web.Response:
        return web.Response(text="fine", headers={"X-Frame-Options": "sameorigin"})

    async def _broken(self, _request: web.Request) -> web.Response:
        raise web.HTTPGone

    async def get(
        self, path: str = "/", headers: dict[str, str] | None = None, tls: ssl.SSLContext | None = None
    ) -> aiohttp.ClientResponse:
        """An answer over a new connection."""
        connector = aiohttp.TCPConnector(force_close=True, ssl=tls or True)
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.get(self.server.make_url(path), headers=headers) as answer,
        ):
            await answer.read()
            return answer

    async def status(self, headers: dict[str, str] | None = None) -> int:
        return (await self.get(headers=headers)).status

    def trusting(self, *client: str, ca: trustme.CA | None = None) -> ssl.SSLContext:
        """A client's context, with a client certificate of these names."""
        context = ssl.create_default_context()
        (ca or self.ca).configure_trust(context)
        if client:
            self.ca.issue_cert(*client).configure_cert(context)
        return context


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[Port]:
    port = Port(tmp_path)
    port.issue()
    port.ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    yield port
    await port.server.close()


TLS = "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n"
CLIENTS = TLS + "  client_ca_file: ca.pem\n  client_auth_type: "


# Users


async def test_without_users_everybody_comes_in(port: Port) -> None:
    port.write("{}\n")
    await port.serve()
    assert await port.status() == 200
    assert port.context is None


async def test_only_users_with_their_password_come_in(port: Port) -> None:
    port.write(f"basic_auth_users:\n  alice: {hash_of('wonderland')}\n  bob: {hash_of('pässword')}\n")
    await port.serve()
    assert await port.status(basic("alice", "wonderland")) == 200
    assert await port.status(basic("bob", "pässword")) == 200
    for headers in (
        None,
        basic("alice", "pässword"),
        basic("alice", ""),
        basic("carol", "wonderland"),
        basic("", ""),
        basic("alice", "w" * 73),
        basic("alice", "wonder\0land"),
        {"Authorization": "Basic"},
        {"Authorization": "Basic ****"},
        {"Authorization": "Basic " + base64.b64encode(b"alice").decode()},
        {"Authorization": "Basic " + base64.b64encode(b"alice:\xff").decode()},
        {"Authorization": basic("alice", "wonderland")["Authorization"].replace("Basic", "Bearer")},
    ):
        answer = await port.get(headers=headers)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="sms-exporter", charset="UTF-8"'


async def test_health_and_unknown_paths_are_behind_the_users_too(port: Port) -> None:
    port.write(f"basic_auth_users: {{alice: {hash_of('a')}}}\n")
    await port.serve()
    assert [(await port.get(path)).status for path in ("/-/healthy", "/none", "/broken")] == [401] * 3
    alice = basic("alice", "a")
    assert [(await port.get(path, alice)).status for path in ("/none", "/broken")] == [404, 410]


@pytest.mark.parametrize("prefix", ["", "/sms"])
async def test_health_answers_without_a_password_where_it_may(tmp_path: Path, prefix: str) -> None:
    file = tmp_path / "web.yml"
    file.write_text(
        f"basic_auth_users: {{alice: {hash_of('a')}}}\nhttp_server_config: {{headers: {{X-Frame-Options: deny}}}}\n"
    )
    async with App(account("one"), options=WebOptions(external_url=f"https://x.test{prefix}")) as app:
        for is_open, status in ((is_health, 200), (lambda _: False, 401)):
            guarded = create_app(app.service, WebOptions(external_url=f"https://x.test{prefix}"))
            Guard(file, is_open).protect(guarded)
            async with TestClient(TestServer(guarded)) as client:
                for path in ("/-/healthy", "/-/ready"):
                    for method in ("GET", "HEAD"):
                        answer = await client.request(method, prefix + path)
                        assert (answer.status, answer.headers["X-Frame-Options"]) == (status, "deny")
                    assert (await client.post(prefix + path)).status == 401
                for path in ("/metrics", "/", "/-/healthy/", "/-/reload", "/sd", "/probe?target=one&x=/-/healthy"):
                    assert (await client.get(prefix + path)).status == 401
        Guard(file, is_health).protect(guarded := create_app(app.service))
        file.write_text("broken")
        async with TestClient(TestServer(guarded)) as client:
            assert [(await client.get(path)).status for path in ("/-/healthy", "/metrics")] == [200, 500]


class Check(NamedTuple):
    """A check of bcrypt's: in which thread, against a hash of which cost, of which password."""

    thread: int
    cost: str
    password: str


def place_of(password: str, worked: list[Check]) -> int:
    """How many checks began before that password's. How many have begun since depends on the machine."""
    return [check.password for check in worked].index(password)


@pytest.fixture
def worked(monkeypatch: pytest.MonkeyPatch) -> list[Check]:
    """Every check that bcrypt makes, in the order in which they begin."""
    found: list[Check] = []
    check = bcrypt.checkpw

    def counted(password: bytes, hashed: bytes) -> bool:
        found.append(Check(threading.get_ident(), hashed[:7].decode(), password.decode()))
        return check(password, hashed)

    monkeypatch.setattr(bcrypt, "checkpw", counted)
    return found


async def test_an_unknown_user_costs_what_the_dearest_costs_and_who_was_right_or_wrong_is_remembered(
    port: Port, worked: list[Check]
) -> None:
    port.write(f"basic_auth_users:\n  alice: {hash_of('a')}\n  bob: {hash_of('b', CHEAP + 1)}\n")
    await port.serve()
    for user, password, status, costs in (
        ("carol", "b", 401, ["$2b$05$"]),  # bob's password under a name that nobody has
        ("carol", "b", 401, []),
        ("carol", "c", 401, ["$2b$05$"]),
        ("alice", "x", 401, ["$2b$04$"]),
        ("alice", "a", 200, ["$2b$04$"]),
        ("alice", "a", 200, []),
        ("alice", "x", 401, []),
        ("bob", "b", 200, ["$2b$05$"]),
    ):
        worked.clear()
        assert await port.status(basic(user, password)) == status
        assert [cost for _, cost, _ in worked] == costs


async def test_what_is_remembered_is_bounded_and_ends_with_the_hash(port: Port) -> None:
    users = {f"user-{n}": hash_of("a") for n in range(103)}
    port.write("basic_auth_users:\n" + "".join(f"  {user}: {hashed}\n" for user, hashed in users.items()))
    await port.serve()
    assert {await port.status(basic(user, "a")) for user in users} == {200}
    port.write(f"basic_auth_users: {{user-0: {hash_of('b')}}}\n")
    assert await port.status(basic("user-0", "a")) == 401
    assert await port.status(basic("user-0", "b")) == 200
    assert await port.status(basic("user-1", "a")) == 401


async def test_a_name_that_becomes_a_users_is_not_taken_for_the_stranger_that_it_was() -> None:
    hashed = hash_of("b")
    passwords = Passwords()
    carol = basic("carol", "b")["Authorization"]
    assert not await passwords.admit({"bob": hashed}, carol)
    assert await passwords.admit({"bob": hashed, "carol": hashed}, carol)


def wrong(number: int) -> str:
    return basic("alice", f"wrong-{number}")["Authorization"]


@pytest.mark.parametrize("client", ["attacker", "prometheus"])
async def test_a_right_password_waits_behind_no_heap_of_wrong_ones(worked: list[Check], client: str) -> None:
    """Not where another client sent them, and not where its own did, or a proxy before both."""
    users = {"alice": hash_of("a", CHEAP + 2)}
    passwords = Passwords()
    guesses = [asyncio.create_task(passwords.admit(users, wrong(n), "attacker")) for n in range(30)]
    await asyncio.sleep(0)
    assert await passwords.admit(users, basic("alice", "a")["Authorization"], client)
    assert place_of("a", worked) < 6
    assert await asyncio.gather(*guesses) == [False] * 30
    assert len(worked) == 31


async def test_clients_take_turns(worked: list[Check]) -> None:
    users = {"alice": hash_of("a", CHEAP + 2)}
    passwords = Passwords()
    earlier = [asyncio.create_task(passwords.admit(users, wrong(n), "attacker")) for n in range(15)]
    right = asyncio.create_task(passwords.admit(users, basic("alice", "a")["Authorization"], "prometheus"))
    later = [asyncio.create_task(passwords.admit(users, wrong(n), "attacker")) for n in range(15, 30)]
    assert await right
    assert place_of("a", worked) < 6
    await asyncio.gather(*earlier, *later)


async def test_equal_passwords_at_once_are_checked_once_or_twice(worked: list[Check]) -> None:
    users = {"alice": hash_of("a")}
    passwords = Passwords()
    assert await asyncio.gather(*(passwords.admit(users, wrong(1)) for _ in range(30))) == [False] * 30
    assert len(worked) <= 2


async def test_those_who_wait_are_bounded_and_one_who_leaves_gives_its_turn_up() -> None:
    users = {"alice": hash_of("a")}
    passwords = Passwords()
    guesses = [asyncio.create_task(passwords.admit(users, wrong(n), "attacker")) for n in range(150)]
    patient = asyncio.create_task(passwords.admit(users, basic("alice", "a")["Authorization"], "prometheus"))
    await asyncio.sleep(0)
    for task in guesses[-30:]:
        task.cancel()
    assert await patient
    ended = await asyncio.gather(*guesses, return_exceptions=True)
    assert [type(each) for each in ended[-30:]] == [asyncio.CancelledError] * 30
    assert sum(isinstance(each, BusyError) for each in ended) == 49
    assert sum(each is False for each in ended) == 71
    assert await passwords.admit(users, basic("alice", "a")["Authorization"])
    assert not await passwords.admit(users, wrong(1000))  # every turn was given back


async def test_passwords_are_checked_beside_the_event_loop(port: Port, worked: list[Check]) -> None:
    port.write(f"basic_auth_users: {{alice: {hash_of('a')}}}\n")
    await port.serve()
    assert await port.status(basic("alice", "a")) == 200
    assert [thread == threading.get_ident() for thread, _, _ in worked] == [False]


# Headers and changes


async def test_headers_are_on_every_answer(port: Port) -> None:
    port.write(
        "http_server_config: {headers: {X-Frame-Options: deny, Strict-Transport-Security: max-age=1}}\n"
        f"basic_auth_users: {{alice: {hash_of('a')}}}\n"
    )
    await port.serve()
    for path, headers in (
        ("/", None),
        ("/", basic("alice", "a")),
        ("/none", basic("alice", "a")),
        ("/broken", basic("alice", "a")),
    ):
        answer = await port.get(path, headers)
        assert (answer.headers["X-Frame-Options"], answer.headers["Strict-Transport-Security"]) == ("deny", "max-age=1")


async def test_a_changed_file_holds_from_the_next_request_on(port: Port, caplog: pytest.LogCaptureFixture) -> None:
    port.write("{}\n")
    await port.serve()
    with caplog.at_level("INFO", "exporter"):
        assert await port.status() == 200
        port.write(f"basic_auth_users: {{alice: {hash_of('a')}}}\n")
        assert await port.status() == 401
        assert await port.status(basic("alice", "a")) == 200
    messages = [record.message for record in caplog.records if record.name.startswith("exporter")]
    assert messages == ["Web configuration loaded"]


@pytest.mark.parametrize("broken", ["", "basic_auth_users: {alice: x}\n", "basic_auth_users: [", None])
async def test_a_file_that_breaks_answers_500_until_it_is_mended(
    port: Port, caplog: pytest.LogCaptureFixture, broken: str | None
) -> None:
    whole = f"basic_auth_users: {{alice: {hash_of('a')}}}\nhttp_server_config: {{headers: {{X-Frame-Options: deny}}}}\n"
    port.write(whole)
    await port.serve()
    if broken is None:
        port.file.unlink()
    else:
        port.write(broken)
    assert [await port.status(basic("alice", "a")) for _ in range(3)] == [500] * 3
    assert [record.message for record in caplog.records] == ["Web configuration is broken"]
    assert str(port.file) in caplog.records[0].__dict__["err"]
    port.write(whole)
    assert await port.status(basic("alice", "a")) == 200
    if broken is None:
        port.file.unlink()
        assert await port.status() == 500
        assert len(caplog.records) == 2


def test_a_file_that_is_broken_at_the_start_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the file can't be read"):
        Guard(tmp_path / "none.yml")


# TLS


async def test_a_renewed_certificate_serves_new_connections_and_old_ones_go_on(port: Port) -> None:
    port.write(TLS)
    await port.serve()
    newer = trustme.CA()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=port.trusting())) as session:
        async with session.get(port.server.make_url("/")) as answer:
            assert answer.status == 200
            await answer.read()
        port.issue(ca=newer)
        async with session.get(port.server.make_url("/")) as answer:
            assert answer.status == 200
    with pytest.raises(aiohttp.ClientConnectorCertificateError):
        await port.get(tls=port.trusting())
    assert (await port.get(tls=port.trusting(ca=newer))).status == 200


async def test_half_a_renewal_leaves_the_certificate_before(port: Port, caplog: pytest.LogCaptureFixture) -> None:
    port.write(TLS)
    await port.serve()
    key, certificate = (port.folder / "server.key").read_bytes(), (port.folder / "server.pem").read_bytes()
    port.issue()
    (port.folder / "server.key").write_bytes(key)
    assert [(await port.get(tls=port.trusting())).status for _ in range(2)] == [200, 200]
    (port.folder / "server.pem").unlink()
    assert (await port.get(tls=port.trusting())).status == 200
    errors = [record.__dict__["err"] for record in caplog.records]
    assert [error.partition(": ")[2].partition(";")[0] for error in errors] == [
        "tls_server_config.key_file: the key is not the certificate's",
        "tls_server_config.cert_file: the file can't be read: No such file or directory",
    ]
    (port.folder / "server.pem").write_bytes(certificate)
    assert (await port.get(tls=port.trusting())).status == 200
    (port.folder / "server.pem").unlink()
    assert (await port.get(tls=port.trusting())).status == 200
    assert len(caplog.records) == 3


async def test_a_file_that_breaks_answers_500_over_tls_too(port: Port) -> None:
    port.write(TLS)
    await port.serve()
    port.write("tls_server_config: {cert_file: server.pem}\n")
    assert (await port.get(tls=port.trusting())).status == 500


async def test_tls_is_neither_switched_off_nor_on_without_a_restart(
    port: Port, caplog: pytest.LogCaptureFixture
) -> None:
    port.write(TLS)
    await port.serve()
    port.write("{}\n")
    assert (await port.get(tls=port.trusting())).status == 200
    assert "only a restart" in caplog.text
    await port.server.close()
    await port.serve()
    caplog.clear()
    port.write(TLS)
    assert await port.status() == 200
    assert "only a restart" in caplog.text


async def refused(port: Port, tls: ssl.SSLContext) -> bool:
    """Whether a connection gets no answer: TLS 1.3 tells a client only when it reads."""
    try:
        return (await port.get(tls=tls)).status != 200
    except (aiohttp.ClientConnectionError, ssl.SSLError):
        return True


async def test_a_required_client_certificate_is_verified(port: Port) -> None:
    port.write(CLIENTS + "RequireAndVerifyClientCert\n")
    await port.serve()
    assert await refused(port, port.trusting())
    stranger = port.trusting()
    trustme.CA().issue_cert("prometheus").configure_cert(stranger)
    assert await refused(port, stranger)
    assert not await refused(port, port.trusting("prometheus"))


async def test_a_client_certificate_may_be_left_away_where_it_is_verified_if_given(port: Port) -> None:
    port.write(CLIENTS + "VerifyClientCertIfGiven\n")
    await port.serve()
    assert not await refused(port, port.trusting())
    assert not await refused(port, port.trusting("prometheus"))
    stranger = port.trusting()
    trustme.CA().issue_cert("prometheus").configure_cert(stranger)
    assert await refused(port, stranger)


@pytest.mark.parametrize("auth", ["RequireAndVerifyClientCert", "VerifyClientCertIfGiven"])
async def test_only_allowed_names_come_in(port: Port, auth: str) -> None:
    allowed = ["prometheus.example.org", "10.0.0.1", "2001:db8::1", "ops@example.org"]
    port.write(CLIENTS + f"{auth}\n  client_allowed_sans: [{', '.join(allowed[:2])}, '{allowed[2]}', {allowed[3]}]\n")
    await port.serve()
    for name in allowed:
        assert not await refused(port, port.trusting("other.example.org", name))
    for names in ((), ("other.example.org",), ("10.0.0.2",)):
        assert await refused(port, port.trusting(*names))


async def test_an_authority_that_is_taken_out_lets_nobody_in_any_more(port: Port) -> None:
    port.write(CLIENTS + "RequireAndVerifyClientCert\n")
    await port.serve()
    assert not await refused(port, port.trusting("prometheus"))
    trustme.CA().cert_pem.write_to_path(port.folder / "ca.pem")
    assert await refused(port, port.trusting("prometheus"))


async def test_the_least_version_is_kept_and_changes_with_the_file(port: Port) -> None:
    port.write(TLS + "  min_version: TLS13\n")
    await port.serve()
    old = port.trusting()
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    assert await refused(port, old)
    port.write(TLS + "  max_version: TLS12\n")
    assert not await refused(port, old)
    new = port.trusting()
    new.minimum_version = ssl.TLSVersion.TLSv1_3
    assert await refused(port, new)
