"""`sms-exporter providers`: the providers as a person reads them."""

import argparse
import sys
from collections.abc import Iterator, Mapping

from exporter.documents.faults import nearest
from exporter.durations import format_duration
from exporter.metrics.families import ACCOUNT_FAMILIES, AccountFamily, ReadingFamily
from exporter.providers.catalogue import builtin
from exporter.providers.definition import Definition
from exporter.providers.forms import form_of
from exporter.providers.kinds import API_NAMES


def run(options: argparse.Namespace) -> int:
    """Print all providers, or one; returns 1 where there is no such provider."""
    catalogue = builtin()
    if options.id is None:
        print(overview(catalogue))
        return 0
    if options.id not in catalogue:
        print(f"no provider {options.id!r}; {nearest(options.id, catalogue)}", file=sys.stderr)
        return 1
    print(describe(catalogue[options.id]))
    return 0


def overview(catalogue: Mapping[str, Definition]) -> str:
    """One line a provider: id, name, apis, sign-in forms."""
    rows = [("ID", "NAME", "APIS", "SIGN-IN")]
    rows += [
        (provider.id, provider.name, ", ".join(_apis(provider)), ", ".join(provider.sign_in))
        for provider in catalogue.values()
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]) for row in rows
    )


def describe(provider: Definition) -> str:
    """All that an operator needs to know of one provider."""
    return "\n".join(_lines(provider))


def _apis(provider: Definition) -> list[str]:
    return [name for name in API_NAMES if name in provider.apis]


def _lines(provider: Definition) -> Iterator[str]:
    yield f"{provider.name} ({provider.id})"
    yield f"base_url: {provider.base_url}"
    yield f"checked against its documentation: {provider.checked}"
    yield from (f"  {url}" for url in provider.documentation)
    yield ""
    yield "sign-in, one of (each secret X as X, X_file or X_env):"
    for name, sign_in in provider.sign_in.items():
        sent = f" (header {sign_in.header}: {sign_in.prefix}…)" if sign_in.header else ""
        yield f"  {form_of(provider, name).written}{sent}{'; ' + sign_in.note if sign_in.note else ''}"
    for name in _apis(provider):
        api = provider.apis[name]
        yield ""
        traits = ["asked by default" if api.standard else "asked where apis names it"]
        traits += ["public: no credential is sent"] if api.public else []
        yield f"api {name}: {api.method} {api.path} ({'; '.join(traits)}; cache_ttl {format_duration(api.cache_ttl)})"
        for family in ACCOUNT_FAMILIES:
            if isinstance(family, ReadingFamily | AccountFamily) and (sources := family.sources(api)) is not None:
                yield f"  {family.name} from {sources}"
    if provider.notes:
        yield ""
        yield "notes:"
        yield from (f"  {note}" for note in provider.notes)
