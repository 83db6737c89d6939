"""One scrape: every account called at once, and what each of them said by the deadline."""

import asyncio
import math
from collections.abc import Iterable

from exporter.accounts.account import Account, PendingScrape
from exporter.accounts.observation import View

STARTED_AT_ONCE = 20
"""Accounts whose calls begin in one turn of the loop: hundreds would hold up everybody else."""


async def scrape(accounts: Iterable[Account], seconds: float | None) -> list[View]:
    """Call all apis of all accounts at once and wait until all have answered, `seconds` at most.

    Without `seconds` each account's own timeout ends the wait. It never raises for what a provider does:
    an api that hasn't answered is a timeout in this scrape's views alone, and its call goes on.
    """
    loop = asyncio.get_running_loop()
    accounts = list(accounts)
    deadline = math.inf if seconds is None or not accounts else accounts[0].now() + seconds
    end = None if seconds is None else loop.time() + seconds
    this = object()
    pending = [PendingScrape(account) for account in accounts]  # in one turn: a reload comes before or after it
    try:
        for number, each in enumerate(pending, 1):
            each.start(this, deadline)
            if number % STARTED_AT_ONCE == 0:
                await asyncio.sleep(0)
        tasks = {task for each in pending for task in each.tasks}
        if tasks:
            await asyncio.wait(tasks, timeout=None if end is None else max(0.0, end - loop.time()))
    except BaseException:
        for each in pending:
            each.leave()
        raise
    return [each.end() for each in pending]
