# ruff: noqa: INP001  # a script beside the pages, no package
"""Makes the pages that say what the code says: metrics and providers, in Markdown.

`tests/test_golden.py` holds the committed files to it; `make golden` writes them.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from exporter.cli.providers import gives
from exporter.durations import format_duration
from exporter.failure import Reason
from exporter.metrics.families import ACCOUNT_FAMILIES, EXPORTER_FAMILIES, POSTPAID, Family
from exporter.providers.blocks import ContactsBlock, Features, Predicate, PricesBlock, Value, dotted
from exporter.providers.catalogue import builtin
from exporter.providers.definition import Api, Definition, Setting, SignIn
from exporter.providers.forms import form_of
from exporter.providers.kinds import API_NAMES, OK
from exporter.readings import STATUSES, UNITS
from exporter.sign_in import FORMS
from exporter.simulator import made

ROOT = Path(__file__).parent.parent

_NOTICE = "<!-- Made by docs/generate.py: edit the code or the definition, then run make golden. -->\n"

_LABELS = {
    "provider": "the provider's id, as in the configuration",
    "account": "the account's name, as in the configuration",
    "currency": (
        f"ISO 4217 in capitals, or one of {', '.join(f'`{unit}`' for unit in UNITS)}"
        " where units are sold instead of money"
    ),
    "wallet": "which pot of credit, by the provider's own word; not there where the provider names none",
    "channel": "the provider's own word for a channel, such as `sms`",
    "subscription_id": "the provider's own id of the plan",
    "plan": "the plan's name",
    "status": f"one of {', '.join(f'`{status}`' for status in STATUSES)}; a word that nobody has seen is `unknown`",
    "feature": "the provider's own word for a feature, such as `rcs`",
    "country": "the country, as the provider writes it, such as `DK`",
    "prefix": "the country's calling code, as the provider writes it, such as `45`",
    "tier": "the provider's own word for a class of route",
    "account_id": "the provider's own id of the account",
    "severity": "`warning` or `critical`",
    "api": f"one of {', '.join(f'`{name}`' for name in API_NAMES)}",
    "reason": f"one of {', '.join(f'`{reason}`' for reason in Reason)}: see [troubleshooting](troubleshooting.md)",
    "version": "the exporter's version",
    "pythonversion": "the version of the Python that runs it",
}


def pages() -> dict[str, str]:
    """Every page that is made whole, by its path from the root."""
    made = {f"docs/providers/{provider.id}.md": provider_page(provider) for provider in builtin().values()}
    return {"docs/metrics.md": metrics_page(), "docs/providers/README.md": providers_page(), **made}


def filled(text: str, name: str, content: str) -> str:
    """A page with new content between the markers `<!-- name -->` and `<!-- /name -->`."""
    head, begin, rest = text.partition(f"<!-- {name} -->\n")
    _, end, tail = rest.partition(f"<!-- /{name} -->")
    if not begin or not end:
        raise ValueError(f"there are no markers for {name}")
    return f"{head}{begin}{content}{end}{tail}"


def sign_in_table() -> str:
    """Every form of sign-in with its keys and where it is sent."""
    rows = [
        (
            f"`{form.name}`",
            f"`{form.outline}`",
            form.sent or "where the provider takes it: a header, the query, a form, the path",
        )
        for form in FORMS.values()
    ]
    return _table(("Form", "`auth`", "Sent"), rows)


def alerts_table(rules: str) -> str:
    """Every alert of a rules file with its severity and how long it takes."""
    alerts = [rule for group in yaml.safe_load(rules)["groups"] for rule in group["rules"] if "alert" in rule]
    rows = [(f"[{alert['alert']}]({alert['alert']}.md)", alert["labels"]["severity"], alert["for"]) for alert in alerts]
    return _table(("alert", "severity", "after"), rows)


def providers_in_short() -> str:
    """Every provider by what its account tells, with its other names: the README's table."""
    groups: dict[str, list[str]] = {}
    for provider in sorted(builtin().values(), key=lambda each: -len(each.apis)):
        told = ", ".join(name for name, _ in _apis(provider))
        also = f" ({', '.join(provider.also)})" if provider.also else ""
        groups.setdefault(told, []).append(f"[{provider.name}](docs/providers/{provider.id}.md){also}")
    return _table(("Tells", "Providers"), [(told, ", ".join(names)) for told, names in groups.items()])


