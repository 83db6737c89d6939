"""Secrets of every form of sign-in, made up by one rule: the part `api_key` is `the-api-key`."""

from exporter.secrets.credential import Credential
from exporter.secrets.secret import Secret
from exporter.sign_in import FORMS


def auth(form: str) -> dict[str, object]:
    """`auth` of an account's configuration in a form, with all of its parts."""
    secrets: dict[str, object] = {part.name: f"the-{part.name.replace('_', '-')}" for part in FORMS[form].parts}
    return {form: secrets} if FORMS[form].nested else secrets


def credential(form: str, secret: str) -> Credential:
    """A credential of which every part is the same text."""
    return Credential(form, {part.name: Secret.literal(secret) for part in FORMS[form].parts})
