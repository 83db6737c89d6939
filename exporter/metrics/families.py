"""THE table of families: name, type, help, labels, and where each value comes from.

`provider`, `account` and the operator's labels stand before a family's own labels on every account
metric; they aren't repeated here.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from exporter.accounts.observation import Observation, View
from exporter.accounts.spending import Spent
from exporter.providers.blocks import dotted
from exporter.providers.definition import Api, field_name
from exporter.readings import STATUSES, Credit, Readings, messages_remaining
from exporter.settings import AccountSettings, Pair

Sample = tuple[tuple[str | None, ...], float]
"""The values of a family's own labels (None: this label is left out), and the value."""

POSTPAID = ("", "postpaid")
"""The field of an api that is no value, but a list of what an answer may be like."""


@dataclass(frozen=True, slots=True)
class Family:
    """One family.

    For documentation, `field` names the definition's block and value that it shows, `beside` other values of that
    block that go into it. What has a `field` comes from a provider's answer.
    """

    name: str
    help: str
    labels: tuple[str, ...] = ()
    kind: Literal["gauge", "counter"] = "gauge"
    field: tuple[str, str] | None = None
    beside: tuple[str, ...] = ()

    def sources(self, api: Api) -> str | None:
        """The provider's own names of the values in an api's answer; None where the answer has none of them."""
        if self.field is None:
            return None
        block, value = self.field
        if self.field == POSTPAID:
            pointers = (pointer for each in api.postpaid for pointer in (*each.where, *each.has, *each.lacks))
            return ", ".join(dict.fromkeys(map(dotted, pointers))) or None
        names = [field_name(api, block, name) for name in (value, *self.beside)]
        return " and ".join(name or "the body" for name in names if name is not None) or None


@dataclass(frozen=True, slots=True)
class SettingsFamily(Family):
    """A family that an account's settings give."""

    samples: Callable[[AccountSettings], Iterable[Sample]] = lambda _settings: ()


@dataclass(frozen=True, slots=True)
class ReadingFamily(Family):
    """A family that one api's readings give."""

    samples: Callable[[Readings, AccountSettings], Iterable[Sample]] = lambda _readings, _settings: ()


@dataclass(frozen=True, slots=True)
class PriceFamily(ReadingFamily):
    """A family of a price list, which is long and may be the same for many accounts.

    Its samples depend on the readings and on what the settings show of prices, and on nothing else.
    """


@dataclass(frozen=True, slots=True)
class SpendFamily(Family):
    """A family of what was counted of each pot; there from its first answer on."""

    samples: Callable[[Observation], Iterable[Sample]] = lambda _observation: ()


@dataclass(frozen=True, slots=True)
class ApiFamily(Family):
    """A family that says how one api does; its first label is `api`, which its samples leave out."""

    samples: Callable[[Observation], Iterable[Sample]] = lambda _observation: ()


@dataclass(frozen=True, slots=True)
class ApiStateFamily(Family):
    """The same, by `Observation.state` alone: it changes where the api fails, fails anew, or fails no more."""

    samples: Callable[[Observation], Iterable[Sample]] = lambda _observation: ()


@dataclass(frozen=True, slots=True)
class AccountFamily(Family):
    """A family that a whole account gives, by its settings and `View.standing` alone."""

    samples: Callable[[View], Iterable[Sample]] = lambda _view: ()


def _one(value: float | bool | None) -> Iterable[Sample]:
    return () if value is None else (((), float(value)),)


def _pair(pair: Pair, *labels: str | None) -> Iterator[Sample]:
    if pair.warning is not None:
        yield (*labels, "warning"), pair.warning
    if pair.critical is not None:
        yield (*labels, "critical"), pair.critical


def _of_api(value: Callable[[Observation], float | None]) -> Callable[[Observation], Iterable[Sample]]:
    return lambda observation: _one(value(observation))


def _failures(observation: Observation) -> Iterable[Sample]:
    return () if observation.failure is None else (((observation.failure.reason.value,), 1.0),)


def _account_ids(view: View) -> Iterator[Sample]:
    known = (readings.account_id for readings in view.readings)
    account_id = next((account_id for account_id in known if account_id is not None), None)
    if account_id is not None:
        yield (account_id,), 1.0


def _has(settings: AccountSettings, name: str) -> bool:
    return any(api.name == name for api in settings.apis)


