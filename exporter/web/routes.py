"""The HTTP routes: from requests to the service and back."""

import asyncio
import json
import logging
import math
import platform
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from exporter import __version__
from exporter.accounts.service import Service
from exporter.documents.faults import closest
from exporter.metrics import exposition
from exporter.metrics.exposition import Exposition, Text
from exporter.metrics.families import ExporterState
from exporter.web import debug, discovery
from exporter.web.answers import answer, bad_request, expose, header, pack, send
from exporter.web.filter import Filter
from exporter.web.negotiation import OPENMETRICS, choose_format, names_html

logger = logging.getLogger(__name__)

MOST_UNSENT_BYTES = 48 * 1024 * 1024
"""Answers that wait for their readers, all together: as if --web.max-requests were reached, but for a single one."""

READER_SECONDS = 1.0
"""How long an answer may wait for its reader before it gives way to a request that would get none."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class WebOptions:
    """The flags that shape the routes; `timeout_offset` is in seconds, 0 for `max_requests` is no limit.

    Where `external_url` has a path, everything is served below it as well, for a proxy that doesn't take it off.
    """

    telemetry_path: str = "/metrics"
    enable_lifecycle: bool = False
    max_requests: int = 40
    timeout_offset: float = 0.5
    external_url: str | None = None


def create_app(service: Service, options: WebOptions | None = None) -> web.Application:
    """The web application of one running service.

    Raises:
        ValueError: the external URL is none.
    """
    routes = _Routes(service, options or WebOptions())
    app = web.Application(middlewares=[routes.nothing_here])
    for prefix in dict.fromkeys(("", routes.prefix)):
        app.router.add_get(f"{prefix}/", routes.limited(routes.page))
        app.router.add_get(prefix + routes.options.telemetry_path, routes.limited(routes.metrics))
        app.router.add_get(f"{prefix}/probe", routes.limited(routes.probe))
        app.router.add_get(f"{prefix}/sd", routes.limited(routes.targets))
        app.router.add_get(f"{prefix}/-/healthy", _healthy)
        app.router.add_get(f"{prefix}/-/ready", _ready)
        app.router.add_route("POST", f"{prefix}/-/reload", routes.reload)
        app.router.add_route("PUT", f"{prefix}/-/reload", routes.reload)
    if routes.prefix:
        app.router.add_get(routes.prefix, routes.below)
    app.on_response_prepare.append(_name_server)
    return app


async def _name_server(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = "sms-exporter"


async def _healthy(_request: web.Request) -> web.Response:
    return web.Response(text="sms-exporter is healthy.\n")


async def _ready(_request: web.Request) -> web.Response:
    return web.Response(text="sms-exporter is ready.\n")


def is_health(request: web.Request) -> bool:
    """Whether a request asks for nothing but whether the exporter lives."""
    return request.match_info.handler in {_healthy, _ready}


@dataclass(eq=False, slots=True)
class _Waiting:
    """An answer that waits for its reader: bytes, and since when (monotonic)."""

    request: web.Request
    size: int
    since: float


class _Routes:
    def __init__(self, service: Service, options: WebOptions) -> None:
        self.options = options
        self._external = None if options.external_url is None else discovery.parse_external_url(options.external_url)
        self._service = service
        settings = service.accounts.settings
        self._rendered = settings, Exposition.of(settings)
        self._working = 0
        self._sending: dict[_Waiting, None] = {}
        self._warned = -math.inf

    @property
    def prefix(self) -> str:
        """The path before all others by which the outside knows the exporter."""
        return "" if self._external is None else self._external.prefix

    @web.middleware
    async def nothing_here(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Tell who asks for a path that there isn't which ones there are."""
        try:
            return await handler(request)
        except web.HTTPNotFound:
            metrics = self.options.telemetry_path
            near = closest(request.path, [metrics, "/probe", "/sd", "/-/healthy", "/-/ready", "/-/reload"])
            hint = f"did you mean {near}?" if near else f"metrics are at {metrics}, a page for people at /"
            return web.Response(status=404, text=f"There is nothing here; {hint}\n")

    def limited(self, handler: Handler) -> Handler:
        """A handler that answers 503 at once past `--web.max-requests`, and never queues.

        An answer counts until its reader has taken it: until then it fills memory. Where its place is needed, one
        that has waited for longer than readers take gives way, lest some that don't read keep everybody out.
        """

        async def guarded(request: web.Request) -> web.StreamResponse:
            limit = self.options.max_requests
            if limit and self._working + len(self._sending) >= limit and not self._gives_way():
                return self._refusal()
            self._working += 1
            try:
                response = await handler(request)
            finally:
                self._working -= 1
            waits = _Waiting(request, response.content_length or 0, time.monotonic())
            while limit and self._sending and self._unsent_bytes() + waits.size > MOST_UNSENT_BYTES:
                if not self._gives_way():
                    return self._refusal()
            self._sending[waits] = None
            try:
                await send(request, response)
                return response
            finally:
                self._sending.pop(waits, None)

        return guarded

    def _unsent_bytes(self) -> int:
        return sum(each.size for each in self._sending)

    def _gives_way(self) -> bool:
        """Cut off the answer that has waited for its reader longest, if that is too long."""
        longest = next(iter(self._sending), None)
        if longest is None or time.monotonic() - longest.since < READER_SECONDS:
            return False
        del self._sending[longest]
        if longest.request.transport is not None:
            longest.request.transport.abort()
        return True

    def _refusal(self) -> web.Response:
        limit = self.options.max_requests
        if time.monotonic() - self._warned >= 60:
            self._warned = time.monotonic()
            logger.warning("More requests at once than --web.max-requests", extra={"limit": limit})
        message = f"Limit of concurrent requests reached ({limit}), try again later.\n"
        return web.Response(status=503, text=message)

    async def metrics(self, request: web.Request) -> web.StreamResponse:
        wanted = _collected(request)
        if wanted is None:
            return bad_request(_WRONG_COLLECT)
        content_type = choose_format(header(request, "Accept"))
        openmetrics = content_type.startswith(OPENMETRICS)
        lines: list[str] = []
        # Both of one turn with the accounts' settings, so that a scrape has one configuration, whole.
        state, rendering = self._state(), self._exposition()
        if not wanted or "accounts" in wanted:
            views = await self._service.observe_all(self._seconds(request))
            lines += await rendering.accounts(views, openmetrics=openmetrics)
        if not wanted or "exporter" in wanted:
            lines += exposition.exporter(state, openmetrics=openmetrics)
        return await expose(request, content_type, Text(lines, openmetrics=openmetrics))

    async def probe(self, request: web.Request) -> web.StreamResponse:
        targets = request.query.getall("target", [])
        if len(targets) != 1:
            return bad_request("give target once, the name of an account: /probe?target=NAME")
        account = self._service.accounts.get(targets[0])
        if account is None:
            known = [each.settings.name for each in self._service.accounts]
            near = closest(targets[0], known)
            return bad_request("no account has this name" + (f"; did you mean {near}?" if near else ""))
        if _collected(request) is None:
            return bad_request(_WRONG_COLLECT)
        rendering, apis = self._exposition(), account.apis
        view = await self._service.observe(account, self._seconds(request))
        if request.query.get("debug") == "true":
            metrics = "".join(await rendering.accounts([view], openmetrics=False))
            text = debug.describe(account, apis, view, metrics)
            if not names_html(header(request, "Accept")):
                return web.Response(text=text, headers={"Cache-Control": "no-store", "Vary": "Accept"})
            from exporter.web import page  # noqa: PLC0415  # with its templates, when the first person looks

            html = page.render_debug(account.settings.name, text)
            return web.Response(body=html.encode(), headers={**page.headers(), "Vary": "Accept"})
        content_type = choose_format(header(request, "Accept"))
        openmetrics = content_type.startswith(OPENMETRICS)
        lines = await rendering.accounts([view], openmetrics=openmetrics)
        return await expose(request, content_type, Text(lines, openmetrics=openmetrics))

    def _exposition(self) -> Exposition:
        """The rendering of the configuration in force, which keeps lines from scrape to scrape."""
        settings = self._service.accounts.settings
        if self._rendered[0] is not settings:
            self._rendered = settings, Exposition.of(settings)
        return self._rendered[1]

    def _state(self) -> ExporterState:
        return ExporterState(
            __version__,
            platform.python_version(),
            len(self._service.accounts),
            self._service.last_reload_successful,
            self._service.loaded_timestamp_seconds,
        )

    async def page(self, request: web.Request) -> web.StreamResponse:
        from exporter.web import page  # noqa: PLC0415  # templates and all: who never looks, never pays

        try:
            wanted = Filter.parse(request.query)
        except ValueError as error:
            return bad_request(str(error))
        views = await self._service.observe_all(page.WAIT_SECONDS)
        shown = page.Page(
            views,
            self._service.now_timestamp_seconds(),
            __version__,
            self.options.telemetry_path,
            self._service.last_reload_successful,
            wanted,
        )
        text = Text([await asyncio.to_thread(page.render, shown)])
        return await pack(request, text, {**page.headers(), "Vary": "Accept-Encoding"})

    async def below(self, _request: web.Request) -> web.Response:
        """The page's links start from the path that ends with a slash."""
        return web.Response(status=308, headers={"Location": f"{self.prefix.rpartition('/')[2]}/"})

    async def targets(self, request: web.Request) -> web.StreamResponse:
        groups = discovery.target_groups(self._service.accounts.settings.accounts, self._origin(request))
        body = json.dumps(groups).encode()
        return answer([body], len(body), {"Content-Type": "application/json"})

    def _origin(self, request: web.Request) -> discovery.Origin:
        """Where this client finds the exporter: as configured, else as it called it, else the socket's own address."""
        if self._external is not None:
            return self._external
        host = request.headers.get("Host", "")
        if not discovery.is_host(host):
            name, port = request.get_extra_info("sockname")[:2]
            host = f"[{name}]:{port}" if ":" in name else f"{name}:{port}"
        return discovery.Origin(request.scheme, host)

    async def reload(self, request: web.Request) -> web.Response:
        if not self.options.enable_lifecycle:
            return web.Response(status=403, text="Reload by HTTP is off: start with --web.enable-lifecycle.\n")
        if not self._is_same_site(request):
            return web.Response(status=403, text="Another site's page may not reload the configuration.\n")
        error = await self._service.reload()
        if error is not None:
            return web.Response(status=500, text=f"The configuration before goes on.\n{error}\n")
        return web.Response(text="Configuration loaded.\n")

    def _is_same_site(self, request: web.Request) -> bool:
        """Whether no browser sends this for a page of another site; programs say nothing of where they come from."""
        site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
        if site is not None or origin is None:
            return site in {None, "same-origin", "none"}
        own = {request.headers.get("Host", "")} | (set() if self._external is None else {self._external.address})
        return origin.partition("://")[2].lower() in {host.lower() for host in own if host}

    def _seconds(self, request: web.Request) -> float | None:
        """How long a scrape may take: the scraper's timeout less the offset; None where it gives no usable one."""
        try:
            timeout = float(request.headers.get("X-Prometheus-Scrape-Timeout-Seconds", ""))
        except ValueError:
            return None
        seconds = timeout - self.options.timeout_offset
        return seconds if math.isfinite(timeout) and timeout > 0 and seconds >= 0 else None


_WRONG_COLLECT = "collect[] takes accounts or exporter, or both given one after the other"


def _collected(request: web.Request) -> set[str] | None:
    """What `collect[]` asks for; None where it asks for what there isn't."""
    wanted = set(request.query.getall("collect[]", []))
    return None if wanted - {"accounts", "exporter"} else wanted
