"""`--web.config.file`: certificates, users and headers of our own port, in the exporter-toolkit's format.

https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md. What of that format isn't
supported is refused by its name; docs/web-config.md says why.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from ssl import TLSVersion

from exporter import documents
from exporter.documents import Document, Value, kind
from exporter.faults import HIDDEN, ConfigError, Fault, Path, nearest, rendered

LARGEST_BYTES = 1024 * 1024

_TOP = ("tls_server_config", "http_server_config", "basic_auth_users")
_TLS = (
    "cert", "cert_file", "key", "key_file", "client_ca", "client_ca_file", "client_auth_type",
    "client_allowed_sans", "min_version", "max_version",
)  # fmt: skip
_HTTP = ("http2", "headers")
_NOT_SUPPORTED = {
    "rate_limit": "limit requests in a proxy before the exporter, or see --web.max-requests",
    "cipher_suites": "OpenSSL's own choice is used; min_version: TLS13 leaves the strongest alone",
    "curve_preferences": "OpenSSL's own choice is used",
    "prefer_server_cipher_suites": "remove it: it has no effect in the toolkit either",
}
_VERSIONS = {"TLS12": TLSVersion.TLSv1_2, "TLS13": TLSVersion.TLSv1_3}
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


def read(path: FilePath) -> bytes:
    """The file's bytes.

    Raises:
        ConfigError: it can't be read.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
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
        document = documents.read(content)
    except documents.DocumentError as error:
        # A key is shown only where it is one of the format's: a user's name may be a password in the wrong place.
        raise ConfigError(
            Fault(str(path), each.line, rendered(map(_shown, each.path)), each.message, each.hint)
            for each in error.problems
        ) from None
    reading = _Reading(document, path)
    config = reading.config()
    if reading.faults:
        raise ConfigError(sorted(reading.faults, key=lambda fault: fault.line))
    return config


def _shown(step: str | int) -> str | int:
    return step if step in {*_TOP, *_TLS, *_HTTP, *_HEADERS, *_NOT_SUPPORTED} or isinstance(step, int) else HIDDEN


