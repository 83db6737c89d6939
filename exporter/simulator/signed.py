"""Requests that are signed by name: which keys a signature shows, and whether it is what the secret makes of it."""

import re
from collections.abc import Mapping
from datetime import datetime

from exporter.client.signatures import SIGNATURES
from exporter.providers.request import Prepared
from exporter.simulator.requests import Asked, Claim

_FORMS: Mapping[str, Mapping[str, str]] = {
    "ovh": {
        "X-Ovh-Application": r"(?P<application_key>.+)",
        "X-Ovh-Consumer": r"(?P<consumer_key>.+)",
        "X-Ovh-Timestamp": r"(?P<TIME>\d+)",
    },
    "mac": {"Authorization": r'MAC id="(?P<key>[^"]+)", ts="(?P<TIME>\d+)", nonce="(?P<NONCE>[^"]+)", mac=.+'},
    "aws4": {
        "X-Amz-Date": r"(?P<TIME>\d{8}T\d{6}Z)",
        "Authorization": r"AWS4-HMAC-SHA256 Credential=(?P<access_key_id>[^/]+)/.+",
    },
    "solapi": {
        "Authorization": r"HMAC-SHA256 apiKey=(?P<api_key>[^,]+), date=(?P<TIME>[^,]+), salt=(?P<NONCE>[^,]+), .+"
    },
}
"""How the headers of a signed request look, by the signature's name: keys by the names of parts, time and nonce."""

_MAY_BE_SIGNED = ("x-amz-", "content-type")
"""Headers that a signature may cover."""


def shown(signature: str, asked: Asked) -> dict[str, str] | None:
    """What a signed request shows: keys, `TIME` and perhaps `NONCE`; None where it isn't signed like this."""
    found: dict[str, str] = {}
    for header, form in _FORMS[signature].items():
        match = re.fullmatch(form, asked.headers.get(header, ""))
        if match is None:
            return None
        found |= match.groupdict()
    return found


def keys(found: Mapping[str, str]) -> list[Claim]:
    """The keys of what is shown."""
    return [claim for claim in found.items() if claim[0].islower()]


def time_of(found: Mapping[str, str]) -> float | None:
    """When a request says that it was signed, in Unix seconds; None where it is no time."""
    text = found["TIME"]
    try:
        return float(text) if text.isdecimal() else datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None


def is_right(
    signature: str,
    asked: Asked,
    found: Mapping[str, str],
    parts: Mapping[str, str],
    options: Mapping[str, str],
    at: float,
) -> bool:
    """Whether the signature is the one that these secrets give at that time (Unix seconds)."""
    sent = {name: text for name, text in asked.headers.items() if name.lower().startswith(_MAY_BE_SIGNED)}
    request = Prepared(asked.method, asked.url, sent, asked.body or None)
    made = SIGNATURES[signature](request, parts, options, at, found.get("NONCE", ""))
    return all(asked.headers.get(name) == text for name, text in made.items())
