"""All accounts of a configuration, and what goes on when it is loaded anew."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from exporter.account import Account
from exporter.settings import AccountSettings, ApiSettings, HttpSettings, Settings
from exporter.source import Clock, Source
from exporter.transport import Client


@dataclass(frozen=True, slots=True)
class _SourceKey:
    """What makes two calls the same call; `owner` and `credential` are None where the URL is public."""

    owner: str | None
    provider: str
    api: str
    url: str
    http: HttpSettings
    credential: object


class Accounts:
    """The accounts, by name in the configuration's order."""

    def __init__(self, settings: Settings, client: Client, clock: Clock, rng: random.Random) -> None:
        self.settings = Settings()
        self._client = client
        self._clock = clock
        self._rng = rng
        self._accounts: dict[str, Account] = {}
        self._sources: dict[_SourceKey, Source] = {}
        self._replaced: list[Source] = []
        self.replace(settings)

    def __iter__(self) -> Iterator[Account]:
        return iter(self._accounts.values())

    def __len__(self) -> int:
        return len(self._accounts)

    def get(self, name: str) -> Account | None:
        """The account of that name."""
        return self._accounts.get(name)

    def replace(self, settings: Settings) -> None:
        """Put a new configuration in force at once.

        An account that asks the same URLs with the same credential keeps answers, counters and calls under
        way, whatever else has changed; refusals are forgotten (a reload is how an operator says "try again"),
        a rate limit is not.
        """
        before, self._sources = self._sources, {}
        accounts: dict[str, Account] = {}
        for account in settings.accounts:
            sources = {api.name: self._source(account, api, before) for api in account.apis}
            known = self._accounts.get(account.name)
            if known is not None and _ask_alike(known.settings, account):
                known.adopt(account, sources)
                accounts[account.name] = known
            else:
                accounts[account.name] = Account(account, sources, self._clock, self._rng)
        self.settings, self._accounts = settings, accounts
        for source, ttl in self._shortest_ttls().items():
            source.cache_ttl_seconds = ttl
        self._replaced += [source for key, source in before.items() if key not in self._sources]
        self._client.keep_only({account.http for account in settings.accounts})

    def _source(self, account: AccountSettings, api: ApiSettings, before: dict[_SourceKey, Source]) -> Source:
        definition = account.provider.apis[api.name]
        key = _SourceKey(
            None if definition.public else account.name,
            account.provider.id,
            api.name,
            api.url,
            account.http,
            None if definition.public else account.credential,
        )
        source = self._sources.get(key) or before.get(key)
        if source is None:
            source = Source(account.provider, definition, api.url, account.http, self._client, self._clock, self._rng)
        self._sources[key] = source
        return source

    def _shortest_ttls(self) -> dict[Source, float]:
        """The age from which a source is asked again: of accounts that share one, the most impatient rules."""
        shortest: dict[Source, float] = {}
        for account in self:
            for api in account.apis.values():
                ttl = api.settings.cache_ttl_seconds
                shortest[api.source] = min(ttl, shortest.get(api.source, ttl))
        return shortest

    async def drop_replaced(self) -> None:
        """Break off the calls that no account of the configuration in force has."""
        replaced, self._replaced = self._replaced, []
        for source in replaced:
            await source.aclose()

    async def aclose(self) -> None:
        """Break off every call and close every connection."""
        await self.drop_replaced()
        for source in self._sources.values():
            await source.aclose()
        await self._client.aclose()


def _ask_alike(one: AccountSettings, other: AccountSettings) -> bool:
    return one.provider.id == other.provider.id and one.credential == other.credential
