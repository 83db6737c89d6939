"""The schema of a provider's definition: where to ask, how to sign in, what each answer means."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from exporter.documents.faults import nearest
from exporter.documents.model import Model, Wrong, fault
from exporter.durations import parse_duration
from exporter.failure import Reason
from exporter.readings import STATUSES
from exporter.sign_in import FORMS, either

API_NAMES = ("credit", "subscription", "contacts", "prices")
"""Every api that a provider can have, in the order in which they are shown."""


def _pointer(text: str) -> str:
    if text and not text.startswith("/"):
        raise fault("not a JSON Pointer", "one begins with /, such as /data/balance; an empty one is the whole answer")
    return text


def _compiles(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise fault(f"not a regular expression: {error}") from error
    return text


def _of_form(pattern: str, message: str, hint: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if re.fullmatch(pattern, text, re.ASCII) is None:
            raise fault(message, hint)
        return text

    return check


def _known_form(name: str) -> str:
    if name not in FORMS:
        raise fault("there is no such sign-in form", nearest(name, FORMS))
    return name


def _known_api(name: str) -> str:
    if name not in API_NAMES:
        raise fault("there is no such api", nearest(name, API_NAMES))
    return name


Pointer = Annotated[str, AfterValidator(_pointer)]
Pattern = Annotated[str, AfterValidator(_compiles)]
Seconds = Annotated[float, BeforeValidator(lambda text: parse_duration(str(text)))]
Path = Annotated[str, AfterValidator(_of_form("/[!-~]*", "not a path", "it begins with / and has no spaces"))]
Id = Annotated[str, AfterValidator(_of_form("[a-z][a-z0-9]*", "not an id", "use small letters and digits"))]
Day = Annotated[str, AfterValidator(_of_form(r"\d{4}-\d{2}-\d{2}", "not a day", "write it like 2026-11-22"))]
BaseUrl = Annotated[
    str,
    AfterValidator(
        _of_form("https://[!-~]+[^/]", "not an https URL", "write it like https://host, without a / at its end")
    ),
]
FormName = Annotated[str, AfterValidator(_known_form)]
ApiName = Annotated[str, AfterValidator(_known_api)]


def dotted(pointer: str) -> str:
    """A pointer as a person names the field: `features.sms` for `/features/sms`."""
    return pointer.lstrip("/").replace("/", ".")


class Value(Model):
    """Where one value lies, and how it becomes ours; a text `/x` is short for `{pointer: /x}`.

    `pointer` is a JSON Pointer (RFC 6901) into the item, or several of which the first that exists
    counts; `constant` stands for a value that the answer doesn't carry. `key` takes a name that the
    block's `each` bound. `pattern` is searched in a text and its first group taken, `scale`
    multiplies a number, `words` translates a text (compared without case).
    """

    example = "/data/balance"
    shorthand = "pointer"

    pointer: Pointer | tuple[Pointer, ...] | None = None
    constant: str | None = None
    key: str | None = None
    pattern: Pattern | None = None
    scale: float | None = None
    words: Mapping[str, str] | None = None

    def wrong(self) -> Iterator[Wrong]:
        """A value comes from one place."""
        if sum(origin is not None for origin in (self.pointer, self.constant, self.key)) != 1:
            yield (), "a value comes from one place", "give exactly one of pointer, constant and key"

    @property
    def pointers(self) -> tuple[str, ...]:
        """The pointers to try, in their order; none for a constant or a key."""
        if self.pointer is None:
            return ()
        return (self.pointer,) if isinstance(self.pointer, str) else self.pointer

    @property
    def field_name(self) -> str | None:
        """The provider's own name of the value, as shown in documentation; None for a constant."""
        return dotted(self.pointers[0]) if self.pointers else None


class Block(Model):
    """A reading that may stand several times in an answer.

    `each` is a pointer in which a step `*` goes through the elements of an array or the members of
    an object, and `{name}` does so and binds the member's name for `Value.key`; values' pointers
    start at the item. `where` keeps the items in which every pointer has the given text.
    """

    each: Pointer = ""
    where: Mapping[Pointer, str] = Field(default_factory=dict)


