# ruff: noqa: INP001  # a script beside the pages, no package
"""Makes the pages that say what the code says: metrics and providers, in Markdown.

`tests/test_golden.py` holds the committed files to it; `make golden` writes them.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from docs.markdown import NOTICE, names, table
from docs.origins import apis, origin
from docs.provider_page import provider_page
from exporter.cli.providers import gives
from exporter.failure import Reason
from exporter.metrics.families import ACCOUNT_FAMILIES, EXPORTER_FAMILIES, Family
from exporter.providers.catalogue import builtin
from exporter.providers.kinds import API_NAMES
from exporter.readings import STATUSES, UNITS
from exporter.sign_in import FORMS

ROOT = Path(__file__).parent.parent

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
    return table(("Form", "`auth`", "Sent"), rows)


def alerts_table(rules: str) -> str:
    """Every alert of a rules file with its severity and how long it takes."""
    alerts = [rule for group in yaml.safe_load(rules)["groups"] for rule in group["rules"] if "alert" in rule]
    rows = [(f"[{alert['alert']}]({alert['alert']}.md)", alert["labels"]["severity"], alert["for"]) for alert in alerts]
    return table(("alert", "severity", "after"), rows)


def providers_in_short() -> str:
    """Every provider by what its account tells, with its other names: the README's table."""
    groups: dict[str, list[str]] = {}
    for provider in sorted(builtin().values(), key=lambda each: -len(each.apis)):
        told = ", ".join(name for name, _ in apis(provider))
        also = f" ({', '.join(provider.also)})" if provider.also else ""
        groups.setdefault(told, []).append(f"[{provider.name}](docs/providers/{provider.id}.md){also}")
    return table(("Tells", "Providers"), [(told, ", ".join(those)) for told, those in groups.items()])


def providers_page() -> str:
    """Every provider in one table: its names, what it gives, its forms of sign-in, and by what that is known."""
    rows = [
        (
            ", ".join([f"[{provider.name}]({provider.id}.md)", *provider.also]),
            f"`{provider.id}`",
            gives(provider),
            names(provider.sign_in),
            provider.evidence or "",
        )
        for provider in builtin().values()
    ]
    made = table(("Provider", "`provider`", "Gives", "Sign-in", "Evidence"), rows)
    return f"{NOTICE}\n# Providers\n\n{_PROVIDERS_INTRODUCTION}\n{made}"


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


def _families() -> tuple[Family, ...]:
    return (*ACCOUNT_FAMILIES, *EXPORTER_FAMILIES)


def _metrics_lines() -> Iterator[str]:
    yield f"{NOTICE}\n# Metrics\n"
    yield "Every account metric carries `provider`, `account` and the operator's own `labels`: the union over all"
    yield "accounts, empty where an account doesn't have one. A value that is not known is absent: never 0, -1 or NaN."
    yield "What comes from a provider may come from the cache;"
    yield "`sms_api_last_success_timestamp_seconds` tells the age of the data."
    yield "\n## Labels\n"
    used = dict.fromkeys(["provider", "account", *(label for family in _families() for label in family.labels)])
    yield table(("Label", "Value"), [(f"`{label}`", _LABELS[label]) for label in used])
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
            yield table(("Provider", "Api", "From"), rows)


def _families_table(families: Iterable[Family]) -> str:
    rows = [
        (
            f"[`{family.name}`](#{family.name})" if _origins(family) else f"`{family.name}`",
            family.kind,
            names(family.labels),
            f"{family.help}.",
        )
        for family in families
    ]
    return table(("Metric", "Type", "Further labels", "Meaning"), rows)


def _origins(family: Family) -> list[tuple[str, str, str]]:
    """Every provider that tells a family's value, with the api and the place in its answer."""
    return [
        (f"[{provider.name}](providers/{provider.id}.md)", f"`{name}`", place)
        for provider in builtin().values()
        for name, api in apis(provider)
        if (place := origin(api, family)) is not None
    ]
