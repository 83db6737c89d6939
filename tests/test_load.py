"""Under load and under attack, in real processes: memory, several scrapes at once, reloads, kill -9, slow clients."""

import asyncio
import contextlib
import gzip
import http.client
import itertools
import json
import re
import resource
import signal
import socket
import statistics
import sys
import threading
import time
import urllib.error
import urllib.request
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.processes import Provider
from exporter.failure import Reason
from exporter.providers.currencies import CODES
from tests.injected_faults import BEHAVIOURS, GOOD, Authority, Conversation, answers, serving
from tests.processes import (
    Process,
    Simulator,
    eventually,
    exporter,
    fetch,
    free_port,
    prometheus,
    query,
    running,
    simulator,
)

pytestmark = pytest.mark.end_to_end

MOST_MEMORY_MIB = 150.0
LONGEST_HEALTHY_SECONDS = 1.0
STANDING_STILL = ("--speed", "0.001")
"""A simulator whose values don't move, so that texts can be compared."""


def write(path: Path, accounts: list[dict[str, Any]], **defaults: Any) -> Path:
    path.write_text(yaml.safe_dump({"defaults": defaults, "accounts": accounts}))
    return path


def accounts_of(provider: Simulator) -> list[dict[str, Any]]:
    accounts: list[dict[str, Any]] = yaml.safe_load(provider.config_file.read_text())["accounts"]
    return accounts


def healthy_accounts(provider: Simulator) -> list[dict[str, Any]]:
    truth = provider.control("state")["accounts"]
    return [account for account in accounts_of(provider) if not truth[account["name"]]["errors"]]


# Memory


def agile(name: str, port: int, scheme: str = "http") -> dict[str, Any]:
    url = f"{scheme}://127.0.0.1:{port}"
    return {"name": name, "provider": "agiletelecom", "base_url": url, "auth": {"api_key": f"key-of-{name}"}}


def prices(name: str, port: int) -> dict[str, Any]:
    return {
        "name": name,
        "provider": "gatewayapi",
        "base_url": f"http://127.0.0.1:{port}",
        "auth": {"token": f"token-of-{name}"},
        "apis": ["prices"],
        "prices": {"countries": "all"},
        "api_settings": {"prices": {"cache_ttl": "0s"}},
    }


def packed(megabytes: int) -> bytes:
    """That much of nothing, as gzip: made once, so that several servers can send it at once."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    blank = b" " * 1024 * 1024
    return b"".join([*(packer.compress(blank) for _ in range(megabytes)), packer.flush()])


HEAVY: dict[str, Conversation] = {
    "20-mb": answers(b" " * 20_000_000),
    "bomb": answers(packed(200), "200 OK", "Content-Encoding: gzip"),
    "nested": answers(b"[" * 200_000 + b"]" * 200_000),
    "long-header": answers(GOOD, "200 OK", "X-Flood: " + "x" * 100_000),
    "many-headers": answers(GOOD, "200 OK", *(f"X-{n}: x" for n in range(10_000))),
    "one-mebibyte-of-lists": answers(b'{"x": [' + b"[]," * 349_000 + b"1]}"),
}
"""What costs memory: several of each at once."""

EIGHT_MEBIBYTES = 8 * 1024 * 1024


def price_list(row: bytes, size: int = EIGHT_MEBIBYTES - 100) -> Conversation:
    """A price list as large as is allowed, all of one row."""
    return answers(b'{"standard": [' + row + (b"," + row) * (size // (len(row) + 1) - 1) + b"]}")


@dataclass
class Hostile:
    """Accounts whose providers want to fill the memory, and what each account's failure has to be."""

    accounts: list[dict[str, Any]] = field(default_factory=list)
    reasons: dict[str, Reason | None] = field(default_factory=dict)

    def add(self, account: dict[str, Any], reason: Reason | None) -> None:
        self.accounts.append(account)
        self.reasons[account["name"]] = reason


def seen_reasons(text: str, names: list[str]) -> dict[str, str | None]:
    failing = dict(re.findall(r'^sms_api_failure\{.*account="([^"]+)".*reason="(\w+)"\} 1$', text, re.MULTILINE))
    up = set(re.findall(r'^sms_account_up\{.*account="([^"]+)"\} 1$', text, re.MULTILINE))
    return {name: failing.get(name, None if name in up else "nothing at all") for name in names}


