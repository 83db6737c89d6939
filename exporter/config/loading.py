"""Loads the configuration: settings with all defaults applied, or every fault at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import TypeVar

from exporter.config import models
from exporter.config.confidential import Secrets, path_without_document
from exporter.config.credentials import own_keys
from exporter.config.http import merge_http
from exporter.config.included import Missing, included
from exporter.config.labels import merge_labels
from exporter.config.merge import Scope, Source
from exporter.config.own_providers import Known, known_providers
from exporter.config.resolver import Resolver
from exporter.config.thresholds import merge_thresholds
from exporter.config.validation import Hints
from exporter.documents import reader
from exporter.documents.faults import ConfigError, Fault, closest, read_file
from exporter.documents.report import Report
from exporter.documents.validate import validate
from exporter.providers.catalogue import builtin
from exporter.providers.definition import Definition
from exporter.settings import AccountSettings, HttpSettings, Settings, Thresholds

__all__ = ["ConfigError", "Fault", "Loaded", "load", "load_text"]

_WITHOUT_A_FILE = (
    "name yours by --config.file (check-config takes it by itself), or try sms-exporter demo, which needs none"
)
_LARGEST_BYTES = 16 * 1024 * 1024
_MOST_KEPT = 24
"""Past so many different ones an account's own is kept: to look for an equal one takes longer the more there are."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that can be used, and what is unwise in it; `accounts` counts those that are written."""

    settings: Settings
    warnings: tuple[Fault, ...] = ()
    accounts: int = 0


@dataclass(frozen=True, slots=True)
class _Accounts:
    """The accounts of one file."""

    source: Source
    accounts: Sequence[models.Account]


def load(path: FilePath, providers: Mapping[str, Definition] | None = None, *, syntax_only: bool = False) -> Loaded:
    """Reads and checks a configuration file and those that it names; secrets are read too.

    With `syntax_only` no secret and no certificate is read, and accounts that need one are missing in the settings.

    Raises:
        ConfigError: anything is wrong; it has every fault.
    """
    content = read_file(path, _LARGEST_BYTES, if_missing=_WITHOUT_A_FILE)
    document = _document(str(path), content)
    return _loaded(str(path), document, path.parent, builtin() if providers is None else providers, not syntax_only)


def load_text(text: str, name: str) -> Loaded:
    """Checks a configuration that is no file; faults call it `name`.

    Raises:
        ConfigError: anything is wrong; it has every fault.
    """
    return _loaded(name, reader.read(text, gather=True), FilePath(), builtin(), reads=True)


def _loaded(
    name: str, document: reader.Document, folder: FilePath, built_in: Mapping[str, Definition], reads: bool
) -> Loaded:
    known = known_providers(document.value, folder, built_in)
    main = _source(name, document, folder, known, reads)
    report = main.report
    if not isinstance(document.value, dict):
        raise ConfigError(report.faults)
    for each in known.missing:
        each.tell(report)
    file = validate(models.File, report, Hints(known.definitions))
    defaults = Scope(file.defaults or models.Defaults(), ("defaults",), main)
    parts = [_Accounts(main, file.accounts or [])]
    unreadable: list[Fault] = []
    parts += _account_files(name, document.value, folder, known, main, unreadable)
    merge_labels([defaults])
    merge_thresholds([defaults])
    merge_http([defaults], complete=not any(part.accounts for part in parts))
    resolved = [*_resolved(parts, defaults, known)]
    _check_names(parts)
    count = sum(len(part.accounts) for part in parts)
    if not count and _has_no_accounts(document.value):
        report.warn(("accounts",), "there are no accounts", "the exporter serves its own metrics alone")
    reports = [part.source.report for part in parts]
    warnings = tuple(warning for each in reports for warning in each.warnings)
    faults = [*(fault for each in reports for fault in each.faults), *known.faults, *unreadable]
    if faults:
        raise ConfigError(faults, warnings)
    return Loaded(Settings(tuple(resolved)), warnings, count)


def _source(name: str, document: reader.Document, folder: FilePath, known: Known, reads: bool) -> Source:
    keys = {key for provider in known.named_in(document.value) for key in own_keys(provider)}
    report = Report(name, document, Secrets(document.value, keys).is_secret)
    if not isinstance(document.value, dict):
        # An empty file isn't an empty configuration: it may be one that is just being written.
        found = "empty" if document.value is None else reader.kind(document.value)
        is_accounts = isinstance(document.value, list) and any(isinstance(each, dict) for each in document.value)
        hint = "write accounts: above the list" if is_accounts else "without accounts write accounts: []"
        report.fault((), f"the file is {found}, not a mapping", hint)
    return Source(report, folder.absolute(), reads)


def _resolved(parts: Sequence[_Accounts], defaults: Scope, known: Known) -> Iterator[AccountSettings]:
    """The accounts' settings; of parts that thousands of them have alike each is kept once."""
    thresholds: list[Thresholds] = []
    http: list[HttpSettings] = []
    for part in parts:
        for index, account in enumerate(part.accounts):
            resolver = Resolver(account, ("accounts", index), defaults, known, part.source)
            settings = resolver.settings()
            if settings is not None:
                yield replace(
                    settings, thresholds=_first_of(thresholds, settings.thresholds), http=_first_of(http, settings.http)
                )


def _first_of(known: list[T], value: T) -> T:
    """The one among those known that is equal, else the value, which is then among them."""
    for each in known:
        if each == value:
            return each
    if len(known) < _MOST_KEPT:
        known.append(value)
    return value


def _account_files(
    name: str, document: reader.Value, folder: FilePath, known: Known, main: Source, unreadable: list[Fault]
) -> Iterator[_Accounts]:
    """The accounts of the files that `account_files` names; the faults of those that can't be read are added."""
    for each in included(document, "account_files", folder, FilePath(name)):
        if isinstance(each, Missing):
            each.tell(main.report)
            continue
        try:
            found = _document(str(each.file), each.content)
        except ConfigError as error:
            unreadable += error.faults
            continue
        source = _source(str(each.file), found, each.file.parent, known, main.reads)
        read = isinstance(found.value, dict)
        file = validate(models.AccountFile, source.report, Hints(known.definitions)) if read else None
        yield _Accounts(source, file.accounts or [] if file else [])


def _has_no_accounts(file: Mapping[str, reader.Value]) -> bool:
    """Whether the file has none, and nothing that was to hold them: that one has its own fault."""
    if "accounts" in file:
        return file["accounts"] is None or file["accounts"] == []
    return all(closest(key, ("accounts",)) is None or key == "account_files" for key in file)


def _document(name: str, content: bytes) -> reader.Document:
    try:
        return reader.read(content, gather=True)
    except reader.DocumentError as error:
        raise ConfigError(
            Fault(name, each.line, path_without_document(each.path), each.message, each.hint) for each in error.faults
        ) from None


def _check_names(parts: Sequence[_Accounts]) -> None:
    first: dict[str, tuple[Report, int]] = {}
    for part in parts:
        report = part.source.report
        for index, account in enumerate(part.accounts):
            if account.name is None:
                continue
            other, other_index = first.setdefault(account.name, (report, index))
            if (other, other_index) == (report, index):
                continue
            one, here = other.document.line(("accounts", other_index, "name")), ("accounts", index, "name")
            lines = [f"line {one}", f"line {report.document.line(here)}"]
            if other is not report:
                lines = [f"{lines[0]} of {other.file}", f"{lines[1]} of {report.file}"]
            message = f"{{word}} names two accounts, in {lines[0]} and in {lines[1]}"
            report.fault(here, message, "rename one", word=account.name)
