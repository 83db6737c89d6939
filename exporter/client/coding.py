"""What the headers say of a body: its content coding and its characters."""

import codecs
import functools

from exporter.failure import invalid_response

_GZIP = {"gzip", "x-gzip"}
_OTHERS = {
    "br",
    "compress",
    "dcb",
    "dcz",
    "deflate",
    "exi",
    "pack200-gzip",
    "x-bzip2",
    "x-compress",
    "x-deflate",
    "zstd",
}
"""Codings that a server may know: what is none of them, like `UTF-8` or `none`, changes no body."""

_CHARSETS = ("iso8859", "cp", "koi8", "mac", "utf-16", "utf-32", "gb", "big5", "euc", "shift", "tis")
"""The beginnings of what Python calls them. Some of its other codecs are no charsets, or take quadratic time."""


@functools.lru_cache(256)
def is_gzip(content_encoding: str) -> bool:
    """Whether a `Content-Encoding` says gzip; False where it names no coding at all.

    Raises:
        FailureError: `invalid_response` for one that was not asked for.
    """
    named = [coding for coding in content_encoding.lower().replace(" ", "").split(",") if coding in _GZIP | _OTHERS]
    if len(named) > 1 or not _GZIP.issuperset(named):
        raise invalid_response("the body has a content coding that was not asked for")
    return bool(named)


@functools.lru_cache(256)
def charset(content_type: str) -> str:
    """The charset that a `Content-Type` names, as Python calls it; UTF-8 where it names none that is known."""
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            try:
                found = codecs.lookup(value.strip(" \t\"'")).name
            except (LookupError, ValueError):
                break
            return found if found.startswith(_CHARSETS) else "utf-8"
    return "utf-8"


def in_utf8(body: bytes, content_type: str) -> bytes:
    """The body in UTF-8; as it is where it isn't in the charset that it claims."""
    named = charset(content_type)
    if named == "utf-8":
        return body
    try:
        return body.decode(named).encode()
    except UnicodeError:
        return body
