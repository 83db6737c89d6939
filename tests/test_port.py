"""Our own port in a real process: what requests and readers that mean no good cost it."""

import asyncio
import contextlib
import http.client
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path

import pytest
import yaml

from tests.injected_faults import serving
from tests.processes import Process, eventually, exporter, fetch, free_port, running

pytestmark = pytest.mark.end_to_end

MOST_MEMORY_MIB = 150.0


def unreachable(folder: Path, count: int, notes: int = 0, **defaults: str) -> Path:
    """A configuration of accounts that fail at once; `notes` are labels that make answers large."""
    url = f"http://127.0.0.1:{free_port()}"
    accounts = [
        {
            "name": f"a{number}",
            "provider": "agiletelecom",
            "base_url": url,
            "auth": {"api_key": f"key-of-{number}"},
            "labels": {f"note_{each}": "x" * 250 for each in range(notes)},
        }
        for number in range(count)
    ]
    path = folder / "sms-exporter.yml"
    path.write_text(yaml.safe_dump({"defaults": defaults, "accounts": accounts}))
    return path


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, Process]]:
    with exporter(tmp_path, unreachable(tmp_path, 500, notes=4)) as (address, process):
        yield address, process


def connected(address: str, receive_buffer: int | None = None) -> socket.socket:
    made = socket.socket()
    if receive_buffer is not None:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    host, port = address.split(":")
    made.settimeout(20)
    made.connect((host, int(port)))
    return made


