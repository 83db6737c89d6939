"""The schema of a provider's definition: where to ask, how to sign in, what each answer means."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Literal

from exporter.documents.faults import Path as Place
from exporter.documents.faults import nearest
from exporter.documents.model import EMPTY, Model, Wrong
from exporter.documents.scalars import Boolean, Count
from exporter.providers import template
from exporter.providers.blocks import (
    ContactsBlock,
    CreditBlocks,
    Features,
    Predicate,
    PricesBlock,
    SubscriptionBlock,
    Value,
    dotted,
)
from exporter.providers.kinds import (
    API_NAMES,
    ApiName,
    BaseUrl,
    Day,
    FormName,
    HeaderName,
    Id,
    Json,
    Meaning,
    Name,
    Path,
    Pattern,
    Pointer,
    Seconds,
    StatusCode,
    Text,
    TokenUrl,
)
from exporter.providers.template import Template
from exporter.sign_in import FORMS, SIGNATURES, either

DEFAULT_MAX_BYTES = 1024 * 1024


class Setting(Model):
    """What an account says beside its secret: one without a `default` is required."""

    example = "{about: the account's SID}"

    about: str
    pattern: Pattern | None = None
    choices: tuple[str, ...] = ()
    default: str | None = None

    def wrong(self) -> Iterator[Wrong]:
        """The default is one of the choices."""
        if self.choices and self.default is not None and self.default not in self.choices:
            yield ("default",), "this is none of the choices", nearest(self.default, self.choices)


class RateLimit(Model):
    """How many calls the provider allows in how long."""

    example = "{calls: 100, per: 1h}"

    calls: Count
    per: Seconds

    @property
    def floor_seconds(self) -> float:
        """The shortest time between two calls of an api, so that two replicas stay below the limit."""
        return 2 * self.per / self.calls


class Request(Model):
    """What every request may be made of; a `form` or a `json` makes it a POST."""

    path: Path
    query: Mapping[str, Text] = EMPTY
    headers: Mapping[HeaderName, Text] = EMPTY
    form: Mapping[str, Text] | None = None
    json: Json = None
    format: Literal["json", "text", "xml"] = "json"

    def method(self, sign_in: "SignIn | None" = None) -> str:
        """POST where it has a body, be it only for the secret that it carries by `sign_in`; else GET."""
        has_body = self.form is not None or self.json is not None or (sign_in is not None and sign_in.form is not None)
        return "POST" if has_body else "GET"

    def templates(self) -> Iterator[tuple[Place, Template]]:
        """Every template, with its path from here."""
        yield ("path",), self.path
        for key, texts in (("query", self.query), ("headers", self.headers), ("form", self.form or {})):
            yield from (((key, name), text) for name, text in texts.items())
        for name in template.names_in(self.json):
            yield ("json",), Template(f"{{{name}}}")

    def wrong(self) -> Iterator[Wrong]:
        """A request has one body."""
        if self.form is not None and self.json is not None:
            yield ("json",), "a request has one body", "give form or json"


class Api(Request):
    """One call of a provider and the readings that its answer holds.

    `public` calls carry no credential. `standard` apis are asked unless the account says otherwise.
    `cache_ttl` and the account's own settings bound how often the call is made. An answer that fits one of `postpaid`
    says that there is no prepaid credit, and that this is fine.
    """

    example = "{path: /balance, cache_ttl: 1m, credit: {balance: /balance, currency: /currency}}"

    cache_ttl: Seconds
    standard: Boolean = True
    public: Boolean = False
    max_bytes: Count = DEFAULT_MAX_BYTES
    account_id: Value | None = None
    postpaid: tuple[Predicate, ...] = ()
    credit: CreditBlocks = ()
    subscription: SubscriptionBlock | None = None
    contacts: ContactsBlock | None = None
    prices: PricesBlock | None = None

    def pointers(self) -> Iterator[str]:
        """Every pointer by which something is read of the answer as a whole."""
        for block in (*self.credit, self.subscription, self.contacts, self.prices):
            if block is not None:
                each = getattr(block, "each", "")
                yield each
                yield from () if each else _pointers(block)
        if self.account_id is not None:
            yield from self.account_id.pointers

    def wrong(self) -> Iterator[Wrong]:
        """An api reads something."""
        yield from super().wrong()
        if not (self.credit or self.subscription or self.contacts or self.prices):
            yield (), "nothing is read of the answer", f"give one of {either(API_NAMES)}"


def _pointers(block: Model) -> Iterator[str]:
    for name in block.given:
        value = getattr(block, name)
        if isinstance(value, Value):
            yield from value.pointers


class BodyError(Predicate):
    """An answer that is an error by what it says; without a `reason` the HTTP status tells it."""

    example = "{where: {/status: error}, reason: unauthorized}"

    reason: Meaning | None = None


class RetryAfter(Model):
    """Where the seconds of a rate limit stand: at a pointer of the body, or in a header of the provider's own.

    A number above 10⁹ is a Unix time.
    """

    example = "{header: x-ratelimit-reset}"
    shorthand = "pointer"

    pointer: Pointer | None = None
    header: HeaderName | None = None

    def wrong(self) -> Iterator[Wrong]:
        """It stands in one place."""
        if (self.pointer is None) == (self.header is None):
            yield (), "the seconds stand in one place", "give pointer or header"


class Errors(Model):
    """Which answers are failures, whatever their HTTP status.

    A `code` in the body beats the status; with `ok` among the `codes` every code that isn't listed is a failure.
    `bodies` are tried in order after it; `statuses` give a status another meaning than the usual one where the body
    carries no code. `Retry-After` always counts, and `retry_after` beside it.
    """

    code: Value | None = None
    codes: Mapping[str, Meaning] = EMPTY
    bodies: tuple[BodyError, ...] = ()
    statuses: Mapping[StatusCode, Meaning] = EMPTY
    retry_after: RetryAfter | None = None

    def wrong(self) -> Iterator[Wrong]:
        """Codes stand somewhere."""
        if self.codes and self.code is None:
            yield ("codes",), "nothing says where the code stands", "write code beside it, such as code: /error/code"

    @cached_property
    def meaning_of(self) -> Mapping[str, str]:
        """What a code means, which counts whatever its case; of two that differ in nothing else, the first."""
        found: dict[str, str] = {}
        for code, meaning in self.codes.items():
            found.setdefault(code.casefold(), meaning)
        return found


class Session(Request):
    """A call that signs in first: what is kept of its answer stands for the secret, and lives so long.

    The account's own secret goes with this call alone, and `headers` with those that come after it.
    """

    example = "{path: /login, keep: {token: /token}, headers: {Authorization: 'Bearer {token}'}, lives: 4m}"

    method_: Literal["GET", "POST"] | None = None
    keep: Mapping[Name, Value]
    lives: Seconds

    def method(self, sign_in: "SignIn | None" = None) -> str:
        """What the definition says, else as of every request."""
        return self.method_ or super().method(sign_in)

    @property
    def call(self) -> "Session":
        """The call itself, without the headers of those that come after it."""
        return self.copy(headers=EMPTY)

    def wrong(self) -> Iterator[Wrong]:
        """A body is posted, and something is kept."""
        yield from super().wrong()
        if self.method_ == "GET" and super().method() == "POST":
            yield ("method",), "a GET has no body", "write POST, or remove it"
        if not self.keep:
            yield ("keep",), "nothing is kept of the answer", "write it like {token: /token}"


class SignIn(Model):
    """How one form of secret is sent.

    A key or a token goes into a `header` after its `prefix`, into the `query` or the `form` under a name, or nowhere
    where its own name stands in a template. `oauth2` asks `token_url`; `keys` name their `parts`, which templates or a
    `signature` with its `options` use; a `session` signs in first.
    """

    example = "{header: X-Api-Key}"

    header: HeaderName | None = None
    prefix: str = ""
    query: str | None = None
    form: str | None = None
    parts: tuple[Name, ...] = ()
    signature: str | None = None
    options: Mapping[str, Text] = EMPTY
    token_url: TokenUrl | None = None
    scope: str | None = None
    session: Session | None = None
    note: str | None = None

    def wrong(self) -> Iterator[Wrong]:
        """What signs in by a form is posted."""
        if self.form is not None and self.session is not None and self.session.method(self) == "GET":
            yield ("session", "method"), "a GET has no form", "write POST, or remove it"


class Definition(Model):
    """A provider. `base_url` stands for everything before the apis' paths."""

    id: Id
    name: str
    also: tuple[str, ...] = ()
    evidence: Literal["official", "sdk", "partly", "third-party"] | None = None
    documentation: tuple[str, ...] = ()
    checked: Day | None = None
    least_privilege: str | None = None
    rate_limit: RateLimit | None = None
    unit: str | None = None
    notes: tuple[str, ...] = ()
    settings: Mapping[Name, Setting] = EMPTY
    base_url: BaseUrl
    sign_in: Mapping[FormName, SignIn]
    errors: Errors = Errors()
    apis: Mapping[ApiName, Api]

    def parts(self, form: str) -> tuple[str, ...]:
        """The names of a form's parts: its own, or those that the definition gives it."""
        return self.sign_in[form].parts or tuple(part.name for part in FORMS[form].parts)

    def methods(self, api: Api) -> list[str]:
        """What an api is called by, one or the other as its sign-in forms are: some are sent as a posted form."""
        forms = [None if api.public or each.session else each for each in self.sign_in.values()]
        return sorted({api.method(form) for form in forms})

    def wrong(self) -> Iterator[Wrong]:
        """There is a way to sign in and something to ask; every name stands for something."""
        if not self.sign_in:
            yield ("sign_in",), "no sign-in form", f"write one of {either([*FORMS])}"
        if not self.apis:
            yield ("apis",), "no api", f"write one of {either(API_NAMES)}"
        for name, sign_in in self.sign_in.items():
            yield from (
                (("sign_in", name, *place), message, hint) for place, message, hint in _misplaced(name, sign_in)
            )
        yield from self._unused_secrets()
        yield from self._unknown_names()

    def _unused_secrets(self) -> Iterator[Wrong]:
        """A key that no place is given, and no template holds."""
        used = {name for api in self.apis.values() for _, text in api.templates() for name in text.names}
        for form, sign_in in self.sign_in.items():
            session = [] if sign_in.session is None else [text for _, text in sign_in.session.templates()]
            needed = FORMS[form].takes_place or (form == "keys" and sign_in.signature is None)
            if needed and sign_in.header is None and sign_in.query is None and sign_in.form is None:
                named = used | {name for text in session for name in text.names}
                for part in self.parts(form):
                    if part not in named:
                        hint = f"write {{{part}}} where it belongs" + (
                            "" if form == "keys" else ", or header, query or form"
                        )
                        yield ("sign_in", form), f"nothing says where {part} goes", hint

    def _unknown_names(self) -> Iterator[Wrong]:
        settings, secrets = [*self.settings], [part for form in self.sign_in for part in self.parts(form)]
        kept = [name for sign_in in self.sign_in.values() if sign_in.session for name in sign_in.session.keep]
        yield from _unknown([(("base_url",), self.base_url)], settings)
        for api_name, api in self.apis.items():
            known = settings if api.public else [*settings, *secrets, *kept]
            yield from _unknown(((("apis", api_name, *place), text) for place, text in api.templates()), known)
        for name, sign_in in self.sign_in.items():
            at: Place = ("sign_in", name)
            own = [*settings, *self.parts(name)]
            yield from _unknown((((*at, "options", key), text) for key, text in sign_in.options.items()), own)
            if sign_in.token_url is not None:
                yield from _unknown([((*at, "token_url"), sign_in.token_url)], settings)
            if sign_in.session is not None:
                for place, text in sign_in.session.templates():
                    known = [*settings, *sign_in.session.keep] if place[0] == "headers" else own
                    yield from _unknown([((*at, "session", *place), text)], known)


