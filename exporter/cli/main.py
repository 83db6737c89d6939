"""The command line: commands and flags."""

import argparse
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from exporter.cli.flags import CHECK_FAILED, DEFAULT_ADDRESS, parser
from exporter.documents.faults import ConfigError

if TYPE_CHECKING:
    from exporter.config.watch import Watch
    from exporter.settings import Settings
    from exporter.web.guard import Guard

logger = logging.getLogger(__name__)

Leave = Callable[[int], None]
"""Ends the process with an exit code, or doesn't."""


def command() -> int:
    """Run the command that the process was started with, which mostly ends the process."""
    for standard in range(3):
        try:
            os.fstat(standard)
        except OSError:
            # Started with it closed: the next file or socket would take its number, and uvloop ends over that.
            os.open(os.devnull, os.O_RDWR)
    try:
        try:
            return main(sys.argv[1:], _leave)
        finally:
            _flush()
    except BrokenPipeError:
        # Whoever read has read enough (`| head -1`): end as other programs do, which don't catch the signal.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGPIPE)
        raise


def _leave(code: int) -> None:
    """End the process now.

    A name that is being resolved holds a thread for as long as the resolver is patient, and event loop and
    interpreter would wait for it: past `--timeout`, and past what a service manager waits after SIGTERM.
    """
    logging.shutdown()
    _flush()
    os._exit(code)


def _flush() -> None:
    if sys.stdout is not None:  # there is none where it was closed at the start
        sys.stdout.flush()


def main(arguments: Sequence[str], leave: Leave = lambda _code: None) -> int:
    """Run a command; returns the exit code, or calls `leave` with it once a command's event loop has done its work."""
    given = [*arguments]
    if not given or (given[0].startswith("-") and given[0] not in {"-h", "--help", "--version"}):
        given.insert(0, "serve")
    try:
        options = parser().parse_args(given)
    except SystemExit as end:
        if given[0] == "check" and end.code:
            # argparse's 2 would tell a monitoring system that an account is critical.
            raise SystemExit(CHECK_FAILED) from None
        raise
    run = {
        "serve": _serve,
        "demo": _demo,
        "check": _check,
        "check-config": _check_config,
        "providers": _providers,
        "schema": _schema,
    }[options.command]
    options.leave = leave
    return run(options)


def _check(options: argparse.Namespace) -> int:
    began = time.monotonic() - time.process_time()  # what starting the interpreter took counts too
    from exporter import logs  # noqa: PLC0415  # each command pays for its own imports alone
    from exporter.check.command import Order, run  # noqa: PLC0415
    from exporter.web import server  # noqa: PLC0415  # each command pays for its own imports alone

    logs.configure("warn")
    order = Order(Path(options.config_file), options.accounts, options.format, options.timeout, began)
    try:
        return server.run(run(order), options.leave)
    except KeyboardInterrupt:
        return CHECK_FAILED


def _check_config(options: argparse.Namespace) -> int:
    from exporter.config.loading import load  # noqa: PLC0415

    try:
        loaded = load(Path(options.file))
    except ConfigError as error:
        for fault in sorted((*error.warnings, *error.faults), key=lambda fault: fault.line):
            print(fault, file=sys.stderr)
        return 1
    for warning in loaded.warnings:
        print(warning, file=sys.stderr)
    count = len(loaded.settings.accounts)
    print(f"{options.file}: valid, {count} account{'' if count == 1 else 's'}")
    return 0


def _schema(_options: argparse.Namespace) -> int:
    from exporter.config.schema import json_schema  # noqa: PLC0415

    print(json.dumps(json_schema(), indent=2))
    return 0


def _providers(options: argparse.Namespace) -> int:
    from exporter.cli.providers import describe, overview  # noqa: PLC0415
    from exporter.documents.faults import nearest  # noqa: PLC0415
    from exporter.providers.catalogue import builtin  # noqa: PLC0415

    catalogue = builtin()
    if options.id is None:
        print(overview(catalogue))
        return 0
    if options.id not in catalogue:
        print(f"no provider {options.id!r}; {nearest(options.id, catalogue)}", file=sys.stderr)
        return 1
    print(describe(catalogue[options.id]))
    return 0


def _heed_signals() -> None:
    """Let SIGTERM and SIGINT end the process in order before there is a loop that does; SIGHUP waits till then."""

    def leave(_number: int, _frame: object) -> NoReturn:
        raise SystemExit(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def _serve(options: argparse.Namespace) -> int:
    _heed_signals()
    from exporter import logs  # noqa: PLC0415
    from exporter.config.loading import load  # noqa: PLC0415
    from exporter.config.watch import Watch  # noqa: PLC0415

    logs.configure(options.log_level, options.log_format)
    path = Path(options.config_file)
    watch = Watch(path)

    def read() -> "Settings":
        watch.loading()
        loaded = load(path)
        logs.log_warnings(loaded.warnings)
        return loaded.settings

    return _until_ended(_run(options, read, watch if options.enable_auto_reload else None), options.leave)


def _demo(options: argparse.Namespace) -> int:
    _heed_signals()
    from exporter import logs  # noqa: PLC0415
    from exporter.cli.demo import Demo  # noqa: PLC0415

    logs.configure(options.log_level, options.log_format)

    async def run() -> int:
        async with Demo(options.demo_seed, time.time(), options.demo_speed) as demo:

            def welcome(url: str) -> None:
                print(demo.welcome(url, options.telemetry_path), flush=True)

            return await _run(options, demo.load, started=welcome)

    return _until_ended(run(), options.leave)


def _until_ended(main: Coroutine[Any, Any, int], leave: Leave) -> int:
    from exporter import logs  # noqa: PLC0415
    from exporter.web import server  # noqa: PLC0415

    try:
        return server.run(main, leave)
    except ConfigError as error:
        logs.log_warnings(error.warnings)
        for fault in error.faults:
            logger.error("Configuration is not valid", extra={"err": str(fault)})  # noqa: TRY400
        return 1
    except server.AddressError as error:
        logger.error("Can't listen", extra={"err": str(error)})  # noqa: TRY400
        return 1


async def _run(
    options: argparse.Namespace,
    load: "Callable[[], Settings]",
    watch: "Watch | None" = None,
    started: Callable[[str], None] = lambda _url: None,
) -> int:
    from exporter.accounts.service import Service  # noqa: PLC0415
    from exporter.config.watch import keep_loaded  # noqa: PLC0415
    from exporter.web import server  # noqa: PLC0415
    from exporter.web.routes import WebOptions, create_app  # noqa: PLC0415

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

    return Guard(Path(options.web_config_file))