def request(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: x", *headers, "", ""]).encode()


def status(reader: socket.socket) -> int:
    """The status of an answer of which no more is read than that."""
    first = b""
    while len(first) < len(b"HTTP/1.1 200"):
        more = reader.recv(len(b"HTTP/1.1 200") - len(first))
        assert more, "closed without an answer"
        first += more
    return int(first[-3:])


@pytest.mark.parametrize("path", ["/metrics", "/sd", "/probe?target=a1&debug=true"])
def test_readers_that_do_not_read_count_until_they_do_and_fill_no_memory(
    served: tuple[str, Process], path: str
) -> None:
    address, process = served
    assert len(fetch(f"http://{address}/metrics")) > 4_000_000
    with ExitStack() as open_readers:
        readers = [open_readers.enter_context(connected(address, receive_buffer=4096)) for _ in range(200)]
        for reader in readers:
            reader.sendall(request(path))
        statuses = Counter(map(status, readers))
        assert statuses[200] + statuses[503] == len(readers)
        assert process.peak_memory_mib() < MOST_MEMORY_MIB
        if path == "/metrics":  # the others fit into what the kernel buffers
            assert statuses[503] > 0
            answer = eventually("a scrape again", partial(fetch, f"http://{address}/metrics"))
            assert answer.count("sms_account_up{") == 500
            assert process.peak_memory_mib() < MOST_MEMORY_MIB


WORST = "a;" + '";' * 4000


@pytest.mark.parametrize(
    "headers",
    [
        [f"Accept: {WORST}"] * 60,
        [f"Accept-Encoding: {WORST}"] * 60,
        [f"Accept: {',;=' * 2700}"] * 60,
        [f"Cookie: {WORST}"] * 60,
        [f"Authorization: Basic {'A' * 8000}"],
        [f"X-Prometheus-Scrape-Timeout-Seconds: {'9' * 8000}"],
        [f"Origin: {WORST}"],
    ],
    ids=["accept", "accept-encoding", "commas", "cookie", "authorization", "timeout", "origin"],
)
def test_a_request_with_large_headers_costs_no_more_than_their_length(
    served: tuple[str, Process], headers: list[str]
) -> None:
    address, process = served
    fetch(f"http://{address}/metrics")
    before = process.cpu_seconds()
    with connected(address) as client:
        client.sendall(request("/metrics?collect[]=exporter", *headers))
        assert status(client) == 200
    assert process.cpu_seconds() - before < 0.2


def test_more_headers_than_anybody_sends_are_refused(served: tuple[str, Process]) -> None:
    address, _ = served
    for headers in ([f"X-{number}: x" for number in range(200)], [f"X: {'x' * 9000}"]):
        with connected(address) as client:
            client.sendall(request("/metrics", *headers))
            assert status(client) == 400


# Open files


def limited(folder: Path, config_file: Path, soft: int, hard: int) -> AbstractContextManager[Process]:
    """An exporter that may open no more files than that."""
    exporting = f"{sys.executable} -m exporter --config.file={config_file} --web.listen-address=127.0.0.1:0"
    return running(folder, "exporter", "sh", "-c", f"ulimit -Sn {soft}; ulimit -Hn {hard}; exec {exporting}")


def soft_limit(process: Process, wanted: int) -> bool | None:
    limits = Path(f"/proc/{process.popen.pid}/limits").read_text()
    return re.search(rf"^Max open files +{wanted} ", limits, re.MULTILINE) is not None or None


async def answers_late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Holds each connection for a second, so that all accounts need theirs at once."""
    while await reader.readuntil(b"\r\n\r\n"):
        await asyncio.sleep(1)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n" + b'{"credit": 5}')


@pytest.mark.parametrize(("hard", "known"), [(512, range(200, 201)), (100, range(20, 100))])
async def test_the_limit_of_open_files_is_raised_and_running_into_it_is_a_failed_connection(
    tmp_path: Path, hard: int, known: range
) -> None:
    async with serving(answers_late) as port:
        url = f"http://127.0.0.1:{port}"
        accounts = [
            {"name": f"a{n}", "provider": "agiletelecom", "base_url": url, "auth": {"api_key": f"key-of-{n}"}}
            for n in range(200)
        ]
        config_file = tmp_path / "sms-exporter.yml"
        config_file.write_text(yaml.safe_dump({"defaults": {"cache_ttl": "0s"}, "accounts": accounts}))
        with limited(tmp_path, config_file, 64, hard) as process:
            assert eventually("the raised limit", partial(soft_limit, process, hard))
            look = partial(process.said, r'msg="Listening on" address=(\S+)')
            address = await asyncio.to_thread(eventually, "the exporter", look)
            for _ in range(2):
                text = await asyncio.to_thread(fetch, f"http://{address}/metrics")
                assert text.count("sms_credit_balance{") in known
                assert set(re.findall(r'reason="(\w+)"', text)) <= {"connection"}
            log = process.log.read_text()
            assert "Traceback" not in log
            assert log.count("level=ERROR") <= 1


def test_clients_that_take_all_files_are_no_flood_of_lines(tmp_path: Path) -> None:
    config_file = tmp_path / "sms-exporter.yml"
    config_file.write_text("accounts: []\n")
    with limited(tmp_path, config_file, 64, 64) as process:
        address = eventually("the exporter", partial(process.said, r'msg="Listening on" address=(\S+)'))
        with ExitStack() as clients:
            for _ in range(200):
                clients.enter_context(connected(address)).sendall(request("/-/healthy"))
            began = time.monotonic()
            while time.monotonic() - began < 3:
                with contextlib.suppress(OSError), connected(address) as late:
                    late.sendall(request("/-/healthy"))
                    late.recv(1)
        assert process.log.read_text().count("\n") < 10
        eventually("an answer again", partial(fetch, f"http://{address}/-/healthy"))


# What nobody reads, and what can be read only once


@contextlib.contextmanager
def unread(folder: Path, requests: int) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """An exporter whose log nobody reads, after so many requests, each of which is a line of it."""
    config_file = unreachable(folder, 1)
    port = free_port()
    flags = [f"--config.file={config_file}", f"--web.listen-address=127.0.0.1:{port}", "--log.level=debug"]
    popen = subprocess.Popen([sys.executable, "-m", "exporter", *flags], stderr=subprocess.PIPE)
    try:
        eventually("the exporter", partial(fetch, f"http://127.0.0.1:{port}/-/healthy"))
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as client:
            for _ in range(requests):
                client.request("GET", "/probe?target=a0")
                with client.getresponse() as answer:
                    assert b"sms_account_up{" in answer.read()
        yield f"http://127.0.0.1:{port}", popen
    finally:
        popen.kill()
        popen.communicate()


def test_a_log_that_nobody_reads_holds_neither_scrapes_nor_the_end_up(tmp_path: Path) -> None:
    with unread(tmp_path, 1000) as (_, popen):
        popen.terminate()
        assert popen.wait(10) == 0


def test_a_log_that_is_read_late_has_its_lines_whole_in_order_and_says_how_many_are_missing(tmp_path: Path) -> None:
    with unread(tmp_path, 12_000) as (url, popen), ThreadPoolExecutor(1) as reader:
        assert popen.stderr is not None
        first = popen.stderr.readline()
        assert b"Starting sms-exporter" in first
        text = reader.submit(popen.stderr.read)
        fetch(f"{url}/metrics")
        popen.terminate()
        assert popen.wait(10) == 0
        lines = text.result().decode().splitlines()
    assert all(re.match(r"time=\S+ level=", line) for line in lines)
    assert [line[:29] for line in lines] == sorted(line[:29] for line in lines)
    assert lines[-1].endswith("msg=Ending")
    dropped = re.findall(r'msg="Log lines dropped, since nobody read them" lines=(\d+)', "\n".join(lines))
    ended = sum('msg="Scrape ended"' in line for line in lines)
    assert 12_001 <= sum(map(int, dropped)) + ended < 12_050  # calls that fail are lines too
    assert dropped


@pytest.mark.parametrize("flags", [[], ["--config.enable-auto-reload", "--config.auto-reload-interval=1s"]])
def test_a_configuration_from_a_pipe_is_read_once(tmp_path: Path, flags: list[str]) -> None:
    config_file = unreachable(tmp_path, 3)
    serve = f"{sys.executable} -m exporter --config.file=<(cat {config_file}) --web.listen-address=127.0.0.1:0"
    command = ["bash", "-c", f"exec {serve} --web.enable-lifecycle {' '.join(flags)}"]
    with running(tmp_path, "exporter", *command) as process:
        address = eventually("the exporter", partial(process.said, r'msg="Listening on" address=(\S+)'))
        assert "sms_exporter_accounts 3\n" in fetch(f"http://{address}/metrics")
        time.sleep(1.5 if flags else 0)
        assert process.end(signal.SIGTERM) == 0
    assert "not loaded" not in process.log.read_text()
