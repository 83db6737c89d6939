"""TLS sessions that are resumed: a new connection to a host is spared half of its handshake."""

import ssl
import time
from dataclasses import dataclass

LONGEST_SECONDS = 3600.0
"""A resumed session isn't asked for its certificate: so often at least it is looked at again."""

LONGEST_PAUSE_SECONDS = 86_400.0
"""So long at most a host is left alone whose sessions are never resumed."""


@dataclass(slots=True)
class _Known:
    """A host's session. `ssl` loses 4 kB whenever it gives one: it is asked again only where the last is of no use."""

    session: ssl.SSLSession | None
    verified: float
    """When the certificate was last looked at (monotonic)."""

    fruitless: int = 0
    """How many sessions in a row were not resumed."""

    def is_asked_again(self, now: float) -> bool:
        """Whether another session is worth its price: at once the first time, then ever more seldom."""
        pause = min(2.0 ** min(self.fruitless, 30), LONGEST_PAUSE_SECONDS) if self.fruitless else 0.0
        return now >= self.verified + pause


class ResumingContext(ssl.SSLContext):
    """A client's context that offers each host a session of its own.

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
        host, now = connection.server_hostname, time.monotonic()
        if host is None:
            return
        known = self._sessions().get(host)
        if known is not None and connection.session_reused:
            known.fruitless = 0
        elif known is None or known.is_asked_again(now):
            session = connection.session
            if session is not None and not _can_be_resumed(connection, session):
                session = None
            self._sessions()[host] = _Known(session, now, 0 if known is None else known.fruitless + 1)

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
