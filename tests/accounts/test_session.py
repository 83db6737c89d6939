"""Sign-in by a call of its own, in virtual time: once for all who ask, anew once it is refused or has ended."""

import asyncio
import json
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from exporter.accounts.observation import View
from exporter.accounts.registry import Registry
from exporter.accounts.scrape import scrape
from exporter.client.http import Call
from exporter.config.loading import load
from exporter.failure import Reason
from exporter.secrets import redaction
from exporter.settings import Settings
from tests.config.providers import known
from tests.virtual import Reply, ScriptedClient, VirtualLoop, rng, run

BRAND = """
id: brand
name: Brand
base_url: https://brand.example/api
sign_in:
  basic:
    session:
      path: /login
      form: {user: "{username}"}
      keep: {user_key: /user, session_key: /session/key}
      headers: {user_key: "{user_key}", Session_key: "key {session_key}"}
      lives: 4m
errors: {statuses: {404: unauthorized}, retry_after: {header: X-Wait}}
apis:
  credit: {path: /money, cache_ttl: 10s, credit: {balance: /money, currency: {constant: EUR}}}
  contacts: {path: "/people/{user_key}", cache_ttl: 10s, contacts: {used: /people}}
"""
CLOUD = """
id: cloud
name: Cloud
base_url: https://cloud.example
sign_in: {oauth2: {token_url: /oauth/token, scope: read}}
apis:
  credit: {path: /balance, cache_ttl: 10s, credit: {balance: /balance, currency: {constant: EUR}}}
"""
GOOD = {"money": b'{"money": 5}', "people/u1": b'{"people": 7}', "balance": b'{"balance": 3}'}


def configured(folder: Path, definition: str, auth: str) -> Settings:
    provider = "brand" if definition is BRAND else "cloud"
    (folder / "f.yml").write_text(f"accounts:\n- {{name: a, provider: {provider}, auth: {auth}}}\n")
    return load(folder / "f.yml", known(definition)).settings


BASIC = "{basic: {username: user, password: password-1}}"
CLIENT = "{oauth2: {client_id: client-1, client_secret: secret-12}}"


class Server:
    """A provider by script: gives out sessions or tokens by number, and takes the newest `valid` ones."""

    def __init__(self, lives: int | None = None) -> None:
        self.lives = lives
        self.given = 0
        self.refused: set[int] = set()
        self.sign_in: Reply | None = None
        self.client = ScriptedClient(self)

    def __call__(self, call: Call) -> Reply:
        path = call.url.partition(".example/")[2].removeprefix("api/")
        if path in {"login", "oauth/token"}:
            if self.sign_in is not None:
                return self.sign_in
            self.given += 1
            told = {"user": "u1", "session": {"key": f"s-{self.given:04}"}, "access_token": f"t-{self.given:04}"}
            return Reply(json.dumps(told | ({} if self.lives is None else {"expires_in": self.lives})).encode())
        number = int(self.client.headers[-1].get("Session_key", self.client.headers[-1].get("Authorization", ""))[-4:])
        return Reply(b"{}", 401) if number in self.refused else Reply(GOOD[path])

    def asked(self) -> list[str]:
        """The last step of each call's path."""
        return [url.rpartition("/")[2] for _, url in self.client.calls]

    def accounts(self, loop: VirtualLoop, settings: Settings) -> Registry:
        return Registry(settings, self.client, loop.clock(), rng())


async def one(accounts: Registry, seconds: float = 9.5) -> View:
    return (await scrape(accounts, seconds))[0]


def reasons(view: View) -> list[str]:
    return ["up" if o.failure is None else o.failure.reason.value for o in view.observations]


def counts(view: View) -> list[tuple[int, int]]:
    return [(o.requests, o.failures) for o in view.observations]


def test_twenty_askers_make_one_sign_in_and_what_it_gave_goes_with_each_call(tmp_path: Path) -> None:
    async def main(loop: VirtualLoop) -> None:
        server = Server()
        accounts = server.accounts(loop, configured(tmp_path, BRAND, BASIC))
        views = await asyncio.gather(*(one(accounts) for _ in range(20)))
        assert [reasons(view) for view in views] == [["up", "up"]] * 20
        assert sorted(server.asked()) == ["login", "money", "u1"]
        assert counts(views[0]) == [(2, 0), (1, 0)]  # the sign-in counts for who made it
        login, *later = server.client.headers
        assert login["Authorization"].startswith("Basic ")
        assert "user_key" not in login
        for headers in later:
            assert headers == {"user_key": "u1", "Session_key": "key s-0001"}

    run(main)


