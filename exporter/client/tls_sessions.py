"""TLS sessions that are resumed: a new connection to a host is spared half of its handshake."""

import ssl
import time
from dataclasses import dataclass

LONGEST_SECONDS = 3600.0
"""A resumed session isn't asked for its certificate: so often at least it is looked at again."""


@dataclass(slots=True)
class _Known:
    session: ssl.SSLSession
    verified: float
    """When the certificate was last looked at (monotonic)."""


class ResumingContext(ssl.SSLContext):
    """A client's context that offers each host its newest session.

    asyncio and uvloop wrap a connection by `wrap_bio`, and neither passes a session on.
    """

    _known: dict[str, _Known]

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """As the standard library's, with a session where one is known."""
        return super().wrap_bio(
            incoming, outgoing, server_side, server_hostname, session or self._offered(server_hostname)
        )

    def remember(self, connection: ssl.SSLObject) -> None:
        """Keep the session of a connection that has answered: only then its handshake has surely ended well.

        Tickets of TLS 1.3 come after the handshake, mostly before the first answer.
        """
        host, session = connection.server_hostname, connection.session
        if host is None or session is None or not _can_be_resumed(connection, session):
            return
        known = self._sessions().get(host)
        verified = known.verified if known is not None and connection.session_reused else time.monotonic()
        self._sessions()[host] = _Known(session, verified)

    def forget(self, host: str) -> None:
        """After a handshake that failed: the next one shall be a whole one."""
        self._sessions().pop(host, None)

    def _sessions(self) -> dict[str, _Known]:
        try:
            return self._known
        except AttributeError:  # `SSLContext` is made by `__new__`, which copies don't call again
            self._known = {}
            return self._known

    def _offered(self, host: str | bytes | None) -> ssl.SSLSession | None:
        known = self._sessions().get(host) if isinstance(host, str) else None
        if known is None or time.monotonic() - known.verified > LONGEST_SECONDS:
            return None
        return known.session


def _can_be_resumed(connection: ssl.SSLObject, session: ssl.SSLSession) -> bool:
    return session.has_ticket or (connection.version() != "TLSv1.3" and bool(session.id))
