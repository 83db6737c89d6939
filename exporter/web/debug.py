"""`/probe?debug=true`: what the newest call of each api of an account gave, for a person."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import UTC, datetime

from exporter.accounts.account import Account, AccountApi
from exporter.accounts.observation import Observation, View
from exporter.durations import format_age, format_duration
from exporter.metrics.exposition import number
from exporter.printable import printable
from exporter.readings import Readings
from exporter.secrets.redaction import redact

_MOST_PRICES = 20
_LAST_TIMESTAMP = datetime(9999, 12, 31, tzinfo=UTC).timestamp()


def describe(account: Account, apis: Mapping[str, AccountApi], view: View, metrics: str) -> str:
    """Plain text: status, names of headers, timing and fields read; never a body, never a secret.

    `apis` are the account's as they were when it was asked for the view.
    """
    observed = {observation.api: observation for observation in view.observations}
    lines = [f"account {view.settings.name} at {view.settings.provider.name}", ""]
    for name, api in apis.items():
        if name in observed:
            lines += [*_api(account, api, observed[name]), ""]
    return printable(redact("\n".join([*lines, "metrics", "", metrics])))


def _api(account: Account, api: AccountApi, observation: Observation) -> Iterator[str]:
    failure = observation.failure
    yield f"api {observation.api}: " + ("up" if failure is None else f"failing, {failure.reason}: {failure.detail}")
    yield f"  url: {api.settings.url}"
    newest = api.resource.newest
    if newest is None:
        yield "  no call has ended yet"
    else:
        status = "no HTTP answer" if newest.status is None else f"HTTP {newest.status}"
        age = format_age(account.now() - newest.ended)
        yield f"  newest call: {status} after {newest.duration_seconds:.3f} s, {age}"
        if newest.header_names:
            yield f"  headers: {', '.join(newest.header_names)}"
        pause = account.pause(api)
        yield f"  asks again: {f'not for another {format_duration(pause)}' if pause else 'at the next scrape'}"
    yield f"  calls since the start: {observation.requests}, failed: {observation.failures}"
    if observation.readings is None:
        yield "  no values are served"
    else:
        yield "  values served" + (", kept from an earlier call:" if failure is not None else ":")
        yield from (f"    {line}" for line in _readings(observation.readings))


def _readings(readings: Readings) -> Iterator[str]:
    if readings.account_id is not None:
        yield f"account_id: {readings.account_id}"
    if readings.postpaid is not None:
        yield f"postpaid: {_value('postpaid', readings.postpaid)}"
    for reading in (*readings.credits, readings.subscription, readings.contacts):
        if reading is not None:
            for field in fields(reading):
                value = getattr(reading, field.name)
                if value not in (None, {}):
                    yield f"{field.name.removesuffix('_timestamp_seconds')}: {_value(field.name, value)}"
    for price in readings.prices[:_MOST_PRICES]:
        yield f"price: {price.country} +{price.prefix} {price.tier}: {number(price.price)} {price.currency}"
    if len(readings.prices) > _MOST_PRICES:
        yield f"and {len(readings.prices) - _MOST_PRICES} prices more"
    for remark in readings.remarks:
        yield f"remark: {remark}"


def _value(name: str, value: object) -> str:
    """A value as a person writes it: dates, yes and no, numbers without a needless point."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_value(name, each)}" for key, each in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "not known"
    if isinstance(value, float):
        if name.endswith("_timestamp_seconds") and 0 <= value < _LAST_TIMESTAMP:
            return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        return number(value)
    return str(value)
