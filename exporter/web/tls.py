"""TLS of our own port: a context for each new connection, made of what the files hold at that moment."""

import ipaddress
import logging
import os
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from exporter.documents.faults import ConfigError, Fault
from exporter.web.config import LARGEST_BYTES, Pem, Tls, content_of

logger = logging.getLogger(__name__)

Material = Mapping[str, bytes]
"""What certificate, key and client CA hold, by their keys."""


def material(tls: Tls, file: str) -> Material:
    """Reads what a configuration names.

    Raises:
        ConfigError: a file can't be read; `file` is the configuration's own name.
    """
    return {pem.key: _bytes(pem, file) for pem in (tls.cert, tls.key, tls.client_ca) if pem is not None}


def context(tls: Tls, read: Material, file: str) -> ssl.SSLContext:
    """The context of a server with that certificate.

    Raises:
        ConfigError: it is no certificate, no key, or they don't belong together.
    """
    made = _Context(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version, made.maximum_version = tls.min_version, tls.max_version
    made.set_alpn_protocols(["http/1.1"])
    try:
        with _path(read[tls.cert.key]) as cert, _path(read[tls.key.key]) as key:
            made.load_cert_chain(cert, key, password=_no_password)
    except (ssl.SSLError, ValueError) as error:
        mismatch = getattr(error, "reason", "") == "KEY_VALUES_MISMATCH"
        pem = tls.key if mismatch or isinstance(error, ValueError) else tls.cert
        message = "the key is not the certificate's" if mismatch else "certificate and key can't be used"
        hint = "both are PEM, the server's certificate first; the key has no passphrase"
        raise ConfigError([Fault(file, pem.line, pem.key, message, hint)]) from None
    if tls.client_ca is not None:
        made.verify_mode = ssl.CERT_REQUIRED if tls.is_client_required else ssl.CERT_OPTIONAL
        made.allowed_sans = None if tls.allowed_sans is None else frozenset(map(_canonical, tls.allowed_sans))
        try:
            made.load_verify_locations(cadata=read[tls.client_ca.key].decode("ascii", "replace"))
        except (ssl.SSLError, ValueError):
            fault = Fault(file, tls.client_ca.line, tls.client_ca.key, "there is no certificate in it", "it is PEM")
            raise ConfigError([fault]) from None
    return made


class Certificates:
    """Certificate, key and client CA of a configuration, and the context that they make."""

    def __init__(self, tls: Tls, file: str) -> None:
        """Reads them.

        Raises:
            ConfigError: they can't be used; `file` is the configuration's own name.
        """
        self._file = file
        self._made_of = tls, material(tls, file)
        self.context = context(*self._made_of, file)

    def renew(self, tls: Tls | None = None) -> None:
        """Reads them again, by the configuration of before where `tls` is None; what has changed makes a new context.

        Raises:
            ConfigError: they can't be used; the context before stays.
        """
        tls = tls or self._made_of[0]
        made_of = tls, material(tls, self._file)
        if made_of != self._made_of:
            self.context = context(*made_of, self._file)
            self._made_of = made_of
            logger.info("Certificates loaded")


class Renewing(ssl.SSLContext):
    """Stands where a server wants its one context: each new connection gets the context of that moment.

    Event loops ask a context for nothing but `wrap_bio`. A context that is changed in place would keep
    authorities that are gone from the files, and `sni_callback` swaps the certificate alone.
    """

    _current: Callable[[], ssl.SSLContext]

    def __new__(cls, _current: Callable[[], ssl.SSLContext]) -> Self:
        """A context that only hands on."""
        return super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)

    def __init__(self, current: Callable[[], ssl.SSLContext]) -> None:
        self._current = current

    def wrap_bio(self, *arguments: Any, **named: Any) -> ssl.SSLObject:
        """A connection under the present context."""
        return self._current().wrap_bio(*arguments, **named)


class _Vetted(ssl.SSLObject):
    """A connection whose client certificate must have one of the allowed names."""

    def do_handshake(self) -> None:
        super().do_handshake()
        allowed = self.context.allowed_sans if isinstance(self.context, _Context) else None
        if allowed is not None and not allowed & _sans(self.getpeercert() or {}):
            # One that needn't show a certificate and doesn't has no allowed name either.
            logger.debug("Client certificate has none of client_allowed_sans")
            raise ssl.SSLError("the client's certificate has no allowed name")


class _Context(ssl.SSLContext):
    sslobject_class = _Vetted
    allowed_sans: frozenset[str] | None = None


def _sans(certificate: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(_canonical(value) for _, value in certificate.get("subjectAltName", ()))


def _canonical(name: str) -> str:
    """A name as it is compared: OpenSSL and operators write IPv6 addresses each in their own way."""
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name


def _bytes(pem: Pem, file: str) -> bytes:
    if pem.file is None:
        return (pem.text or "").encode()
    try:
        return content_of(pem.file, LARGEST_BYTES)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no file has such a name"
        message, hint = f"the file can't be read: {reason}", "paths are relative to this file"
        raise ConfigError([Fault(file, pem.line, pem.key, message, hint)]) from None


@contextmanager
def _path(content: bytes) -> Iterator[Path]:
    """A path to bytes that are on no disk: OpenSSL reads certificates and keys from files alone."""
    descriptor = os.memfd_create("pem")
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(content)
        yield Path(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


def _no_password() -> str:
    raise ValueError("the key has a passphrase")