def _unknown(
    templates: "Iterator[tuple[Place, Template]] | list[tuple[Place, Template]]", known: list[str]
) -> Iterator[Wrong]:
    for place, text in templates:
        for name in text.names:
            if name not in known:
                hint = nearest(name, known) if known else "there is no setting, and no secret that may stand here"
                yield place, f"nothing is called {{{name}}}", hint


def _misplaced(name: str, sign_in: SignIn) -> Iterator[Wrong]:
    """What a sign-in form is given that isn't its own, and what it lacks."""
    form = FORMS[name]
    given = {key for key in ("header", "query", "form") if getattr(sign_in, key) is not None}
    if given and not form.takes_place:
        takers = either([each.name for each in FORMS.values() if each.takes_place])
        for key in sorted(given):
            yield (key,), f"a {key} belongs to {takers}", "remove it"
    elif len(given) > 1:
        yield (max(given),), "a secret has one place", f"keep one of {either(sorted(given))}"
    if sign_in.prefix and "header" not in given:
        yield ("prefix",), "a prefix stands before a secret in a header", "write the header too, or remove it"
    if name == "keys":
        yield from _wrong_keys(sign_in)
    elif sign_in.parts or sign_in.signature or sign_in.options:
        yield (), "parts, signature and options belong to keys", "remove them"
    if (name == "oauth2") != (sign_in.token_url is not None):
        message = "this is missing" if name == "oauth2" else "a token_url belongs to oauth2"
        yield ("token_url",), message, "write it like /oauth/token" if name == "oauth2" else "remove it"


