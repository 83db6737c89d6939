"""What stands before every route of our own port: TLS, users and headers as `--web.config.file` says just now."""

import logging
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from exporter.documents.faults import ConfigError, Fault
from exporter.web.config import WebConfig, parse, read
from exporter.web.file_thread import START_SECONDS, FileThread
from exporter.web.passwords import BusyError, Passwords
from exporter.web.tls import Certificates, Renewing

logger = logging.getLogger(__name__)

_BROKEN = "Web configuration is broken"
_NO_CERTIFICATES = "Certificates can't be used, the last ones stay"


class Guard:
    """One web configuration, read again with every request and every new connection, as the toolkit does.

    A file that is broken after the start, or hangs, answers every request with 500; connections are still accepted
    under the last certificates that could be used. Each fault is logged once.
    """

    def __init__(self, path: Path, is_open: Callable[[web.Request], bool] = lambda _request: False) -> None:
        """Reads the file and what it names; requests that are `is_open` need no password, and don't look at the file.

        Raises:
            ConfigError: one of them can't be used.
        """
        self._path = path
        self._is_open = is_open
        self._files, self._certificate_files = FileThread(), FileThread()
        try:
            self._content: bytes | None = self._files.briefly(read, path, seconds=START_SECONDS)
            self._config: WebConfig | None = parse(self._content, path)
            tls = self._config.tls
            self._certificates = (
                None
                if tls is None
                else self._certificate_files.briefly(Certificates, tls, str(path), seconds=START_SECONDS)
            )
        except TimeoutError:
            raise self._hangs() from None
        self._passwords = Passwords()
        self._told: dict[str, str] = {}

    @property
    def ssl_context(self) -> ssl.SSLContext | None:
        """What the listening sockets take; None without TLS."""
        certificates = self._certificates
        return None if certificates is None else Renewing(lambda: self._newest_context(certificates))

    def protect(self, app: web.Application) -> None:
        """Put the guard before all routes of an application, unknown paths included."""
        app.middlewares.insert(0, self._admit)
        app.on_response_prepare.append(self._add_headers)

    @web.middleware
    async def _admit(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if self._is_open(request):
            return await handler(request)
        config = await self._newest()
        if config is None:
            return web.Response(status=500, text="The web configuration is broken: see the log.\n")
        given = request.headers.get("Authorization", "")
        try:
            if config.users and not await self._passwords.admit(config.users, given, request.remote or ""):
                challenge = 'Basic realm="sms-exporter", charset="UTF-8"'
                return web.Response(status=401, text="Unauthorized\n", headers={"WWW-Authenticate": challenge})
        except BusyError:
            headers = {"Retry-After": "1"}
            return web.Response(status=503, text="Too many passwords at once, try again later.\n", headers=headers)
        return await handler(request)

    async def _add_headers(self, _request: web.Request, response: web.StreamResponse) -> None:
        if self._config is not None:
            response.headers.update(self._config.headers)

    async def _newest(self) -> WebConfig | None:
        """What the file says; None while it is broken."""
        try:
            content = await self._files.patiently(read, self._path)
        except (ConfigError, TimeoutError) as error:
            self._unread(error)
            return None
        return self._heed(content)

    def _unread(self, error: ConfigError | TimeoutError) -> None:
        self._content = self._config = None
        self._tell(_BROKEN, error)

    def _heed(self, content: bytes) -> WebConfig | None:
        if content != self._content:
            self._content, self._config = content, None
            try:
                self._config = parse(content, self._path)
            except ConfigError as error:
                self._tell(_BROKEN, error)
                return None
            self._told.pop(_BROKEN, None)
            logger.info("Web configuration loaded")
            if (self._config.tls is None) is not (self._certificates is None):
                logger.warning("TLS goes on as it was: only a restart switches it on or off")
        return self._config

    def _newest_context(self, certificates: Certificates) -> ssl.SSLContext:
        """The context for a new connection: the last one that could be made."""
        config = None
        try:
            config = self._heed(self._files.briefly(read, self._path))
        except (ConfigError, TimeoutError) as error:
            self._unread(error)
        try:
            self._certificate_files.briefly(certificates.renew, None if config is None else config.tls)
            self._told.pop(_NO_CERTIFICATES, None)
        except (ConfigError, TimeoutError) as error:
            self._tell(_NO_CERTIFICATES, error)
        return certificates.context

    def _hangs(self) -> ConfigError:
        return ConfigError([Fault(str(self._path), 0, "", "a file can't be read: its file system doesn't answer")])

    def _tell(self, what: str, error: ConfigError | TimeoutError) -> None:
        """Log faults that haven't been logged since they last were mended."""
        if isinstance(error, TimeoutError):
            error = self._hangs()
        if self._told.get(what) != str(error):
            self._told[what] = str(error)
            for fault in error.faults:
                logger.error(what, extra={"err": str(fault)})
