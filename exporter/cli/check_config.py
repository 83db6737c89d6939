"""`sms-exporter check-config`: every fault of a configuration file, a line each."""

import argparse
import sys
from pathlib import Path

from exporter.config.loading import load
from exporter.documents.faults import ConfigError


def run(options: argparse.Namespace) -> int:
    """Validate the file; returns 1 where it has a fault."""
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
