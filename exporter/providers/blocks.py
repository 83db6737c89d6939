"""The part of a definition's schema that says where an answer's values lie."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Literal

from exporter.documents.faults import closest
from exporter.documents.model import EMPTY, ONE_OR_MANY, Model, Wrong
from exporter.documents.scalars import Boolean
from exporter.providers.currencies import CODES, currency
from exporter.providers.kinds import Divisor, Grouped, Pattern, Pointer, Written
from exporter.readings import STATUSES, UNITS


def dotted(pointer: str) -> str:
    """A pointer as a person names the field: `features.sms` for `/features/sms`."""
    return pointer.lstrip("/").replace("/", ".")


class Value(Model):
    """Where one value lies, and how it becomes ours; a text `/x` is short for `{pointer: /x}`.

    `pointer` is a JSON Pointer (RFC 6901) into the item, or several of which the first that exists counts; `constant`
    stands for a value that the answer doesn't carry; `key` takes a name that the block's `each` bound.

    `pattern` has to match the whole text, and its first group is the value. `written` shows how a number is written
    (`1.234,56`), `divide_by` is for scaled integers, `words` translates a text whatever its case, `none` are texts that
    mean no value. `time` says what a time is if not an instant with its zone: `unix` seconds, `unix_ms`, an instant in
    `utc` without a zone, a `date` that ends at its end.
    """

    example = "/data/balance"
    shorthand = "pointer"

    pointer: Annotated[tuple[Pointer, ...], ONE_OR_MANY] | None = None
    constant: str | None = None
    key: str | None = None
    pattern: Grouped | None = None
    written: Written | None = None
    divide_by: Divisor | None = None
    words: Mapping[str, str] | None = None
    none: tuple[str, ...] = ()
    time: Literal["unix", "unix_ms", "utc", "date"] | None = None

    def wrong(self) -> Iterator[Wrong]:
        """A value comes from one place."""
        if sum(origin is not None for origin in (self.pointer, self.constant, self.key)) != 1:
            yield (), "a value comes from one place", "give exactly one of pointer, constant and key"

    @property
    def pointers(self) -> tuple[str, ...]:
        """The pointers to try, in their order; none for a constant or a key."""
        return self.pointer or ()

    @cached_property
    def word_of(self) -> Mapping[str, str]:
        """Our word by the provider's, which counts whatever its case."""
        return {theirs.casefold(): ours for theirs, ours in (self.words or {}).items()}

    @property
    def field_name(self) -> str | None:
        """The provider's own name of the value, as shown in documentation; None for a constant."""
        return dotted(self.pointers[0]) if self.pointers else None


def no_currencies(value: Value | None) -> Iterator[Wrong]:
    """What a definition says is a currency or a unit, and is none."""
    if value is None:
        return
    said: dict[tuple[str, ...], str] = {("words", theirs): ours for theirs, ours in (value.words or {}).items()}
    if value.constant is not None and not said:
        said = {("constant",): value.constant}
    for place, text in said.items():
        if currency(text) is None:
            close = closest(text, [*UNITS, *CODES])
            hint = (
                f"did you mean {close}?"
                if close
                else "write a code of ISO 4217, like EUR, or credits, messages, emails"
            )
            yield ("currency", *place), f'"{text}" is no currency', hint


class Predicate(Model):
    """What an answer, or an item of one, may be like.

    Every pointer in `where` leads to its text, whatever its case (numbers and booleans count as they are written), all
    of `has` lead somewhere, none of `lacks` does.
    """

    example = "{where: {/status: error}}"

    where: Mapping[Pointer, str] = EMPTY
    has: tuple[Pointer, ...] = ()
    lacks: tuple[Pointer, ...] = ()


class Block(Model):
    """A reading that may stand several times in an answer.

    `each` is a pointer in which a step `*` goes through the elements of an array or the members of
    an object, and `{name}` does so and binds the member's name for `Value.key`; values' pointers
    start at the item. `where` keeps the items in which every pointer has the given text, `unless` leaves out
    those in which every pointer has.
    """

    each: Pointer = ""
    where: Mapping[Pointer, str] = EMPTY
    unless: Mapping[Pointer, str] = EMPTY


class CreditBlock(Block):
    """Where a pot of credit lies (`readings.Credit`); `messages_remaining` points at an object channel → number.

    `wallet` says which pot it is. An `optional` block is for one that some accounts don't have.
    """

    example = "{balance: /balance, currency: /currency}"

    balance: Value
    currency: Value
    wallet: Value | None = None
    overdraft: Value | None = None
    expires: Value | None = None
    expiring: Value | None = None
    last_recharge: Value | None = None
    last_recharge_amount: Value | None = None
    messages_remaining: Pointer | None = None
    auto_recharge: Value | None = None
    optional: Boolean = False

    def wrong(self) -> Iterator[Wrong]:
        """What it says is a currency is one."""
        yield from no_currencies(self.currency)


CreditBlocks = Annotated[tuple[CreditBlock, ...], ONE_OR_MANY]


class Features(Model):
    """An object whose booleans are the plan's features; members in `ignore` are something else."""

    pointer: Pointer
    ignore: tuple[str, ...] = ()


class SubscriptionBlock(Model):
    """Where the plan lies (`readings.Subscription`); `statuses` maps the provider's words to ours."""

    status: Value
    statuses: Mapping[str, Literal[*STATUSES]]  # type: ignore[valid-type]
    subscription_id: Value | None = None
    plan: Value | None = None
    start: Value | None = None
    end: Value | None = None
    auto_renew: Value | None = None
    features: Features | None = None
    max_contacts: Value | None = None

    @cached_property
    def status_of(self) -> Mapping[str, str]:
        """Our status by the provider's word, which counts whatever its case."""
        return {theirs.casefold(): ours for theirs, ours in self.statuses.items()}


class ContactsBlock(Model):
    """Where the contact quota lies (`readings.ContactQuota`)."""

    used: Value
    limit: Value | None = None
    lists: Value | None = None


class PricesBlock(Block):
    """Where list prices lie (`readings.MessagePrice`).

    An item gives one price (`price` with `currency`), or one for each member whose name matches
    `price_by_currency` (the member's name is the currency; `columns` are the documented ones). Where `prefix` leads to
    a list, the price is one of each prefix in it.
    """

    country: Value
    prefix: Value
    tier: Value
    price: Value | None = None
    currency: Value | None = None
    price_by_currency: Pattern | None = None
    columns: tuple[str, ...] = ()

    def wrong(self) -> Iterator[Wrong]:
        """A price is told in one of two ways."""
        if (self.price is None) != (self.currency is None) or (self.price is None) == (self.price_by_currency is None):
            yield (), "a price is told in one of two ways", "give price with currency, or price_by_currency"
        yield from no_currencies(self.currency)