async def scrape(address: str, timeout_seconds: float) -> tuple[str, float]:
    began = time.monotonic()
    header = {"X-Prometheus-Scrape-Timeout-Seconds": str(timeout_seconds)}
    request = urllib.request.Request(f"http://{address}/metrics", headers=header)

    def whole() -> str:
        with urllib.request.urlopen(request, timeout=timeout_seconds + 1) as answer:
            text: str = answer.read().decode()
            return text

    text = await asyncio.to_thread(whole)
    return text, time.monotonic() - began


async def test_the_whole_fault_suite_at_once_stays_within_memory_and_hides_nothing(tmp_path: Path) -> None:
    authority = Authority()
    authority.ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    hostile = Hostile()
    async with contextlib.AsyncExitStack() as stack:

        async def port_of(talk: Conversation, tls: str = "") -> int:
            return await stack.enter_async_context(serving(talk, authority.context(tls)))

        for number, behaviour in enumerate(BEHAVIOURS):
            port = await port_of(behaviour.talk, behaviour.tls)
            account = agile(f"behaviour-{number}", port, "https" if behaviour.tls else "http")
            hostile.add(account, behaviour.reason)
        for name, talk in HEAVY.items():
            for number in range(4):
                hostile.add(agile(f"{name}-{number}", await port_of(talk)), Reason.INVALID_RESPONSE)
        for name in ("20-mb", "bomb", "nested"):
            for number in range(2):
                hostile.add(prices(f"prices-{name}-{number}", await port_of(HEAVY[name])), Reason.INVALID_RESPONSE)
        hostile.add(agile("healthy", await port_of(answers(GOOD))), None)
        ca = {"tls_config": {"ca_file": "ca.pem"}}
        config_file = write(tmp_path / "hostile.yml", hostile.accounts, cache_ttl="0s", http=ca)
        with exporter(tmp_path, config_file, "--log.level=debug") as (address, process):
            before = process.peak_memory_mib()
            for _ in range(3):
                text, seconds = await scrape(address, 5.0)
                assert seconds < 5.0
                assert 'sms_credit_balance{provider="agiletelecom",account="healthy",currency="EUR"} 10.324\n' in text
            peak = process.peak_memory_mib()
            assert "unexpected error" not in process.log.read_text().lower()
    print(f"VmHWM {before:.1f} MiB at the start, {peak:.1f} MiB after {len(hostile.accounts)} accounts at their worst")
    reasons = seen_reasons(text, list(hostile.reasons))
    for name, reason in hostile.reasons.items():
        # A 503 is asked again, and may then meet the connection that its server is just closing.
        allowed = {reason, Reason.CONNECTION} if reason is Reason.SERVER_ERROR else {reason}
        assert reasons[name] in allowed, name
    assert len(hostile.accounts) > 80
    assert peak < MOST_MEMORY_MIB


WIDE = "\N{GRINNING FACE}"
COLUMNS = ["".join(letters) for letters in itertools.islice(itertools.product("abcdefghij", repeat=3), 199)]
PRICE_LISTS: dict[str, dict[str, list[dict[str, Any]]]] = {
    # 405 kB that took 277 MiB, and 1,045 MiB where five accounts read it.
    "of no codes": {
        WIDE * 256: [{"country": WIDE * 256, "prefix": WIDE * 256} | dict.fromkeys(COLUMNS, 0.01)] * 100,
    },
    "of every code": {
        WIDE * 16: [{"country": "ABC", "prefix": 10**14 + n} | dict.fromkeys(CODES, 0.123456789) for n in range(26)],
    },
    "of all countries": {
        tier: [
            {"country": f"{a}{b}", "country_name": "A name", "dkk": 0.3, "eur": 0.0443, "prefix": 376}
            for a in "ABCDEFGHIJ"
            for b in "ABCDEFGHIJKLMNOPQRSTUVW"
        ]
        for tier in ("premium", "standard")
    },
}