def _of_credit(value: Callable[[Credit], float | None]) -> Callable[[Readings, AccountSettings], Iterable[Sample]]:
    def samples(readings: Readings, _: AccountSettings) -> Iterator[Sample]:
        for credit in readings.credits:
            known = value(credit)
            if known is not None:
                yield (credit.currency, credit.wallet), known

    return samples


def _of_spent(value: Callable[[Spent], float]) -> Callable[[Observation], Iterable[Sample]]:
    return lambda observation: [((each.currency, each.wallet), value(each)) for each in observation.spent]


def _of_wallet(
    value: Callable[[Credit], float | None], of_several: Callable[[float, float], float]
) -> Callable[[Readings, AccountSettings], Iterable[Sample]]:
    """What has no unit: units that share a wallet give one sample."""

    def samples(readings: Readings, _: AccountSettings) -> Iterator[Sample]:
        found: dict[str | None, float] = {}
        for credit in readings.credits:
            known = value(credit)
            if known is not None:
                found[credit.wallet] = of_several(found.get(credit.wallet, known), known)
        for wallet, known in found.items():
            yield (wallet,), float(known)

    return samples


def _messages_remaining(readings: Readings, _: AccountSettings) -> Iterable[Sample]:
    return messages_remaining(readings.credits).items()


def _subscription_info(readings: Readings, _: AccountSettings) -> Iterator[Sample]:
    plan = readings.subscription
    if plan is not None:
        yield (plan.subscription_id or "", plan.plan or ""), 1.0


def _subscription_status(readings: Readings, _: AccountSettings) -> Iterator[Sample]:
    if readings.subscription is not None:
        for status in STATUSES:
            yield (status,), float(status == readings.subscription.status)


def _features_enabled(readings: Readings, settings: AccountSettings) -> Iterator[Sample]:
    if readings.subscription is not None and readings.subscription.features is not None:
        features = readings.subscription.features
        for feature, enabled in features.items():
            if enabled is not None:
                yield (feature,), float(enabled)
        for feature in settings.expect_features:
            if feature not in features:
                yield (feature,), 0.0


def _features_expected(readings: Readings, settings: AccountSettings) -> Iterator[Sample]:
    if readings.subscription is not None and readings.subscription.features is not None:
        for feature in settings.expect_features:
            yield (feature,), 1.0


def _prices(readings: Readings, settings: AccountSettings) -> Iterator[Sample]:
    countries, currencies = settings.price_countries, settings.price_currencies
    for price in readings.prices:
        if (countries is None or price.country in countries) and (currencies is None or price.currency in currencies):
            yield (price.country, price.prefix, price.tier, price.currency), price.price


def _credit_thresholds(view: View) -> Iterator[Sample]:
    thresholds = view.thresholds
    for observation in view.observations:
        for credit in () if observation.readings is None else observation.readings.credits:
            yield from _pair(thresholds.for_credit(credit.currency, credit.wallet), credit.currency, credit.wallet)


def _of(block: str, name: str) -> Callable[[Readings, AccountSettings], Iterable[Sample]]:
    return lambda readings, _: () if (told := getattr(readings, block)) is None else _one(getattr(told, name))