def providers_page() -> str:
    """Every provider in one table: its names, what it gives, its forms of sign-in, and by what that is known."""
    rows = [
        (
            ", ".join([f"[{provider.name}]({provider.id}.md)", *provider.also]),
            f"`{provider.id}`",
            gives(provider),
            _names(provider.sign_in),
            provider.evidence or "",
        )
        for provider in builtin().values()
    ]
    table = _table(("Provider", "`provider`", "Gives", "Sign-in", "Evidence"), rows)
    return f"{_NOTICE}\n# Providers\n\n{_PROVIDERS_INTRODUCTION}\n{table}"


_PROVIDERS_INTRODUCTION = """\
`sms-exporter providers` prints this table, `sms-exporter providers ID` what one takes and tells. `contacts` is the
contact quota, `prices` a public price list. Evidence says what a definition rests on: `official` documentation, the
provider's own `sdk`, others (`third-party`), or `partly` the first. None was tested against a provider's live API.

How each form of sign-in is written is in [configuration](../configuration.md#sign-in). Yours isn't there?
[Write its definition](../own-provider.md): from a curl command and its answer to a metric and an alert in ten minutes,
tried without a network.
"""


def metrics_page() -> str:
    """Every family with its type, its labels, and where each provider tells its value."""
    return "\n".join(_metrics_lines()) + "\n"


_EVIDENCE = {
    "official": "By the provider's own documentation or specification.",
    "sdk": "By the provider's own SDK.",
    "partly": "In part by the provider's own documentation, in part by others.",
    "third-party": "By what others say.",
}


def provider_page(provider: Definition) -> str:
    """What an operator needs to know of one provider."""
    return "\n".join(_provider_lines(provider)) + "\n"


def _families() -> tuple[Family, ...]:
    return (*ACCOUNT_FAMILIES, *EXPORTER_FAMILIES)


def _metrics_lines() -> Iterator[str]:
    yield f"{_NOTICE}\n# Metrics\n"
    yield "Every account metric carries `provider`, `account` and the operator's own `labels`: the union over all"
    yield "accounts, empty where an account doesn't have one. A value that is not known is absent: never 0, -1 or NaN."
    yield "What comes from a provider may come from the cache;"
    yield "`sms_api_last_success_timestamp_seconds` tells the age of the data."
    yield "\n## Labels\n"
    used = dict.fromkeys(["provider", "account", *(label for family in _families() for label in family.labels)])
    yield _table(("Label", "Value"), [(f"`{label}`", _LABELS[label]) for label in used])
    yield "## Metrics of an account\n"
    yield "Those that come from a provider lead to where each provider tells them. `contacts_used` and its kin have no"
    yield "`sms_` before them because the customer fixed these names, and a name that is in use stays.\n"
    yield _families_table(ACCOUNT_FAMILIES)
    yield "## Metrics of the exporter\n"
    yield "They have no account labels and are on `/metrics` alone. `process_*` and `python_info` of the Python client"
    yield "library stand beside them.\n"
    yield _families_table(EXPORTER_FAMILIES)
    yield "## Where each provider tells them\n"
    for family in ACCOUNT_FAMILIES:
        if rows := _origins(family):
            yield f"### {family.name}\n"
            yield _table(("Provider", "Api", "From"), rows)


def _families_table(families: Iterable[Family]) -> str:
    rows = [
        (
            f"[`{family.name}`](#{family.name})" if _origins(family) else f"`{family.name}`",
            family.kind,
            _names(family.labels),
            f"{family.help}.",
        )
        for family in families
    ]
    return _table(("Metric", "Type", "Further labels", "Meaning"), rows)


def _origins(family: Family) -> list[tuple[str, str, str]]:
    """Every provider that tells a family's value, with the api and the place in its answer."""
    return [
        (f"[{provider.name}](providers/{provider.id}.md)", f"`{name}`", origin)
        for provider in builtin().values()
        for name, api in _apis(provider)
        if (origin := _origin(api, family)) is not None
    ]


def _provider_lines(provider: Definition) -> Iterator[str]:
    yield f"{_NOTICE}\n# {provider.name}\n"
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
        yield _table(("Setting", "What", "Value"), rows)
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
    for name, api in _apis(provider):
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
        (f"[`{family.name}`](../metrics.md#{family.name})", origin)
        for family in ACCOUNT_FAMILIES
        if (origin := _origin(api, family)) is not None
    ]
    yield _table(("Metric", "From"), rows)
    if api.subscription is not None:
        words = [(f"`{theirs}`", f"`{ours}`") for theirs, ours in api.subscription.statuses.items()]
        yield "Words of the status, in any case; every other is `unknown`:\n"
        yield _table(("Provider", "`status`"), words)


