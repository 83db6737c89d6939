"""Which proxy, if any, a URL is asked through: Prometheus' `proxy_url`, `no_proxy`, `proxy_from_environment`."""

import ipaddress
import os
from urllib.parse import SplitResult, urlsplit

from exporter.client.addresses import AddressError, is_loopback, parse_proxy_url
from exporter.failure import Failure, FailureError, Reason
from exporter.settings import HttpSettings

_DEFAULT_PORTS = {"http": 80, "https": 443}


def proxy_for(url: str, http: HttpSettings) -> str | None:
    """The URL of the proxy for a URL, or None for a direct connection.

    Raises:
        FailureError: `connection`, the environment names what is no proxy.
    """
    if http.proxy_url is None and not http.proxy_from_environment:
        return None
    target = urlsplit(url)
    # Go's rules, which Prometheus uses in these two cases, never ask loopback through a proxy.
    if (http.proxy_from_environment or http.no_proxy) and is_loopback(target.hostname or ""):
        return None
    if http.proxy_from_environment:
        proxy = _checked(_from_environment(f"{target.scheme}_proxy"))
        excluded = _from_environment("no_proxy") or ""
    else:
        proxy = None if http.proxy_url is None else http.proxy_url.value()
        excluded = http.no_proxy
    return None if proxy is None or _is_excluded(target, excluded) else proxy


def _from_environment(name: str) -> str | None:
    return os.environ.get(name) or os.environ.get(name.upper()) or None


def _checked(proxy: str | None) -> str | None:
    """The environment's proxy as a URL: without a scheme it is an http one."""
    if proxy is None:
        return None
    url = proxy if "://" in proxy else f"http://{proxy}"
    try:
        return parse_proxy_url(url)
    except AddressError as error:
        raise FailureError(Failure(Reason.CONNECTION, f"the environment's proxy: {error.message}")) from error


def _is_excluded(target: SplitResult, no_proxy: str) -> bool:
    """Whether a comma-separated list names the target: `*`, a host or its domain (with a port), an address, a CIDR."""
    host = (target.hostname or "").rstrip(".")
    port = target.port or _DEFAULT_PORTS[target.scheme]
    return any(_names(entry.strip().lower(), host, port) for entry in no_proxy.split(","))


def _names(entry: str, host: str, port: int) -> bool:
    if entry == "*":
        return True
    try:
        network = ipaddress.ip_network(entry.strip("[]"), strict=False)
        return ipaddress.ip_address(host) in network
    except ValueError:
        pass
    name, _, entry_port = entry.partition(":")
    if entry_port and entry_port != str(port):
        return False
    domain = name.removeprefix("*").removeprefix(".")
    if not domain:
        return False
    # `example.com` names the host and what is below it, `.example.com` only what is below.
    return host.endswith("." + domain) or (host == domain and name == domain)
