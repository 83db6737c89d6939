"""`sms-exporter serve`: the exporter with a configuration file."""

import argparse
import logging
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exporter import logs
from exporter.accounts.service import Service
from exporter.cli.flags import DEFAULT_ADDRESS
from exporter.config.loading import load
from exporter.config.watch import Watch, keep_loaded
from exporter.documents.faults import ConfigError
from exporter.settings import Settings
from exporter.web import server
from exporter.web.routes import WebOptions, create_app, is_health

if TYPE_CHECKING:
    from exporter.web.guard import Guard

logger = logging.getLogger(__name__)


def run(options: argparse.Namespace) -> int:
    """Serve until a signal comes; returns the exit code."""
    logs.configure(options.log_level, options.log_format, beside=True)
    path = Path(options.config_file)
    watch = Watch(path) if options.enable_auto_reload else None

    def read() -> Settings:
        if watch is not None:
            watch.loading()
        loaded = load(path)
        logs.log_warnings(loaded.warnings)
        return loaded.settings

    return until_ended(serve(options, read, watch), options)


def until_ended(main: Coroutine[Any, Any, int], options: argparse.Namespace) -> int:
    """Run what serves; what makes it end at once is logged."""
    try:
        return server.run(main, options.leave)
    except ConfigError as error:
        logs.log_warnings(error.warnings)
        for fault in error.faults:
            logger.error("Configuration is not valid", extra={"err": str(fault)})  # noqa: TRY400
        return 1
    except server.AddressError as error:
        logger.error("Can't listen", extra={"err": str(error)})  # noqa: TRY400
        return 1


async def serve(
    options: argparse.Namespace,
    load: Callable[[], Settings],
    watch: Watch | None = None,
    started: Callable[[str], None] = lambda _url: None,
) -> int:
    """Serve the accounts that `load` gives; `started` hears of the first address.

    Raises:
        ConfigError: the configuration, or the web configuration, can't be used.
        AddressError: an address can't be listened on.
    """
    guard = _guard(options)
    service = Service(load)
    listeners = server.listeners(options.listen_addresses, options.systemd_socket, DEFAULT_ADDRESS)
    web_options = WebOptions(
        options.telemetry_path,
        options.enable_lifecycle,
        options.max_requests,
        options.timeout_offset,
        options.external_url,
    )
    app = create_app(service, web_options)
    if guard is not None:
        guard.protect(app)
    return await server.serve(
        app,
        listeners,
        ssl_context=None if guard is None else guard.ssl_context,
        reload=service.reload,
        close=service.aclose,
        started=lambda urls: started(options.external_url or urls[0]),
        beside=None if watch is None else keep_loaded(watch, options.auto_reload_interval, service.reload),
    )


def _guard(options: argparse.Namespace) -> "Guard | None":
    if options.web_config_file is None:
        return None
    from exporter.web.guard import Guard  # noqa: PLC0415  # whoever has no such file doesn't pay for it

    path = Path(options.web_config_file)
    return Guard(path, is_health) if options.health_without_password else Guard(path)