def test_a_session_lives_as_long_as_the_definition_says(tmp_path: Path) -> None:
    async def main(loop: VirtualLoop) -> None:
        server = Server()
        accounts = server.accounts(loop, configured(tmp_path, BRAND, BASIC))
        for pause, given in ((0, 1), (200, 1), (50, 2), (30, 2)):
            loop.now += pause
            assert reasons(await one(accounts)) == ["up", "up"]
            assert server.given == given

    run(main)


def test_a_refused_session_is_opened_anew_once_for_all_its_calls(tmp_path: Path) -> None:
    async def main(loop: VirtualLoop) -> None:
        server = Server()
        accounts = server.accounts(loop, configured(tmp_path, BRAND, BASIC))
        await one(accounts)
        server.refused = {1}
        loop.now += 20
        view = await one(accounts)
        assert reasons(view) == ["up", "up"]
        assert server.given == 2
        assert sum(requests for requests, _ in counts(view)) == len(server.client.calls) == 3 + 2 + 1 + 2
        assert [failures for _, failures in counts(view)] == [1, 1]

    run(main)


def test_one_that_is_refused_again_is_unauthorized_and_holds_the_account(tmp_path: Path) -> None:
    async def main(loop: VirtualLoop) -> None:
        server = Server()
        server.refused = set(range(100))
        accounts = server.accounts(loop, configured(tmp_path, BRAND, BASIC))
        assert reasons(await one(accounts)) == ["unauthorized", "unauthorized"]
        asked = len(server.client.calls)
        assert server.given <= 3
        loop.now += 20
        assert reasons(await one(accounts)) == ["unauthorized", "unauthorized"]
        assert len(server.client.calls) == asked

    run(main)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(b"{}", 401), Reason.UNAUTHORIZED),
        (Reply(b"{}", 404), Reason.UNAUTHORIZED),
        (Reply(b"{}", 403), Reason.FORBIDDEN),
        (Reply(b"", 500), Reason.SERVER_ERROR),
        (Reply(b"<html>"), Reason.INVALID_RESPONSE),
        (Reply(b'{"user": "u1"}'), Reason.INVALID_RESPONSE),
        (Reply(b'{"user": "u1", "session": {"key": ""}}'), Reason.INVALID_RESPONSE),
        (Reply(b'{"user": "u1", "session": {"key": "a\\nb"}}'), Reason.INVALID_RESPONSE),
        (Reply(b'{"user": "u1", "session": {"key": ["a"]}}'), Reason.INVALID_RESPONSE),
        (Reply(b'{"user": true, "session": {"key": "a"}}'), Reason.INVALID_RESPONSE),
        (Reply(failure=Reason.TLS), Reason.TLS),
    ],
)
def test_a_sign_in_that_fails_is_made_once_for_all_who_wait_and_says_why(
    tmp_path: Path, reply: Reply, reason: Reason
) -> None:
    async def main(loop: VirtualLoop) -> None:
        server = Server()
        server.sign_in = reply
        view = await one(server.accounts(loop, configured(tmp_path, BRAND, BASIC)))
        assert reasons(view) == [reason, reason]
        assert server.asked() == ["login"]
        assert counts(view) == [(1, 1), (0, 0)]
        assert all(
            o.failure and (reply.failure or o.failure.detail.startswith("the sign-in: ")) for o in view.observations
        )

    run(main)


def test_a_sign_in_that_is_slow_ends_with_the_calls_own_timeout_and_the_next_one_is_made_anew(tmp_path: Path) -> None:
    async def main(loop: VirtualLoop) -> None:
        server = Server()
        server.sign_in = Reply(seconds=60)
        accounts = server.accounts(loop, configured(tmp_path, BRAND, BASIC))
        assert reasons(await one(accounts, 30)) == ["timeout", "timeout"]
        server.sign_in = None
        loop.now += 60
        assert reasons(await one(accounts)) == ["up", "up"]

    run(main)


def test_a_rate_limit_of_the_sign_in_is_waited_for(tmp_path: Path) -> None:
    async def main(loop: VirtualLoop) -> None:
        server = Server()
        server.sign_in = Reply(b"{}", 429, retry_after=300)
        accounts = server.accounts(loop, configured(tmp_path, BRAND, BASIC))
        assert reasons(await one(accounts)) == ["rate_limited", "rate_limited"]
        server.sign_in = None
        loop.now += 290
        assert reasons(await one(accounts)) == ["rate_limited", "rate_limited"]
        loop.now += 20
        assert reasons(await one(accounts)) == ["up", "up"]

    run(main)