ACCOUNT_FAMILIES: tuple[Family, ...] = (
    ReadingFamily(
        "sms_credit_balance",
        "Credit that is left, in the unit of the label currency",
        ("currency", "wallet"),
        field=("credit", "balance"),
        beside=("currency",),
        samples=_of_credit(lambda credit: credit.balance),
    ),
    SpendFamily(
        "sms_credit_spent_total",
        "Credit that went between one good answer and the next; a pace is its increase divided by the increase of"
        " sms_credit_watched_seconds_total",
        ("currency", "wallet"),
        kind="counter",
        samples=_of_spent(lambda spent: spent.spent),
    ),
    SpendFamily(
        "sms_credit_recharged_total",
        "Credit that came between one good answer and the next",
        ("currency", "wallet"),
        kind="counter",
        samples=_of_spent(lambda spent: spent.recharged),
    ),
    SpendFamily(
        "sms_credit_watched_seconds_total",
        "Time between the answers in which sms_credit_spent_total was counted",
        ("currency", "wallet"),
        kind="counter",
        samples=_of_spent(lambda spent: spent.watched_seconds),
    ),
    ReadingFamily(
        "sms_credit_overdraft_limit",
        "How far below zero the balance may go, in the unit of the label currency",
        ("currency", "wallet"),
        field=("credit", "overdraft"),
        samples=_of_credit(lambda credit: credit.overdraft),
    ),
    ReadingFamily(
        "sms_credit_expiry_timestamp_seconds",
        "When the next part of the credit is lost",
        ("currency", "wallet"),
        field=("credit", "expires"),
        samples=_of_credit(lambda credit: credit.expires_timestamp_seconds),
    ),
    ReadingFamily(
        "sms_credit_expiring_amount",
        "How much of the credit is lost at the next expiry",
        ("currency", "wallet"),
        field=("credit", "expiring"),
        samples=_of_credit(lambda credit: credit.expiring),
    ),
    ReadingFamily(
        "sms_credit_auto_recharge",
        "Whether the credit is topped up by itself (1) or not (0), as the provider tells it",
        ("wallet",),
        field=("credit", "auto_recharge"),
        samples=_of_wallet(lambda credit: credit.auto_recharge, min),
    ),
    AccountFamily(
        "sms_credit_postpaid",
        "Whether the account is postpaid (1) or prepaid (0), as the provider tells it",
        field=POSTPAID,
        samples=lambda view: _one(view.is_postpaid),
    ),
    ReadingFamily(
        "sms_credit_last_recharge_timestamp_seconds",
        "When the credit was last topped up, as the provider tells it",
        ("wallet",),
        field=("credit", "last_recharge"),
        samples=_of_wallet(lambda credit: credit.last_recharge_timestamp_seconds, max),
    ),
    ReadingFamily(
        "sms_credit_last_recharge_amount",
        "How much the last top-up added, as the provider tells it",
        ("currency", "wallet"),
        field=("credit", "last_recharge_amount"),
        samples=_of_credit(lambda credit: credit.last_recharge_amount),
    ),
    ReadingFamily(
        "sms_credit_messages_remaining",
        "Messages that the credit still pays for, by the provider's own estimate",
        ("channel", "wallet"),
        field=("credit", "messages_remaining"),
        samples=_messages_remaining,
    ),
    ReadingFamily(
        "sms_subscription_info",
        "The plan, always 1",
        ("subscription_id", "plan"),
        field=("subscription", "plan"),
        beside=("subscription_id",),
        samples=_subscription_info,
    ),
    ReadingFamily(
        "sms_subscription_status",
        "Status of the plan: 1 for the one that it has, 0 for the others",
        ("status",),
        field=("subscription", "status"),
        samples=_subscription_status,
    ),
    ReadingFamily(
        "sms_subscription_start_timestamp_seconds",
        "When the plan's current term began",
        field=("subscription", "start"),
        samples=_of("subscription", "start_timestamp_seconds"),
    ),
    ReadingFamily(
        "sms_subscription_end_timestamp_seconds",
        "When the plan's current term ends",
        field=("subscription", "end"),
        samples=_of("subscription", "end_timestamp_seconds"),
    ),
    ReadingFamily(
        "sms_subscription_auto_renew",
        "Whether the plan renews itself at its end (1) or not (0)",
        field=("subscription", "auto_renew"),
        samples=_of("subscription", "auto_renew"),
    ),
    ReadingFamily(
        "sms_subscription_feature_enabled",
        "Whether the plan includes a feature (1) or not (0)",
        ("feature",),
        field=("subscription", "features"),
        samples=_features_enabled,
    ),
    ReadingFamily(
        "sms_subscription_feature_expected",
        "Features that the configuration expects of the plan (expect_features), always 1",
        ("feature",),
        samples=_features_expected,
    ),
    ReadingFamily(
        "sms_subscription_max_contacts",
        "Contacts that the plan allows, by the plan's own figure",
        field=("subscription", "max_contacts"),
        samples=_of("subscription", "max_contacts"),
    ),
    ReadingFamily(
        "contacts_used",
        "Contacts that are stored",
        field=("contacts", "used"),
        samples=_of("contacts", "used"),
    ),
    ReadingFamily(
        "contacts_limit",
        "Contacts that may be stored",
        field=("contacts", "limit"),
        samples=_of("contacts", "limit"),
    ),
    ReadingFamily(
        "contacts_lists",
        "Lists that hold the contacts",
        field=("contacts", "lists"),
        samples=_of("contacts", "lists"),
    ),
    ReadingFamily(
        "contacts_used_ratio",
        "contacts_used divided by contacts_limit: 1 is full",
        field=("contacts", "used"),
        beside=("limit",),
        samples=_of("contacts", "used_ratio"),
    ),
    PriceFamily(
        "sms_message_price",
        "List price of one message to a country",
        ("country", "prefix", "tier", "currency"),
        field=("prices", "price"),
        samples=_prices,
    ),
    AccountFamily(
        "sms_account_info",
        "The provider's own id of the account, always 1",
        ("account_id",),
        field=("", "account_id"),
        samples=_account_ids,
    ),
    AccountFamily(
        "sms_credit_balance_threshold",
        "Configured threshold (thresholds.credit): an alert is due while balance and overdraft limit are below it",
        ("currency", "wallet", "severity"),
        samples=_credit_thresholds,
    ),
    AccountFamily(
        "sms_credit_runway_threshold_seconds",
        "Configured threshold (thresholds.runway): an alert is due while the credit lasts for less",
        ("severity",),
        samples=lambda view: _pair(view.thresholds.runway) if _has(view.settings, "credit") else (),
    ),
    SettingsFamily(
        "sms_credit_spend_spike_threshold_ratio",
        "Configured threshold (thresholds.spend_spike): an alert is due above so many times the usual hour",
        ("severity",),
        samples=lambda settings: _pair(settings.thresholds.spend_spike) if _has(settings, "credit") else (),
    ),
    SettingsFamily(
        "contacts_used_ratio_threshold",
        "Configured threshold (thresholds.contacts_used_ratio): an alert is due at or above it",
        ("severity",),
        samples=lambda settings: _pair(settings.thresholds.contacts_used_ratio) if _has(settings, "contacts") else (),
    ),
    SettingsFamily(
        "sms_subscription_remaining_threshold_seconds",
        "Configured threshold (thresholds.subscription_remaining): an alert is due while the plan lasts for less",
        ("severity",),
        samples=lambda settings: (
            _pair(settings.thresholds.subscription_remaining) if _has(settings, "subscription") else ()
        ),
    ),
    AccountFamily(
        "sms_account_up",
        "Whether the newest call of every api of the account succeeded (1) or not (0)",
        samples=lambda view: _one(all(observation.failure is None for observation in view.observations)),
    ),
    ApiStateFamily(
        "sms_api_up",
        "Whether the newest call of the api succeeded (1) or not (0); 0 too while a refused key holds it back",
        ("api",),
        samples=_of_api(lambda observation: observation.failure is None),
    ),
    ApiStateFamily(
        "sms_api_failure",
        "Why the newest call of the api failed, 1 while it fails",
        ("api", "reason"),
        samples=_failures,
    ),
    ApiFamily(
        "sms_api_last_success_timestamp_seconds",
        "When the api last gave an answer that could be used",
        ("api",),
        samples=_of_api(lambda observation: observation.last_success_timestamp_seconds),
    ),
    ApiFamily(
        "sms_api_duration_seconds",
        "How long the newest call of the api took",
        ("api",),
        samples=_of_api(lambda observation: observation.duration_seconds),
    ),
    ApiFamily(
        "sms_api_requests_total",
        "Calls made to the provider, retries included",
        ("api",),
        kind="counter",
        samples=_of_api(lambda observation: observation.requests),
    ),
    ApiStateFamily(
        "sms_api_failures_total",
        "Calls made to the provider that failed",
        ("api",),
        kind="counter",
        samples=_of_api(lambda observation: observation.failures),
    ),
)


