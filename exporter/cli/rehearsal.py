"""A definition without a network: what it reads from an answer, and the requests that it makes."""

import base64
from collections.abc import Iterator, Mapping
from urllib.parse import quote

from exporter.accounts.observation import Observation, View
from exporter.client.signing import ACCESS_TOKEN, Signer, signer
from exporter.failure import FailureError
from exporter.metrics.exposition import Exposition
from exporter.metrics.families import ACCOUNT_FAMILIES
from exporter.providers import extract
from exporter.providers.definition import Definition
from exporter.providers.request import Prepared, prepare
from exporter.secrets.credential import Credential
from exporter.secrets.secret import Secret
from exporter.settings import AccountSettings, ApiSettings

_TOLD = {family.name for family in ACCOUNT_FAMILIES if family.field is not None}
"""The families that a provider's answer gives."""


async def tried(provider: Definition, api: str, status: int, body: bytes) -> tuple[str, bool]:
    """The series that an answer becomes and what was remarked, or why it is none; and whether it gave readings."""
    try:
        readings = extract.answer(status, body, provider, provider.apis[api])
    except FailureError as error:
        return f"{error.failure.reason}: {error.failure.detail}", False
    path = provider.apis[api].path
    own = (ApiSettings(api, path, "", path, 0.0, 0.0),)
    view = View(AccountSettings("example", provider, Credential("token", {}), own), (Observation(api, readings),))
    text = "".join(await Exposition(()).accounts([view], openmetrics=False))
    series = [line for line in text.splitlines() if line.partition("{")[0] in _TOLD]
    return "\n".join([*series, *(f"# {remark}" for remark in readings.remarks)]), True


def requests(provider: Definition, api_name: str) -> str:
    """The requests of an api in each form of sign-in, a secret or setting by its name in braces."""
    api = provider.apis[api_name]
    settings = {name: each.default or f"{{{name}}}" for name, each in provider.settings.items()}
    base_url = provider.base_url.fill(settings)
    if api.public:
        return f"public:\n{_shown(prepare(api, base_url, api.path, settings, {}), settings)}"
    texts = []
    for form in provider.sign_in:
        secrets = {part: f"{{{part}}}" for part in provider.parts(form)}
        made = signer(
            Credential(form, {name: Secret.literal(text) for name, text in secrets.items()}), provider, settings
        )
        shown = (
            _shown(each, {**settings, **secrets, **_kept(made)}) for each in _calls(made, provider, api_name, base_url)
        )
        signed = "" if made.sign is None else "\n(signed: further headers, made anew for each request)"
        texts.append(f"{form}:\n" + "\n\n".join(shown) + signed)
    return "\n\n".join(texts)


def _calls(made: Signer, provider: Definition, api_name: str, base_url: str) -> Iterator[Prepared]:
    api, session = provider.apis[api_name], made.sign_in.session
    if not made.signs_in_first:
        yield made.prepare(api, base_url, api.path)
        return
    yield made.token_call(base_url, as_basic=False) if session is None else made.session_call(session, base_url)
    yield made.prepare_after(_kept(made), api, base_url, api.path)


def _kept(made: Signer) -> Mapping[str, str]:
    """What a call that signs in gives, by names in braces."""
    if not made.signs_in_first:
        return {}
    names = [ACCESS_TOKEN] if made.sign_in.session is None else [*made.sign_in.session.keep]
    return {name: f"{{{name}}}" for name in names}


def _shown(request: Prepared, values: Mapping[str, str]) -> str:
    lines = [f"{request.method} {request.url}", *(f"{name}: {text}" for name, text in request.headers.items())]
    lines += [] if request.body is None else ["", request.body.decode()]
    text = "\n".join(lines)
    for value in values.values():
        text = text.replace(quote(value, safe=""), value)
    pair = "{username}:{password}"
    return text.replace(base64.b64encode(pair.encode()).decode(), f"base64({pair})")
