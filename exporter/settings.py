"""What a configuration comes to: every account with all defaults applied, ready to be asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from exporter.providers.definition import Definition
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

    `credit` maps a unit (`EUR`, `messages`) to its limits and `credit_any` holds for every other unit; `wallets` maps
    a pot to its limits, whatever its unit.
    Credit is in that unit, `runway` and `subscription_remaining` are seconds: those three alert below,
    `contacts_used_ratio` (1 is full) at or above.
    """

    credit: Mapping[str, Pair] = field(default_factory=dict)
    credit_any: Pair = Pair()
    runway: Pair = Pair()
    contacts_used_ratio: Pair = Pair()
    subscription_remaining: Pair = Pair()
    wallets: Mapping[str, Pair] = field(default_factory=dict)

    def for_unit(self, unit: str) -> Pair:
        """The credit limits of one unit."""
        return self.credit.get(unit, self.credit_any)

    def for_credit(self, unit: str, wallet: str | None) -> Pair:
        """The limits of one pot of credit: its own, else its unit's."""
        own = None if wallet is None else self.wallets.get(wallet)
        return self.for_unit(unit) if own is None else own


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
    """One api of one account: the whole URL, how long an answer counts as fresh, how long a call may take."""

    name: str
    url: str
    cache_ttl_seconds: float
    timeout_seconds: float


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """One account. `price_countries` and `price_currencies` are None for all."""

    name: str
    provider: Definition
    credential: Credential
    apis: tuple[ApiSettings, ...]
    stale_for_seconds: float = 300.0
    labels: Mapping[str, str] = field(default_factory=dict)
    expect_features: tuple[str, ...] = ()
    price_countries: frozenset[str] | None = None
    price_currencies: frozenset[str] | None = None
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