@pytest.mark.parametrize("accounts", [5, 50])
@pytest.mark.parametrize("name", PRICE_LISTS)
async def test_a_price_list_is_kept_once_whoever_reads_it(tmp_path: Path, name: str, accounts: int) -> None:
    body = json.dumps(PRICE_LISTS[name], ensure_ascii=False).encode()
    async with serving(answers(body)) as port, serving(answers(GOOD)) as healthy:
        shops = [prices(f"shop-{number}", port) for number in range(accounts)]
        config_file = write(tmp_path / "shops.yml", [*shops, agile("healthy", healthy)], cache_ttl="0s")
        with exporter(tmp_path, config_file) as (address, process):
            header = {"Accept-Encoding": "gzip"}
            for _ in range(3):
                request = urllib.request.Request(f"http://{address}/metrics", headers=header)
                text = gzip.decompress(await asyncio.to_thread(whole_of, request)).decode()
            peak = process.peak_memory_mib()
    print(f"VmHWM {peak:.1f} MiB")
    count = text.count("\nsms_message_price{")
    assert count == {"of no codes": 0, "of every code": 26 * len(CODES), "of all countries": 920}[name] * accounts
    assert 'account="healthy",currency="EUR"} 10.324\n' in text
    assert peak < MOST_MEMORY_MIB


def whole_of(request: urllib.request.Request) -> bytes:
    with urllib.request.urlopen(request, timeout=30) as answer:
        body: bytes = answer.read()
        return body


@pytest.mark.parametrize(
    "row",
    [b"{}", b'{"country": "Denmark", "prefix": 45, "eur": 0.05}'],
    ids=["empty objects", "rows"],
)
async def test_no_price_list_takes_memory_or_time_from_the_others(tmp_path: Path, row: bytes) -> None:
    async with serving(price_list(row)) as port, serving(answers(GOOD)) as healthy:
        config_file = write(tmp_path / "dense.yml", [prices("dense", port), agile("healthy", healthy)], cache_ttl="0s")
        with exporter(tmp_path, config_file) as (address, process):
            end = threading.Event()
            watch = asyncio.create_task(asyncio.to_thread(longest_healthy_seconds, address, end))
            try:
                text, seconds = await scrape(address, 3.0)
            except OSError:
                text, seconds = "", 4.0
            end.set()
            longest = await watch
            peak = process.peak_memory_mib()
            process.popen.kill()  # it may not heed a signal for half a minute
    print(f"VmHWM {peak:.1f} MiB, the scrape took {seconds:.2f} s, /-/healthy {longest:.2f} s at the longest")
    assert 'account="healthy",currency="EUR"} 10.324\n' in text
    assert (seconds < 3.0, longest < LONGEST_HEALTHY_SECONDS, peak < MOST_MEMORY_MIB) == (True, True, True)


def longest_healthy_seconds(address: str, end: threading.Event) -> float:
    """The longest that /-/healthy took, 6 s at most, of all the times that it was asked until `end`."""
    longest = 0.0
    while not end.is_set():
        began = time.monotonic()
        connection = http.client.HTTPConnection(address, timeout=6)
        with contextlib.suppress(TimeoutError):
            connection.request("GET", "/-/healthy")
            assert connection.getresponse().status == 200
        connection.close()
        longest = max(longest, time.monotonic() - began)
        time.sleep(0.01)
    return longest


# A provider that goes down

MOST_COST_OF_A_FAILURE = 2.7
"""CPU of the scrape in which every account of a provider fails, by that of a good one: each call is made twice, on a
connection that has to be opened, and told in the log."""


