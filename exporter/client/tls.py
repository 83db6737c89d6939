"""How the exporter checks a provider's certificate, and shows its own: `tls_config` as Prometheus has it."""

import os
import ssl
import sys
import warnings
import weakref
from dataclasses import replace

from exporter import files
from exporter.client.tls_sessions import ResumingContext
from exporter.settings import TlsSettings


def context(settings: TlsSettings) -> ResumingContext:
    """The context for connections to providers: one for all accounts that check alike, whatever name they expect.

    One each would cost a megabyte and 25 ms an account, for the authorities.

    Raises:
        OSError: a file can't be read, or is no certificate or key; `why` says it in words.
    """
    settings = replace(settings, server_name=None)
    key = (settings, file_states(settings))
    made = _MADE.get(key)
    if made is None:
        made = _MADE[key] = _made(settings)
    return made


_MADE: "weakref.WeakValueDictionary[tuple[TlsSettings, object], ResumingContext]" = weakref.WeakValueDictionary()


def _made(settings: TlsSettings) -> ResumingContext:
    made = ResumingContext(ssl.PROTOCOL_TLS_CLIENT)
    made.hostname_checks_common_name = False
    if sys.version_info >= (3, 13):  # as the standard library's own contexts
        made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VERIFY_X509_STRICT
    if settings.insecure_skip_verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    if settings.ca_file is not None:
        made.load_verify_locations(settings.ca_file)
    elif not settings.insecure_skip_verify:
        made.load_default_certs()
    if settings.cert_file is not None:
        load_pair(made, settings.cert_file, settings.key_file)
    with warnings.catch_warnings():  # an operator who asks for TLS 1.0 has a reason
        warnings.simplefilter("ignore", DeprecationWarning)
        for name, attribute in ((settings.min_version, "minimum_version"), (settings.max_version, "maximum_version")):
            if name is not None:
                setattr(made, attribute, ssl.TLSVersion[f"TLSv1_{name[4:]}".removesuffix("_0")])
    return made


def load_pair(into: ssl.SSLContext, cert_file: str, key_file: str | None) -> None:
    """Load a client's certificate and its key.

    Raises:
        OSError: a file can't be read; as `ssl.SSLError`, they are none, or don't belong together.
    """
    # A password that fits nothing: without one, OpenSSL asks for it on the terminal.
    into.load_cert_chain(cert_file, key_file, password="")


def why(error: OSError) -> str:
    """Why no context could be made."""
    if isinstance(error, ssl.SSLError):
        return "a certificate or key is not one, or they don't belong together"
    return f"{error.filename or 'a file'}: {os.strerror(error.errno or 0)}"


def file_states(settings: TlsSettings) -> object:
    """What changes when a certificate or a key is replaced on disk; a missing file keeps the old connection."""
    return tuple(map(files.stamp, filter(None, (settings.ca_file, settings.cert_file, settings.key_file))))
