"""`sms-exporter providers`: the providers as a person reads them."""

import argparse
import asyncio
import sys
from collections.abc import Iterator, Mapping

from exporter import files
from exporter.cli import rehearsal
from exporter.documents.faults import ConfigError, nearest
from exporter.durations import format_duration
from exporter.metrics.families import ACCOUNT_FAMILIES, AccountFamily, ReadingFamily
from exporter.providers import catalogue
from exporter.providers.catalogue import builtin, meant
from exporter.providers.definition import Api, Definition
from exporter.providers.forms import form_of
from exporter.providers.kinds import API_NAMES


def run(options: argparse.Namespace) -> int:
    """Print all providers, one, what it reads from an answer, or its requests; returns 1 where that can't be."""
    wrong = _wrong_flags(options)
    if wrong is not None:
        print(f"sms-exporter providers: {wrong}", file=sys.stderr)
        return 2
    if options.id is None and options.file is None:
        print(overview(builtin()))
        return 0
    try:
        provider = _provider(options)
        if not (options.tries or options.request):
            print(describe(provider))
            return 0
        api = _api(provider, options.api)
        if options.request:
            print(rehearsal.requests(provider, api))
            return 0
        text, is_read = asyncio.run(
            rehearsal.tried(provider, api, options.status, _answer(options.answer, provider, api))
        )
    except ConfigError as error:
        for fault in error.faults:
            print(fault, file=sys.stderr)
        return 1
    except _UnusableError as error:
        print(error, file=sys.stderr)
        return 1
    print(text)
    return 0 if is_read else 1


class _UnusableError(Exception):
    """What was asked for isn't there; the text says so."""


def _wrong_flags(options: argparse.Namespace) -> str | None:
    if options.id is not None and options.file is not None:
        return "an ID or --file, not both"
    if options.tries and options.request:
        return "--try or --request, not both"
    if options.tries != (options.answer is not None):
        return "--try needs --answer FILE, and --answer belongs to --try"
    if (options.tries or options.request) and options.id is None and options.file is None:
        return "--try and --request need an ID, or --file FILE"
    if options.api is not None and not (options.tries or options.request):
        return "--api belongs to --try or --request"
    return None if 100 <= options.status <= 599 else "--status is a number from 100 to 599"


def _provider(options: argparse.Namespace) -> Definition:
    if options.file is not None:
        return catalogue.read(options.file, _read(options.file, catalogue.LARGEST_BYTES))
    known = builtin()
    if options.id not in known:
        raise _UnusableError(f"no provider {options.id!r}; {meant(options.id, known)}")
    return known[options.id]


def _api(provider: Definition, name: str | None) -> str:
    if name is None and len(provider.apis) == 1:
        return next(iter(provider.apis))
    if name is None:
        raise _UnusableError(f"{provider.id} has several apis; add --api {' or '.join(_apis(provider))}")
    if name not in provider.apis:
        raise _UnusableError(f"{provider.id} has no api {name!r}; {nearest(name, _apis(provider))}")
    return name


def _answer(file: str, provider: Definition, api: str) -> bytes:
    most = provider.apis[api].max_bytes
    return sys.stdin.buffer.read(most + 1) if file == "-" else _read(file, most)


def _read(file: str, most_bytes: int) -> bytes:
    try:
        return files.read_or_pipe(file, most_bytes)
    except files.FileError as error:
        raise _UnusableError(f"{file}: {error}") from None


_TRAITS = {
    "wallets": "wallet",
    "overdraft": "overdraft",
    "expiry": "expires",
    "top-ups": "last_recharge",
    "auto-recharge": "auto_recharge",
}
"""What a provider may tell of credit beside the balance, and the definition's key for it."""


def overview(providers: Mapping[str, Definition]) -> str:
    """One line a provider: id, name, what it gives, sign-in forms, evidence, other names."""
    rows = [("ID", "NAME", "GIVES", "SIGN-IN", "EVIDENCE", "ALSO")]
    rows += [
        (each.id, each.name, gives(each), ", ".join(each.sign_in), each.evidence or "", ", ".join(each.also))
        for each in providers.values()
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def gives(provider: Definition) -> str:
    """What a provider tells, in a few words: `credit in messages (wallets, expiry), contacts`."""
    return ", ".join(_given(name, provider.apis[name]) for name in _apis(provider))


def _given(name: str, api: Api) -> str:
    if not api.credit:
        return name
    units = [block.currency.constant for block in api.credit]
    known = "" if None in units else f" in {' and '.join(dict.fromkeys(map(str, units)))}"
    traits = [word for word, key in _TRAITS.items() if any(getattr(block, key) is not None for block in api.credit)]
    traits += ["postpaid"] if api.postpaid else []
    return f"{name}{known}" + (f" ({', '.join(traits)})" if traits else "")


def describe(provider: Definition) -> str:
    """All that an operator needs to know of one provider."""
    return "\n".join(_lines(provider))


def _apis(provider: Definition) -> list[str]:
    return [name for name in API_NAMES if name in provider.apis]


def _lines(provider: Definition) -> Iterator[str]:
    yield f"{provider.name} ({provider.id})"
    yield f"base_url: {provider.base_url}"
    if provider.also:
        yield f"also called: {', '.join(provider.also)}"
    yield f"checked against its documentation: {provider.checked or 'no'}; evidence: {provider.evidence or 'none told'}"
    yield from (f"  {url}" for url in provider.documentation)
    if provider.settings:
        yield ""
        yield "settings:"
    for name, setting in provider.settings.items():
        may_be = f"; one of {', '.join(setting.choices)}" if setting.choices else ""
        unsaid = "required" if setting.default is None else f"{setting.default} where nothing is said"
        yield f"  {name}: {setting.about}{may_be}; {unsaid}"
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
        method = " or ".join(provider.methods(api))
        yield f"api {name}: {method} {api.path} ({'; '.join(traits)}; cache_ttl {format_duration(api.cache_ttl)})"
        for family in ACCOUNT_FAMILIES:
            if isinstance(family, ReadingFamily | AccountFamily) and (sources := family.sources(api)) is not None:
                yield f"  {family.name} from {sources}"
    if provider.notes:
        yield ""
        yield "notes:"
        yield from (f"  {note}" for note in provider.notes)
