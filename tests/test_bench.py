"""Whether the bench measures what it says: its provider, its prototype, its judgement."""

import select
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from benchmarks.__main__ import WORLDS, visit
from benchmarks.plan import Plan
from benchmarks.processes import Exporter, Prototype, Provider
from benchmarks.provider import PREFIX
from benchmarks.targets import TARGETS, Target, judged

REQUEST = b"GET " + PREFIX + b"/credit HTTP/1.1\r\n\r\n"
APIS = [b"", b"/credit", b"/contacts"]


@pytest.fixture(scope="module", params=[False, True], ids=["HTTP", "HTTPS"])
def provider(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    with Provider(tmp_path_factory.mktemp("bench"), 0.0, tls=request.param) as provider:
        yield provider


def connected(provider: Provider, session: ssl.SSLSession | None = None) -> socket.socket:
    bare = socket.create_connection(("127.0.0.1", urlsplit(provider.url).port or 0), timeout=10)
    if provider.ca_file is None:
        return bare
    context = CONTEXTS.setdefault(provider.url, ssl.create_default_context(cafile=provider.ca_file))
    return context.wrap_socket(bare, server_hostname="127.0.0.1", session=session)


CONTEXTS: dict[str, ssl.SSLContext] = {}
"""A session belongs to its context."""


def ask(connection: socket.socket, api: bytes = b"/credit") -> bytes:
    connection.sendall(REQUEST.replace(b"/credit", api))
    return connection.recv(4096)


@pytest.mark.end_to_end
@pytest.mark.parametrize("api", APIS)
def test_answers_differ_from_call_to_call(provider: Provider, api: bytes) -> None:
    with connected(provider) as connection:
        assert len({ask(connection, api) for _ in range(20)}) == 20


@pytest.mark.end_to_end
def test_a_closed_connection_has_ended_and_new_ones_work(provider: Provider) -> None:
    with connected(provider) as kept:
        assert b" 200 " in ask(kept)
        provider.tell("close")
        assert kept.recv(1) == b""
    with connected(provider) as fresh:
        assert b" 200 " in ask(fresh)


@pytest.mark.end_to_end
def test_a_connection_is_reset_at_the_next_byte_and_not_before(provider: Provider) -> None:
    with connected(provider) as kept:
        assert b" 200 " in ask(kept)
        provider.tell("reset")
        assert select.select([kept], [], [], 0)[0] == []
        kept.sendall(REQUEST)
        # From below: Python's TLS tells a reset as an end.
        with socket.fromfd(kept.fileno(), kept.family, kept.type) as bare:
            bare.settimeout(10)
            with pytest.raises(ConnectionResetError):
                bare.recv(1)
    with connected(provider) as fresh:
        assert b" 200 " in ask(fresh)


@pytest.mark.end_to_end
def test_a_black_hole_stays_open_and_answers_nothing(provider: Provider) -> None:
    before = provider.counts()
    with connected(provider) as kept:
        assert b" 200 " in ask(kept)
        provider.tell("hole")
        kept.sendall(REQUEST)
        with connected(provider) as later:
            assert b" 200 " in ask(later)
        assert provider.since(before)["calls"] == 2
        assert select.select([kept], [], [], 0)[0] == []


@pytest.mark.end_to_end
def test_calls_fail_until_they_are_healed(provider: Provider) -> None:
    with connected(provider) as connection:
        provider.tell("fail")
        assert b" 500 " in ask(connection)
        provider.tell("heal")
        assert b" 200 " in ask(connection)


@pytest.mark.end_to_end
def test_resumed_handshakes_are_counted(tmp_path: Path) -> None:
    with Provider(tmp_path, 0.0, tls=True) as provider:
        before = provider.counts()
        session = None
        for _ in range(3):
            with connected(provider, session) as connection:
                assert b" 200 " in ask(connection)
                assert isinstance(connection, ssl.SSLSocket)
                session = connection.session
        assert provider.since(before) == {"calls": 3, "connections": 3, "handshakes": 3, "resumed": 2}


@pytest.mark.end_to_end
def test_the_prototype_makes_the_same_calls_over_kept_connections(provider: Provider, tmp_path: Path) -> None:
    with Prototype(provider, 4) as prototype, Exporter(tmp_path, provider, 4) as exporter:
        for process in (exporter, prototype):
            process.scrape()
            before = provider.counts()
            process.scrape()
            made = provider.since(before)
            assert (made["calls"], made["connections"]) == (12, 0)


@pytest.mark.end_to_end
def test_a_world_shows_its_figures(tmp_path: Path) -> None:
    (row,) = visit("https-idle-closed", Plan(tmp_path, quick=True, accounts=(3,), upstream_ms=50))
    assert (row["accounts"], row["calls"]) == (3, 3)
    assert row["scrape_ms"] >= row["upstream_ms"] == 50
    assert row["cpu_ratio"] > 0
    assert 0 < row["opened"] <= 3
    assert 0 <= row["resumed"] <= 1
    assert row["healthy_ratio"] > 0


@pytest.mark.parametrize("world", ["http-reset", "https-black-hole"])
def test_what_went_wrong_in_a_world_is_told_and_the_others_go_on(world: str, tmp_path: Path) -> None:
    (row,) = visit(world, Plan(tmp_path / "missing", accounts=(1,)))
    assert "FileNotFoundError" in row["failed"]


def test_every_target_is_of_a_world() -> None:
    assert {target.world for target in TARGETS} <= WORLDS.keys()


@pytest.mark.parametrize(
    ("more", "values"),
    [(False, {1.5: "must", 1.51: "MISSED", 0.5: "aim"}), (True, {1.5: "aim", 0.5: "must", 0.49: "MISSED"})],
)
def test_a_figure_is_judged(more: bool, values: dict[float, str]) -> None:
    must, aim = (0.5, 1.5) if more else (1.5, 0.5)
    target = Target("x", "w", "c", must, aim, more=more)
    assert {value: target.verdict(value) for value in values} == values


def test_only_the_row_that_a_target_means_is_judged() -> None:
    rows = [
        {"accounts": accounts, "upstream_ms": 200, "cpu_ratio": ratio} for accounts, ratio in ((20, 9.0), (200, 5.0))
    ]
    (line,) = judged({"http-kept": [*rows, {"failed": "TimeoutError: "}]})
    assert (line["is"], line["must"], line["aim"], line["reached"]) == (5.0, 5.5, 4.0, "must")
