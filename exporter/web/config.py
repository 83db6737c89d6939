"""`--web.config.file`: certificates, users and headers of our own port, in the exporter-toolkit's format.

https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md. What of that format isn't
supported is refused by its name; docs/web-config.md says why.
"""

import errno
import re
import stat
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from ssl import TLSVersion
from typing import Annotated

from pydantic import PlainValidator

from exporter.config.scalars import Text, as_text
from exporter.documents import reader
from exporter.documents.faults import HIDDEN, ConfigError, Fault, Path, nearest, rendered
from exporter.documents.report import Report
from exporter.documents.validate import Advice, Model, fault, fields, validate

LARGEST_BYTES = 1024 * 1024

_TLS_PATH = ("tls_server_config",)
_NOT_SUPPORTED = {
    "rate_limit": "limit requests in a proxy before the exporter, or see --web.max-requests",
    "cipher_suites": "OpenSSL's own choice is used; min_version: TLS13 leaves the strongest alone",
    "curve_preferences": "OpenSSL's own choice is used",
    "prefer_server_cipher_suites": "remove it: it has no effect in the toolkit either",
}
_VERSIONS = {"TLS12": TLSVersion.TLSv1_2, "TLS13": TLSVersion.TLSv1_3}
_BROKEN_VERSIONS = {"TLS10", "TLS11"}
_CLIENT_AUTH_TYPES = ("NoClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert")
_WITHOUT_VERIFYING = {"RequestClientCert", "RequireAnyClientCert", "RequireClientCert"}
_HEADERS: Mapping[str, tuple[str, ...]] = {
    "Content-Security-Policy": (),
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-Content-Type-Options": ("nosniff",),
    "X-XSS-Protection": (),
    "Strict-Transport-Security": (),
}
_BCRYPT = re.compile(r"\$2[abxy]\$(?:0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{53}")


def _filled(value: object) -> str:
    text = as_text(value)
    if not text:
        raise fault("this is empty", "remove the key to have none")
    return text


def _client_auth_type(value: object) -> str:
    text = as_text(value)
    if text in _WITHOUT_VERIFYING:
        hint = "RequireAndVerifyClientCert asks for a certificate and verifies it"
        raise fault(f"{text} is not supported: it trusts any certificate", hint)
    if text not in _CLIENT_AUTH_TYPES:
        raise fault("there is no such type", nearest(text, _CLIENT_AUTH_TYPES))
    return text


def _version(value: object) -> TLSVersion:
    text = as_text(value)
    if text in _BROKEN_VERSIONS:
        raise fault(f"{text} is not supported: it has been broken for years", "write TLS12 or TLS13")
    if text not in _VERSIONS:
        raise fault("there is no such version", "write TLS12 or TLS13")
    return _VERSIONS[text]


def _flag(value: object) -> bool:
    text = as_text(value)
    if text not in {"true", "false"}:
        raise fault("this is neither true nor false", "it has no effect: remove it")
    return text == "true"


def _user(value: object) -> str:
    text = as_text(value)
    if not text or ":" in text:
        raise fault("a user's name is not empty and has no colon")
    return text


def _hash(value: object) -> str:
    if not isinstance(value, str) or not _BCRYPT.fullmatch(value):
        raise fault("this is not a bcrypt hash", "htpasswd -nBC 10 NAME makes one")
    return value


_Filled = Annotated[str, PlainValidator(_filled)]
_Version = Annotated[TLSVersion, PlainValidator(_version)]


class _TlsServerConfig(Model):
    cert: _Filled | None = None
    cert_file: _Filled | None = None
    key: _Filled | None = None
    key_file: _Filled | None = None
    client_ca: _Filled | None = None
    client_ca_file: _Filled | None = None
    client_auth_type: Annotated[str, PlainValidator(_client_auth_type)] | None = None
    client_allowed_sans: list[Text] | None = None
    min_version: _Version | None = None
    max_version: _Version | None = None


class _HttpServerConfig(Model):
    http2: Annotated[bool, PlainValidator(_flag)] | None = None
    headers: dict[str, Text | None] | None = None


class _File(Model):
    tls_server_config: _TlsServerConfig | None = None
    http_server_config: _HttpServerConfig | None = None
    basic_auth_users: dict[Annotated[str, PlainValidator(_user)], Annotated[str, PlainValidator(_hash)]] | None = None


KEYS = frozenset({*fields(_File), *_HEADERS, *_NOT_SUPPORTED})
"""Every key that the format has: those of ours, and those that are refused by their names."""


class _Hints(Advice):
    def unknown_key(self, report: Report, path: Path, model: type[Model]) -> None:
        key = str(path[-1])
        if key in _NOT_SUPPORTED:
            report.fault(path, "not supported", _NOT_SUPPORTED[key])
        else:
            super().unknown_key(report, path, model)

    def items(self, _path: Path) -> str:
        return "write it like [prometheus.example.org]"


@dataclass(frozen=True, slots=True)
class Pem:
    """A certificate or key, written out or in a file, with the key and the line that say so."""

    key: str
    line: int
    text: str | None = None
    file: FilePath | None = None


@dataclass(frozen=True, slots=True)
class Tls:
    """`tls_server_config`: without `client_ca` clients show no certificate; `allowed_sans` None lets all in."""

    cert: Pem
    key: Pem
    client_ca: Pem | None = None
    is_client_required: bool = False
    allowed_sans: frozenset[str] | None = None
    min_version: TLSVersion = TLSVersion.TLSv1_2
    max_version: TLSVersion = TLSVersion.TLSv1_3


@dataclass(frozen=True, slots=True)
class WebConfig:
    """A whole web configuration; `users` maps a name to its bcrypt hash."""

    tls: Tls | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[str, str] = field(default_factory=dict)


