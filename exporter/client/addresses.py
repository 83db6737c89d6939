"""URLs of providers and proxies: what they may hold. No message quotes any part of one."""

import ipaddress
import re

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^?#]*)([?#].*)?")
_HOST_AND_PORT = re.compile(r"(\[[^\]]*\]|[^:]*)(?::(.*))?")
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_PORT = re.compile(r"[0-9]{1,5}")


class AddressError(ValueError):
    """A URL isn't acceptable; the message and the hint quote no part of it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def parse_base_url(text: str) -> str:
    """A provider's base URL, its scheme and host in small letters, without a slash at the end.

    Raises:
        AddressError: not http or https, a user part, a query, a fragment, or a bad host or port.
    """
    scheme, user, host, path, rest = _split(text)
    if user is not None:
        raise AddressError("a URL with a user part", "write credentials under auth")
    if rest:
        raise AddressError("a base URL has no query and no fragment", "end it before the ? or #")
    return f"{scheme}://{host}{path.rstrip('/')}"


PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")
"""The last two are one: the proxy looks up the names."""


def parse_proxy_url(text: str) -> str:
    """A proxy's URL as it was written; it may have a user part.

    Raises:
        AddressError: not http, https or socks5, a path, a query, a fragment, or a bad host or port.
    """
    _, _, _, path, rest = _split(text, *PROXY_SCHEMES)
    if path.strip("/") or rest:
        raise AddressError("a proxy's URL ends after host and port", "write it like http://proxy:3128")
    return text


def user_part(url: str) -> str:
    """The user part of a URL, still percent-encoded, or nothing; it may be no URL yet, or have no scheme."""
    authority = re.split("[/?#]", url.partition("://")[2] or url)[0]
    return authority.rpartition("@")[0]


def is_plaintext(base_url: str) -> bool:
    """Whether a credential would travel unencrypted to anything but this machine."""
    scheme, _, host, _, _ = _split(base_url)
    return scheme == "http" and not is_loopback(_HOST_AND_PORT.sub(r"\1", host))


def may_be_in_host(text: str) -> bool:
    """Whether a text may be a host's name or a part of it: nothing that ends the host."""
    return all(_LABEL.fullmatch(label) for label in text.split("."))


def _split(text: str, *schemes: str) -> tuple[str, str | None, str, str, str]:
    """Scheme, user part, host with port, path, and query with fragment."""
    if not re.fullmatch(r"[!-~]*", text) or "\\" in text:
        hint = "percent-encode them; a host outside of ASCII is written in its xn-- form"
        raise AddressError("spaces, backslashes or characters outside of ASCII in a URL", hint)
    match = _URL.fullmatch(text)
    if match is None or match[1].lower() not in (schemes or {"http", "https"}):
        if schemes:
            raise AddressError("not an http, https or socks5 URL", "write it like http://proxy:3128")
        raise AddressError("not an http or https URL", "write it like https://host")
    user, at, address = match[2].rpartition("@")
    host, port = _host_and_port(address)
    shown = host if port is None else f"{host}:{port}"
    return match[1].lower(), user if at else None, shown, match[3], match[4] or ""


def _host_and_port(address: str) -> tuple[str, int | None]:
    match = _HOST_AND_PORT.fullmatch(address)
    if match is None or not _is_host(match[1]):
        raise AddressError("the URL's host isn't one", "write a name, an IPv4 address or [an IPv6 address]")
    if match[2] is None:
        return match[1].lower(), None
    if not _PORT.fullmatch(match[2]) or not 1 <= int(match[2]) <= 65535:
        raise AddressError("the URL's port isn't one", "a port is a number from 1 to 65535")
    return match[1].lower(), int(match[2])


def _is_host(host: str) -> bool:
    if host.startswith("["):
        return isinstance(_ip(host.strip("[]")), ipaddress.IPv6Address)
    labels = host.removesuffix(".").split(".")
    if labels[-1].isdigit():
        return isinstance(_ip(host), ipaddress.IPv4Address)
    return len(host) <= 253 and all(_LABEL.fullmatch(label) for label in labels)


def is_loopback(host: str) -> bool:
    """Whether a host's name or address is this machine's own."""
    name = host.strip("[]").removesuffix(".")
    address = _ip(name)
    return name == "localhost" or name.endswith(".localhost") or (address is not None and address.is_loopback)


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