def _error_lines(provider: Definition) -> Iterator[str]:
    errors = provider.errors
    if errors.code is not None:
        unlisted = "it is a failure" if OK in errors.codes.values() else "the status decides"
        yield f"A code at `{errors.code.field_name}` of the body beats the HTTP status. With a code that isn't listed"
        yield f"{unlisted}; under 2xx it is {_meaning(Reason.INVALID_RESPONSE)}.\n"
        yield _table(("Code", "`reason`"), [(f"`{code}`", _meaning(reason)) for code, reason in errors.codes.items()])
    if errors.bodies:
        yield "A body of one of these forms is an error under any HTTP status; the first that fits counts.\n"
        otherwise = f"by the HTTP status; under 2xx {_meaning(Reason.INVALID_RESPONSE)}"
        rows = [(_form(form), _meaning(form.reason) if form.reason else otherwise) for form in errors.bodies]
        yield _table(("Body", "`reason`"), rows)
    if errors.statuses:
        yield "Without a code in the body these statuses mean something of their own.\n"
        yield _table(("HTTP", "`reason`"), [(str(code), _meaning(reason)) for code, reason in errors.statuses.items()])
    if errors.retry_after is not None:
        place = f"`{errors.retry_after.header}`" if errors.retry_after.header else ""
        pointer = errors.retry_after.pointer
        said = f"The header {place}" if pointer is None else f"`{dotted(pointer)}` in the body"
        yield f"{said} says how long a rate limit lasts, where there is no header `Retry-After`.\n"
    yield "Everything else goes by the HTTP status: see [troubleshooting](../troubleshooting.md).\n"


def _form(form: Predicate) -> str:
    parts = [f"`{dotted(pointer)}` is `{text}`" for pointer, text in form.where.items()]
    parts += [f"has `{dotted(pointer)}`" for pointer in form.has]
    return ", ".join([*parts, *(f"lacks `{dotted(pointer)}`" for pointer in form.lacks)])


def _meaning(reason: str) -> str:
    return "no failure" if reason == OK else f"[`{reason}`](../troubleshooting.md#{reason})"


def _apis(provider: Definition) -> list[tuple[str, Api]]:
    return [(name, provider.apis[name]) for name in API_NAMES if name in provider.apis]


def _origin(api: Api, family: Family) -> str | None:
    """Where an api's answer holds a family's value and labels, of each block; None where it doesn't."""
    if family.field is None:
        return None
    if family.field == POSTPAID:
        return f"1 where {' or '.join(map(_form, api.postpaid))}" if api.postpaid else None
    block_name, value_name = family.field
    blocks = getattr(api, block_name) if block_name else api
    origins = [_origin_in(block, value_name, family) for block in (blocks if isinstance(blocks, tuple) else (blocks,))]
    return "<br>".join(dict.fromkeys(filter(None, origins))) or None


def _origin_in(block: object, value_name: str, family: Family) -> str | None:
    value = getattr(block, value_name, None)
    if isinstance(block, PricesBlock) and value is None:
        said = f"the members named like a currency in each `{block.each}`; `currency` is their name in capitals"
    elif isinstance(block, ContactsBlock) and family.name == "contacts_used_ratio":
        if block.limit is None:
            return None
        said = f"`{block.used.field_name}` ÷ `{block.limit.field_name}`"
    elif isinstance(value, Features):
        said = f"every boolean in `{dotted(value.pointer)}`; `feature` is its name"
    elif isinstance(value, Value):
        if value.field_name is None:
            return None
        said = f"`{value.field_name}`" if value.field_name else "the body"
    elif isinstance(value, str):
        said = f"every number in `{dotted(value)}`; `channel` is its name"
    else:
        return None
    labels = [_label_origin(label, getattr(block, label, None)) for label in family.labels if label != value_name]
    return "; ".join([said, *filter(None, labels)])


def _label_origin(label: str, value: object) -> str | None:
    if not isinstance(value, Value):
        return None
    if value.constant is not None:
        return f"`{label}` is always `{value.constant}`"
    return f"`{label}` is the name in its place" if value.key is not None else f"`{label}` from `{value.field_name}`"


def _names(labels: Iterable[str]) -> str:
    return ", ".join(f"`{label}`" for label in labels)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines) + "\n"
