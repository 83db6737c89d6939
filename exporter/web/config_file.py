"""The format of `--web.config.file`: its keys, and what each may hold.

https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md. What of that format isn't
supported is refused by its name; docs/web-config.md says why.
"""

import re
from collections.abc import Mapping
from ssl import TLSVersion
from typing import Annotated

from exporter.config.scalars import Text
from exporter.documents.faults import Path, nearest
from exporter.documents.model import Advice, Model, all_keys
from exporter.documents.report import Report
from exporter.documents.scalars import Scalar, WrongValueError, as_text

_NOT_SUPPORTED = {
    "rate_limit": "limit requests in a proxy before the exporter, or see --web.max-requests",
    "cipher_suites": "OpenSSL's own choice is used; min_version: TLS13 leaves the strongest alone",
    "curve_preferences": "OpenSSL's own choice is used",
    "prefer_server_cipher_suites": "remove it: it has no effect in the toolkit either",
}
_VERSIONS = {"TLS12": TLSVersion.TLSv1_2, "TLS13": TLSVersion.TLSv1_3}
_BROKEN_VERSIONS = {"TLS10", "TLS11"}
CLIENT_AUTH_TYPES = ("NoClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert")
_WITHOUT_VERIFYING = {"RequestClientCert", "RequireAnyClientCert", "RequireClientCert"}
HEADERS: Mapping[str, tuple[str, ...]] = {
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
        raise WrongValueError("this is empty", "remove the key to have none")
    return text


def _client_auth_type(value: object) -> str:
    text = as_text(value)
    if text in _WITHOUT_VERIFYING:
        hint = "RequireAndVerifyClientCert asks for a certificate and verifies it"
        raise WrongValueError(f"{text} is not supported: it trusts any certificate", hint)
    if text not in CLIENT_AUTH_TYPES:
        raise WrongValueError("there is no such type", nearest(text, CLIENT_AUTH_TYPES))
    return text


def _version(value: object) -> TLSVersion:
    text = as_text(value)
    if text in _BROKEN_VERSIONS:
        raise WrongValueError(f"{text} is not supported: it has been broken for years", "write TLS12 or TLS13")
    if text not in _VERSIONS:
        raise WrongValueError("there is no such version", "write TLS12 or TLS13")
    return _VERSIONS[text]


def _flag(value: object) -> bool:
    text = as_text(value)
    if text not in {"true", "false"}:
        raise WrongValueError("this is neither true nor false", "it has no effect: remove it")
    return text == "true"


def _user(value: object) -> str:
    text = as_text(value)
    if not text or ":" in text:
        raise WrongValueError("a user's name is not empty and has no colon")
    return text


def _hash(value: object) -> str:
    if not isinstance(value, str) or not _BCRYPT.fullmatch(value):
        raise WrongValueError("this is not a bcrypt hash", "htpasswd -nBC 10 NAME makes one")
    return value


_Filled = Annotated[str, Scalar(_filled, {})]
_Version = Annotated[TLSVersion, Scalar(_version, {})]


class TlsServerConfig(Model):
    """Certificate, key and client CA, and how clients are asked for theirs."""

    cert: _Filled | None = None
    cert_file: _Filled | None = None
    key: _Filled | None = None
    key_file: _Filled | None = None
    client_ca: _Filled | None = None
    client_ca_file: _Filled | None = None
    client_auth_type: Annotated[str, Scalar(_client_auth_type, {})] | None = None
    client_allowed_sans: list[Text] | None = None
    min_version: _Version | None = None
    max_version: _Version | None = None


class HttpServerConfig(Model):
    """Headers of every answer."""

    http2: Annotated[bool, Scalar(_flag, {})] | None = None
    headers: dict[str, Text | None] | None = None


class File(Model):
    """The whole file."""

    tls_server_config: TlsServerConfig | None = None
    http_server_config: HttpServerConfig | None = None
    basic_auth_users: dict[Annotated[str, Scalar(_user, {})], Annotated[str, Scalar(_hash, {})]] | None = None


KEYS = frozenset({*all_keys(File), *HEADERS, *_NOT_SUPPORTED})
"""Every key that the format has: those of ours, and those that are refused by their names."""


class Hints(Advice):
    """What is said of keys beyond the models."""

    def unknown_key(self, report: Report, path: Path, model: type[Model]) -> None:
        """Notes an unknown key; one that the toolkit has is refused by its name."""
        key = str(path[-1])
        if key in _NOT_SUPPORTED:
            report.fault(path, "not supported", _NOT_SUPPORTED[key])
        else:
            super().unknown_key(report, path, model)

    def items(self, _path: Path) -> str:
        """How a list is written."""
        return "write it like [prometheus.example.org]"
