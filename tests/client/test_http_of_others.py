"""HTTP that other clients read: reason phrases, long headers, charsets; and what happens when files run out."""

import json
import resource
import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.accounts.registry import Registry
from exporter.accounts.resource import Clock
from exporter.accounts.scrape import scrape
from exporter.client.coding import charset, in_utf8
from exporter.client.http import HttpClient
from exporter.failure import FailureError, Reason
from exporter.providers import extract
from exporter.providers.catalogue import builtin
from exporter.settings import HttpSettings
from tests.client.raw import PLAIN, Connection, Raw, public, raw
from tests.injected_faults import GOOD, answers, response, sends, serving
from tests.virtual import account, rng, settings


@pytest.mark.parametrize(
    "reason",
    ["Non autorizzato è".encode("latin-1"), "Não".encode(), b"\xff\xfe\x80", b"", b"\x1b[31m\x07", b"x" * 8000],
    ids=["latin-1", "utf-8", "neither", "none", "control characters", "long"],
)
@pytest.mark.parametrize("status", [200, 401])
async def test_a_reason_phrase_may_be_any_bytes(client: HttpClient, reason: bytes, status: int) -> None:
    data = b"HTTP/1.1 %d %s\r\nContent-Length: 18\r\n\r\n" % (status, reason) + GOOD
    async with serving(sends(data)) as port:
        answer = await client.get(public(Raw(port)), PLAIN)
    assert (answer.status, answer.body) == (status, GOOD)


async def test_header_values_may_be_any_text_and_many_headers_are_read(client: HttpClient) -> None:
    more = [f"X-{n}: ü" for n in range(100)]
    async with serving(answers(GOOD, "200 OK", "X-Long: " + "x" * 32_000, *more)) as port:
        answer = await client.get(public(Raw(port)), PLAIN)
    assert answer.body == GOOD
    assert len(answer.header_names) == 102


async def test_names_of_headers_are_the_same_object_while_they_are_the_same(client: HttpClient) -> None:
    lines = iter(["X-A: 1", "X-A: 2", "X-B: 2"])

    async def talk(connection: Connection) -> None:
        for line in lines:
            await connection.request()
            await connection.send(response(GOOD, "200 OK", line))

    async with raw(talk) as server:
        call = public(server)
        first, second, third = [(await client.get(call, PLAIN)).header_names for _ in range(3)]
    assert first is second
    assert first == ("content-length", "x-a")
    assert third == ("content-length", "x-b")


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("", "utf-8"),
        ("application/json", "utf-8"),
        ("application/json; charset=ISO-8859-1", "iso8859-1"),
        ('text/plain;format=flowed ; Charset = "windows-1252"', "cp1252"),
        ("text/plain; charset='latin1'", "iso8859-1"),
        ("text/plain; charset=US-ASCII", "utf-8"),
        ("text/plain; charset=utf-16", "utf-16"),
        ("text/plain; charset=no-such", "utf-8"),
        ("text/plain; charset=punycode", "utf-8"),
        ("text/plain; charset=unicode_escape", "utf-8"),
        ("text/plain; charset=zlib", "utf-8"),
        ("text/plain; charset=\0", "utf-8"),
        ("text/plain; charset", "utf-8"),
    ],
)
def test_a_charset_is_taken_where_it_is_one(content_type: str, expected: str) -> None:
    assert charset(content_type) == expected


@given(
    st.binary(max_size=100), st.sampled_from(["", "iso-8859-1", "cp1252", "utf-16", "shift_jis", "gb18030", "euc-kr"])
)
def test_any_body_in_any_charset_comes_out(body: bytes, named: str) -> None:
    assert isinstance(in_utf8(body, f"text/plain; charset={named}"), bytes)


@given(st.text(max_size=50))
def test_a_text_in_its_charset_comes_out_in_utf8(text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    assert in_utf8(text.encode("utf-16"), "text/plain; charset=UTF-16").decode() == text


async def test_an_errors_body_in_iso_8859_1_keeps_its_code(client: HttpClient) -> None:
    body = '{"status": "error", "code": 100, "message": "indirizzo non è abilitato"}'.encode("latin-1")
    api = builtin()["agiletelecom"].apis["credit"]
    kind = "Content-Type: application/json;charset=ISO-8859-1"
    async with serving(answers(body, "403 Forbidden", kind)) as port:
        answer = await client.get(public(Raw(port)), PLAIN)
    with pytest.raises(FailureError) as error:
        extract.answer(answer.status, answer.body, builtin()["agiletelecom"], api)
    assert error.value.failure.reason is Reason.IP_NOT_ALLOWED
    assert json.loads(answer.body)["message"] == "indirizzo non è abilitato"


@pytest.fixture
def no_more_files() -> Iterator[None]:
    """No file can be opened but those that are already."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket() as next_one:
        lowest = next_one.fileno()
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


async def test_running_out_of_files_is_a_matter_of_the_connection(
    client: HttpClient, request: pytest.FixtureRequest
) -> None:
    async with serving(answers(GOOD)) as port:
        for host in (f"127.0.0.1:{port}", "a.test"):
            accounts = Registry(settings(account("one", base_url=f"http://{host}")), client, Clock(), rng())
            request.getfixturevalue("no_more_files")
            (view,) = await scrape(accounts, 2.0)
            failure = view.observations[0].failure
            assert failure is not None
            assert (failure.reason, failure.detail) == (
                Reason.CONNECTION,
                "too many open files: raise the limit of open files",
            )
            await accounts.aclose()


async def test_running_out_of_files_is_told_once_for_all_accounts(
    client: HttpClient, no_more_files: None, caplog: pytest.LogCaptureFixture
) -> None:
    del no_more_files
    accounts = Registry(
        settings(*(account(f"a{n}", base_url="http://127.0.0.1:9") for n in range(20))), client, Clock(), rng()
    )
    with caplog.at_level("INFO"):
        await scrape(accounts, 2.0)
    assert [record.getMessage() for record in caplog.records] == ["Calls fail"]
    assert vars(caplog.records[0])["detail"] == "too many open files: raise the limit of open files"
    await accounts.aclose()


async def test_a_ca_file_that_cannot_be_opened_then_is_so_too(
    client: HttpClient, trusting: HttpSettings, no_more_files: None
) -> None:
    del no_more_files
    with pytest.raises(FailureError, match="too many open files") as error:
        await client.get(public(Raw(9), scheme="https"), trusting)
    assert error.value.failure.reason is Reason.CONNECTION


async def test_a_header_that_would_end_it_is_never_sent(client: HttpClient) -> None:
    heard = []

    async def talk(reader: object, writer: object) -> None:
        del writer
        heard.append(reader)

    async with serving(talk) as port:
        call = public(Raw(port))
        call.sign = lambda made: made.with_headers({"X-Api-Key": "a\r\nX-Other: b"})
        with pytest.raises(FailureError) as error:
            await client.get(call, PLAIN)
        assert "X-Other" not in str(error.value)
    assert heard == []
