"""Makes settings of one account as it is written, with everything that depends on more than one value."""

import re
from collections.abc import Collection, Mapping
from typing import Literal

from exporter.config import models
from exporter.config.base_url import resolve_base_url
from exporter.config.credentials import form_example, resolve_credential
from exporter.config.http import merge_http
from exporter.config.labels import merge_labels
from exporter.config.merge import Scope, Source, merge_value
from exporter.config.own_providers import Known
from exporter.config.provider_settings import resolve_settings
from exporter.config.thresholds import merge_thresholds
from exporter.documents.faults import Path, closest, nearest
from exporter.durations import format_duration
from exporter.providers.catalogue import meant
from exporter.providers.definition import Definition, RateLimit
from exporter.providers.kinds import API_NAMES
from exporter.providers.request import shown_url
from exporter.providers.template import Template
from exporter.secrets import redaction
from exporter.settings import AccountSettings, ApiSettings

_REQUIRED = {
    "name": "a name such as shop-dk",
    "provider": "a provider's id",
}
_NEEDED_API = {
    "credit": "credit",
    "runway": "credit",
    "spend_spike": "credit",
    "contacts_used_ratio": "contacts",
    "subscription_remaining": "subscription",
}
_NOT_COUNTRIES = {"UK": "GB", "EL": "GR"}
_TIMEOUT_SECONDS = 10.0
_STALE_FOR_SECONDS = 300.0


