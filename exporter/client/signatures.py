"""Signatures that a definition's `keys` name: what each adds to a request's headers.

Each is a function of the request, the parts, the options, the time (Unix seconds) and a nonce, and nothing else.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, urlsplit

from exporter.providers.request import Prepared

Signature = Callable[[Prepared, Mapping[str, str], Mapping[str, str], float, str], dict[str, str]]
"""From a request, the parts, the options, the time and a nonce to headers."""

_PORTS = {"http": 80, "https": 443}


def ovh(
    request: Prepared, parts: Mapping[str, str], _options: Mapping[str, str], now: float, _nonce: str
) -> dict[str, str]:
    """OVHcloud's: SHA-1 over secrets, method, URL, body and time (github.com/ovh/python-ovh)."""
    timestamp = str(int(now))
    signed = [parts["application_secret"], parts["consumer_key"], request.method, request.url]
    text = "+".join([*signed, (request.body or b"").decode(), timestamp])
    return {
        "X-Ovh-Application": parts["application_key"],
        "X-Ovh-Consumer": parts["consumer_key"],
        "X-Ovh-Timestamp": timestamp,
        "X-Ovh-Signature": "$1$" + hashlib.sha1(text.encode()).hexdigest(),  # noqa: S324  # the provider's choice
    }


def mac(
    request: Prepared, parts: Mapping[str, str], _options: Mapping[str, str], now: float, nonce: str
) -> dict[str, str]:
    """SMSGlobal's: HTTP MAC with HMAC-SHA-256 (github.com/smsglobal/smsglobal-php)."""
    timestamp, url = str(int(now)), urlsplit(request.url)
    port = url.port or _PORTS[url.scheme]
    lines = [timestamp, nonce, request.method, _target(request.url), url.hostname or "", str(port), ""]
    text = "".join(f"{line}\n" for line in lines)
    digest = base64.b64encode(hmac.digest(parts["secret"].encode(), text.encode(), "sha256")).decode()
    return {"Authorization": f'MAC id="{parts["key"]}", ts="{timestamp}", nonce="{nonce}", mac="{digest}"'}


def solapi(
    _request: Prepared, parts: Mapping[str, str], _options: Mapping[str, str], now: float, nonce: str
) -> dict[str, str]:
    """SOLAPI's: HMAC-SHA-256 over the date and a salt (github.com/solapi/solapi-nodejs)."""
    date = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    signature = hmac.new(parts["api_secret"].encode(), (date + nonce).encode(), "sha256").hexdigest()
    return {"Authorization": f"HMAC-SHA256 apiKey={parts['api_key']}, date={date}, salt={nonce}, signature={signature}"}


def aws4(
    request: Prepared, parts: Mapping[str, str], options: Mapping[str, str], now: float, _nonce: str
) -> dict[str, str]:
    """AWS Signature Version 4, of the host, the content's type and every `x-amz-` header that is sent.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
    """
    url = urlsplit(request.url)
    time = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    added = {"X-Amz-Date": time}
    if "session_token" in parts:
        added["X-Amz-Security-Token"] = parts["session_token"]
    sent = {name.lower(): value for name, value in {**request.headers, **added}.items()}
    headers = {name: value for name, value in sent.items() if name.startswith("x-amz-") or name == "content-type"}
    headers["host"] = url.netloc.rpartition("@")[2]
    names = ";".join(sorted(headers))
    canonical = "\n".join(
        [
            request.method,
            quote(url.path or "/", safe="/-_.~%")
            if options["service"] == "s3"
            else quote(url.path or "/", safe="/-_.~"),
            _canonical_query(url.query),
            *(f"{name}:{re.sub(' +', ' ', headers[name].strip())}" for name in sorted(headers)),
            "",
            names,
            hashlib.sha256(request.body or b"").hexdigest(),
        ]
    )
    scope = f"{time[:8]}/{options['region']}/{options['service']}/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", time, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{parts['secret_access_key']}".encode()
    for step in (time[:8], options["region"], options["service"], "aws4_request"):
        key = hmac.digest(key, step.encode(), "sha256")
    signature = hmac.new(key, text.encode(), "sha256").hexdigest()
    credential = f"{parts['access_key_id']}/{scope}"
    authorization = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
    return {**added, "Authorization": authorization}


def _target(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _canonical_query(query: str) -> str:
    pairs = parse_qsl(query, keep_blank_values=True)
    return "&".join(sorted(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in pairs))


SIGNATURES: Mapping[str, Signature] = {"ovh": ovh, "mac": mac, "aws4": aws4, "solapi": solapi}
