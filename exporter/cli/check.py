"""`sms-exporter check`: one look at the accounts."""

import argparse
from pathlib import Path

from exporter import logs
from exporter.check import command
from exporter.cli.flags import CHECK_FAILED
from exporter.web import server


def run(options: argparse.Namespace) -> int:
    """Check, print what was found, and return the exit code."""
    # With --changes cron mails whatever is written: why an api fails would be told again with every run.
    logs.configure("warn" if options.changes is None else "error")
    order = command.Order(
        Path(options.config_file), options.accounts, options.format, options.timeout, options.began, options.changes
    )
    try:
        return server.run(command.run(order), options.leave)
    except KeyboardInterrupt:
        return CHECK_FAILED
