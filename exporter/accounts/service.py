"""The running exporter: the configuration in force, its accounts, and what is known of them."""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence

from exporter.accounts.account import Account
from exporter.accounts.observation import View
from exporter.accounts.registry import Registry
from exporter.accounts.resource import Clock
from exporter.accounts.scrape import scrape
from exporter.client.http import Client, HttpClient
from exporter.documents.faults import ConfigError
from exporter.settings import Settings

logger = logging.getLogger(__name__)


class Service:
    """Everything behind the routes. `load` reads the configuration, at the start and at every reload."""

    def __init__(
        self,
        load: Callable[[], Settings],
        client: Client | None = None,
        clock: Clock | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self._load = load
        settings = load()
        self._clock = clock or Clock()
        self.accounts = Registry(
            settings,
            client or HttpClient(),
            self._clock,
            rng or random.Random(),  # noqa: S311  # jitter, no secret
        )
        self.loaded_timestamp_seconds = self._clock.wall()
        """When the configuration in force was loaded."""
        self.last_reload_successful = True
        self._reloading = asyncio.Lock()

    async def reload(self) -> ConfigError | None:
        """Put the configuration file's present text in force, at once and whole; a bad file changes nothing.

        Returns:
            What is wrong with the file, or None.
        """
        async with self._reloading:
            try:
                settings = await asyncio.to_thread(self._load)
            except ConfigError as error:
                self.last_reload_successful = False
                for fault in error.faults:
                    logger.error("Configuration is not loaded", extra={"err": str(fault)})  # noqa: TRY400
                return error
            self.accounts.replace(settings)
            self.loaded_timestamp_seconds = self._clock.wall()
            self.last_reload_successful = True
            logger.info("Configuration loaded", extra={"accounts": len(self.accounts)})
            return None

    async def observe(self, account: Account, seconds: float | None) -> View:
        """One account's view, after waiting `seconds` at most."""
        (view,) = await self._scrape([account], seconds)
        return view

    async def observe_all(self, seconds: float | None) -> list[View]:
        """Every account's view, after waiting `seconds` at most."""
        return await self._scrape(list(self.accounts), seconds)

    async def _scrape(self, accounts: Sequence[Account], seconds: float | None) -> list[View]:
        began = self._clock.monotonic()
        views = await scrape(accounts, _waiting(seconds, len(accounts)))
        if logger.isEnabledFor(logging.DEBUG):
            failing = sum(observation.failure is not None for view in views for observation in view.observations)
            took = round(self._clock.monotonic() - began, 4)
            told = {"accounts": len(views), "failing_apis": failing, "duration_seconds": took}
            logger.debug("Scrape ended", extra=told)
        return views

    async def aclose(self) -> None:
        """End every call and connection."""
        await self.accounts.aclose()

    def now_timestamp_seconds(self) -> float:
        """Unix time, by the clock that observations are dated with."""
        return self._clock.wall()


def _waiting(seconds: float | None, accounts: int) -> float | None:
    """How long to wait for providers, so that rendering and sending still end within `seconds`."""
    if seconds is None:
        return None
    return max(0.0, seconds - min(0.05 + 0.0005 * accounts, 0.25 * seconds))