def test_a_reload_keeps_a_session_and_another_address_or_secret_begins_anew(tmp_path: Path) -> None:
    async def main(loop: VirtualLoop) -> None:
        server = Server()
        accounts = server.accounts(loop, configured(tmp_path, BRAND, BASIC))
        for auth, given in (
            (BASIC, 1),
            (BASIC, 1),
            (BASIC + ", base_url: https://other.example/api", 2),
            ("{basic: {username: user, password: password-2}}", 3),
        ):
            accounts.replace(configured(tmp_path, BRAND, auth))
            loop.now += 20
            assert reasons(await one(accounts)) == ["up", "up"]
            assert server.given == given

    run(main)


def form_of(call: Call) -> dict[str, str]:
    return dict(parse_qsl((call.prepared.body or b"").decode()))


def test_a_token_is_asked_for_with_the_clients_id_and_secret_and_lives_as_the_answer_says(tmp_path: Path) -> None:
    async def main(loop: VirtualLoop) -> None:
        server, forms = Server(lives=100), []

        def seen(call: Call) -> Reply:
            if call.url.endswith("/token"):
                forms.append((call.prepared.method, form_of(call), call.prepared.headers.get("Authorization")))
            return server(call)

        server.client.script = seen
        accounts = server.accounts(loop, configured(tmp_path, CLOUD, CLIENT))
        for pause, given in ((0, 1), (80, 1), (20, 2)):
            loop.now += pause
            assert reasons(await one(accounts)) == ["up"]
            assert server.given == given
        asked = {
            "grant_type": "client_credentials",
            "scope": "read",
            "client_id": "client-1",
            "client_secret": "secret-12",
        }
        assert forms == [("POST", asked, None)] * 2
        assert server.client.headers[1] == {"Authorization": "Bearer t-0001"}

    run(main)


def test_a_client_that_is_refused_in_the_form_is_tried_as_basic_and_the_way_that_was_taken_is_kept(
    tmp_path: Path,
) -> None:
    async def main(loop: VirtualLoop) -> None:
        server = Server(lives=30)

        def only_basic(call: Call) -> Reply:
            if call.url.endswith("/token") and "Authorization" not in call.prepared.headers:
                assert "client_id" in form_of(call)
                return Reply(b'{"error": "invalid_client"}', 400)
            if call.url.endswith("/token"):
                assert form_of(call) == {"grant_type": "client_credentials", "scope": "read"}
                assert call.prepared.headers["Authorization"] == "Basic Y2xpZW50LTE6c2VjcmV0LTEy"
            return server(call)

        server.client.script = only_basic
        accounts = server.accounts(loop, configured(tmp_path, CLOUD, CLIENT))
        assert counts(await one(accounts)) == [(3, 0)]
        loop.now += 40
        assert counts(await one(accounts)) == [(5, 0)]

    run(main)


@pytest.mark.parametrize("error", ["invalid_client", "invalid_grant", "unauthorized_client"])
def test_a_client_that_is_refused_both_ways_is_unauthorized(tmp_path: Path, error: str) -> None:
    async def main(loop: VirtualLoop) -> None:
        server = Server()
        server.sign_in = Reply(json.dumps({"error": error}).encode(), 400)
        view = await one(server.accounts(loop, configured(tmp_path, CLOUD, CLIENT)))
        assert reasons(view) == ["unauthorized"]
        assert counts(view) == [(2, 1)]

    run(main)


def test_an_expired_token_is_renewed_once(tmp_path: Path) -> None:
    async def main(loop: VirtualLoop) -> None:
        server = Server(lives=3600)
        accounts = server.accounts(loop, configured(tmp_path, CLOUD, CLIENT))
        await one(accounts)
        server.refused = {1}
        loop.now += 20
        view = await one(accounts)
        assert (reasons(view), counts(view), server.given) == (["up"], [(5, 1)], 2)

    run(main)


def test_a_whole_token_url_is_asked_as_it_is(tmp_path: Path) -> None:
    async def main(loop: VirtualLoop) -> None:
        server = Server()
        elsewhere = CLOUD.replace("/oauth/token", "https://login.example/oauth/token")
        (tmp_path / "f.yml").write_text(f"accounts:\n- {{name: a, provider: cloud, auth: {CLIENT}}}\n")
        await one(server.accounts(loop, load(tmp_path / "f.yml", known(elsewhere)).settings))
        assert server.client.calls[0][1] == "https://login.example/oauth/token"

    run(main)


def test_what_a_sign_in_gave_is_hidden(tmp_path: Path) -> None:
    async def main(loop: VirtualLoop) -> None:
        server = Server()
        accounts = server.accounts(loop, configured(tmp_path, BRAND, BASIC))
        await one(accounts)
        assert redaction.redact("session s-0001 of u1") == "session <secret> of <secret>"
        (account,) = accounts
        assert "s-0001" not in repr(account.__dict__)

    run(main)
