"""How the exporter checks a provider's certificate, and shows its own: `tls_config` as Prometheus has it."""

import functools
import os
import ssl
import warnings

from exporter import files
from exporter.settings import TlsSettings


def context(settings: TlsSettings) -> ssl.SSLContext:
    """The context for connections to providers; all accounts without a `tls_config` of their own share one.

    Raises:
        OSError: a file can't be read, or is no certificate or key; `why` says it in words.
    """
    return _default() if settings == TlsSettings(server_name=settings.server_name) else _made(settings)


@functools.cache
def _default() -> ssl.SSLContext:
    """One context for all accounts: one each would cost a megabyte and 25 ms an account."""
    return _made(TlsSettings())


def _made(settings: TlsSettings) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=settings.ca_file)
    if settings.insecure_skip_verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
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