class _Reading:
    """Goes through one document and notes its faults; no fault quotes a value."""

    def __init__(self, document: Document, path: FilePath) -> None:
        self.faults: list[Fault] = []
        self._document = document
        self._path = path

    def config(self) -> WebConfig:
        root = self._document.value
        if root is None:
            # To the toolkit an empty file means no password. It may be one that is just being written.
            self._fault((), "the file is empty", "for neither TLS nor users write {}")
            return WebConfig()
        top = self._mapping((), root, _TOP)
        return WebConfig(self._tls(top), self._http(top), self._users(top))

    def _tls(self, top: Mapping[str, Value]) -> Tls | None:
        section = self._mapping(("tls_server_config",), top.get("tls_server_config"), _TLS)
        if not section:
            return None
        cert, key = self._pem("cert", section), self._pem("key", section)
        for name, pem in (("cert", cert), ("key", key)):
            if pem is None and name not in section and f"{name}_file" not in section:
                self._fault(("tls_server_config",), f"there is no {name}", f"write {name}_file or {name}")
        client_ca, auth = self._pem("client_ca", section), self._client_auth_type(section)
        self._check_client_ca(section, client_ca, auth)
        least = self._version("min_version", section, TLSVersion.TLSv1_2)
        most = self._version("max_version", section, TLSVersion.TLSv1_3)
        if most < least:
            self._fault(("tls_server_config", "max_version"), "max_version is below min_version", "remove one of them")
        sans = self._sans(section, auth)
        if cert is None or key is None:
            return None
        return Tls(cert, key, client_ca, auth == "RequireAndVerifyClientCert", sans, least, most)

    def _client_auth_type(self, section: Mapping[str, Value]) -> str:
        path = ("tls_server_config", "client_auth_type")
        auth = self._text(path, section.get("client_auth_type")) or "NoClientCert"
        if auth in _WITHOUT_VERIFYING:
            hint = "RequireAndVerifyClientCert asks for a certificate and verifies it"
            self._fault(path, f"{auth} is not supported: it trusts any certificate", hint)
        elif auth not in _CLIENT_AUTH_TYPES:
            self._fault(path, "there is no such type", nearest(auth, _CLIENT_AUTH_TYPES))
        return auth

    def _check_client_ca(self, section: Mapping[str, Value], client_ca: Pem | None, auth: str) -> None:
        given = [name for name in ("client_ca", "client_ca_file") if section.get(name) is not None]
        if auth == "NoClientCert" and given:
            hint = "write client_auth_type: RequireAndVerifyClientCert"
            self._fault(("tls_server_config", given[0]), "no client is asked for a certificate", hint)
        elif auth in _CLIENT_AUTH_TYPES[1:] and client_ca is None and not given:
            hint = "write client_ca_file: every public authority's certificates would be trusted without it"
            self._fault(("tls_server_config", "client_auth_type"), f"{auth} needs a client CA", hint)

    def _sans(self, section: Mapping[str, Value], auth: str) -> frozenset[str] | None:
        path, value = ("tls_server_config", "client_allowed_sans"), section.get("client_allowed_sans")
        if value is None:
            return None
        if not isinstance(value, list):
            self._fault(path, f"a list belongs here, not {kind(value)}", "write it like [prometheus.example.org]")
            return None
        if auth == "NoClientCert":
            self._fault(
                path, "no client is asked for a certificate", "write client_auth_type: RequireAndVerifyClientCert"
            )
        if not value:
            self._fault(path, "the list is empty: nobody could connect", "remove the key to let every certificate in")
        return frozenset(self._text((*path, index), each) or "" for index, each in enumerate(value))

    def _version(self, key: str, section: Mapping[str, Value], otherwise: TLSVersion) -> TLSVersion:
        path = ("tls_server_config", key)
        text = self._text(path, section.get(key))
        if text in {"TLS10", "TLS11"}:
            self._fault(path, f"{text} is not supported: it has been broken for years", "write TLS12 or TLS13")
        elif text is not None and text not in _VERSIONS:
            self._fault(path, "there is no such version", "write TLS12 or TLS13")
        return _VERSIONS.get(text or "", otherwise)

    def _pem(self, name: str, section: Mapping[str, Value]) -> Pem | None:
        texts = {key: self._text(("tls_server_config", key), section.get(key)) for key in (name, f"{name}_file")}
        given = {key: text for key, text in texts.items() if text is not None}
        if len(given) == 2:
            self._fault(
                ("tls_server_config", name), f"{name} and {name}_file exclude one another", "remove one of them"
            )
        for key, text in given.items():
            path = ("tls_server_config", key)
            line = self._document.line(path)
            if not text:
                self._fault(path, "this is empty", "remove the key to have none")
            elif key == name:
                return Pem(rendered(path), line, text=text)
            else:
                return Pem(rendered(path), line, file=self._path.absolute().parent / text)
        return None

    def _http(self, top: Mapping[str, Value]) -> Mapping[str, str]:
        section = self._mapping(("http_server_config",), top.get("http_server_config"), _HTTP)
        http2 = self._text(("http_server_config", "http2"), section.get("http2"))
        if http2 not in {None, "true", "false"}:
            self._fault(
                ("http_server_config", "http2"), "this is neither true nor false", "it has no effect: remove it"
            )
        headers = {}
        for name, value in self._mapping(("http_server_config", "headers"), section.get("headers")).items():
            path = ("http_server_config", "headers", name)
            text = self._text(path, value)
            if name not in _HEADERS:
                self._fault(path, "this header can't be set", nearest(name, _HEADERS))
            elif text is None or (_HEADERS[name] and text not in _HEADERS[name]):
                hint = f"write {' or '.join(_HEADERS[name])}" if _HEADERS[name] else "write a text"
                self._fault(path, "the header can't have this value", hint)
            elif not text.isprintable() or not text.isascii():
                self._fault(path, "a character that no header may carry", "write visible ASCII on one line")
            else:
                headers[name] = text
        return headers

    def _users(self, top: Mapping[str, Value]) -> Mapping[str, str]:
        users = {}
        for name, value in self._mapping(("basic_auth_users",), top.get("basic_auth_users")).items():
            path = ("basic_auth_users", name)
            if not name or ":" in name:
                self._fault(path, "a user's name is not empty and has no colon")
            elif not isinstance(value, str) or not _BCRYPT.fullmatch(value):
                self._fault(path, "this is not a bcrypt hash", "htpasswd -nBC 10 NAME makes one")
            else:
                users[name] = value
        return users

    def _mapping(self, path: Path, value: Value, keys: Collection[str] | None = None) -> Mapping[str, Value]:
        """The mapping at a path, of known keys alone where `keys` says which; what is null is empty."""
        if value is None:
            return {}
        if not isinstance(value, dict):
            self._fault(path, f"a mapping belongs here, not {kind(value)}", "write it like {key: value}")
            return {}
        for key in value:
            if keys is None or key in keys:
                continue
            if key in _NOT_SUPPORTED:
                self._fault((*path, key), "not supported", _NOT_SUPPORTED[key])
            else:
                self._fault((*path, key), "unknown key", nearest(key, keys))
        return value

    def _text(self, path: Path, value: Value) -> str | None:
        if value is not None and not isinstance(value, str):
            self._fault(path, f"a text belongs here, not {kind(value)}")
            return None
        return value

    def _fault(self, path: Path, message: str, hint: str = "") -> None:
        shown = (HIDDEN if isinstance(step, str) and step.startswith("$2") else step for step in path)
        self.faults.append(Fault(str(self._path), self._document.line(path), rendered(shown), message, hint))
