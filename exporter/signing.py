"""Sign-in forms: what each adds to a request's headers."""

import base64
from collections.abc import Callable

from exporter.providers.definition import Definition
from exporter.secret import Credential

Signer = Callable[[str], dict[str, str]]
"""From a URL that is about to be asked by GET to the headers that prove who asks."""


def signer(credential: Credential, provider: Definition) -> Signer:
    """The signer of an account's sign-in form, with the secrets as they are now.

    `api_key` and `token` go into the header that the definition names, `basic` is RFC 7617 in UTF-8,
    `oauth1` is OAuth 1.0a (RFC 5849) with HMAC-SHA1 in the Authorization header, with a token or without.
    """
    secrets = {name: secret.value() for name, secret in credential.secrets.items()}
    form = provider.sign_in[credential.form]  # type: ignore[index]  # loading refused every other form
    if credential.form == "oauth1":
        return _oauth1(secrets)
    if credential.form == "basic":
        pair = f"{secrets['username']}:{secrets['password']}".encode()
        headers = {"Authorization": "Basic " + base64.b64encode(pair).decode("ascii")}
    else:
        headers = {str(form.header): form.prefix + secrets[credential.form]}
    return lambda _url: headers


def _oauth1(secrets: dict[str, str]) -> Signer:
    # Few accounts sign: the others don't pay for the library's import at start.
    from oauthlib.oauth1 import SIGNATURE_TYPE_AUTH_HEADER, Client  # noqa: PLC0415

    client = Client(
        secrets["consumer_key"],
        client_secret=secrets["consumer_secret"],
        resource_owner_key=secrets.get("token"),
        resource_owner_secret=secrets.get("token_secret"),
        signature_type=SIGNATURE_TYPE_AUTH_HEADER,
    )

    def sign(url: str) -> dict[str, str]:
        _, headers, _ = client.sign(url, http_method="GET")
        return dict(headers)

    return sign