@pytest.fixture
def many_files() -> Iterator[None]:
    """As many open files as may be: every account has a connection."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.usefixtures("many_files")
async def test_a_mass_failure_costs_little_more_than_a_good_scrape(tmp_path: Path) -> None:
    count = 2000
    with Provider(tmp_path, 0.0, tls=False) as provider:
        shop = {"provider": "qlara", "base_url": provider.url, "apis": ["credit"]}
        accounts = [
            {**shop, "name": f"shop-{n}", "auth": {"api_key": f"sk_live_{zlib.crc32(b'%d' % n):08x}-{n}"}}
            for n in range(count)
        ]
        with exporter(tmp_path, write(tmp_path / "many.yml", accounts, cache_ttl="0s")) as (address, process):
            costs = []
            for _ in range(4):
                before = process.cpu_seconds()
                text, _ = await scrape(address, 30.0)
                costs.append(process.cpu_seconds() - before)
                assert text.count("\nsms_credit_balance{") == count
            provider.popen.kill()
            provider.popen.wait()
            before = process.cpu_seconds()
            text, seconds = await scrape(address, 30.0)
            failure = process.cpu_seconds() - before
            told = process.log.read_text().count('msg="Api fails"')
    good = statistics.mean(costs[1:])
    print(f"CPU of a good scrape {good:.2f} s, with all accounts failing {failure:.2f} s, which took {seconds:.1f} s")
    assert text.count(',api="credit",reason="connection"} 1\n') == told == count
    assert seconds < 30.0
    assert failure < MOST_COST_OF_A_FAILURE * good


# Several Prometheus servers


@dataclass(frozen=True)
class Pair:
    """How often two servers ask, and how long an answer serves."""

    interval: str
    cache_ttl: str
    ttl_seconds: float


USUAL = Pair("2s", "1s", 1.0)
"""60 s and 30 s, shortened alike."""

PAIRS = [USUAL, Pair("1s", "3s", 3.0), Pair("3s", "1s", 1.0), Pair("1s", "400ms", 0.4)]
SPAN_SECONDS = 20.0


def calls_of(provider: Simulator, names: set[str]) -> dict[tuple[str, str], dict[str, Any]]:
    calls = provider.control("calls")
    return {(call["account"], call["api"]): call for call in calls if call["account"] in names}


def calls_a_second(call: dict[str, Any]) -> float:
    times: list[float] = call["times"]
    return (len(times) - 1) / (times[-1] - times[0])


def test_a_second_prometheus_costs_no_calls(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        provider = stack.enter_context(simulator(tmp_path, *STANDING_STILL, "--latency", "5-20"))
        by_provider: dict[str, list[dict[str, Any]]] = {}
        for account in healthy_accounts(provider):
            account.pop("prices", None)
            account.pop("apis", None)
            by_provider.setdefault(account["provider"], []).append(account)
        # Accounts of its own for each exporter: the simulator counts by account.
        shares = [list(share) for share in zip(*by_provider.values(), strict=False)]
        assert len(shares) > len(PAIRS)
        jobs: list[tuple[str, str, str]] = []
        names: dict[str, set[str]] = {}
        for (job, pair), share in zip(
            [*((f"pair-{n}", p) for n, p in enumerate(PAIRS)), ("alone", USUAL)], shares, strict=False
        ):
            config_file = write(tmp_path / f"{job}.yml", share, cache_ttl=pair.cache_ttl)
            address, _ = stack.enter_context(exporter(tmp_path, config_file, name=job))
            jobs.append((job, address, pair.interval))
            names[job] = {account["name"] for account in share}
        servers = []
        for replica in ("a", "b"):
            config = {
                # The offset of a scrape comes of the host and of these.
                "global": {"external_labels": {"replica": replica}},
                "scrape_configs": [
                    {
                        "job_name": job,
                        "scrape_interval": interval,
                        "scrape_timeout": interval,
                        "static_configs": [{"targets": [address]}],
                    }
                    for job, address, interval in jobs
                    if job != "alone" or replica == "a"
                ],
            }
            servers.append(stack.enter_context(prometheus(tmp_path, config, f"prometheus-{replica}")))
        time.sleep(6.0)  # until it has settled which of the two finds an answer too old
        provider.control("calls", "DELETE")
        time.sleep(SPAN_SECONDS)
        calls = {job: calls_of(provider, names[job]) for job, _, _ in jobs}
        scrapes = [
            {labels["job"]: count for labels, count in query(url, f"count_over_time(up[{SPAN_SECONDS:.0f}s])")}
            for url in servers
        ]
        ups = [up for url in servers for _, up in query(url, "min by (job) (min_over_time(sms_account_up[18s]))")]
    for job, pair in [(f"pair-{n}", p) for n, p in enumerate(PAIRS)]:
        assert len(calls[job]) == 5  # one api, one api, three apis
        for call in calls[job].values():
            gaps = [later - earlier for earlier, later in itertools.pairwise(call["times"])]
            print(f"{pair}: {call['account']} {call['api']}: {len(gaps) + 1} calls, {min(gaps):.3f} s apart at least")
            assert min(gaps) >= pair.ttl_seconds
            assert call["most_at_once"] == 1
    one = statistics.fmean(calls_a_second(call) for call in calls["alone"].values())
    two = statistics.fmean(calls_a_second(call) for call in calls["pair-0"].values())
    print(f"calls a second and api: one server {one:.3f}, two {two:.3f}: {two / one:.3f} times as many")
    assert two <= 1.05 * one
    assert one == pytest.approx(0.5, rel=0.02)
    # Both have scraped, all the time, and seen every account up.
    for server in scrapes:
        for job, _, interval in jobs:
            if job in server or job != "alone":
                assert server[job] >= SPAN_SECONDS / float(interval[:-1]) - 1.5
    assert len(ups) == 2 * len(PAIRS) + 1
    assert set(ups) == {1.0}


# Reloads under load


def broken_files(good: str) -> list[str]:
    return [
        "accounts: [\n",
        good + "\nacounts: []\n",
        good.replace("provider: qlara", "provider: qlaar", 1),
        good[: len(good) * 2 // 3] + "\n  : :",
        "- a list\n",
        good + good.partition("accounts:\n")[2],
        good.replace("timeout: 10s", "timeout: soon", 1),
    ]


@dataclass
class Load:
    """Scrapes at a steady rate until told to end; every answer that isn't the expected one is kept."""

    address: str
    expected: str
    a_second: float = 100.0
    scrapers: int = 6
    statuses: Counter[int] = field(default_factory=Counter)
    others: list[str] = field(default_factory=list)
    longest_seconds: float = 0.0
    seconds: float = 0.0

    @contextlib.contextmanager
    def going_on(self) -> Iterator[None]:
        end, began = threading.Event(), time.monotonic()
        with ThreadPoolExecutor(self.scrapers) as pool:
            scrapers = [pool.submit(self._scrape, number, began, end) for number in range(self.scrapers)]
            try:
                yield
            finally:
                end.set()
        self.seconds = time.monotonic() - began
        for scraper in scrapers:
            scraper.result()

    def _scrape(self, number: int, began: float, end: threading.Event) -> None:
        connection = http.client.HTTPConnection(self.address, timeout=10)
        for turn in itertools.count():
            planned = began + (turn * self.scrapers + number) / self.a_second
            if end.wait(max(0.0, planned - time.monotonic())):
                break
            asked = time.monotonic()
            connection.request("GET", "/metrics?collect[]=accounts")
            answer = connection.getresponse()
            text = answer.read().decode()
            self.longest_seconds = max(self.longest_seconds, time.monotonic() - asked)
            self.statuses[answer.status] += 1
            if text != self.expected:
                self.others.append(text)
        connection.close()


