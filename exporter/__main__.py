"""`python -m exporter` does what `sms-exporter` does."""

import sys

from exporter.cli import command

sys.exit(command())
