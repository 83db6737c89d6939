"""An answer to readings, by a definition: a pure function of status, body and definition.

Anything that a provider may send comes out as `Readings` or as a `Failure`, never as another error.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any, NoReturn, TypeVar

from exporter.failure import FailureError, invalid_response
from exporter.providers import errors, values, xml
from exporter.providers.blocks import (
    Block,
    ContactsBlock,
    CreditBlock,
    Features,
    PricesBlock,
    SubscriptionBlock,
    Value,
    dotted,
)
from exporter.providers.currencies import CODES
from exporter.providers.definition import Api, Definition, Request
from exporter.providers.kinds import compiled
from exporter.providers.values import MISSING, WrongTypeError, at
from exporter.readings import ContactQuota, Credit, MessagePrice, Readings, Subscription

T = TypeVar("T")
Read = Callable[[Value, Any, Mapping[str, str]], T | None]

MOST_VALUES = 100_000
"""Values of one answer: a price list of all countries has a twentieth of it. A megabyte of `{}` has more, and parsed
it would take fifty times its size."""

MOST_PRICES = 5_000
"""Prices of one answer: each may become a series of every account. All countries in two tiers and two currencies are a
thousand."""

MOST_MEMBERS = 100
"""Features or channels of one answer: an object with more is no list of names, but would be as many series."""

_SUCCESSFUL = frozenset({"success", "ok"})
"""What `status` says in an envelope."""


def answer(status: int, body: bytes, definition: Definition, api: Api) -> Readings:
    """The readings of one HTTP answer.

    Raises:
        FailureError: the status or the body tells a failure, or the body can't be read.
    """
    try:
        document = parse(body, api)
        unreadable = None
    except FailureError as error:
        # Not the error itself: with its traceback it would keep this frame, and the body, until the collector comes.
        document, unreadable = _legible(body, api), error.failure
    failure = errors.failure_of(status, document, definition)
    if failure is not None:
        raise FailureError(failure)
    if unreadable is not None:
        raise FailureError(unreadable)
    return readings(document, api)


def _legible(body: bytes, api: Request) -> Any:
    """What can be read of a body that is not in its charset, for the error that it may tell; a value it never is."""
    try:
        body.decode()
    except UnicodeDecodeError:
        try:
            return parse(body.decode(errors="replace").encode(), api)
        except FailureError:
            pass
    return MISSING


def parse(body: bytes, api: Request) -> Any:
    """The document that a body holds: JSON, or a text or XML where the definition says so.

    Raises:
        FailureError: `invalid_response`.
    """
    try:
        # One that is shorter than that can't have as many.
        if len(body) > MOST_VALUES and sum(map(body.count, (b",", b"{", b"[", b"<"))) > MOST_VALUES:
            raise invalid_response(f"the body holds more than {MOST_VALUES} values")
        if api.format == "xml":
            return xml.parse(body)
        text = body.decode("utf-8-sig")
        if api.format == "text":
            return text
        return _JSON.decode(text)
    except UnicodeDecodeError as error:
        raise invalid_response("the body is not UTF-8") from error
    except xml.XmlError as error:
        raise invalid_response(str(error)) from None
    except RecursionError as error:
        raise invalid_response("the body is nested too deeply") from error
    except ValueError as error:
        what = "the body is empty" if not body.strip() else "the body is not JSON"
        raise invalid_response(what) from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


_JSON = json.JSONDecoder(parse_constant=_refuse_constant)  # `json.loads` would make one an answer


def readings(document: Any, api: Api) -> Readings:
    """The readings that a document holds, by the api's blocks.

    Raises:
        FailureError: `invalid_response` where a required value is missing or of the wrong type.
    """
    extraction = _Extraction()
    document = _opened(document, api)
    account_id = extraction.optional(values.text, api.account_id, document)
    if any(errors.fits(each, document) for each in api.postpaid):
        return Readings(account_id=account_id, postpaid=True, remarks=tuple(extraction.remarks))
    return Readings(
        account_id=account_id,
        credits=extraction.credits(document, api.credit) if api.credit else (),
        subscription=None if api.subscription is None else extraction.subscription(document, api.subscription),
        contacts=None if api.contacts is None else extraction.contacts(document, api.contacts),
        prices=() if api.prices is None else extraction.prices(document, api.prices),
        postpaid=False if api.postpaid else None,
        remarks=tuple(extraction.remarks),
    )


def _opened(document: Any, api: Api) -> Any:
    """What lies in `{"status": "success", "data": {…}}`, an envelope that some back ends put around a known answer."""
    if not isinstance(document, dict) or not isinstance(document.get("data"), dict):
        return document
    if str(document.get("status")).strip().lower() not in _SUCCESSFUL and not errors.says_that_it_succeeded(document):
        return document
    return document if any(f"{pointer}/".startswith("/data/") for pointer in api.pointers()) else document["data"]


def _items(document: Any, block: Block) -> Iterator[tuple[Any, Mapping[str, str]]]:
    """The items that a block means, with the names that they bound."""
    for item, names in values.each(document, block.each):
        if values.matches(block.where, item) and not (block.unless and values.matches(block.unless, item)):
            yield item, names


def _called(value: Value) -> str:
    return "the body" if value.field_name == "" else value.field_name or "a constant"


class _Extraction:
    """One reading of one document; gathers the remarks on the way."""

    def __init__(self) -> None:
        self.remarks: dict[str, None] = {}

    def remark(self, line: str) -> None:
        """Note once what a person may want to know of this answer."""
        if len(self.remarks) < MOST_MEMBERS:
            self.remarks[line] = None

    def required(self, read: Read[T], value: Value, item: Any, names: Mapping[str, str] | None = None) -> T:
        """A value without which the answer is no answer."""
        try:
            result = read(value, item, names or {})
        except WrongTypeError as expected:
            raise invalid_response(f"{_called(value)} is not {expected}") from expected
        if result is None:
            raise invalid_response(f"{_called(value)} is missing")
        return result

    def optional(
        self, read: Read[T], value: Value | None, item: Any, names: Mapping[str, str] | None = None
    ) -> T | None:
        """A value that may be absent; one of the wrong type is left out, with a remark."""
        if value is None:
            return None
        try:
            return read(value, item, names or {})
        except WrongTypeError as expected:
            self.remark(f"{value.field_name} is left out: it is not {expected}")
            return None

    def members(self, document: Any, pointer: str) -> list[tuple[str, Any]] | None:
        """The members of an object of names; None where there is no such object."""
        found = at(document, pointer)
        if found is MISSING:
            return None
        name = dotted(pointer)
        if not isinstance(found, dict):
            self.remark(f"{name} is left out: it is not an object")
            return None
        if len(found) > MOST_MEMBERS:
            self.remark(f"{name} has {len(found)} members: all after the first {MOST_MEMBERS} are left out")
        listed = []
        for key, raw in list(found.items())[:MOST_MEMBERS]:
            try:
                listed.append((values.as_text(key), values.only(raw)))
            except WrongTypeError as expected:
                self.remark(f"a member of {name} is left out: its name is not {expected}")
        return listed

    def instant(self, value: Value | None, item: Any, names: Mapping[str, str] | None = None) -> float | None:
        """A moment that may be absent, in Unix seconds; what had to be supposed of it is a remark."""
        found = self.optional(values.instant, value, item, names)
        if found is None or value is None:
            return None
        if found.remark is not None:
            self.remark(f"{value.field_name} {found.remark}")
        return found.timestamp_seconds

    def credits(self, document: Any, blocks: tuple[CreditBlock, ...]) -> tuple[Credit, ...]:
        """Every pot of credit; there must be one, and no two of one currency and wallet."""
        found: dict[tuple[str, str | None], Credit] = {}
        for block in blocks:
            for item, names in _items(document, block):
                credit = self.credit(item, names, block)
                if credit is None:
                    continue
                key = (credit.currency, credit.wallet)
                if key in found:
                    raise invalid_response(f"two balances in {' of '.join(filter(None, key))}")
                found[key] = credit
        if not found:
            raise invalid_response("no balance")
        return tuple(found.values())

    def credit(self, item: Any, names: Mapping[str, str], block: CreditBlock) -> Credit | None:
        """One pot of credit; None where it needn't be there, and isn't."""
        if block.optional and values.is_missing(block.balance, item, names):
            return None
        return Credit(
            self.required(values.number, block.balance, item, names),
            self.required(values.currency, block.currency, item, names),
            self.instant(block.last_recharge, item, names),
            self.optional(values.number, block.last_recharge_amount, item, names),
            self.channels(item, block.messages_remaining),
            None if block.wallet is None else self.required(values.text, block.wallet, item, names) or None,
            self.optional(values.amount, block.overdraft, item, names),
            self.instant(block.expires, item, names),
            self.optional(values.amount, block.expiring, item, names),
            self.optional(values.flag, block.auto_recharge, item, names),
        )

    def channels(self, item: Any, pointer: str | None) -> dict[str, float]:
        """The messages left by channel."""
        found = {}
        for channel, raw in (None if pointer is None else self.members(item, pointer)) or ():
            try:
                if raw is not None and (left := values.as_number(raw)) >= 0:  # -1 says that none is known
                    found[channel] = left
            except WrongTypeError as expected:
                self.remark(f"messages left by {channel} are left out: not {expected}")
        return found

    def subscription(self, document: Any, block: SubscriptionBlock) -> Subscription:
        """The plan."""
        word = self.required(values.word, block.status, document)
        status = block.status_of.get(word.strip().casefold(), "unknown")
        if status == "unknown":
            self.remark(f"status {word!r} is not known")
        return Subscription(
            status,
            self.optional(values.text, block.subscription_id, document),
            self.optional(values.text, block.plan, document),
            self.instant(block.start, document),
            self.instant(block.end, document),
            self.optional(values.flag, block.auto_renew, document),
            self.features(document, block.features),
            self.optional(values.amount, block.max_contacts, document),
        )

    def features(self, document: Any, block: Features | None) -> dict[str, bool | None] | None:
        """The plan's features; None where there is no list of them."""
        listed = None if block is None else self.members(document, block.pointer)
        if block is None or listed is None:
            return None
        features: dict[str, bool | None] = {}
        for feature, raw in listed:
            try:
                if raw is not None and feature not in block.ignore:
                    features[feature] = values.as_flag(raw)
            except WrongTypeError as expected:
                features[feature] = None
                self.remark(f"feature {feature} is left out: it is not {expected}")
        return features

    def contacts(self, document: Any, block: ContactsBlock) -> ContactQuota:
        """The contact quota."""
        return ContactQuota(
            self.required(values.amount, block.used, document),
            self.optional(values.amount, block.limit, document),
            self.optional(values.amount, block.lists, document),
        )

    def prices(self, document: Any, block: PricesBlock) -> tuple[MessagePrice, ...]:
        """The price list; of two rows with equal labels the dearer, with a remark."""
        found: dict[tuple[str, str, str, str], MessagePrice] = {}
        rows = (self.row(item, names, block) for item, names in _items(document, block))
        for count, price in enumerate(chain.from_iterable(rows)):
            key = (price.country, price.prefix, price.tier, price.currency)
            if key in found:
                self.remark(f"two prices for {' '.join(key)}: the dearer is taken")
            if key not in found or price.price > found[key].price:
                found[key] = price
            # A row has as many as its prefixes times its currencies: there may be more than the answer has values.
            if len(found) > MOST_PRICES or count > MOST_VALUES:
                raise invalid_response(f"more than {MOST_PRICES} prices")
        if not found:
            raise invalid_response("no price could be read")
        return tuple(found.values())

    def row(self, item: Any, names: Mapping[str, str], block: PricesBlock) -> Iterator[MessagePrice]:
        """The prices of one row of the list, one a prefix and currency."""
        country = self.optional(values.country, block.country, item, names)
        prefixes = self.prefixes(item, names, block.prefix)
        tier = self.optional(values.tier, block.tier, item, names)
        if country is None or not prefixes or tier is None:
            self.remark("a price without country, prefix or tier is left out")
            return
        amounts = self.amounts(item, names, block, country)
        for prefix in prefixes:
            for currency, amount in amounts:
                yield MessagePrice(country, prefix, tier, currency, amount)

    def prefixes(self, item: Any, names: Mapping[str, str], value: Value) -> list[str]:
        """The prefixes of a row, from one or a list; what is none is left out, with a remark."""
        found: dict[str, None] = {}
        for raw in self.optional(values.several, value, item, names) or ():
            try:
                found[values.as_prefix(raw)] = None
            except WrongTypeError as expected:
                self.remark(f"{value.field_name} is left out: it is not {expected}")
        return [*found]

    def amounts(self, item: Any, names: Mapping[str, str], block: PricesBlock, country: str) -> list[tuple[str, float]]:
        """The prices of a row with their currencies."""
        told: list[tuple[str, Any]] = []
        if block.price is not None and block.currency is not None:
            currency = self.optional(values.currency, block.currency, item, names)
            amount = self.optional(values.number, block.price, item, names)
            told = [] if currency is None else [(currency, amount)]
        elif block.price_by_currency is not None and isinstance(item, dict):
            pattern = compiled(block.price_by_currency)
            told = [
                (key.upper(), values.only(raw))
                for key, raw in item.items()
                if (key in block.columns or key.upper() in CODES) and pattern.fullmatch(key)
            ]
        found = []
        for currency, raw in told:
            try:
                if raw is not None and (price := values.as_number(raw)) >= 0:  # -1 says that there is none
                    found.append((currency, price))
            except WrongTypeError as expected:
                self.remark(f"the price of {country} in {currency} is left out: it is not {expected}")
        return found
