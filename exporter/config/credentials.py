"""Makes an account's credential of its `auth`. No fault quotes anything that stands there."""

from collections.abc import Mapping

from exporter.config import models
from exporter.config.confidential import may_be_secret, warn_if_short
from exporter.config.merge import Source
from exporter.config.pasted import is_path, wrongly_pasted
from exporter.documents.faults import Path, nearest
from exporter.documents.model import Model
from exporter.documents.report import PATHS_ARE_RELATIVE
from exporter.providers.definition import Definition
from exporter.providers.forms import form_of
from exporter.secrets.credential import Credential
from exporter.secrets.secret import Secret, SecretError, SecretNotFoundError
from exporter.sign_in import FORMS, VARIANTS, Form, Part, either


def form_example(provider: Definition | None) -> str:
    """How `auth` is written in a form that the provider takes; without a provider, in one that some take."""
    return _offered(provider)[0].example("name", "path")


def forms_hint(provider: Definition | None) -> str:
    """Which sign-in forms there are to choose of."""
    names = either([form.name for form in _offered(provider)])
    return f"{provider.id} takes {names}" if provider else f"write one of {names}"


def auth_keys(provider: Definition | None) -> list[str]:
    """The keys that `auth` may have at a provider, each kind of secret with its variants."""
    return [key for form in _offered(provider) for key in form.keys]


def keys_example(provider: Definition | None) -> str:
    """How `keys` are written at a provider."""
    if provider is None or "keys" not in provider.sign_in:
        return models.Keys.example
    return form_of(provider, "keys").example("name", "path").removeprefix("{keys: ").removesuffix("}")


def own_keys(provider: Definition) -> list[str]:
    """The keys of the parts that a provider gives `keys`, each with its variants."""
    return _keys_of(form_of(provider, "keys")) if "keys" in provider.sign_in else []


def _keys_of(form: Form) -> list[str]:
    return [part.name + variant for part in form.parts for variant in VARIANTS]


def _offered(provider: Definition | None) -> list[Form]:
    return [*FORMS.values()] if provider is None else [form_of(provider, name) for name in provider.sign_in]


def resolve_credential(
    account: models.Account, path: Path, provider: Definition | None, source: Source
) -> Credential | None:
    """The credential, or None if something is wrong with it, which is in the report, or it isn't to be read.

    `path` is the account's.
    """
    written = source.report.document.value_at((*path, "auth"))
    if not isinstance(written, dict):
        return None
    return _Resolver(account.auth or models.Auth(), written, path, source).credential(provider)


class _Resolver:
    def __init__(self, auth: models.Auth, written: Mapping[str, object], path: Path, source: Source) -> None:
        self._auth = auth
        self._written = {key: value for key, value in written.items() if value is not None}
        self._has_unknown = not written.keys() <= models.Auth.fields.keys()
        self._account_path = path
        self._path = (*path, "auth")
        self._source = source
        self._report = source.report

    def credential(self, provider: Definition | None) -> Credential | None:
        offered = _offered(provider)
        keys = {name: [key for key in form.keys if key in self._written] for name, form in FORMS.items()}
        names = [name for name, found in keys.items() if found]
        if not names:
            if not self._has_unknown:
                self._report.fault(self._path, "no sign-in form", forms_hint(provider))
            return None
        if len(names) > 1:
            path = max(((*self._path, key) for name in names for key in keys[name]), key=self._report.document.place)
            hint = f"keep one of {either([form.name for form in offered])}"
            self._report.fault(path, f"{len(names)} sign-in forms", hint)
            return None
        form = next((each for each in offered if each.name == names[0]), None)
        if form is None:
            message = f"{provider.id if provider else ''} has no sign-in form {names[0]}"
            self._report.fault((*self._path, keys[names[0]][0]), message, forms_hint(provider))
        secrets = self._secrets(form or FORMS[names[0]], _prefix(provider, names[0]))
        return None if secrets is None or form is None else Credential(form.name, secrets)

    def _secrets(self, form: Form, prefix: str) -> dict[str, Secret] | None:
        """Every part of a form; None if one is missing or wrong."""
        written = self._written[form.name] if form.nested else self._written
        block: Model | None = getattr(self._auth, form.name) if form.nested else self._auth
        path = (*self._path, form.name) if form.nested else self._path
        if not isinstance(written, dict) or block is None:
            return None
        given = {part.name: _given(part.name, written) for part in form.parts}
        parts = form.parts if any(given[name] for name in form.optional) else form.required
        unknown = [key for key in written if key not in _keys_of(form)] if form.nested else []
        complete = not unknown and (form.nested or not self._has_unknown)
        if isinstance(block, models.Keys) and form.parts:
            self._note_unknown(unknown, _keys_of(form), path)
        secrets: dict[str, Secret | None] = {}
        for part in parts:
            if not given[part.name] and complete:
                self._note_missing(part.name, path)
            secrets[part.name] = self._secret(part, given[part.name], block, path, prefix)
        right = {name: secret for name, secret in secrets.items() if secret is not None}
        return right if len(right) == len(parts) else None

    def _note_missing(self, part: str, path: Path) -> None:
        hint = f"write {either([part + variant for variant in VARIANTS])}"
        self._report.fault((*path, part), "this is missing", hint, at=self._account_path)

    def _note_unknown(self, unknown: list[str], known: list[str], path: Path) -> None:
        for key in unknown:
            at = (*path, key)
            shown = path if may_be_secret(key, known) else at
            self._report.fault(shown, "unknown key", nearest(key, known), at=at)

    def _secret(self, part: Part, keys: list[str], block: Model, path: Path, prefix: str) -> Secret | None:
        if not keys:
            return None
        if len(keys) > 1:
            last = max(((*path, key) for key in keys), key=self._report.document.place)
            self._report.fault(last, f"one secret given as {' and '.join(keys)}", "keep one of them")
            return None
        (key,) = keys
        text = block.extras.get(key) if isinstance(block, models.Keys) else getattr(block, key)
        if text is None or (key != part.name and not self._source.reads):
            return None
        identifier = not part.confidential
        try:
            if key.endswith("_file"):
                secret = Secret.from_file(self._source.folder / text, identifier=identifier)
            elif key.endswith("_env"):
                secret = Secret.from_environment(text, identifier=identifier)
            else:
                secret = Secret.literal(text, identifier=identifier)
            secret.hold_to(part.characters)
        except SecretError as error:
            hint = PATHS_ARE_RELATIVE if isinstance(error, SecretNotFoundError) else ""
            if key.endswith("_env") and text.startswith("$"):
                hint = "write the variable's name without $"
            self._report.fault((*path, key), f"this secret can't be used: {error}", hint)
            return None
        if part.confidential:
            warn_if_short(secret.value(), (*path, key), self._report)
        self._warn_of_pasted(part, secret, (*path, key), prefix)
        return secret

    def _warn_of_pasted(self, part: Part, secret: Secret, path: Path, prefix: str) -> None:
        found = wrongly_pasted(part.name, secret.value(), prefix)
        if found is None and path[-1] == part.name and is_path(secret.value(), self._source.folder):
            found = "this looks like a file's name", f"write it under {part.name}_file"
        if found is not None:
            self._report.warn(path, *found)


def _prefix(provider: Definition | None, form: str) -> str:
    sign_in = provider.sign_in.get(form) if provider else None
    return sign_in.prefix if sign_in else ""


def _given(part: str, written: Mapping[str, object]) -> list[str]:
    return [part + variant for variant in VARIANTS if written.get(part + variant) is not None]
