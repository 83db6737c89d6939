"""Where an account's calls go: its own base URL, or the provider's with the account's settings in it."""

import itertools
from collections.abc import Iterator, Mapping
from urllib.parse import quote, urlsplit

from exporter.client.addresses import AddressError, is_plaintext, may_be_in_host, parse_base_url
from exporter.config import models
from exporter.config.own_providers import Known
from exporter.documents.faults import Path
from exporter.documents.report import Report
from exporter.providers.definition import Definition
from exporter.providers.template import Template


def resolve_base_url(
    account: models.Account,
    path: Path,
    provider: Definition | None,
    settings: Mapping[str, str],
    known: Known,
    report: Report,
) -> str | None:
    """The base URL, or None if there is none that can be used; `path` is the account's."""
    at = (*path, "base_url")
    url = account.base_url
    if url is None and provider is not None and settings.keys() >= set(provider.base_url.names):
        url = _filled(provider, settings, path, report)
    if url is not None and is_plaintext(url) and not account.allow_plaintext:
        report.fault(at, "the credential would travel unencrypted", "write https://, or allow_plaintext: true")
    if account.base_url is not None and provider is not None:
        _warn_of_path(account.base_url, at, provider, report)
        _warn_of_host(account.base_url, at, provider, known, report)
    return url


def _filled(provider: Definition, settings: Mapping[str, str], path: Path, report: Report) -> str | None:
    in_host = _names_in_host(provider.base_url)
    wrong = [name for name in in_host if not may_be_in_host(settings[name])]
    for name in wrong:
        message, hint = "{word} is no host, nor a part of one", provider.settings[name].about
        report.fault((*path, "settings", name), message, hint, word=settings[name])
    if wrong:
        return None
    encoded = {name: value if name in in_host else quote(value, safe="") for name, value in settings.items()}
    try:
        return parse_base_url(provider.base_url.fill(encoded))
    except AddressError as error:
        at = ("settings", in_host[0]) if in_host else ("provider",)
        report.fault((*path, *at), f"the base URL of {provider.id} can't be used: {error.message}", error.hint)
        return None


def _names_in_host(base_url: Template) -> list[str]:
    """The names that stand before the path."""
    found, before = [], ""
    for literal, name in base_url.pieces:
        before += literal
        if before.count("/") > 2:  # those of https:// are two
            break
        if name is not None:
            found.append(name)
    return found


def _warn_of_path(base_url: str, at: Path, provider: Definition, report: Report) -> None:
    """A base URL that ends with what the documented path begins with, which then stands there twice."""
    ours = _segments(urlsplit(base_url).path)
    for api in provider.apis.values():
        documented = _segments(api.path)
        shorter = min(len(ours), len(documented))
        if any(_alike(ours[-length:], documented[:length]) for length in range(1, shorter + 1)):
            message = f"this repeats the documented path {api.path}, which is added to it"
            report.warn(at, message, "end it before that path")
            return


def _alike(ours: list[str], documented: list[str]) -> bool:
    """Whether steps of a path are the same; any will do for one with a name in braces."""
    return all("{" in theirs or own == theirs for own, theirs in zip(ours, documented, strict=True))


def _segments(path: str) -> list[str]:
    return [each for each in path.split("/") if each]


def _warn_of_host(base_url: str, at: Path, provider: Definition, known: Known, report: Report) -> None:
    host = urlsplit(base_url).hostname or ""
    if host in _hosts(provider):
        return
    domain = ".".join(host.split(".")[-2:])  # what stands before it may be a setting
    for other in known.mentioning(domain):
        if host in _hosts(other):
            report.warn(at, f"this is the address of {other.id}, not of {provider.id}", "look which one is meant")
            return


def _hosts(provider: Definition) -> Iterator[str]:
    """The hosts that a provider's definition names."""
    choices = {name: each.choices or (each.default,) for name, each in provider.settings.items()}
    names = _names_in_host(provider.base_url)
    for chosen in itertools.product(*(choices[name] for name in names)):
        if None not in chosen:
            values = dict.fromkeys(provider.base_url.names, "x") | dict(zip(names, map(str, chosen), strict=True))
            yield urlsplit(provider.base_url.fill(values)).hostname or ""
