"""`python -m exporter` does what `sms-exporter` does."""

import sys

from exporter.cli import main

sys.exit(main())
