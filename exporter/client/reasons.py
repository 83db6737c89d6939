"""Errors of asking over HTTP as reasons of failures."""

import errno
import os
import ssl
import traceback

import aiohttp
import httpx

from exporter.failure import Failure, Reason

ERRORS = (
    httpx.HTTPError,
    httpx.InvalidURL,
    aiohttp.ClientError,
    aiohttp.http_exceptions.HttpProcessingError,
    OSError,
    ValueError,
)

_WORDS = {
    errno.EMFILE: "too many open files: raise the limit of open files",
    errno.ENFILE: "too many open files on this machine",
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset",
    errno.EPIPE: "connection reset",
    errno.ENETUNREACH: "network unreachable",
    errno.EHOSTUNREACH: "host unreachable",
    errno.ETIMEDOUT: "connection timed out",
}

OUT_OF_FILES = frozenset({errno.EMFILE, errno.ENFILE})


def _chain(error: BaseException) -> list[BaseException]:
    """An exception, what caused it, and so on."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__
    return chain


def let_go(error: BaseException) -> None:
    """Empty the frames that an exception went through: aiohttp's streams keep what they raised, and bodies with it."""
    for link in _chain(error):
        traceback.clear_frames(link.__traceback__)


def failure_of(error: BaseException) -> Failure:
    """The reason of a client's exception, by what lies at its root."""
    if type(error) is ConnectionRefusedError:  # thousands at once, where a provider is down
        return Failure(Reason.CONNECTION, _WORDS[errno.ECONNREFUSED])
    chain = _chain(error)
    for link in chain:
        if isinstance(link, OSError) and link.errno in OUT_OF_FILES:
            return Failure(Reason.CONNECTION, _WORDS[link.errno], is_told=True)
    for link in chain:
        if isinstance(link, ssl.SSLCertVerificationError) and not isinstance(link, aiohttp.ClientError):
            return Failure(Reason.TLS, f"certificate refused: {link.verify_message}")
        if isinstance(link, ssl.SSLError) and not isinstance(link, aiohttp.ClientError):
            return Failure(Reason.TLS, "TLS handshake failed")
    for link in chain:
        if isinstance(link, aiohttp.ClientHttpProxyError):
            return Failure(Reason.CONNECTION, f"the proxy answered HTTP {link.status}")
        if isinstance(link, aiohttp.ClientResponseError):
            return Failure(Reason.INVALID_RESPONSE, "the answer is not valid HTTP")
        if isinstance(link, aiohttp.http_exceptions.HttpProcessingError) and not _ended_early(link):
            return Failure(Reason.INVALID_RESPONSE, "the answer is not valid HTTP")
    for link in chain:
        if isinstance(link, OSError) and link.errno is not None:
            return Failure(Reason.CONNECTION, _WORDS.get(link.errno, os.strerror(link.errno)))
    if isinstance(error, httpx.TimeoutException) and not isinstance(error.__cause__, aiohttp.ClientError):
        return Failure(Reason.TIMEOUT, "no answer in time")
    if isinstance(error, httpx.TransportError | aiohttp.ClientError | OSError):
        return Failure(Reason.CONNECTION, "connection closed before the whole answer")
    return Failure(Reason.INTERNAL, f"{type(error).__name__} while asking")


def _ended_early(error: aiohttp.http_exceptions.HttpProcessingError) -> bool:
    return "Not enough data" in error.message