class CreditBlock(Block):
    """Where the credit lies (`readings.Credit`); `messages_remaining` points at an object channel → number."""

    balance: Value
    currency: Value
    last_recharge: Value | None = None
    last_recharge_amount: Value | None = None
    messages_remaining: Pointer | None = None


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


class ContactsBlock(Model):
    """Where the contact quota lies (`readings.ContactQuota`)."""

    used: Value
    limit: Value | None = None
    lists: Value | None = None


class PricesBlock(Block):
    """Where list prices lie (`readings.MessagePrice`).

    An item gives one price (`price` with `currency`), or one for each member whose name matches
    `price_by_currency` (the member's name is the currency; `columns` are the documented ones).
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


class Api(Model):
    """One call of a provider and the readings that its answer holds.

    `public` calls carry no credential. `standard` apis are asked unless the account says otherwise.
    `cache_ttl` and the account's own settings bound how often the call is made.
    """

    path: Path
    cache_ttl: Seconds
    standard: bool = True
    public: bool = False
    format: Literal["json", "text"] = "json"
    max_bytes: int = Field(default=1024 * 1024, gt=0)
    account_id: Value | None = None
    credit: CreditBlock | None = None
    subscription: SubscriptionBlock | None = None
    contacts: ContactsBlock | None = None
    prices: PricesBlock | None = None


class BodyError(Model):
    """An answer that is an error by what it says: every pointer in `where` has the text, all of `has` exist.

    Without a `reason` the HTTP status tells it.
    """

    where: Mapping[Pointer, str] = Field(default_factory=dict)
    has: tuple[Pointer, ...] = ()
    reason: Reason | None = None


class Errors(Model):
    """Which answers are failures, whatever their HTTP status.

    A `code` in the body beats the status; `bodies` are tried in order after it; `statuses` give a
    status another meaning than the usual one where the body carries no code. `retry_after` is the
    number of seconds that a 429 asks for.
    """

    code: Pointer | None = None
    codes: Mapping[str, Reason] = Field(default_factory=dict)
    bodies: tuple[BodyError, ...] = ()
    statuses: Mapping[int, Reason] = Field(default_factory=dict)
    retry_after: Pointer = "/retryAfter"


class SignIn(Model):
    """How one form of secret is sent: `header` and `prefix` belong to the forms that take a header."""

    header: str | None = None
    prefix: str = ""
    note: str | None = None


class Definition(Model):
    """A provider. `base_url` stands for everything before the apis' paths."""

    id: Id
    name: str
    documentation: tuple[str, ...]
    checked: Day
    notes: tuple[str, ...] = ()
    base_url: BaseUrl
    sign_in: Mapping[FormName, SignIn]
    errors: Errors = Errors()
    apis: Mapping[ApiName, Api]

    def wrong(self) -> Iterator[Wrong]:
        """A header belongs to the forms that take one; there is a way to sign in, and something to ask."""
        takers = either([form.name for form in FORMS.values() if form.takes_header])
        for name, sign_in in self.sign_in.items():
            if sign_in.header is None and FORMS[name].takes_header:
                yield ("sign_in", name, "header"), "this is missing", "write the name of the header"
            elif sign_in.header is not None and not FORMS[name].takes_header:
                yield ("sign_in", name, "header"), f"a header belongs to {takers}", "remove it"
        if not self.sign_in:
            yield ("sign_in",), "no sign-in form", f"write one of {either([*FORMS])}"
        if not self.apis:
            yield ("apis",), "no api", f"write one of {either(API_NAMES)}"


def field_name(api: Api, block_name: str, value_name: str) -> str | None:
    """The provider's own name of a value of an api's block (of the api itself where `block_name` is empty).

    None where the api doesn't have it.
    """
    block = getattr(api, block_name) if block_name else api
    value = getattr(block, value_name, None)
    if isinstance(block, PricesBlock) and value_name == "price" and value is None:
        return ", ".join(block.columns) or "a column a currency"
    if isinstance(value, Value):
        return value.field_name
    if isinstance(value, Features):
        value = value.pointer
    return dotted(value) if isinstance(value, str) else None
