"""The one table of sign-in forms: what each is made of, how it is written, where it goes, what is said of it.

The configuration's keys, the checks of a secret's characters, the headers of a request, hints and documentation
follow from it. A form whose headers depend on the request names a `signature`, which `signing` computes.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, Protocol

Characters = Literal["text", "header", "username"]
"""What a secret may hold: `text` anything but control characters, `header` visible ASCII and inner
spaces, `username` no colon either (RFC 7617 ends the user's name at the first)."""

VARIANTS = ("", "_file", "_env")
"""What follows the name of a part: the secret itself, the file that holds it, the environment variable that does."""


class Placement(Protocol):
    """What a provider's definition says of a form: the header, and what stands in it before the secret."""

    @property
    def header(self) -> str | None:
        """The header's name."""
        ...

    @property
    def prefix(self) -> str:
        """The text before the secret."""
        ...


Headers = Callable[[Mapping[str, str], Placement], dict[str, str]]
"""From a form's parts and a definition's placement to the headers that prove who asks."""


@dataclass(frozen=True, slots=True)
class Part:
    """One secret of a form; one that is not `confidential` (a user's name) may be shown."""

    name: str
    characters: Characters
    confidential: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One way to sign in.

    Without `nested` the form has one part, which is written under its own name; else all stand in a mapping under
    `name`. A form without `parts` takes those that the provider's definition names. The parts in `optional` are given
    together or not at all. `takes_place`: a definition says where the secret goes. What is sent is made by `headers`,
    or by the code of a `signature`'s name, or `elsewhere`; `joined` is a text that is sent of several parts, and as
    confidential as each. `sent` is the documentation's sentence.
    """

    name: str
    about: str
    parts: tuple[Part, ...]
    nested: bool = True
    optional: tuple[str, ...] = ()
    takes_place: bool = False
    headers: Headers | None = None
    signature: str | None = None
    elsewhere: bool = False
    joined: Callable[[Mapping[str, str]], str] | None = None
    sent: str = ""

    def __post_init__(self) -> None:
        if (self.headers is not None) + (self.signature is not None) + self.elsewhere != 1:
            raise ValueError(f"{self.name}: one of headers, signature and elsewhere says what is sent")
        if self.takes_place == bool(self.sent):
            raise ValueError(f"{self.name}: say where it is sent, unless a definition does (takes_place)")

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of `auth` that choose the form."""
        return (self.name,) if self.nested else tuple(self.name + variant for variant in VARIANTS)

    @property
    def required(self) -> tuple[Part, ...]:
        """The parts that are always given."""
        return tuple(part for part in self.parts if part.name not in self.optional)

    @property
    def written(self) -> str:
        """The form as a person writes it, without values: `basic: {username, password}`."""
        if not self.nested:
            return self.name
        names = ", ".join(part.name for part in self.required)
        added = f", with {{{', '.join(self.optional)}}} where the provider gave you these" if self.optional else ""
        return f"{self.name}: {{{names}}}{added}"

    @property
    def outline(self) -> str:
        """Every key of the form, without values: `basic: {username, password}`."""
        parts = ", ".join(part.name for part in self.parts) or "PART: …"
        return f"{self.name}: {{{parts}}}" if self.nested else self.name

    def example(self, name: str, path: str, *, tell_apart: bool = False) -> str:
        """The form with its confidential parts in files, of which `tell_apart` gives each a name of its own."""
        hidden = [part for part in self.required if part.confidential]
        short = {part.name: part.name.rpartition("_")[2] for part in hidden}
        unique = len({*short.values()}) == len(short)
        apart = short if unique else {name: name.replace("_", "-") for name in short}
        tell_apart = tell_apart and len(hidden) > 1
        paths = {name: f"{path}-{word}" if tell_apart else path for name, word in apart.items()}
        keys = ", ".join(
            f"{part.name}_file: {paths[part.name]}" if part.confidential else f"{part.name}: {name}"
            for part in self.required
        )
        return f"{{{self.name}: {{{keys}}}}}" if self.nested else f"{{{keys}}}"

    def characters(self, part: str) -> Characters:
        """What a part may hold; of one that a provider names nothing is known here."""
        return next((each.characters for each in self.parts if each.name == part), "text")


def _in_its_header(secrets: Mapping[str, str], placement: Placement) -> dict[str, str]:
    (secret,) = secrets.values()
    return {} if placement.header is None else {placement.header: placement.prefix + secret}


def _pair(secrets: Mapping[str, str]) -> str:
    return f"{secrets['username']}:{secrets['password']}"


def _basic(secrets: Mapping[str, str], _placement: Placement) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(_pair(secrets).encode()).decode("ascii")}


def _table(*forms: Form) -> Mapping[str, Form]:
    return MappingProxyType({form.name: form for form in forms})


FORMS = _table(
    Form(
        name="api_key",
        about="A key, in the header that the provider names.",
        parts=(Part("api_key", "header"),),
        nested=False,
        takes_place=True,
        headers=_in_its_header,
    ),
    Form(
        name="token",
        about="A token, in the header that the provider names.",
        parts=(Part("token", "header"),),
        nested=False,
        takes_place=True,
        headers=_in_its_header,
    ),
    Form(
        name="basic",
        about="User and password.",  # RFC 7617, in UTF-8
        parts=(Part("username", "username", confidential=False), Part("password", "text")),
        headers=_basic,
        joined=_pair,
        sent="user name and password in the header `Authorization` (basic)",
    ),
    Form(
        name="oauth1",
        about="OAuth 1.0a; the token and its secret are optional, together.",
        # RFC 5849 percent-encodes each of them, so any text will do.
        parts=tuple(Part(name, "text") for name in ("consumer_key", "consumer_secret", "token", "token_secret")),
        optional=("token", "token_secret"),
        signature="oauth1",
        sent="OAuth 1.0a with HMAC-SHA1, in the header `Authorization`",
    ),
    Form(
        name="oauth2",
        about="OAuth 2.0 client credentials.",  # RFC 6749, 4.4
        parts=(Part("client_id", "text", confidential=False), Part("client_secret", "text")),
        elsewhere=True,
        sent="a token that client_id and client_secret are exchanged for, in the header `Authorization`",
    ),
    Form(
        name="keys",
        about="Several keys, by the names that the provider's definition gives them.",
        parts=(),
        elsewhere=True,
        sent="where the provider's definition says",
    ),
)
"""Every form, in the order in which they are listed."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature that code computes: the parts that it signs with, and the options that a definition gives it."""

    parts: tuple[str, ...]
    options: tuple[str, ...] = ()
    optional_parts: tuple[str, ...] = ()


SIGNATURES: Mapping[str, Signature] = MappingProxyType(
    {
        "ovh": Signature(("application_key", "application_secret", "consumer_key")),
        "mac": Signature(("key", "secret")),
        "aws4": Signature(("access_key_id", "secret_access_key"), ("service", "region"), ("session_token",)),
        "solapi": Signature(("api_key", "api_secret")),
    }
)
"""The signatures that a definition's `keys` may name."""


def either(words: Sequence[str]) -> str:
    """Words to choose of: `api_key, basic or oauth1`."""
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
