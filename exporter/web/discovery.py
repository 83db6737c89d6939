"""`/sd`: the accounts as targets for Prometheus' HTTP service discovery."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from exporter.settings import AccountSettings

_HOST = re.compile(r"(?:[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_PATH = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)*/?")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where scrapers find the exporter: `http` or `https`, `host:port`, and the path before all of its own."""

    scheme: str
    address: str
    prefix: str = ""


def parse_external_url(url: str) -> Origin:
    """What `--web.external-url` says.

    Raises:
        ValueError: it isn't http:// or https://, a host, perhaps a port and a path, and nothing else.
    """
    message = "write it like https://example.com/sms: no user, no query, no fragment"
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or parts.query or parts.fragment or url.endswith(("?", "#")):
        raise ValueError(message)
    if not is_host(parts.netloc) or not _PATH.fullmatch(parts.path):
        raise ValueError(message)
    return Origin(parts.scheme, parts.netloc, parts.path.rstrip("/"))


def is_host(text: str) -> bool:
    """Whether a text is `host`, `host:port` or `[::1]:port`: the header Host says whatever its sender likes."""
    return _HOST.fullmatch(text) is not None and int(_port(text) or 0) <= 65535


def target_groups(accounts: Iterable[AccountSettings], origin: Origin) -> list[dict[str, object]]:
    """One target an account, in the configuration's order, as HTTP SD writes them."""
    return [
        {
            "targets": [origin.address],
            "labels": {
                "__param_target": account.name,
                "__metrics_path__": f"{origin.prefix}/probe",
                "__scheme__": origin.scheme,
                "__meta_sms_provider": account.provider.id,
                "__meta_sms_account": account.name,
            }
            | {f"__meta_sms_label_{name}": value for name, value in account.labels.items()},
        }
        for account in accounts
    ]


def _port(address: str) -> str:
    return address.rpartition("]")[2].partition(":")[2]
