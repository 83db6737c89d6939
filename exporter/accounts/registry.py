"""All accounts of a configuration, and what goes on when it is loaded anew."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from exporter.accounts.account import Account
from exporter.accounts.resource import Clock, Resource
from exporter.client.http import Client
from exporter.providers.definition import Definition
from exporter.settings import AccountSettings, ApiSettings, HttpSettings, Settings


@dataclass(frozen=True, slots=True)
class _ResourceKey:
    """What makes two calls the same call; `owner` and `credential` are None where the URL is public.

    `settings` are what the templates of the request are filled with.
    """

    owner: str | None
    provider: str
    api: str
    url: str
    settings: tuple[tuple[str, str], ...]
    http: HttpSettings
    credential: object


class Registry:
    """The accounts, by name in the configuration's order."""

    def __init__(self, settings: Settings, client: Client, clock: Clock, rng: random.Random) -> None:
        self.settings = Settings()
        self._client = client
        self._clock = clock
        self._rng = rng
        self._definitions: dict[str, Definition] = {}
        self._accounts: dict[str, Account] = {}
        self._resources: dict[_ResourceKey, Resource] = {}
        self._replaced: set[Resource] = set()
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

        An account that calls the same URLs with the same credential keeps answers, counters and calls under
        way, whatever else has changed; refusals are forgotten (a reload is how an operator says "try again"),
        a rate limit is not. Where the provider's definition has another content, nothing is kept. A scrape under
        way goes on under the configuration before, to its end.
        """
        definitions = {account.provider.id: account.provider for account in settings.accounts}
        # Compared once a provider: definitions that were read anew are other objects for every account.
        alike = {name for name, definition in definitions.items() if self._definitions.get(name) == definition}
        known = {name: account for name, account in self._accounts.items() if account.settings.provider.id in alike}
        kept = {key: resource for key, resource in self._resources.items() if key.provider in alike}
        before, self._resources = self._resources, {}
        accounts: dict[str, Account] = {}
        for account in settings.accounts:
            resources = {api.name: self._resource(account, api, kept) for api in account.apis}
            accounts[account.name] = self._account(account, resources, known.get(account.name))
        self.settings, self._definitions, self._accounts = settings, definitions, accounts
        for resource, ttl in self._shortest_ttls().items():
            resource.cache_ttl_seconds = ttl
        for each in self:
            for api in each.apis.values():
                api.serves_seconds = api.resource.cache_ttl_seconds + each.settings.stale_for_seconds
        in_use = set(self._resources.values())
        replaced = [resource for resource in before.values() if resource not in in_use]
        self._replaced.update(replaced)
        for resource in replaced:
            resource.retire(self._dropped)
        self._keep_connections()

    def _dropped(self, resource: Resource) -> None:
        """No scrape uses a replaced resource any more."""
        self._replaced.discard(resource)
        if not self._replaced:
            self._keep_connections()

    def _keep_connections(self) -> None:
        """Close the connections that neither an account nor a scrape of the configuration before has a use for."""
        in_force = {account.http for account in self.settings.accounts}
        self._client.keep_only(in_force | {resource.http for resource in self._replaced})

    def _account(self, settings: AccountSettings, resources: Mapping[str, Resource], known: Account | None) -> Account:
        if known is None or not _call_alike(known.settings, settings):
            return Account(settings, resources, self._clock, self._rng)
        known.adopt(settings, resources)
        return known

    def _resource(self, account: AccountSettings, api: ApiSettings, kept: Mapping[_ResourceKey, Resource]) -> Resource:
        definition = account.provider.apis[api.name]
        key = _ResourceKey(
            None if definition.public else account.name,
            account.provider.id,
            api.name,
            api.url,
            tuple(sorted(account.settings.items())),
            account.http,
            None if definition.public else account.credential,
        )
        resource = self._resources.get(key) or kept.get(key)
        if resource is None:
            resource = Resource(
                account.provider, definition, api, account.settings, account.http, self._client, self._clock, self._rng
            )
        self._resources[key] = resource
        return resource

    def _shortest_ttls(self) -> dict[Resource, float]:
        """The age from which a resource is called again: of accounts that share one, the most impatient rules."""
        shortest: dict[Resource, float] = {}
        for account in self:
            for api in account.apis.values():
                ttl = api.settings.cache_ttl_seconds
                shortest[api.resource] = min(ttl, shortest.get(api.resource, ttl))
        return shortest

    async def aclose(self) -> None:
        """Break off every call and close every connection."""
        for resource in [*self._replaced, *self._resources.values()]:
            await resource.aclose()
        await self._client.aclose()


def _call_alike(one: AccountSettings, other: AccountSettings) -> bool:
    return one.provider.id == other.provider.id and one.credential == other.credential