def _wrong_keys(sign_in: SignIn) -> Iterator[Wrong]:
    if not sign_in.parts:
        yield ("parts",), "this is missing", "write the names of the keys: [api_login, api_key]"
    if sign_in.signature is None:
        return
    signature = SIGNATURES.get(sign_in.signature)
    if signature is None:
        yield ("signature",), "there is no such signature", nearest(sign_in.signature, SIGNATURES)
        return
    for part in signature.parts:
        if sign_in.parts and part not in sign_in.parts:
            yield ("parts",), f"{sign_in.signature} signs with {part}", f"its parts are {', '.join(signature.parts)}"
    for option in sign_in.options:
        if option not in signature.options:
            yield ("options", option), "unknown key", nearest(option, signature.options or ["none"])
    for option in signature.options:
        if option not in sign_in.options:
            yield ("options",), f"{option} is missing", f"{sign_in.signature} needs {', '.join(signature.options)}"


def field_name(api: Api, block_name: str, value_name: str) -> str | None:
    """The provider's own name of a value of an api's block (of the api itself where `block_name` is empty).

    None where the api doesn't have it.
    """
    block: Any = getattr(api, block_name) if block_name else api
    for each in block if isinstance(block, tuple) else (block,):
        name = _field_name(each, value_name)
        if name is not None:
            return name
    return None


def _field_name(block: Any, value_name: str) -> str | None:
    value = getattr(block, value_name, None)
    if isinstance(block, PricesBlock) and value_name == "price" and value is None:
        return ", ".join(block.columns) or "a column a currency"
    if isinstance(value, Value):
        return value.field_name
    if isinstance(value, Features):
        value = value.pointer
    return dotted(value) if isinstance(value, str) else None