def reload(address: str, patience_seconds: float = 10.0) -> tuple[int, str]:
    request = urllib.request.Request(f"http://{address}/-/reload", method="POST")
    try:
        with urllib.request.urlopen(request, timeout=patience_seconds) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_fifty_reloads_half_of_them_broken_cost_no_scrape_no_cache_and_no_call(tmp_path: Path) -> None:
    with simulator(tmp_path, *STANDING_STILL, "--copies", "2", "--latency", "0") as provider:
        twenty = healthy_accounts(provider)[:20]
        assert len(twenty) == 20
        config_file = write(tmp_path / "reloaded.yml", twenty, cache_ttl="1h", timeout="10s")
        good = config_file.read_text()
        variants = itertools.cycle([good.replace("timeout: 10s", f"timeout: {n}s") for n in (9, 10, 11)])
        broken = itertools.cycle(broken_files(good))
        with exporter(tmp_path, config_file, "--web.enable-lifecycle") as (address, process):
            url = f"http://{address}/metrics?collect[]=accounts"
            fetch(url)
            warm = fetch(url)
            load = Load(address, warm)
            with load.going_on():
                for number in range(50):
                    is_broken = number % 2 == 1
                    config_file.write_text(next(broken) if is_broken else next(variants))
                    status, said = reload(address)
                    assert (status, "reloaded.yml:" in said) == ((500, True) if is_broken else (200, False)), said
                    own = fetch(f"http://{address}/metrics?collect[]=exporter")
                    assert f"sms_exporter_config_last_reload_successful {0 if is_broken else 1}\n" in own
                    assert "sms_exporter_accounts 20\n" in own
                    time.sleep(0.1)
            calls = provider.control("calls")
            assert "Traceback" not in process.log.read_text()
    total = sum(load.statuses.values())
    print(f"{total} scrapes in {load.seconds:.1f} s, the longest {load.longest_seconds:.3f} s")
    assert set(load.statuses) == {200}
    assert load.others == []
    assert total > 50 * load.seconds  # a busy machine may fall behind, but not by half
    assert load.seconds > 3.0
    assert warm.count("sms_account_up{") == len(re.findall(r"^sms_account_up\{.*\} 1$", warm, re.MULTILINE)) == 20
    requests = re.findall(r"^sms_api_requests_total\{.*\} (\d+)$", warm, re.MULTILINE)
    assert set(requests) == {"1"}
    assert len(calls) == len(requests) > 30
    assert {call["count"] for call in calls} == {1}


