"""Makes an account's credential of its `auth`. No fault quotes anything that stands there."""

from collections.abc import Mapping
from pathlib import Path as FilePath

from exporter.config import models
from exporter.config.report import PATHS_ARE_RELATIVE, Report
from exporter.faults import Path
from exporter.providers.definition import Definition
from exporter.secret import Credential, Secret, SecretError, SecretNotFoundError, rule_for

_PARTS: Mapping[str, tuple[str, ...]] = {
    "api_key": ("api_key",),
    "token": ("token",),
    "basic": ("username", "password"),
    "oauth1": ("consumer_key", "consumer_secret", "token", "token_secret"),
}
_TOKEN_OF_OAUTH1 = ("token", "token_secret")
_VARIANTS = ("", "_file", "_env")


def form_example(provider: Definition | None) -> str:
    """How `auth` is written in a form that the provider takes; without a provider, in one that some take."""
    if provider is None:
        return models.Auth.example
    form = next(iter(provider.sign_in))
    blocks: dict[str, type[models.Written]] = {"basic": models.Basic, "oauth1": models.OAuth1}
    return f"{{{form}: {blocks[form].example}}}" if form in blocks else f"{{{form}_file: path}}"


def forms_hint(provider: Definition | None) -> str:
    """Which sign-in forms there are to choose of."""
    return (
        f"{provider.id} takes {_either(list(provider.sign_in))}" if provider else f"write one of {_either([*_PARTS])}"
    )


def auth_keys(provider: Definition | None) -> list[str]:
    """The keys that `auth` may have at a provider, each kind of secret with its variants."""
    return [form + variant for form in (provider.sign_in if provider else _PARTS) for variant in _variants(form)]


def credential(
    account: models.Account, path: Path, provider: Definition | None, folder: FilePath, report: Report
) -> Credential | None:
    """The credential, or None if something is wrong with it, which is in the report.

    `path` is the account's; files are relative to `folder`.
    """
    written = report.document.value_at((*path, "auth"))
    if not isinstance(written, dict):
        return None
    return _Reading(account.auth or models.Auth(), written, path, folder, report).credential(provider)


class _Reading:
    def __init__(
        self, auth: models.Auth, written: Mapping[str, object], path: Path, folder: FilePath, report: Report
    ) -> None:
        self._auth = auth
        self._written = {key: value for key, value in written.items() if value is not None}
        self._has_unknown = not written.keys() <= models.Auth.model_fields.keys()
        self._account_path = path
        self._path = (*path, "auth")
        self._folder = folder
        self._report = report

    def credential(self, provider: Definition | None) -> Credential | None:
        offered: list[str] = list(provider.sign_in) if provider else list(_PARTS)
        keys = {form: self._keys_of(form) for form in _PARTS}
        forms = [form for form, found in keys.items() if found]
        if not forms:
            if not self._has_unknown:
                self._report.fault(self._path, "no sign-in form", forms_hint(provider))
            return None
        if len(forms) > 1:
            path = max(((*self._path, key) for form in forms for key in keys[form]), key=self._report.document.place)
            self._report.fault(path, f"{len(forms)} sign-in forms", f"keep one of {_either(offered)}")
            return None
        (form,) = forms
        if form not in offered:
            name = provider.id if provider else ""
            message = f"{name} has no sign-in form {form}"
            self._report.fault((*self._path, keys[form][0]), message, forms_hint(provider))
        secrets = self._secrets(form)
        return None if secrets is None or form not in offered else Credential(form, secrets)

    def _keys_of(self, form: str) -> list[str]:
        return [form + variant for variant in _variants(form) if form + variant in self._written]

    def _secrets(self, form: str) -> dict[str, Secret] | None:
        """Every part of a form; None if one is missing or wrong."""
        nested = form in {"basic", "oauth1"}
        written = self._written[form] if nested else self._written
        block: models.Written | None = getattr(self._auth, form) if nested else self._auth
        path = (*self._path, form) if nested else self._path
        if not isinstance(written, dict) or block is None:
            return None
        given = {part: _given(part, written) for part in _PARTS[form]}
        parts = list(_PARTS[form])
        if form == "oauth1" and not any(given[part] for part in _TOKEN_OF_OAUTH1):
            parts = [part for part in parts if part not in _TOKEN_OF_OAUTH1]
        complete = written.keys() <= type(block).model_fields.keys()
        secrets: dict[str, Secret | None] = {}
        for part in parts:
            if not given[part] and complete:
                self._note_missing(part, path)
            secrets[part] = self._secret(form, part, given[part], block, path)
        right = {part: secret for part, secret in secrets.items() if secret is not None}
        return right if len(right) == len(parts) else None

    def _note_missing(self, part: str, path: Path) -> None:
        hint = f"write {_either([part + variant for variant in _VARIANTS])}"
        self._report.fault((*path, part), "this is missing", hint, at=self._account_path)

    def _secret(self, form: str, part: str, keys: list[str], block: models.Written, path: Path) -> Secret | None:
        if not keys:
            return None
        if len(keys) > 1:
            last = max(((*path, key) for key in keys), key=self._report.document.place)
            self._report.fault(last, f"one secret given as {' and '.join(keys)}", "keep one of them")
            return None
        (key,) = keys
        text = getattr(block, key)
        if text is None:
            return None
        identifier = part == "username"
        try:
            if key.endswith("_file"):
                secret = Secret.from_file(self._folder / text, identifier=identifier)
            elif key.endswith("_env"):
                secret = Secret.from_environment(text, identifier=identifier)
            else:
                secret = Secret.literal(text, identifier=identifier)
            secret.hold_to(rule_for(form, part))
        except SecretError as error:
            hint = PATHS_ARE_RELATIVE if isinstance(error, SecretNotFoundError) else ""
            self._report.fault((*path, key), f"this secret can't be used: {error}", hint)
            return None
        return secret


def _variants(form: str) -> tuple[str, ...]:
    return ("",) if form in {"basic", "oauth1"} else _VARIANTS


def _given(part: str, written: Mapping[str, object]) -> list[str]:
    return [part + variant for variant in _VARIANTS if written.get(part + variant) is not None]


def _either(words: list[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
