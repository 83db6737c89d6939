"""The HTTP routes: from requests to the service and back."""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from exporter import debug
from exporter.account import Account
from exporter.exposition import compress
from exporter.faults import closest
from exporter.negotiation import OPENMETRICS, accepts_gzip, choose_format
from exporter.service import Parts, Service

logger = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_COMPRESS_IN_THREAD_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class WebOptions:
    """The flags that shape the routes; `timeout_offset` is in seconds, 0 for `max_requests` is no limit."""

    telemetry_path: str = "/metrics"
    enable_lifecycle: bool = False
    max_requests: int = 40
    timeout_offset: float = 0.5


def create_app(service: Service, options: WebOptions | None = None) -> web.Application:
    """The web application of one running service."""
    routes = _Routes(service, options or WebOptions())
    app = web.Application()
    app.router.add_get(routes.options.telemetry_path, routes.limited(routes.metrics))
    app.router.add_get("/probe", routes.limited(routes.probe))
    app.router.add_get("/-/healthy", _healthy)
    app.router.add_get("/-/ready", _ready)
    app.router.add_route("POST", "/-/reload", routes.reload)
    app.router.add_route("PUT", "/-/reload", routes.reload)
    app.on_response_prepare.append(_name_server)
    return app


async def _name_server(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = "sms-exporter"


async def _healthy(_request: web.Request) -> web.Response:
    return web.Response(text="sms-exporter is healthy.\n")


async def _ready(_request: web.Request) -> web.Response:
    return web.Response(text="sms-exporter is ready.\n")


class _Routes:
    def __init__(self, service: Service, options: WebOptions) -> None:
        self.options = options
        self._service = service
        self._requests = 0
        self._warned = -math.inf

    def limited(self, handler: Handler) -> Handler:
        """A handler that answers 503 at once past `--web.max-requests`, and never queues."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            limit = self.options.max_requests
            if limit and self._requests >= limit:
                if time.monotonic() - self._warned >= 60:
                    self._warned = time.monotonic()
                    logger.warning("More requests at once than --web.max-requests", extra={"limit": limit})
                message = f"Limit of concurrent requests reached ({limit}), try again later.\n"
                return web.Response(status=503, text=message)
            self._requests += 1
            try:
                return await handler(request)
            finally:
                self._requests -= 1

        return guarded

    async def metrics(self, request: web.Request) -> web.Response:
        wanted = set(request.query.getall("collect[]", []))
        if wanted - {"accounts", "exporter"}:
            return _bad_request("collect[] takes accounts or exporter, or both given one after the other")
        parts = Parts(not wanted or "accounts" in wanted, not wanted or "exporter" in wanted)
        return await self._exposed(
            request,
            lambda openmetrics: self._service.metrics(parts, self._seconds(request), openmetrics=openmetrics),
        )

    async def probe(self, request: web.Request) -> web.Response:
        targets = request.query.getall("target", [])
        if len(targets) != 1:
            return _bad_request("give target once, the name of an account: /probe?target=NAME")
        account = self._service.accounts.get(targets[0])
        if account is None:
            known = [each.settings.name for each in self._service.accounts]
            near = closest(targets[0], known)
            return _bad_request("no account has this name" + (f"; did you mean {near}?" if near else ""))
        if request.query.get("debug") == "true":
            return await self._debug(request, account)
        return await self._exposed(
            request,
            lambda openmetrics: self._service.probe(account, self._seconds(request), openmetrics=openmetrics),
        )

    async def _debug(self, request: web.Request, account: Account) -> web.Response:
        seconds = self._seconds(request)
        view = await self._service.observe(account, seconds)
        metrics = await self._service.probe(account, 0, openmetrics=False)
        return web.Response(text=debug.report(account, view, metrics), headers={"Cache-Control": "no-store"})

    async def _exposed(self, request: web.Request, render: Callable[[bool], Awaitable[str]]) -> web.Response:
        """An exposition in the form that the asker takes."""
        content_type = choose_format(request.headers.get("Accept"))
        body = (await render(content_type.startswith(OPENMETRICS))).encode()
        headers = {"Content-Type": content_type, "Vary": "Accept, Accept-Encoding"}
        if accepts_gzip(request.headers.get("Accept-Encoding")):
            headers["Content-Encoding"] = "gzip"
            if len(body) > _COMPRESS_IN_THREAD_BYTES:
                body = await asyncio.to_thread(compress, body)
            else:
                body = compress(body)
        return web.Response(body=body, headers=headers)

    async def reload(self, _request: web.Request) -> web.Response:
        if not self.options.enable_lifecycle:
            return web.Response(status=403, text="Reload by HTTP is off: start with --web.enable-lifecycle.\n")
        error = await self._service.reload()
        if error is not None:
            return web.Response(status=500, text=f"The configuration before goes on.\n{error}\n")
        return web.Response(text="Configuration loaded.\n")

    def _seconds(self, request: web.Request) -> float | None:
        """How long a scrape may take: the scraper's timeout less the offset; None where it gives no usable one."""
        try:
            timeout = float(request.headers.get("X-Prometheus-Scrape-Timeout-Seconds", ""))
        except ValueError:
            return None
        seconds = timeout - self.options.timeout_offset
        return seconds if math.isfinite(timeout) and timeout > 0 and seconds >= 0 else None


def _bad_request(message: str) -> web.Response:
    return web.Response(status=400, text=f"{message}\n")