# kill -9


def test_after_kill_9_in_mid_scrape_there_is_nothing_to_repair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = {name: tmp_path / name for name in ("home", "tmp", "work")}
    for place in places.values():
        place.mkdir()
    with simulator(tmp_path, *STANDING_STILL) as provider:
        config_file = write(tmp_path / "killed.yml", healthy_accounts(provider), cache_ttl="1s")
        monkeypatch.setenv("HOME", str(places["home"]))
        monkeypatch.setenv("TMPDIR", str(places["tmp"]))
        address = f"127.0.0.1:{free_port()}"
        command = (
            sys.executable,
            "-m",
            "exporter",
            f"--config.file={config_file}",
            f"--web.listen-address={address}",
        )
        for life in range(2):
            provider.control("injected-faults", "DELETE")
            provider.control("calls", "DELETE")
            with running(places["work"], "exporter", *command) as process:
                eventually("the exporter", partial(process.said, f"({address})"))
                text = fetch(f"http://{address}/metrics")
                up = re.findall(r"^sms_account_up\{.*\} (\d)$", text, re.MULTILINE)
                assert up == ["1"] * len(healthy_accounts(provider))
                assert len(re.findall(r"^sms_credit_balance\{", text, re.MULTILINE)) == len(up)
                if life == 1:
                    break
                provider.control("injected-faults", "POST", {"delay_seconds": 30})
                time.sleep(1.0)
                calls = provider.calls()
                with ThreadPoolExecutor(3) as pool:
                    scrapes = [pool.submit(_fails, address) for _ in range(3)]
                    eventually("the calls", partial(_more_calls, provider, calls))
                    assert process.end(signal.SIGKILL) == -signal.SIGKILL
                    assert [scrape.result() for scrape in scrapes] == [True] * 3
        assert process.end(signal.SIGTERM) == 0
        provider.control("injected-faults", "DELETE")
    left = {name: sorted(path.name for path in place.iterdir()) for name, place in places.items()}
    assert left == {"home": [], "tmp": [], "work": ["exporter.log"]}


def _more_calls(provider: Simulator, than: int) -> bool | None:
    return provider.calls() > than or None


def _fails(address: str) -> bool:
    try:
        fetch(f"http://{address}/metrics")
    except (OSError, http.client.HTTPException):
        return True
    return False


# Slow clients, many series

MANY_COPIES = 50
SLOW_CLIENTS = 48
HELD_UP_SECONDS = 5.0
"""Slow clients stay for as long as they like: who waits for them waits longer than this."""


@dataclass(frozen=True)
class Thousand:
    """An exporter of a thousand accounts, its configuration and its process."""

    address: str
    config_file: Path
    process: Process


