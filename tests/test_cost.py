"""What an account costs, in counts that don't depend on the machine's mood: calls, connections, tasks, instructions."""

import asyncio
import cProfile
import gc
import os
import pstats
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from weakref import WeakKeyDictionary

import pytest
import trustme

from benchmarks.processes import Provider
from exporter.accounts.service import Service
from exporter.client import tls
from exporter.client.http import HttpClient
from exporter.metrics.exposition import Exposition
from exporter.settings import TlsSettings
from tests.injected_faults import BEHAVIOURS, Behaviour, serving
from tests.virtual import account, settings

pytestmark = pytest.mark.end_to_end

FUNCTION_CALLS_PER_ACCOUNT = 2300
"""A scrape that calls: three calls made, answers read, some 35 lines rendered."""

FUNCTION_CALLS_PER_CACHED_ACCOUNT = 130
"""A scrape from the cache: nothing is read or rendered."""

BYTES_PER_ACCOUNT = 45_000
"""Memory that an account holds after scrapes: connections, readings, rendered lines."""


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    with Provider(tmp_path, 0.0, tls=False, varied=False) as provider:
        yield provider


def service_of(provider: Provider, count: int, cache_ttl: float) -> Service:
    all_accounts = [account(f"a{n}", "qlara", provider.url, cache_ttl=cache_ttl) for n in range(count)]
    return Service(lambda: settings(*all_accounts), HttpClient())


def held() -> int:
    """Bytes that are really in use."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


_RENDERED: WeakKeyDictionary[Service, Exposition] = WeakKeyDictionary()


async def scraped(service: Service) -> str:
    rendering = _RENDERED.setdefault(service, Exposition.of(service.accounts.settings))
    return "".join(await rendering.accounts(await service.observe_all(9.5), openmetrics=False))


def function_calls(provider: Provider, count: int, cache_ttl: float) -> int:
    """Function calls of one scrape after the first."""

    async def main() -> int:
        service = service_of(provider, count, cache_ttl)
        await scraped(service)
        await scraped(service)
        profile = cProfile.Profile()
        profile.enable()
        text = await scraped(service)
        profile.disable()
        assert text.count("sms_account_up{") == count
        assert 'reason="' not in text
        await service.aclose()
        return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]

    return asyncio.run(main())


def test_a_scrape_costs_so_many_function_calls_an_account_whatever_their_number(provider: Provider) -> None:
    few, many = (function_calls(provider, count, 0.0) / count for count in (40, 160))
    assert many < FUNCTION_CALLS_PER_ACCOUNT
    assert many < 1.1 * few


def test_a_scrape_from_the_cache_costs_next_to_nothing(provider: Provider) -> None:
    few, many = (function_calls(provider, count, 3600.0) / count for count in (40, 160))
    assert many < FUNCTION_CALLS_PER_CACHED_ACCOUNT
    assert many < 1.1 * few


async def test_calls_connections_and_tasks_are_as_few_as_can_be(provider: Provider) -> None:
    service = service_of(provider, 50, 0.0)
    await scraped(service)
    first = provider.counts()
    for _ in range(3):
        await scraped(service)
    later = provider.counts()
    assert first["calls"] == 150
    assert later["calls"] - first["calls"] == 450
    assert later["connections"] - first["connections"] == 1  # the question itself
    assert asyncio.all_tasks() == {asyncio.current_task()}
    await service.aclose()


async def test_an_account_holds_so_much_memory_and_no_more_with_every_scrape(provider: Provider) -> None:
    service = service_of(provider, 50, 0.0)
    await scraped(service)
    tracemalloc.start()
    try:
        before = held()
        for _ in range(5):
            await scraped(service)
        after_few = held()
        for _ in range(20):
            await scraped(service)
        after_many = held()
    finally:
        tracemalloc.stop()
    assert after_few - before < 50 * BYTES_PER_ACCOUNT
    assert after_many - after_few < 50 * 2_000
    await service.aclose()


async def test_a_scrape_leaves_no_cycles_for_the_collector(provider: Provider) -> None:
    """What lets `serving` put the collector off to a hundred thousand objects."""
    service = service_of(provider, 50, 0.0)
    await scraped(service)
    await scraped(service)
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            await scraped(service)
        assert gc.collect() < 50
    finally:
        gc.enable()
    await service.aclose()


FAILING = ("closes after the request", "resets in mid-body", "chunks end too early", "no HTTP", "HTML under 200", "503")


@pytest.mark.parametrize("behaviour", [each for each in BEHAVIOURS if each.name in FAILING], ids=lambda each: each.name)
async def test_a_call_that_fails_leaves_no_frame_for_the_collector(behaviour: Behaviour) -> None:
    """A frame would keep the body that it was reading: under faults that is most of the memory."""
    async with serving(behaviour.talk) as port:
        failing = account("a", "agiletelecom", f"http://127.0.0.1:{port}", cache_ttl=0.0)
        service = Service(lambda: settings(failing), HttpClient())
        gc.collect()
        gc.disable()
        gc.set_debug(gc.DEBUG_SAVEALL)
        try:
            assert "sms_account_up{" in await scraped(service)
            gc.collect()
            kept = [each.f_code.co_filename for each in gc.garbage if isinstance(each, FrameType)]
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
            gc.enable()
        await service.aclose()
        assert [name for name in kept if "exporter" in name] == []


def test_all_accounts_share_one_tls_context() -> None:
    plain, named = (tls.context(TlsSettings(server_name=name)) for name in (None, "provider.test"))
    assert plain is named


def test_the_libraries_load_no_authorities_while_they_are_imported() -> None:
    code = """
import os, ssl, sys
import exporter.cli.serve
import aiohttp.connector
contexts = [aiohttp.connector._SSL_CONTEXT_VERIFIED, aiohttp.connector._SSL_CONTEXT_UNVERIFIED]
assert [context.cert_store_stats()["x509_ca"] for context in contexts] == [0, 0]
assert ssl.create_default_context().cert_store_stats()["x509_ca"] > 0
"""
    authority = trustme.CA()
    with authority.cert_pem.tempfile() as ca_file:
        subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "SSL_CERT_FILE": ca_file})
