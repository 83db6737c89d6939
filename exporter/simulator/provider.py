"""A simulated provider: its definition, and the refusals that it knows, each under a name."""

from collections.abc import Mapping

from exporter.failure import Reason
from exporter.providers import compose
from exporter.providers.definition import Definition
from exporter.simulator.sending import Answer

_PAGE = b"<!DOCTYPE html><html><head><title>Maintenance</title></head><body><h1>Back soon</h1></body></html>\n"
_RETRY_AFTER_SECONDS = 12

EVERYWHERE: Mapping[str, Answer] = {
    "not_understood": Answer(200, _PAGE, content_type="text/html"),
    "timeout": Answer(ending="hang"),
    "reset": Answer(ending="reset"),
    "truncated": Answer(ending="truncate"),
    "bad_gateway": Answer(502, _PAGE, content_type="text/html"),
    "unavailable": Answer(503, b"", content_type="text/plain"),
}
"""What happens to every provider."""

REFUSALS: Mapping[str, Reason] = {
    "key_rejected": Reason.UNAUTHORIZED,
    "permission_missing": Reason.FORBIDDEN,
    "address_not_allowed": Reason.IP_NOT_ALLOWED,
    "insufficient_credit": Reason.INSUFFICIENT_CREDIT,
    "suspended": Reason.SUSPENDED,
    "rate_limited": Reason.RATE_LIMITED,
    "bad_argument": Reason.BAD_REQUEST,
    "server_error": Reason.SERVER_ERROR,
    "timeout_reported": Reason.TIMEOUT,
}
"""What a provider says by itself, in the form that its definition knows."""


class Provider:
    """A definition with its errors, each composed once."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self._errors: dict[tuple[str, str], Answer] = {}

    def error(self, api: str, name: str) -> Answer:
        """The answer of an api under a name of `EVERYWHERE` or `REFUSALS`.

        Raises:
            KeyError: there is no such name.
            ComposeError: no answer of this provider tells this.
        """
        if name in EVERYWHERE:
            return EVERYWHERE[name]
        if (api, name) not in self._errors:
            wait = _RETRY_AFTER_SECONDS if name == "rate_limited" else None
            self._errors[api, name] = sent(
                compose.failure(REFUSALS[name], self.definition, self.definition.apis[api], wait)
            )
        return self._errors[api, name]


def sent(composed: compose.Composed) -> Answer:
    """A composed answer as it is sent."""
    return Answer(composed.status, composed.body, composed.headers, content_type=composed.content_type)
