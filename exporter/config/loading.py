"""Loads the configuration file: settings with all defaults applied, or every fault at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath

from exporter.config import models
from exporter.config.confidential import Secrets, path_without_document
from exporter.config.credentials import own_keys
from exporter.config.http import merge_http
from exporter.config.labels import merge_labels
from exporter.config.merge import Scope
from exporter.config.resolver import Resolver
from exporter.config.thresholds import merge_thresholds
from exporter.config.validation import Hints
from exporter.documents import reader
from exporter.documents.faults import ConfigError, Fault, closest, read_file
from exporter.documents.report import Report
from exporter.documents.validate import validate
from exporter.providers.catalogue import builtin
from exporter.providers.definition import Definition
from exporter.settings import Settings

__all__ = ["ConfigError", "Fault", "Loaded", "load", "load_text"]

_WITHOUT_A_FILE = (
    "name yours by --config.file (check-config takes it by itself), or try sms-exporter demo, which needs none"
)
_LARGEST_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that can be used, and what is unwise in it."""

    settings: Settings
    warnings: tuple[Fault, ...] = ()


def load(path: FilePath, providers: Mapping[str, Definition] | None = None) -> Loaded:
    """Reads and checks a configuration file; secrets are read too.

    Raises:
        ConfigError: anything is wrong; it has every fault.
    """
    known = builtin() if providers is None else providers
    return _loaded(_report(str(path), _read(path), known), path.absolute().parent, known)


def load_text(text: str, name: str) -> Loaded:
    """Checks a configuration that is no file; faults call it `name`.

    Raises:
        ConfigError: anything is wrong; it has every fault.
    """
    return _loaded(_report(name, reader.read(text, gather=True), builtin()), FilePath.cwd(), builtin())


def _report(name: str, document: reader.Document, known: Mapping[str, Definition]) -> Report:
    keys = {key for provider in known.values() for key in own_keys(provider)}
    return Report(name, document, Secrets(document.value, keys).is_secret)


def _loaded(report: Report, folder: FilePath, known: Mapping[str, Definition]) -> Loaded:
    if not isinstance(report.document.value, dict):
        # An empty file isn't an empty configuration: it may be one that is just being written.
        found = "empty" if report.document.value is None else reader.kind(report.document.value)
        report.fault((), f"the file is {found}, not a mapping", "without accounts write accounts: []")
        raise ConfigError(report.faults)
    file = validate(models.File, report, Hints(known))
    defaults = Scope(file.defaults or models.Defaults(), ("defaults",))
    accounts = file.accounts or []
    merge_labels([defaults], report)
    merge_thresholds([defaults], report)
    merge_http([defaults], folder, report, complete=not accounts)
    resolved = [
        Resolver(account, ("accounts", index), defaults, known, folder, report).settings()
        for index, account in enumerate(accounts)
    ]
    _check_names(accounts, report)
    if _has_no_accounts(report.document.value):
        report.warn(("accounts",), "there are no accounts", "the exporter serves its own metrics alone")
    report.raise_faults()
    return Loaded(Settings(tuple(account for account in resolved if account is not None)), report.warnings)


def _has_no_accounts(file: Mapping[str, reader.Value]) -> bool:
    """Whether the file has none, and nothing that was to hold them: that one has its own fault."""
    if "accounts" in file:
        return file["accounts"] is None or file["accounts"] == []
    return all(closest(key, models.File.model_fields) != "accounts" for key in file)


def _read(path: FilePath) -> reader.Document:
    content = read_file(path, _LARGEST_BYTES, if_missing=_WITHOUT_A_FILE)
    try:
        return reader.read(content, gather=True)
    except reader.DocumentError as error:
        raise ConfigError(
            Fault(str(path), each.line, path_without_document(each.path), each.message, each.hint)
            for each in error.faults
        ) from None


def _check_names(accounts: list[models.Account], report: Report) -> None:
    first: dict[str, int] = {}
    for index, account in enumerate(accounts):
        if account.name is not None and first.setdefault(account.name, index) != index:
            line = report.document.line(("accounts", first[account.name], "name"))
            here = report.document.line(("accounts", index, "name"))
            message = f"{{word}} names two accounts, in line {line} and in line {here}"
            report.fault(("accounts", index, "name"), message, "rename one", word=account.name)
