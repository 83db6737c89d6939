"""The providers' documented refusals, each under a name; the scenario and tests ask for them by it."""

import json
from collections.abc import Mapping
from typing import Any

from exporter.simulator.sending import Answer

_INCIDENT = "7b0f6a52-2c4e-4a54-9d7c-0d6a0c5f3e11"
_PAGE = b"<!DOCTYPE html><html><head><title>Maintenance</title></head><body><h1>Back soon</h1></body></html>\n"


def _json(status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, json.dumps(body).encode(), headers or {})


def _agile(status: int, code: int, message: str) -> Answer:
    # The page doesn't say which HTTP status goes with which code; its example stands under 5XX.
    return _json(status, {"status": "error", "message": message, "code": code})


def _gateway(status: int, code: str, message: str, *variables: str) -> Answer:
    # `code` and `variables` are left out where they are empty; %1 stands for the first variable.
    body: dict[str, Any] = {"incident_uuid": _INCIDENT, "message": message}
    return _json(status, body | ({"code": code} if code else {}) | ({"variables": variables} if variables else {}))


def _qlara(status: int, name: str, message: str) -> Answer:
    return _json(status, {"status": "fail", "data": {name: message}})


_EVERYWHERE = {
    "not_understood": Answer(200, _PAGE, content_type="text/html"),
    "timeout": Answer(ending="hang"),
    "reset": Answer(ending="reset"),
    "truncated": Answer(ending="truncate"),
    "bad_gateway": Answer(502, _PAGE, content_type="text/html"),
    "unavailable": Answer(503, b"", content_type="text/plain"),
}

ERRORS: Mapping[str, Mapping[str, Answer]] = {
    "agiletelecom": _EVERYWHERE
    | {
        "key_rejected": _agile(401, 1, "Wrong credentials"),
        "insufficient_credit": _agile(500, 2, "Insufficient credit"),
        "server_error": _agile(500, 8, "Server error"),
        "timeout_reported": _agile(503, 9, "Credit check timed out"),
        "address_not_allowed": _agile(403, 100, "Source IP is not allowed"),
        "rate_limited": Answer(429, b"", content_type="text/plain"),
    },
    "gatewayapi": _EVERYWHERE
    | {
        "key_rejected": _gateway(401, "0x0229", "Invalid API token"),
        "user_name_rejected": _gateway(401, "0x0210", "Invalid username"),
        "password_rejected": _gateway(401, "0x0211", "Invalid password"),
        "address_rejected": _gateway(401, "0x0212", "Invalid IP %1", "192.0.2.7"),
        "address_not_allowed": _gateway(403, "0x0213", "Unauthorized IP-address: %1", "192.0.2.7"),
        "forbidden": _gateway(403, "", "Forbidden"),
        "insufficient_credit": _gateway(403, "0x0216", "Insufficient credit"),
        "bad_argument": _gateway(400, "0x0220", "Invalid argument: %1", "fileformat"),
        "consumer_key_rejected": _gateway(401, "0x0223", "Invalid consumer key"),
        "signature_rejected": _gateway(401, "0x0224", "Invalid signature"),
        "timestamp_expired": _gateway(401, "0x0225", "Timestamp expired"),
        "nonce_used": _gateway(401, "0x0226", "Nonce has been used before"),
        "suspended": _gateway(403, "0x022A", "Account is frozen"),
        "server_error": _gateway(500, "", "Unhandled exception"),
        "rate_limited": Answer(429, b"", {"Retry-After": "30"}, content_type="text/plain"),
    },
    "qlara": _EVERYWHERE
    | {
        "key_rejected": _qlara(401, "authentication", "Invalid or missing API key"),
        "permission_missing": _qlara(403, "authorization", "API key does not have billing read permissions"),
        "server_error": _json(500, {"status": "error", "message": "Internal server error"}),
        "rate_limited": _json(
            429,
            {"status": 429, "error": "Too Many Requests", "message": "Rate limit exceeded", "retryAfter": 12},
            {"X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "0"},
        ),
    },
}