class Resolver:
    """One account on its way from the file to settings."""

    def __init__(
        self,
        account: models.Account,
        path: Path,
        defaults: Scope,
        known: Known,
        source: Source,
    ) -> None:
        self._account = account
        self._path = path
        self._scopes = (defaults, Scope(account, path, source))
        self._known = known
        self._source = source
        self._report = source.report

    def settings(self) -> AccountSettings | None:
        """The account with all defaults applied, or None if a part of it is wrong; the report says what."""
        if not isinstance(self._report.document.value_at(self._path), dict):
            return None
        self._check_required()
        account, report = self._account, self._report
        provider = self._provider()
        apis = self._apis(provider)
        self._check_api_settings(provider, apis)
        self._check_features(provider, apis)
        own = {} if provider is None else resolve_settings(account, self._path, provider, report)
        base_url = resolve_base_url(account, self._path, provider, own, self._known, report)
        self._check_thresholds(provider, apis)
        countries, currencies = self._prices(apis)
        wallets = self._wallets(provider, apis)
        self._check_contacts_limit(provider, apis)
        own_labels = merge_labels(self._scopes)
        unused = [key for key, api in _NEEDED_API.items() if api not in apis]
        limits = merge_thresholds(self._scopes, postpaid=account.billing == "postpaid", unused=unused)
        http = merge_http(self._scopes)
        signed = resolve_credential(account, self._path, provider, self._source)
        if provider is None or signed is None or account.name is None or base_url is None:
            return None
        self._check_shown({("name",): account.name} | {("labels", name): value for name, value in own_labels.items()})
        return AccountSettings(
            name=account.name,
            provider=provider,
            credential=signed,
            apis=tuple(self._api(provider, name, base_url, own) for name in apis),
            settings=own,
            stale_for_seconds=merge_value(self._scopes, "stale_for", _STALE_FOR_SECONDS),
            labels=own_labels,
            expect_features=tuple(account.expect_features or ()),
            price_countries=countries,
            price_currencies=currencies,
            wallets=wallets,
            contacts_limit=account.contacts_limit,
            thresholds=limits,
            http=http,
        )

    def _check_shown(self, texts: Mapping[tuple[str, ...], str]) -> None:
        """Whether what every metric of the account shows is free of the secrets that are known by now."""
        for keys, text in texts.items():
            if redaction.holds(text):
                message = "this is or holds a secret, and every metric of the account shows it"
                self._report.warn(self._at(*keys), message, "write another, or change the secret")

    def _at(self, *keys: str | int) -> Path:
        return (*self._path, *keys)

    def _check_required(self) -> None:
        written = self._report.document.value_at(self._path)
        auth = form_example(self._known.definitions.get(self._account.provider or ""))
        for key, example in {**_REQUIRED, "auth": f"a sign-in form such as {auth}"}.items():
            if isinstance(written, dict) and written.get(key) is None:
                self._report.fault(self._at(key), "this is missing", f"write {example}")

    def _provider(self) -> Definition | None:
        name = self._account.provider
        if name is not None and name not in self._known.definitions and name not in self._known.faulty:
            hint = meant(name, self._known.definitions)
            self._report.fault(self._at("provider"), "there is no provider {word}", hint, word=name)
        return self._known.definitions.get(name or "")

    def _apis(self, provider: Definition | None) -> list[str]:
        """The account's apis; without a provider, those that some provider has."""
        asked = self._account.apis
        offered = list(provider.apis) if provider else list(API_NAMES)
        if asked is None:
            return [name for name, api in provider.apis.items() if api.standard] if provider else []
        if not asked:
            self._report.fault(self._at("apis"), "no api at all", f"choose of {', '.join(offered)}")
        self._check_twice("apis", asked)
        for index, name in enumerate(asked):
            if name not in offered:
                message = f"{provider.id} has no api {{word}}" if provider else "there is no api {word}"
                self._report.fault(self._at("apis", index), message, nearest(name, offered), word=name)
        return [name for name in offered if name in asked]

    def _check_twice(self, key: str, items: list[str], *holder: str) -> None:
        first: dict[str, int] = {}
        for index, item in enumerate(items):
            if first.setdefault(item, index) != index:
                path = self._at(*holder, key, index)
                line = self._report.document.line(self._at(*holder, key, first[item]))
                self._report.fault(path, f"{{word}} a second time, after line {line}", "remove one", word=item)

    def _check_api_settings(self, provider: Definition | None, apis: Collection[str]) -> None:
        offered = list(provider.apis) if provider else list(API_NAMES)
        for name in self._account.api_settings or {}:
            path = self._at("api_settings", name)
            if name not in offered:
                message = f"{provider.id} has no api {{word}}" if provider else "there is no api {word}"
                self._report.fault(path, message, nearest(name, offered), word=name)
            elif name not in apis and provider:
                self._report.warn(
                    path, "no effect: the account doesn't use this api", f"add {name} to apis, or remove this"
                )

    def _check_features(self, provider: Definition | None, apis: Collection[str]) -> None:
        features = self._account.expect_features or []
        path = self._at("expect_features")
        self._check_twice("expect_features", features)
        for index, feature in enumerate(features):
            known = closest(feature, models.KNOWN_FEATURES)
            if known and feature not in models.KNOWN_FEATURES:
                message = "no feature {word} is known"
                self._report.warn((*path, index), message, f"did you mean {known}?", word=feature)
        if features and provider and "subscription" not in provider.apis:
            message = f"no effect: {provider.id} doesn't tell features"
            self._report.warn(path, message, "remove it")
        elif features and provider and "subscription" not in apis:
            message = "no effect: the account doesn't use the api subscription"
            self._report.warn(path, message, "add subscription to apis, or remove this")

    def _wallets(self, provider: Definition | None, apis: Collection[str]) -> frozenset[str] | None:
        """The pots of credit that are shown, None for all."""
        wallets, path = self._account.wallets, self._at("wallets")
        if wallets is None or provider is None:
            return None
        if not wallets:
            self._report.fault(path, "no wallet at all", "name those that are shown, or leave the key out")
        self._check_twice("wallets", wallets)
        named = _wallets_of(provider)
        if not named or "credit" not in apis:
            without = f"{provider.id} has no wallets" if not named else "the account has no api credit"
            self._report.warn(path, f"no effect: {without}", "remove it")
            return None
        constants = [name for name in named if name is not None]
        for index, wallet in enumerate(wallets):
            if len(constants) == len(named) and wallet not in constants:
                message = f"{provider.id} has no wallet {{word}}"
                self._report.fault((*path, index), message, nearest(wallet, constants), word=wallet)
        return frozenset(wallets)

    def _check_contacts_limit(self, provider: Definition | None, apis: Collection[str]) -> None:
        if self._account.contacts_limit is not None and provider and "contacts" not in apis:
            message = "no effect: the account has no api contacts"
            self._report.warn(self._at("contacts_limit"), message, "remove it")

    def _check_thresholds(self, provider: Definition | None, apis: Collection[str]) -> None:
        limits = self._account.thresholds
        for key, api in _NEEDED_API.items():
            if provider and limits and getattr(limits, key) is not None and api not in apis:
                message = f"no effect: the account has no api {api}"
                self._report.warn(self._at("thresholds", key), message, "remove it")
        if provider and limits and limits.credit and limits.credit.wallets and not _wallets_of(provider):
            message = f"no effect: {provider.id} has no wallets"
            self._report.warn(self._at("thresholds", "credit", "wallets"), message, "remove it")

    def _prices(self, apis: Collection[str]) -> tuple[frozenset[str] | None, frozenset[str] | None]:
        """The countries and the currencies of the price list, None for all."""
        prices = self._account.prices
        written = self._report.document.value_at(self._at("prices"))
        if "prices" in apis and (written is None or isinstance(written, dict)):
            path = self._at("prices") if written is None else self._at("prices", "countries")
            if written is None or written.get("countries") is None:
                example = "prices: {countries: [DK, IT]} or {countries: all}" if written is None else "[DK, IT] or all"
                self._report.fault(path, "this is missing", f"write {example}", at=self._path)
        elif prices and self._account.provider in self._known.definitions:
            message = "no effect: the account doesn't use the api prices"
            self._report.warn(self._at("prices"), message, "add prices to apis, or remove this")
        if prices is None:
            return None, None
        countries = self._codes("countries", prices.countries, "[A-Z]{2}", "a country of ISO 3166, like DK")
        currencies = self._codes("currencies", prices.currencies, "[A-Z]{3}", "a currency of ISO 4217, like EUR")
        return countries, currencies

    def _codes(
        self, key: str, codes: list[str] | Literal["all"] | None, pattern: str, kind: str
    ) -> frozenset[str] | None:
        if codes is None or codes == "all":
            return None
        if not codes:
            self._report.fault(self._at("prices", key), "an empty list", "list codes, or write all")
        self._check_twice(key, codes, "prices")
        for index, code in enumerate(codes):
            path, capitals = self._at("prices", key, index), code.upper()
            if key == "countries" and capitals in _NOT_COUNTRIES:
                self._report.fault(path, f"{{word}} is not {kind}", f"write {_NOT_COUNTRIES[capitals]}", word=code)
            elif not re.fullmatch(pattern, code, re.ASCII):
                right = re.fullmatch(pattern, capitals, re.ASCII) and code.isascii()
                self._report.fault(path, f"{{word}} is not {kind}", f"write {capitals}" if right else "", word=code)
        return frozenset(codes)

    def _warn_of_floor(self, provider: Definition, name: str, limit: RateLimit) -> None:
        """Tells of a written cache_ttl that is below what the provider's rate limit allows."""
        places = [(self._source.report, self._at("api_settings", name, "cache_ttl"))]
        last = next((each for each in reversed(self._scopes) if "cache_ttl" in each.settings.given), None)
        if name != "prices" and last is not None:
            places.append((last.report, (*last.path, "cache_ttl")))
        for report, path in places:
            if report.document.value_at(path) is not None:
                allows = f"{provider.id} allows {limit.calls} calls in {format_duration(limit.per)}"
                floor = format_duration(limit.floor_seconds).replace(" ", "")
                report.warn(path, f"{allows}, so its api {name} is asked every {floor}", f"write {floor} or more")
                return

    def _api(self, provider: Definition, name: str, base_url: str, settings: Mapping[str, str]) -> ApiSettings:
        own = (self._account.api_settings or {}).get(name) or models.ApiKeys()
        definition = provider.apis[name]
        cache_ttl = own.cache_ttl
        if cache_ttl is None and name == "prices":
            cache_ttl = definition.cache_ttl
        if cache_ttl is None:
            cache_ttl = merge_value(self._scopes, "cache_ttl", definition.cache_ttl)
        if provider.rate_limit is not None and cache_ttl < provider.rate_limit.floor_seconds:
            self._warn_of_floor(provider, name, provider.rate_limit)
            cache_ttl = provider.rate_limit.floor_seconds
        timeout = own.timeout
        if timeout is None:
            timeout = merge_value(self._scopes, "timeout", _TIMEOUT_SECONDS)
        path = definition.path if own.path is None else Template(own.path)
        url = shown_url(definition, base_url, path, settings)
        return ApiSettings(name, url, base_url, path, cache_ttl, timeout)


def _wallets_of(provider: Definition) -> list[str | None]:
    """The name of each pot that the provider has, None where the answer tells it."""
    blocks = (block for api in provider.apis.values() for block in api.credit)
    return [block.wallet.constant for block in blocks if block.wallet is not None]