def content_of(path: FilePath, most_bytes: int) -> bytes:
    """A regular file's bytes, `most_bytes` at most: a pipe would be waited for, and empty the next time.

    Raises:
        OSError, ValueError: it can't be read.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "it isn't a regular file")
    with path.open("rb") as file:
        return file.read(most_bytes)


def read(path: FilePath) -> bytes:
    """The file's bytes.

    Raises:
        ConfigError: it can't be read.
    """
    try:
        content = content_of(path, LARGEST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no file has such a name"
        raise ConfigError([Fault(str(path), 0, "", f"the file can't be read: {reason}")]) from None
    if len(content) > LARGEST_BYTES:
        raise ConfigError([Fault(str(path), 1, "", f"the file is larger than {LARGEST_BYTES} bytes")])
    return content


def parse(content: bytes, path: FilePath) -> WebConfig:
    """What a file's bytes say; files that it names are relative to it, and aren't read yet.

    Raises:
        ConfigError: anything is wrong; it has every fault.
    """
    try:
        document = reader.read(content)
    except reader.DocumentError as error:
        # A key is shown only where it is one of the format's: a user's name may be a password in the wrong place.
        raise ConfigError(
            Fault(str(path), each.line, rendered(map(_render_step, each.path)), each.message, each.hint)
            for each in error.faults
        ) from None
    report = Report(str(path), document, _is_hash)
    if document.value is None:
        # To the toolkit an empty file means no password. It may be one that is just being written.
        report.fault((), "the file is empty", "for neither TLS nor users write {}")
    file = _File() if document.value is None else validate(_File, report, _Hints())
    config = _Resolver(file, report, path.absolute().parent).config()
    report.raise_faults()
    return config


def _render_step(step: str | int) -> str | int:
    return step if step in KEYS or isinstance(step, int) else HIDDEN


def _is_hash(word: str) -> bool:
    return word.startswith("$2")


class _Resolver:
    """From the file as it is written to what is in force; no fault quotes a value."""

    def __init__(self, file: _File, report: Report, folder: FilePath) -> None:
        self._file = file
        self._report = report
        self._folder = folder

    def config(self) -> WebConfig:
        http = self._file.http_server_config
        users = self._file.basic_auth_users or {}
        return WebConfig(self._tls(), {} if http is None else dict(self._headers(http.headers or {})), users)

    def _tls(self) -> Tls | None:
        section, written = self._file.tls_server_config, self._report.document.value_at(_TLS_PATH)
        if section is None or not isinstance(written, dict) or not written:
            return None
        given = {key for key, value in written.items() if value is not None}
        cert, key = self._pem("cert", section, given), self._pem("key", section, given)
        for name in ("cert", "key"):
            if not written.keys() & {name, f"{name}_file"}:
                self._report.fault(_TLS_PATH, f"there is no {name}", f"write {name}_file or {name}")
        client_ca = self._pem("client_ca", section, given)
        if "client_auth_type" not in given or section.client_auth_type is not None:
            self._check_client_auth(section, given)
        least, most = section.min_version or TLSVersion.TLSv1_2, section.max_version or TLSVersion.TLSv1_3
        if most < least:
            self._report.fault((*_TLS_PATH, "max_version"), "max_version is below min_version", "remove one of them")
        if cert is None or key is None:
            return None
        sans = None if section.client_allowed_sans is None else frozenset(section.client_allowed_sans)
        return Tls(cert, key, client_ca, section.client_auth_type == _CLIENT_AUTH_TYPES[2], sans, least, most)

    def _check_client_auth(self, section: _TlsServerConfig, given: Collection[str]) -> None:
        auth, ca = section.client_auth_type, [name for name in ("client_ca", "client_ca_file") if name in given]
        if auth in _CLIENT_AUTH_TYPES[1:]:
            if not ca:
                hint = "write client_ca_file: every public authority's certificates would be trusted without it"
                self._report.fault((*_TLS_PATH, "client_auth_type"), f"{auth} needs a client CA", hint)
        else:
            for name in [*ca[:1], *({"client_allowed_sans"} & {*given})]:
                hint = "write client_auth_type: RequireAndVerifyClientCert"
                self._report.fault((*_TLS_PATH, name), "no client is asked for a certificate", hint)
        if section.client_allowed_sans == []:
            path = (*_TLS_PATH, "client_allowed_sans")
            hint = "remove the key to let every certificate in"
            self._report.fault(path, "the list is empty: nobody could connect", hint)

    def _pem(self, name: str, section: _TlsServerConfig, given: Collection[str]) -> Pem | None:
        if {name, f"{name}_file"} <= {*given}:
            path = (*_TLS_PATH, name)
            self._report.fault(path, f"{name} and {name}_file exclude one another", "remove one of them")
        text: str | None = getattr(section, name)
        file: str | None = getattr(section, f"{name}_file")
        key = name if text is not None else f"{name}_file"
        place = (rendered((*_TLS_PATH, key)), self._report.document.line((*_TLS_PATH, key)))
        if text is not None:
            return Pem(*place, text=text)
        return None if file is None else Pem(*place, file=self._folder / file)

    def _headers(self, headers: Mapping[str, str | None]) -> Iterator[tuple[str, str]]:
        for name, text in headers.items():
            path = ("http_server_config", "headers", name)
            if name not in _HEADERS:
                self._report.fault(path, "this header can't be set", nearest(name, _HEADERS))
            elif text is None or (_HEADERS[name] and text not in _HEADERS[name]):
                hint = f"write {' or '.join(_HEADERS[name])}" if _HEADERS[name] else "write a text"
                self._report.fault(path, "the header can't have this value", hint)
            elif not text.isprintable() or not text.isascii():
                self._report.fault(path, "a character that no header may carry", "write visible ASCII on one line")
            else:
                yield name, text
