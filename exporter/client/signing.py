"""What proves who asks: secrets in their places, the headers of a sign-in form, or a signature made anew each time."""

import base64
import secrets as random_bytes
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, quote_plus, urlencode

from exporter.client.signatures import SIGNATURES
from exporter.providers.definition import Definition, Request, Session, SignIn
from exporter.providers.request import Prepared, prepare
from exporter.providers.template import Template
from exporter.secrets.credential import Credential
from exporter.sign_in import FORMS

ACCESS_TOKEN = "access_token"  # noqa: S105  # a name
"""What is kept of an OAuth 2.0 token's answer."""

Sign = Callable[[Prepared], Prepared]
"""From a request to the same with the headers that prove who asks, for one time."""


@dataclass(eq=False, frozen=True, slots=True, repr=False)
class Signer:
    """Makes an account's requests, with its secrets as they were when it was made.

    `headers` are those that are the same each time, `sign` adds those that aren't. Where a call of its own signs in,
    both go with that call alone, and what it gave is `kept` for those that come after it.
    """

    provider: Definition
    settings: Mapping[str, str]
    secrets: Mapping[str, str]
    sign_in: SignIn
    headers: Mapping[str, str]
    sign: Sign | None = None

    @property
    def signs_in_first(self) -> bool:
        """Whether a call of its own signs in."""
        return self.sign_in.session is not None or self.sign_in.token_url is not None

    def prepare(self, request: Request, base_url: str, path: Template) -> Prepared:
        """A request as far as it is the same each time, where no call signs in first."""
        made = prepare(request, base_url, path, self.settings, self.secrets, self.sign_in)
        return made.with_headers(self.headers) if self.headers else made

    def prepare_after(self, kept: Mapping[str, str], request: Request, base_url: str, path: Template) -> Prepared:
        """A request with what a sign-in gave: in the session's headers, or as a bearer's token."""
        values = {**self.secrets, **kept}
        made = prepare(request, base_url, path, self.settings, values)
        if self.sign_in.session is None:
            return made.with_headers({"Authorization": f"Bearer {kept[ACCESS_TOKEN]}"})
        own = {name: text.fill({**self.settings, **values}) for name, text in self.sign_in.session.headers.items()}
        return made.with_headers(own)

    def session_call(self, session: Session, base_url: str) -> Prepared:
        """The call that opens a session."""
        call = session.call
        made = prepare(call, base_url, call.path, self.settings, self.secrets, self.sign_in)
        return made.with_headers(self.headers) if self.headers else made

    def token_call(self, base_url: str, *, as_basic: bool) -> Prepared:
        """The call that gets a token for a client (RFC 6749, 4.4): id and secret in the form, or as Basic (2.3.1)."""
        url = self.sign_in.token_url or Template("/")
        filled = url.fill(self.settings, lambda text: quote(text, safe=""))
        form = {"grant_type": "client_credentials"}
        form |= {"scope": self.sign_in.scope} if self.sign_in.scope else {}
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        if as_basic:
            pair = ":".join(quote_plus(self.secrets[part]) for part in ("client_id", "client_secret"))
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode("ascii")
        else:
            form |= self.secrets
        whole = base_url + filled if filled.startswith("/") else filled
        return Prepared("POST", whole, headers, urlencode(form).encode(), holds_secret=True)


def signer(
    credential: Credential,
    provider: Definition,
    settings: Mapping[str, str],
    now: Callable[[], float] = time.time,
    nonce: Callable[[], str] = lambda: random_bytes.token_hex(16),
) -> Signer:
    """The signer of an account's sign-in form, with the secrets as they are now."""
    form, secrets, sign_in = FORMS[credential.form], credential.values(), provider.sign_in[credential.form]
    headers = {} if form.headers is None else form.headers(secrets, sign_in)
    sign: Sign | None = None
    if form.signature == "oauth1":
        sign = _oauth1(secrets)
    elif sign_in.signature is not None:
        compute = SIGNATURES[sign_in.signature]
        options = {name: text.fill({**settings, **secrets}) for name, text in sign_in.options.items()}

        def sign(request: Prepared) -> Prepared:
            return request.with_headers(compute(request, secrets, options, now(), nonce()))

    return Signer(provider, settings, secrets, sign_in, headers, sign)


def _oauth1(secrets: Mapping[str, str]) -> Sign:
    """OAuth 1.0a (RFC 5849) with HMAC-SHA1 in the Authorization header, with a token or without."""
    # Few accounts sign: the others don't pay for the library's import at start.
    from oauthlib.oauth1 import SIGNATURE_TYPE_AUTH_HEADER, Client  # noqa: PLC0415

    client = Client(
        secrets["consumer_key"],
        client_secret=secrets["consumer_secret"],
        resource_owner_key=secrets.get("token"),
        resource_owner_secret=secrets.get("token_secret"),
        signature_type=SIGNATURE_TYPE_AUTH_HEADER,
    )

    def sign(request: Prepared) -> Prepared:
        is_form = request.headers.get("Content-Type") == "application/x-www-form-urlencoded"
        _, headers, _ = client.sign(
            request.url,
            http_method="POST" if request.method == "POST" else "GET",
            body=request.body.decode() if is_form and request.body else None,
            headers={"Content-Type": "application/x-www-form-urlencoded"} if is_form else None,
        )
        return request.with_headers({"Authorization": headers["Authorization"]})

    return sign
