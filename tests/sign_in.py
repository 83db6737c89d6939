"""Secrets of every form of sign-in, made up by one rule: the part `api_key` is `the-api-key`."""

from collections.abc import Callable
from typing import Any

from exporter.providers.definition import Definition
from exporter.secrets.credential import Credential
from exporter.secrets.secret import Secret
from exporter.sign_in import FORMS
from exporter.simulator import made


def auth(form: str, provider: Definition | None = None, wrap: Callable[[str], str] = str) -> dict[str, object]:
    """`auth` of an account's configuration in a form, with all of its parts, or those that a provider gives it.

    `wrap` changes each secret.
    """
    parts = [part.name for part in FORMS[form].parts] if provider is None else provider.parts(form)
    secrets: dict[str, object] = {part: wrap(f"the-{part.replace('_', '-')}") for part in parts}
    return {form: secrets} if FORMS[form].nested else secrets


def account(form: str, provider: Definition, api: str, wrap: Callable[[str], str] = str) -> dict[str, Any]:
    """An account's configuration that asks one api, with settings made up where the provider needs them."""
    written: dict[str, Any] = {"name": "a", "provider": provider.id, "auth": auth(form, provider, wrap), "apis": [api]}
    settings = made.settings(provider)
    if settings:
        written["settings"] = settings
    if provider.apis[api].prices is not None:
        written["prices"] = {"countries": "all"}
    return written


def credential(form: str, secret: str) -> Credential:
    """A credential of which every part is the same text."""
    return Credential(form, {part.name: Secret.literal(secret) for part in FORMS[form].parts})
