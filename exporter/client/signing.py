"""What each sign-in form adds to a request's headers."""

from collections.abc import Callable, Mapping

from exporter.providers.definition import Definition
from exporter.secrets.credential import Credential
from exporter.sign_in import FORMS

Signer = Callable[[str], dict[str, str]]
"""From a URL that is about to be asked by GET to the headers that prove who asks."""


def signer(credential: Credential, provider: Definition) -> Signer:
    """The signer of an account's sign-in form, with the secrets as they are now."""
    form, secrets = FORMS[credential.form], credential.values()
    if form.headers is None:
        return _SIGNATURES[form.signature or ""](secrets)
    headers = form.headers(secrets, provider.sign_in[form.name])
    return lambda _url: headers


def _oauth1(secrets: Mapping[str, str]) -> Signer:
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

    def sign(url: str) -> dict[str, str]:
        _, headers, _ = client.sign(url, http_method="GET")
        return dict(headers)

    return sign


_SIGNATURES: Mapping[str, Callable[[Mapping[str, str]], Signer]] = {"oauth1": _oauth1}
