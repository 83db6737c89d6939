"""Secrets of every form of sign-in, made up by one rule: the part `api_key` is `the-api-key`."""

from typing import get_args

from pydantic import BaseModel

from exporter.config import models
from exporter.secret import Credential, Secret


def parts(form: str) -> tuple[str, ...]:
    """The secrets that a form consists of; a form of one secret is named as that is."""
    block = next((each for each in get_args(models.Auth.model_fields[form].annotation) if _is_model(each)), None)
    if block is None:
        return (form,)
    return tuple(name for name in block.model_fields if not name.endswith(("_file", "_env")))


def _is_model(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def auth(form: str) -> dict[str, object]:
    """`auth` of an account's configuration in a form, with all of its parts."""
    secrets = {part: f"the-{part.replace('_', '-')}" for part in parts(form)}
    return dict(secrets) if parts(form) == (form,) else {form: secrets}


def credential(form: str, secret: str) -> Credential:
    """A credential of which every part is the same text."""
    return Credential(form, {part: Secret.literal(secret) for part in parts(form)})
