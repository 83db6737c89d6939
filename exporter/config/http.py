"""Lays `http` blocks over one another and checks them by Prometheus' rules."""

import contextlib
import functools
import os
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any
from urllib.parse import unquote

from exporter import files
from exporter.client import tls
from exporter.client.addresses import user_part
from exporter.config import models
from exporter.config.confidential import warn_if_short
from exporter.config.merge import Scope, Source
from exporter.documents.faults import Path
from exporter.documents.model import Model
from exporter.documents.reader import Place
from exporter.documents.report import PATHS_ARE_RELATIVE
from exporter.secrets import redaction
from exporter.secrets.secret import Secret
from exporter.settings import HttpSettings, TlsSettings

_FILES = ("ca_file", "cert_file", "key_file")


def merge_http(scopes: Sequence[Scope], *, complete: bool = True) -> HttpSettings:
    """The settings in force; what is wrong is in the reports.

    Without `complete` a stronger scope may still add what is missing. Files are relative to the one that names them.
    """
    merged = _Merge()
    for index, scope in enumerate(scopes):
        merged.add(scope, index)
    merged.check_conflicts()
    if complete:
        merged.check_completeness()
    files = {key: merged.file(key) for key in _FILES}
    merged.check_material(files)
    merged.check_proxy_user()
    proxy_url = merged.value("proxy_url")
    return HttpSettings(
        tls=TlsSettings(
            **files,
            server_name=merged.value("server_name"),
            insecure_skip_verify=bool(merged.value("insecure_skip_verify")),
            min_version=merged.value("min_version"),
            max_version=merged.value("max_version"),
        ),
        proxy_url=None if proxy_url is None else _secret_url(proxy_url),
        no_proxy=merged.value("no_proxy") or "",
        proxy_from_environment=bool(merged.value("proxy_from_environment")),
        environment=_environment() if merged.value("proxy_from_environment") else (),
        follow_redirects=bool(merged.value("follow_redirects")),
    )


@dataclass(frozen=True, slots=True)
class _Value:
    """A value and where it is written: in which file, in which of the scopes."""

    value: Any
    path: Path
    source: Source
    index: int

    @property
    def order(self) -> tuple[int, Place]:
        """Greater for what is written later."""
        return self.index, self.source.report.document.place(self.path)

    def fault(self, message: str, hint: str = "") -> None:
        """Notes a fault at it."""
        self.source.report.fault(self.path, message, hint)


