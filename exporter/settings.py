"""What a configuration comes to: every account with all defaults applied, ready to be asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from exporter.providers.definition import Definition
from exporter.providers.template import Template
from exporter.secrets.credential import Credential
from exporter.secrets.secret import Secret

Severity = Literal["warning", "critical"]


@dataclass(frozen=True, slots=True)
class Pair:
    """The two limits of one threshold; None where there is none."""

    warning: float | None = None
    critical: float | None = None


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The thresholds in force for one account.

    `credit` maps a unit (`EUR`, `messages`) to its limits and `credit_any` holds for every other unit. `wallets` maps
    a pot of credit to its limits, whatever its unit; where the unit has limits too, `wallets_by_unit` holds for both.
    Credit is in that unit, `runway` and `subscription_remaining` are seconds: those three alert below,
    `contacts_used_ratio` (1 is full) at or above. `spend_spike` is how many times the usual an hour's spend is.
    """

    credit: Mapping[str, Pair] = field(default_factory=dict)
    credit_any: Pair = Pair()
    wallets: Mapping[str, Pair] = field(default_factory=dict)
    wallets_by_unit: Mapping[tuple[str, str], Pair] = field(default_factory=dict)
    runway: Pair = Pair()
    spend_spike: Pair = Pair()
    contacts_used_ratio: Pair = Pair()
    subscription_remaining: Pair = Pair()

    def for_unit(self, unit: str) -> Pair:
        """The credit limits of one unit."""
        return self.credit.get(unit, self.credit_any)

    def for_credit(self, unit: str, wallet: str | None) -> Pair:
        """The limits of one pot of credit; `wallet` is None where the account has but one."""
        if wallet is None or wallet not in self.wallets:
            return self.for_unit(unit)
        return self.wallets_by_unit.get((wallet, unit), self.wallets[wallet])


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """Prometheus' `tls_config`; paths are absolute."""

    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    server_name: str | None = None
    insecure_skip_verify: bool = False
    min_version: str | None = None
    max_version: str | None = None


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """How a provider is reached. Accounts with equal settings share connections and public answers.

    `no_proxy` is a comma-separated list as Prometheus has it. `environment` are the proxies that the environment
    names, kept so that what is secret in them stays hidden.
    """

    tls: TlsSettings = TlsSettings()
    proxy_url: Secret | None = None
    no_proxy: str = ""
    proxy_from_environment: bool = False
    follow_redirects: bool = False
    environment: tuple[Secret, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """One api of one account: where it is, how long an answer counts as fresh, how long a call may take.

    `url` is the whole URL as it may be shown, a secret in it by its name alone: `…/v1/{api_key}/balance`.
    """

    name: str
    url: str
    base_url: str
    path: Template
    cache_ttl_seconds: float
    timeout_seconds: float


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """One account. `price_countries`, `price_currencies` and `wallets` (which pots are shown) are None for all.

    `settings` are those that the provider's definition asks for, its defaults among them. `contacts_limit` holds where
    the provider tells no limit.
    """

    name: str
    provider: Definition
    credential: Credential
    apis: tuple[ApiSettings, ...]
    settings: Mapping[str, str] = field(default_factory=dict)
    stale_for_seconds: float = 300.0
    labels: Mapping[str, str] = field(default_factory=dict)
    expect_features: tuple[str, ...] = ()
    price_countries: frozenset[str] | None = None
    price_currencies: frozenset[str] | None = None
    wallets: frozenset[str] | None = None
    contacts_limit: float | None = None
    thresholds: Thresholds = Thresholds()
    http: HttpSettings = HttpSettings()


@dataclass(frozen=True, slots=True)
class Settings:
    """A whole configuration."""

    accounts: tuple[AccountSettings, ...] = ()

    @property
    def label_names(self) -> tuple[str, ...]:
        """The operators' label names, the union over all accounts, in the order of their first use."""
        return tuple(dict.fromkeys(name for account in self.accounts for name in account.labels))