@dataclass(frozen=True, slots=True)
class ExporterState:
    """What the exporter says of itself; `loaded_timestamp_seconds` is when the configuration in force was loaded."""

    version: str
    pythonversion: str
    accounts: int
    last_reload_successful: bool
    loaded_timestamp_seconds: float


@dataclass(frozen=True, slots=True)
class ExporterFamily(Family):
    """A family of the exporter itself, without account labels."""

    samples: Callable[[ExporterState], Iterable[Sample]] = lambda _state: ()


EXPORTER_FAMILIES: tuple[ExporterFamily, ...] = (
    ExporterFamily(
        "sms_exporter_build_info",
        "Version of the exporter and of the Python that runs it, always 1",
        ("version", "pythonversion"),
        samples=lambda state: [((state.version, state.pythonversion), 1.0)],
    ),
    ExporterFamily(
        "sms_exporter_accounts",
        "Accounts in the configuration that is in force",
        samples=lambda state: _one(state.accounts),
    ),
    ExporterFamily(
        "sms_exporter_config_last_reload_successful",
        "Whether the newest attempt to load the configuration succeeded (1) or the one before it goes on (0)",
        samples=lambda state: _one(state.last_reload_successful),
    ),
    ExporterFamily(
        "sms_exporter_config_last_reload_success_timestamp_seconds",
        "When the configuration in force was loaded",
        samples=lambda state: _one(state.loaded_timestamp_seconds),
    ),
)