class _Merge:
    """Every single value with the place where it is written last."""

    def __init__(self) -> None:
        self._values: dict[str, _Value] = {}
        self._unread: set[str] = set()

    def add(self, scope: Scope, index: int) -> None:
        http = scope.settings.http
        if http is None:
            if "http" in scope.settings.given:
                self._values.clear()
            return
        path = (*scope.path, "http")
        self._add_block(http, path, scope.source, index)
        if http.tls_config is not None:
            self._add_block(http.tls_config, (*path, "tls_config"), scope.source, index)
        elif "tls_config" in http.given:
            for key in models.Tls.fields:
                self._values.pop(key, None)

    def _add_block(self, block: Model, path: Path, source: Source, index: int) -> None:
        for key in block.given - {"tls_config"}:
            value = getattr(block, key)
            if value is None:
                self._values.pop(key, None)
            else:
                self._values[key] = _Value(value, (*path, key), source, index)

    def value(self, key: str) -> Any:
        return self._values[key].value if key in self._values else None

    def file(self, key: str) -> str | None:
        written = self._values.get(key)
        if written is None:
            return None
        absolute = written.source.folder / written.value
        if not written.source.reads:
            self._unread.add(key)
        elif wrong := _unreadable(absolute):
            written.fault(f"the file can't be read: {wrong}", PATHS_ARE_RELATIVE if wrong.is_missing else "")
            self._unread.add(key)
        return str(absolute)

    def check_material(self, files: Mapping[str, str | None]) -> None:
        """Whether certificates and keys are some, as far as their files can be read."""
        ca, cert, key = (None if name in self._unread else files[name] for name in _FILES)
        with contextlib.suppress(OSError):  # one that has gone meanwhile: the next load tells
            self._check_material(ca, cert, key)

    def _check_material(self, ca: str | None, cert: str | None, key: str | None) -> None:
        if ca is not None and not _is_authority(ca, files.stamp(ca)):
            self._values["ca_file"].fault("the file holds no certificate", "it must be in PEM")
        if cert is not None and key is not None and not _is_pair(cert, key, files.stamp(cert), files.stamp(key)):
            message = "cert_file and key_file are no certificate and its key"
            last = self._written_last("cert_file", "key_file")
            last.fault(message, "both must be in PEM, the key without a password")

    def check_conflicts(self) -> None:
        for other in ("proxy_url", "no_proxy"):
            if self.value("proxy_from_environment") and other in self._values:
                message = f"{other} and proxy_from_environment exclude one another"
                last = self._written_last("proxy_from_environment", other)
                last.fault(message, "remove one of them; null removes what defaults says")
        least, most = self.value("min_version"), self.value("max_version")
        if least and most and most < least:
            last = self._written_last("min_version", "max_version")
            last.fault("max_version is below min_version", f"{least} or later is a max_version that fits")

    def check_proxy_user(self) -> None:
        """Whether the password of a proxy, or the token that stands for both, can be kept out of texts."""
        name, colon, password = user_part(self.value("proxy_url") or "").partition(":")
        secret = unquote(password if colon else name)
        if secret:
            written = self._values["proxy_url"]
            warn_if_short(secret, written.path, written.source.report)

    def check_completeness(self) -> None:
        self._check_needs("cert_file", "key_file", "tls_config.")
        self._check_needs("key_file", "cert_file", "tls_config.")
        if not self.value("proxy_from_environment"):
            self._check_needs("no_proxy", "proxy_url", "")

    def _check_needs(self, key: str, needed: str, block: str) -> None:
        if key in self._values and needed not in self._values:
            written = self._values[key]
            # A value that is there and wrong has its own fault.
            if written.source.report.document.value_at((*written.path[:-1], needed)) is None:
                written.fault(f"{key} needs {needed}", f"write http.{block}{needed} too")

    def _written_last(self, *keys: str) -> _Value:
        return max((self._values[key] for key in keys), key=lambda each: each.order)


def _unreadable(path: FilePath) -> files.FileError | None:
    try:
        with files.opened(path):
            return None
    except files.FileError as error:
        return error


@functools.lru_cache
def _is_authority(path: str, _stamp: files.Stamp | None) -> bool:
    """Asked once for all accounts that name the file: a bundle takes 20 ms."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        return False
    return True


@functools.lru_cache
def _is_pair(cert: str, key: str, _cert: files.Stamp | None, _key: files.Stamp | None) -> bool:
    try:
        tls.load_pair(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), cert, key)
    except ssl.SSLError:
        return False
    return True


def _secret_url(url: str) -> Secret:
    """A proxy's URL, its user part hidden from every text; the address itself may be shown."""
    secret = Secret.literal(url, identifier=True)
    secret.hide_too(*_hidden_parts(url))
    return secret


def _environment() -> tuple[Secret, ...]:
    """The proxies that the environment names, one without a scheme among them."""
    names = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
    urls = {os.environ.get(name, "").strip() for name in names}
    return tuple(_secret_url(url) for url in sorted(urls) if url)


def _hidden_parts(url: str) -> tuple[redaction.Hidden, ...]:
    user = user_part(url)
    name, _, password = user.partition(":")
    if not user:
        return ()
    return (
        redaction.register(user, unquote(user), password, unquote(password)),
        redaction.register_base64(f"{unquote(name)}:{unquote(password)}"),
    )
