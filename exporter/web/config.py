"""`--web.config.file`: certificates, users and headers of our own port, and every fault of the file."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from ssl import TLSVersion

from exporter.documents import reader
from exporter.documents.faults import HIDDEN, ConfigError, Fault, nearest, read_file, rendered
from exporter.documents.report import Report
from exporter.documents.validate import validate
from exporter.web.config_file import CLIENT_AUTH_TYPES, HEADERS, KEYS, File, Hints, TlsServerConfig

LARGEST_BYTES = 1024 * 1024

_TLS_PATH = ("tls_server_config",)


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
    return read_file(path, LARGEST_BYTES, may_be_pipe=False)


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
    file = File() if document.value is None else validate(File, report, Hints())
    config = _Resolver(file, report, path.absolute().parent).config()
    report.raise_faults()
    return config


def _render_step(step: str | int) -> str | int:
    return step if step in KEYS or isinstance(step, int) else HIDDEN


def _is_hash(word: str) -> bool:
    return word.startswith("$2")


class _Resolver:
    """From the file as it is written to what is in force; no fault quotes a value."""

    def __init__(self, file: File, report: Report, folder: FilePath) -> None:
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
        return Tls(cert, key, client_ca, section.client_auth_type == CLIENT_AUTH_TYPES[2], sans, least, most)

    def _check_client_auth(self, section: TlsServerConfig, given: Collection[str]) -> None:
        auth, ca = section.client_auth_type, [name for name in ("client_ca", "client_ca_file") if name in given]
        if auth in CLIENT_AUTH_TYPES[1:]:
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

    def _pem(self, name: str, section: TlsServerConfig, given: Collection[str]) -> Pem | None:
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
            if name not in HEADERS:
                self._report.fault(path, "this header can't be set", nearest(name, HEADERS))
            elif text is None or (HEADERS[name] and text not in HEADERS[name]):
                hint = f"write {' or '.join(HEADERS[name])}" if HEADERS[name] else "write a text"
                self._report.fault(path, "the header can't have this value", hint)
            elif not text.isprintable() or not text.isascii():
                self._report.fault(path, "a character that no header may carry", "write visible ASCII on one line")
            else:
                yield name, text