@pytest.fixture(scope="module")
def thousand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Thousand]:
    folder = tmp_path_factory.mktemp("thousand")
    flags = (*STANDING_STILL, "--copies", str(MANY_COPIES), "--latency", "0")
    with simulator(folder, *flags) as provider:
        config_file = write(folder / "thousand.yml", accounts_of(provider), cache_ttl="1h", timeout="60s")
        with exporter(folder, config_file, "--web.enable-lifecycle") as (address, process):
            with watched_health(address) as longest:
                _size(f"http://{address}/metrics", {})
            print(f"opening 2,200 connections at once: /-/healthy took {longest():.3f} s at the longest")
            yield Thousand(address, config_file, process)


@contextlib.contextmanager
def watched_health(address: str) -> Iterator[Callable[[], float]]:
    """Asks /-/healthy all the time; afterwards tells how long the longest took."""
    end = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        watch = pool.submit(longest_healthy_seconds, address, end)
        try:
            yield watch.result
        finally:
            end.set()


def test_rendering_a_thousand_accounts_leaves_health_answered(thousand: Thousand) -> None:
    sizes = []
    for turn, coding in enumerate(("identity", "gzip")):
        # Every series gets another label, and so has to be rendered anew.
        written = yaml.safe_load(thousand.config_file.read_text())
        written["defaults"]["labels"] = {"turn": f"number-{turn}"}
        thousand.config_file.write_text(yaml.safe_dump(written))
        status, said = reload(thousand.address, 60.0)
        assert status == 200, said
        with watched_health(thousand.address) as longest, ThreadPoolExecutor(3) as pool:
            asked = {"Accept-Encoding": coding}
            scrapes = [pool.submit(_size, f"http://{thousand.address}/metrics", asked) for _ in range(3)]
            sizes += [scrape.result() for scrape in scrapes]
        print(f"{coding}: {sizes[-1]} bytes, /-/healthy took {longest():.3f} s at the longest")
        assert longest() < LONGEST_HEALTHY_SECONDS
    assert max(sizes) > 2_000_000


def _size(url: str, headers: dict[str, str]) -> int:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as answer:
        return len(answer.read())


@contextlib.contextmanager
def slow_clients(address: str, request: bytes, number: int) -> Iterator[list[socket.socket]]:
    """Connections that sent this much of a request; what comes back stays in the smallest of buffers."""
    host, port = address.rsplit(":", 1)
    with contextlib.ExitStack() as stack:
        clients = []
        for _ in range(number):
            client = stack.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            client.connect((host, int(port)))
            client.sendall(request)
            clients.append(client)
        yield clients


@pytest.mark.parametrize(
    "request_text",
    ["GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "GET /metrics HTTP/1.1\r\nHost: x\r\nX-Half: "],
    ids=["reads slowly", "half a request"],
)
def test_slow_clients_hold_nobody_up(thousand: Thousand, request_text: str) -> None:
    """More of them than --web.max-requests lets scrape at once."""
    address, process = thousand.address, thousand.process
    url = f"http://{address}/metrics?collect[]=exporter"
    fetch(f"http://{address}/metrics")
    before = process.peak_memory_mib()
    with watched_health(address) as longest, contextlib.ExitStack() as stack:
        slow: list[socket.socket] = []
        for _ in range(6):  # in portions that --web.max-requests lets in
            slow += stack.enter_context(slow_clients(address, request_text.encode(), SLOW_CLIENTS // 6))
            time.sleep(0.3)
        began = time.monotonic()
        for client in slow:
            client.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                if received := client.recv(5):
                    assert received == b"HTTP/"
        durations = []
        while time.monotonic() - began < 3.0:
            for client in slow:
                with contextlib.suppress(BlockingIOError):
                    client.recv(5)
            asked = time.monotonic()
            assert "sms_exporter_accounts 1000\n" in fetch(url)
            durations.append(time.monotonic() - asked)
            time.sleep(0.2)
        memory = process.peak_memory_mib()
        asked = time.monotonic()
        assert fetch(f"http://{address}/metrics?collect[]=accounts").count("sms_account_up{") == 1000
        whole = time.monotonic() - asked
    print(
        f"/-/healthy {longest():.3f} s, exporter's own {max(durations):.3f} s, all accounts {whole:.2f} s;"
        f" VmHWM {before:.0f} MiB before, {memory:.0f} MiB with them"
    )
    assert max(longest(), *durations, whole) < HELD_UP_SECONDS
