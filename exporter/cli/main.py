"""The process: from its arguments to a command, and its end."""

import argparse
import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Sequence
from typing import NoReturn

from exporter.cli.flags import CHECK_FAILED, Leave, parser

COLLECT_AFTER_OBJECTS = 100_000
"""More than the imports make, and than a scrape of a thousand accounts has under way: neither leaves much behind."""


def command() -> int:
    """Run the command that the process was started with, which mostly ends the process."""
    gc.set_threshold(COLLECT_AFTER_OBJECTS)
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
            logging.shutdown()  # what was logged comes before a traceback
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
    options.leave = leave
    options.began = time.monotonic() - time.process_time()  # what starting the interpreter took counts too
    return _run(options)


def _run(options: argparse.Namespace) -> int:
    """Run the command that was chosen: each pays for its own imports alone."""
    match options.command:
        case "serve":
            _heed_signals()
            from exporter.cli import serve

            return serve.run(options)
        case "demo":
            _heed_signals()
            from exporter.cli import demo

            return demo.run(options)
        case "check":
            from exporter.cli import check

            return check.run(options)
        case "check-config":
            from exporter.cli import check_config

            return check_config.run(options)
        case "providers":
            from exporter.cli import providers

            return providers.run(options)
        case _:
            from exporter.cli import schema

            return schema.run(options)


def _heed_signals() -> None:
    """Let SIGTERM and SIGINT end the process in order before there is a loop that does; SIGHUP waits till then."""

    def leave(_number: int, _frame: object) -> NoReturn:
        raise SystemExit(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
