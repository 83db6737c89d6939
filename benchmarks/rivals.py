"""What else does the same work: `python -m benchmarks.rivals NAME BASE_URL ACCOUNTS`, one scrape a line of input.

- `requests`: the synchronous collector that one writes first: a session, one call after the other.
- `httpx`: one shared `httpx.AsyncClient` with its default pool, all calls at once.
- `limit`: the same calls over aiohttp's pool, with nothing read, judged or rendered: the bare concurrency limit.

Each line read from standard input is a scrape; its answer is the seconds it took and the CPU seconds so far.
"""

import asyncio
import resource
import sys
import time
from collections.abc import Awaitable, Callable

PATHS = ("", "/credit", "/contacts")
PREFIX = "/api/v1/partner-gateway/subscription"


def calls(base_url: str, accounts: int) -> list[tuple[str, dict[str, str]]]:
    """Every call of a scrape: URL and headers."""
    return [
        (f"{base_url}{PREFIX}{path}", {"X-Api-Key": f"key-number-{number}"})
        for number in range(accounts)
        for path in PATHS
    ]


def by_requests(base_url: str, accounts: int) -> Callable[[], None]:
    """The synchronous collector."""
    import requests  # noqa: PLC0415
    from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415

    session = requests.Session()

    def scrape() -> None:
        family = GaugeMetricFamily("sms_credit_balance", "left", labels=["call"])
        for number, (url, headers) in enumerate(calls(base_url, accounts)):
            document = session.get(url, headers=headers, timeout=10).json()
            family.add_metric([str(number)], float(document.get("balance", 0)))

    return scrape


def by_httpx(base_url: str, accounts: int) -> Callable[[], Awaitable[object]]:
    """One shared client."""
    import httpx  # noqa: PLC0415

    client = httpx.AsyncClient(timeout=120)

    async def one(url: str, headers: dict[str, str]) -> object:
        return (await client.get(url, headers=headers)).json()

    return lambda: asyncio.gather(*(one(*call) for call in calls(base_url, accounts)))


def by_limit(base_url: str, accounts: int) -> Callable[[], Awaitable[object]]:
    """The pool of aiohttp without a limit."""
    import aiohttp  # noqa: PLC0415

    session: aiohttp.ClientSession | None = None

    async def one(url: str, headers: dict[str, str]) -> bytes:
        assert session is not None
        async with session.get(url, headers=headers) as answer:
            return await answer.read()

    async def scrape() -> object:
        nonlocal session
        session = session or aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        return await asyncio.gather(*(one(*call) for call in calls(base_url, accounts)))

    return scrape


def timed(scrape: Callable[[], None]) -> None:
    """One scrape for each line of input, until it ends."""
    for _ in sys.stdin:
        began = time.perf_counter()
        scrape()
        used = resource.getrusage(resource.RUSAGE_SELF)
        print(time.perf_counter() - began, used.ru_utime + used.ru_stime, flush=True)


async def timed_on_loop(scrape: Callable[[], Awaitable[object]]) -> None:
    """The same for a coroutine; reading a line holds up nothing, for nothing else runs."""
    for _ in sys.stdin:
        began = time.perf_counter()
        await scrape()
        used = resource.getrusage(resource.RUSAGE_SELF)
        print(time.perf_counter() - began, used.ru_utime + used.ru_stime, flush=True)


def main() -> None:
    """Run one rival."""
    name, base_url, accounts = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if name == "requests":
        timed(by_requests(base_url, accounts))
        return
    import uvloop  # noqa: PLC0415

    uvloop.run(timed_on_loop({"httpx": by_httpx, "limit": by_limit}[name](base_url, accounts)))


if __name__ == "__main__":
    main()
