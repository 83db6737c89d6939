"""A process that scrapes five accounts at a server that floods them and a healthy one, and tells what it cost.

`python -m tests.client.flooded HEALTHY_PORT FLOOD_PORT...`, one flood after another; a process of its own, for its
memory is measured.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from exporter.accounts.registry import Registry
from exporter.accounts.resource import Clock
from exporter.accounts.scrape import scrape
from exporter.client.http import HttpClient
from tests.virtual import account, rng, settings


def most_resident_mebibytes() -> float:
    """Of this process alone: what `getrusage` tells begins with the parent's."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


async def scraped(healthy: int, flood: int) -> dict[str, Any]:
    flooded = [account(f"flooded-{n}", base_url=f"http://127.0.0.1:{flood}") for n in range(5)]
    client = HttpClient()
    every = settings(*flooded, account("healthy", base_url=f"http://127.0.0.1:{healthy}"))
    accounts = Registry(every, client, Clock(), rng())
    began = time.monotonic()
    views = await scrape(accounts, 5.0)
    took = time.monotonic() - began
    observed = {view.settings.name: view.observations[0] for view in views}
    good = observed.pop("healthy").readings
    await accounts.aclose()
    await client.aclose()
    return {
        "seconds": took,
        "reasons": sorted({str(o.failure.reason) if o.failure else "" for o in observed.values()}),
        "balance": good.credits[0].balance if good else None,
        "mebibytes": most_resident_mebibytes(),
    }


async def main() -> None:
    healthy, *floods = map(int, sys.argv[1:])
    print(json.dumps([await scraped(healthy, flood) for flood in floods]))


if __name__ == "__main__":
    asyncio.run(main())
