"""What else does the same work: `python -m benchmarks.rivals NAME BASE_URL ACCOUNTS`, one scrape a line of input.

- `requests`: the synchronous collector that one writes first: a session, one call after the other.
- `httpx`: one shared `httpx.AsyncClient` with its default pool, all calls at once.
- `limit`: the same calls over aiohttp's pool, with nothing read, judged or rendered: the bare concurrency limit.
- `json_exporter`: Prometheus' part where json_exporter asks the provider: a probe for each call, all at once. Its
  URL is the fourth argument.

Each line read from standard input is a scrape; its answer is the seconds it took.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

PATHS = {"subscription": "", "credit": "/credit", "contacts": "/contacts"}
PREFIX = "/api/v1/partner-gateway/subscription"

Calls = list[tuple[str, dict[str, str]]]
"""URLs and headers."""


def calls_of(base_url: str, accounts: int) -> Calls:
    """Every call of a scrape."""
    return [
        (f"{base_url}{PREFIX}{path}", {"X-Api-Key": f"key-number-{number}"})
        for number in range(accounts)
        for path in PATHS.values()
    ]


def probes_of(base_url: str, accounts: int, json_exporter: str) -> Calls:
    """Every probe that makes json_exporter do the same."""
    probes = [urlencode({"module": api, "target": f"{base_url}{PREFIX}{path}"}) for api, path in PATHS.items()]
    return [(f"{json_exporter}/probe?{probe}", {}) for _ in range(accounts) for probe in probes]


def by_requests(calls: Calls) -> Callable[[], None]:
    """The synchronous collector."""
    import requests  # noqa: PLC0415
    from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415

    session = requests.Session()

    def scrape() -> None:
        family = GaugeMetricFamily("sms_credit_balance", "left", labels=["call"])
        for number, (url, headers) in enumerate(calls):
            document = session.get(url, headers=headers, timeout=10).json()
            family.add_metric([str(number)], float(document.get("balance", 0)))

    return scrape


def by_httpx(calls: Calls) -> Callable[[], Awaitable[object]]:
    """One shared client."""
    import httpx  # noqa: PLC0415

    client = httpx.AsyncClient(timeout=120)

    async def one(url: str, headers: dict[str, str]) -> object:
        return (await client.get(url, headers=headers)).json()

    return lambda: asyncio.gather(*(one(*call) for call in calls))


def by_limit(calls: Calls) -> Callable[[], Awaitable[object]]:
    """The pool of aiohttp without a limit."""
    import aiohttp  # noqa: PLC0415

    session: aiohttp.ClientSession | None = None

    async def one(url: str, headers: dict[str, str]) -> bytes:
        assert session is not None
        async with session.get(url, headers=headers, raise_for_status=True) as answer:
            return await answer.read()

    async def scrape() -> object:
        nonlocal session
        session = session or aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        return await asyncio.gather(*(one(*call) for call in calls))

    return scrape


def timed(scrape: Callable[[], None]) -> None:
    """One scrape for each line of input, until it ends."""
    for _ in sys.stdin:
        began = time.perf_counter()
        scrape()
        print(time.perf_counter() - began, flush=True)


async def timed_on_loop(scrape: Callable[[], Awaitable[object]]) -> None:
    """The same for a coroutine; reading a line holds up nothing, for nothing else runs."""
    for _ in sys.stdin:
        began = time.perf_counter()
        await scrape()
        print(time.perf_counter() - began, flush=True)


def main() -> None:
    """Run one rival."""
    name, base_url, accounts, *more = sys.argv[1:]
    calls = probes_of(base_url, int(accounts), *more) if name == "json_exporter" else calls_of(base_url, int(accounts))
    if name == "requests":
        timed(by_requests(calls))
        return
    import uvloop  # noqa: PLC0415

    uvloop.run(timed_on_loop((by_httpx if name == "httpx" else by_limit)(calls)))


if __name__ == "__main__":
    main()
