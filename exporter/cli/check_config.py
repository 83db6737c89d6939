"""`sms-exporter check-config`: every fault of a configuration file, a line each."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from exporter.config.loading import load
from exporter.documents.faults import ConfigError, Fault


def run(options: argparse.Namespace) -> int:
    """Validate the file and those that it names; returns 1 where one has a fault."""
    file = options.file or options.config_file
    try:
        loaded = load(Path(file), syntax_only=options.syntax_only)
    except ConfigError as error:
        _print(error.faults, error.warnings)
        return 1
    _print(loaded.warnings)
    print(f"{file}: valid, {loaded.accounts} account{'' if loaded.accounts == 1 else 's'}")
    return 0


def _print(*found: Sequence[Fault]) -> None:
    """Print faults and warnings, those of a file together, by line."""
    told = [fault for each in found for fault in each]
    files = [*dict.fromkeys(fault.file for fault in told)]
    for fault in sorted(told, key=lambda fault: (files.index(fault.file), fault.line)):
        print(fault, file=sys.stderr)
