"""`python -m exporter` does what `sms-exporter` does."""

import sys

from exporter.cli.main import command

sys.exit(command())
