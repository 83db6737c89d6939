# ruff: noqa: INP001  # a module beside the pages, no package
"""The page of one provider: sign-in, apis, errors, and what it rests on."""

from collections.abc import Iterator

from docs.markdown import NOTICE, table
from docs.origins import apis, describe, origin
from exporter.durations import format_duration
from exporter.failure import Reason
from exporter.metrics.families import ACCOUNT_FAMILIES
from exporter.providers.blocks import dotted
from exporter.providers.definition import Api, Definition, Setting, SignIn
from exporter.providers.forms import form_of
from exporter.providers.kinds import OK
from exporter.sign_in import FORMS
from exporter.simulator import made

_EVIDENCE = {
    "official": "By the provider's own documentation or specification.",
    "sdk": "By the provider's own SDK.",
    "partly": "In part by the provider's own documentation, in part by others.",
    "third-party": "By what others say.",
}


def provider_page(provider: Definition) -> str:
    """What an operator needs to know of one provider."""
    return "\n".join(_provider_lines(provider)) + "\n"


def _provider_lines(provider: Definition) -> Iterator[str]:
    yield f"{NOTICE}\n# {provider.name}\n"
    yield f"`provider: {provider.id}`. `sms-exporter providers {provider.id}` prints the same in short.\n"
    if provider.also:
        yield f"Also called {', '.join(provider.also)}.\n"
    if provider.unit:
        yield f"{provider.unit}\n"
    settings = made.settings(provider)
    if provider.settings:
        yield "## Settings\n"
        yield "What an account says under `settings` beside its secret:\n"
        rows = [(f"`{name}`", each.about, _setting(each)) for name, each in provider.settings.items()]
        yield table(("Setting", "What", "Value"), rows)
    yield "## Sign-in\n"
    for name, sign_in in provider.sign_in.items():
        form = form_of(provider, name)
        sent = form.sent if name != "keys" and form.sent else _sent(sign_in)
        note = f"; {sign_in.note}" if sign_in.note else ""
        yield f"`{name}`: {sent}{note}.\n"
        yield "```yaml\naccounts:\n  - name: my-account"
        example = form.example(provider.id, f"secrets/{provider.id}", tell_apart=True)
        told = ", ".join(f"{key}: {value}" for key, value in settings.items())
        more = f"    settings: {{{told}}}\n" if told else ""
        yield f"    provider: {provider.id}\n{more}    auth: {example}\n```\n"
    yield "One form an account. Each secret may be written as `X_file` (best: it can change without a restart),"
    yield "`X_env` or `X`."
    for name in provider.sign_in:
        if optional := FORMS[name].optional:
            parts = " and ".join(f"`{part}`" for part in optional)
            yield f"`{name}` also takes {parts}, together, where the provider gives them out."
    yield "\n## Base URL\n"
    yield f"`{provider.base_url}`. `base_url` of the account stands for everything before the paths below; it may"
    yield "carry a prefix of its own.\n"
    yield "## Apis and fields\n"
    for name, api in apis(provider):
        yield from _api_lines(name, api, " or ".join(provider.methods(api)))
    yield "## Least privilege\n"
    if provider.least_privilege:
        yield provider.least_privilege
    yield "The exporter sends the requests above and nothing else: a credential for those is enough."
    yield "Give the exporter one of its own, so that it can be revoked alone.\n"
    yield "## Errors\n"
    yield from _error_lines(provider)
    if provider.notes:
        yield "## Notes\n"
        yield from (f"- {note}" for note in provider.notes)
        yield ""
    yield "## Sources\n"
    yield f"{_EVIDENCE[provider.evidence or 'partly']} It was not tried against the live API.\n"
    yield f"Checked on {provider.checked}:\n"
    yield from (f"- <{url}>" for url in provider.documentation)


def _setting(setting: Setting) -> str:
    """What a setting may be, and what it is where an account says nothing."""
    choices = ", ".join(f"`{each}`" for each in setting.choices) or "a text"
    return f"{choices}; `{setting.default}` where nothing is said" if setting.default else f"{choices}; required"


def _sent(sign_in: SignIn) -> str:
    """Where a secret goes, in words."""
    after = f" after `{sign_in.prefix.strip()}`" if sign_in.prefix else ""
    if sign_in.header is not None:
        return f"in the header `{sign_in.header}`{after}"
    if sign_in.query is not None:
        return f"in the query, as `{sign_in.query}`"
    if sign_in.form is not None:
        return f"in the form, as `{sign_in.form}`"
    if sign_in.signature is not None:
        return f"each request is signed (`{sign_in.signature}`)"
    return "in the requests below, under its own name"


def _api_lines(name: str, api: Api, method: str) -> Iterator[str]:
    yield f"### {name}\n"
    asked = "Asked unless `apis` leaves it out" if api.standard else f"Asked only where `apis` names it: `{name}`"
    public = " It is public: no credential is sent." if api.public else ""
    cached = format_duration(api.cache_ttl).replace(" ", "")
    yield f"`{method} {api.path}`. {asked}. `cache_ttl` {cached}.{public}\n"
    rows = [
        (f"[`{family.name}`](../metrics.md#{family.name})", place)
        for family in ACCOUNT_FAMILIES
        if (place := origin(api, family)) is not None
    ]
    yield table(("Metric", "From"), rows)
    if api.subscription is not None:
        words = [(f"`{theirs}`", f"`{ours}`") for theirs, ours in api.subscription.statuses.items()]
        yield "Words of the status, in any case; every other is `unknown`:\n"
        yield table(("Provider", "`status`"), words)


def _error_lines(provider: Definition) -> Iterator[str]:
    errors = provider.errors
    if errors.code is not None:
        unlisted = "it is a failure" if OK in errors.codes.values() else "the status decides"
        yield f"A code at `{errors.code.field_name}` of the body beats the HTTP status. With a code that isn't listed"
        yield f"{unlisted}; under 2xx it is {_meaning(Reason.INVALID_RESPONSE)}.\n"
        yield table(("Code", "`reason`"), [(f"`{code}`", _meaning(reason)) for code, reason in errors.codes.items()])
    if errors.bodies:
        yield "A body of one of these forms is an error under any HTTP status; the first that fits counts.\n"
        otherwise = f"by the HTTP status; under 2xx {_meaning(Reason.INVALID_RESPONSE)}"
        rows = [(describe(form), _meaning(form.reason) if form.reason else otherwise) for form in errors.bodies]
        yield table(("Body", "`reason`"), rows)
    if errors.statuses:
        yield "Without a code in the body these statuses mean something of their own.\n"
        yield table(("HTTP", "`reason`"), [(str(code), _meaning(reason)) for code, reason in errors.statuses.items()])
    if errors.retry_after is not None:
        place = f"`{errors.retry_after.header}`" if errors.retry_after.header else ""
        pointer = errors.retry_after.pointer
        said = f"The header {place}" if pointer is None else f"`{dotted(pointer)}` in the body"
        yield f"{said} says how long a rate limit lasts, where there is no header `Retry-After`.\n"
    yield "Everything else goes by the HTTP status: see [troubleshooting](../troubleshooting.md).\n"


def _meaning(reason: str) -> str:
    return "no failure" if reason == OK else f"[`{reason}`](../troubleshooting.md#{reason})"
