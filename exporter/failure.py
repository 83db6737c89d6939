"""The reasons for which an account's provider gave no answer that can be used.

Drawn as one table; `Reason` is the value of the label `reason`, so no other word is ever added
without a change of the public contract.

    unauthorized         the credential is refused: HTTP 401, or the body says so
    forbidden            the credential lacks a permission: HTTP 403
    ip_not_allowed       the provider doesn't accept this address
    insufficient_credit  the provider refuses because the credit is used up
    suspended            the provider has frozen the account
    rate_limited         too many calls: HTTP 429, or 403 with a time to wait for
    bad_request          any other 4xx
    server_error         5xx, or the body says so
    timeout              no whole answer within the time allowed, or the body says so
    connection           name resolution, refused, reset, closed in mid-answer
    tls                  the provider's certificate or handshake isn't acceptable
    redirect             a redirect, which is not followed
    invalid_response     not JSON, wrong shape or type, not finite, too large
    internal             an unexpected error in this exporter
"""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why an api's newest call failed (the metric label `reason`)."""

    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    IP_NOT_ALLOWED = "ip_not_allowed"
    INSUFFICIENT_CREDIT = "insufficient_credit"
    SUSPENDED = "suspended"
    RATE_LIMITED = "rate_limited"
    BAD_REQUEST = "bad_request"
    SERVER_ERROR = "server_error"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    TLS = "tls"
    REDIRECT = "redirect"
    INVALID_RESPONSE = "invalid_response"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Failure:
    """A call that gave no readings.

    `detail` is one line for a person, in our own words: it never holds a body or a secret.
    `retry_after_seconds` is what the provider asked for, where it did. `by_status`: the HTTP status alone says it.
    What `is_told` was logged once for all accounts.
    """

    reason: Reason
    detail: str
    retry_after_seconds: float | None = None
    by_status: bool = False
    is_told: bool = False


class FailureError(Exception):
    """Carries a `Failure` out of nested code to the one place that records it."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"{failure.reason}: {failure.detail}")
        self.failure = failure


def invalid_response(detail: str) -> FailureError:
    """An answer that can't be read: `detail` says what was expected where."""
    return FailureError(Failure(Reason.INVALID_RESPONSE, detail))
