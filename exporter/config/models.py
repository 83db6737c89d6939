"""The configuration file as it is written: its shape, and its JSON Schema.

Every scalar reaches these models as a text (`documents`), and every key may be null, because null
removes. What depends on more than one value is checked while loading.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from exporter.config.scalars import (
    ApiPath,
    BaseUrl,
    Countries,
    Currencies,
    Duration,
    Factor,
    Filled,
    Limit,
    Name,
    Number,
    PositiveDuration,
    ProxyUrl,
    Ratio,
    Text,
    one_of,
)
from exporter.documents.model import Model
from exporter.documents.scalars import Boolean
from exporter.readings import UNITS
from exporter.sign_in import FORMS, VARIANTS, Form, Part

UNIT_PATTERN = "|".join(["[A-Z]{3}", *UNITS])
"""What credit is counted in: a currency of ISO 4217, or units sold instead of money."""

KNOWN_FEATURES = ("sms", "rcs", "whatsapp", "webhooks")

_TLS_VERSIONS = ("TLS10", "TLS11", "TLS12", "TLS13")
_TLS_SPELLINGS = {
    spelling.format(digit): f"TLS1{digit}"
    for digit in "0123"
    for spelling in ("1.{}", "tls1.{}", "tlsv1.{}", "tlsv1_{}", "tls1_{}", "tls 1.{}")
}

TlsVersion = Annotated[str, one_of(*_TLS_VERSIONS, also=_TLS_SPELLINGS)]
Billing = Annotated[str, one_of("prepaid", "postpaid")]


class ApiKeys(Model):
    """How one api of an account is called."""

    example = "{cache_ttl: 1h}"

    cache_ttl: Duration | None = None
    timeout: PositiveDuration | None = None
    path: ApiPath | None = None


def _secrets(parts: Iterable[Part]) -> dict[str, Any]:
    """The keys of some parts, each with its variants."""
    return {part.name + variant: kind | None for part in parts for variant, kind in _VARIANTS.items()}


_VARIANTS: Mapping[str, Any] = {variant: Filled if variant else Text for variant in VARIANTS}


class Keys(Model):
    """Several keys, by the names that the provider's definition gives them."""

    example = "{api_key_file: path}"
    extra = Filled | None


def _model(name: str, about: str, example: str, annotations: Mapping[str, Any]) -> type[Model]:
    """A model whose fields a table tells; each may be left out."""
    body = {"__doc__": about, "example": example, "__annotations__": annotations, **dict.fromkeys(annotations)}
    return type(name, (Model,), body)


def _block(form: Form) -> type[Model]:
    """The mapping of a form with parts in a mapping of its own."""
    if not form.parts:
        return Keys
    example = form.example("name", "path").removeprefix(f"{{{form.name}: ").removesuffix("}")
    return _model(form.name.capitalize(), form.about, example, _secrets(form.parts))


FORM_BLOCKS: Mapping[str, type[Model]] = {form.name: _block(form) for form in FORMS.values() if form.nested}
"""The mapping of each form that has one."""

if TYPE_CHECKING:
    Auth = Any
else:
    Auth = _model(
        "Auth",
        "What an account signs in with: one form, each secret literal, in a file or in the environment.",
        next(iter(FORMS.values())).example("name", "path"),
        _secrets(part for form in FORMS.values() if not form.nested for part in form.parts)
        | {name: block | None for name, block in FORM_BLOCKS.items()},
    )


class Tls(Model):
    """Prometheus' `tls_config`."""

    example = "{ca_file: path}"

    ca_file: Filled | None = None
    cert_file: Filled | None = None
    key_file: Filled | None = None
    server_name: Filled | None = None
    insecure_skip_verify: Boolean | None = None
    min_version: TlsVersion | None = None
    max_version: TlsVersion | None = None


class Http(Model):
    """How a provider is reached: a part of Prometheus' `http_config`."""

    example = "{proxy_url: http://proxy:3128}"

    tls_config: Tls | None = None
    proxy_url: ProxyUrl | None = None
    no_proxy: Filled | None = None
    proxy_from_environment: Boolean | None = None
    follow_redirects: Boolean | None = None


class NumberPair(Model):
    """Two limits of credit, in its unit."""

    example = "{warning: 100, critical: 50}"

    warning: Number | None = None
    critical: Number | None = None


class RatioPair(Model):
    """Two limits of a ratio; 1 is full."""

    example = "{warning: 0.8, critical: 1}"

    warning: Ratio | None = None
    critical: Ratio | None = None


class Spike(Model):
    """How many times the usual an hour's spend has to be."""

    example = "{warning: 5}"

    warning: Factor | None = None


class DurationPair(Model):
    """Two limits of a time that is left."""

    example = "{warning: 7d, critical: 2d}"

    warning: Duration | None = None
    critical: Duration | None = None


class CreditLimits(NumberPair):
    """Limits for every unit, by unit (`EUR`, `messages`), and by pot."""

    extra = NumberPair | None
    extra_keys = UNIT_PATTERN

    wallets: dict[str, NumberPair | None] | None = None


class Limits(Model):
    """The thresholds of an account."""

    example = "{credit: {warning: 100, critical: 50}}"

    credit: CreditLimits | None = None
    runway: DurationPair | None = None
    spend_spike: Spike | None = None
    contacts_used_ratio: RatioPair | None = None
    subscription_remaining: DurationPair | None = None


class Prices(Model):
    """Which list prices are exported: of which countries, in which currencies."""

    example = "{countries: [DK, IT]}"

    countries: Countries | None = None
    currencies: Currencies | None = None


class Defaults(Model):
    """What holds for every account that doesn't say otherwise."""

    example = "{timeout: 10s}"

    labels: dict[str, Text | None] | None = None
    thresholds: Limits | None = None
    timeout: PositiveDuration | None = None
    stale_for: Duration | None = None
    cache_ttl: Duration | None = None
    http: Http | None = None


class Account(Defaults):
    """One account."""

    example = "{name: shop, provider: qlara, auth: {api_key_file: path}}"

    name: Name | None = None
    provider: Text | None = None
    auth: Auth | None = None
    settings: dict[str, Text | None] | None = None
    base_url: BaseUrl | None = None
    allow_plaintext: Boolean | None = None
    apis: list[Text] | None = None
    billing: Billing | None = None
    api_settings: dict[str, ApiKeys | None] | None = None
    expect_features: list[Filled] | None = None
    wallets: list[Filled] | None = None
    contacts_limit: Limit | None = None
    prices: Prices | None = None


class File(Model):
    """The whole file."""

    example = "{accounts: []}"

    defaults: Defaults | None = None
    accounts: list[Account] | None = None
    account_files: list[Filled] | None = None
    provider_files: list[Filled] | None = None


class AccountFile(Model):
    """A file that `account_files` names."""

    example = "{accounts: []}"

    accounts: list[Account] | None = None
