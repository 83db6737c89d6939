"""`sms-exporter check` as a command: from a file and names to text on a stream and an exit code."""

import logging
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from exporter import logs
from exporter.check import changes, nagios
from exporter.check.health import Severity
from exporter.check.result import EXIT_CODES, CheckError, Result, as_json, check, prometheus, refusal_as_json
from exporter.client.http import HttpClient
from exporter.config.loading import load
from exporter.documents.faults import ConfigError

logger = logging.getLogger(__name__)

_UNKNOWN = EXIT_CODES[Severity.UNKNOWN]


@dataclass(frozen=True, slots=True)
class Order:
    """What to check: no `names` are all accounts; without `timeout_seconds` the accounts' timeouts end it.

    `began` is when the process did (monotonic): what starting took counts. `changes` remembers the states of the run
    before: only the accounts that have another now are told.
    """

    file: Path
    names: Sequence[str]
    form: str
    timeout_seconds: float | None
    began: float
    changes: Path | None = None

    def seconds_for_calls(self, now: float) -> float | None:
        """How long to wait for providers: what is left of the timeout, but half of it at least.

        On a busy machine starting may take it all, and every provider would be blamed for not answering.
        """
        if self.timeout_seconds is None:
            return None
        to_write = min(0.2, 0.1 * self.timeout_seconds)
        left = self.began + self.timeout_seconds - to_write - now
        least = 0.5 * self.timeout_seconds
        if left < least:
            started = round(now - self.began, 2)
            logger.warning(
                "Starting took most of --timeout: the calls get half of it all the same",
                extra={"timeout_seconds": self.timeout_seconds, "start_seconds": started},
            )
        return max(left, least)


async def run(order: Order) -> int:
    """Check, write what was found to stdout, and return the exit code, which holds though nobody can read the text."""
    before = changes.Before.read(order.changes)
    told: Result | None = None
    try:
        result = await _asked(order)
        text = await _text(order.form, result if before is None else before.only_changed(result))
        told, code = result, EXIT_CODES[result.severity]
    except CheckError as error:
        for line in error.lines:
            print(line, file=sys.stderr)
        text, code = _refusal(order.form, error), _UNKNOWN
    except Exception:
        # Python's own exit code for an unexpected error, 1, would be a warning to a monitoring system.
        logger.exception("Unexpected error")
        text, code = _refusal(order.form, CheckError("Unexpected error in the exporter: stderr has more")), _UNKNOWN
    if _write(text) and before is not None and told is not None:
        before.remember(told)
    return code


def _refusal(form: str, error: CheckError) -> str:
    """What a program that reads stdout needs to hear; a person has stderr, and a file of metrics stays empty."""
    if form == "json":
        return refusal_as_json(error, time.time())
    return nagios.refusal(error) if form == "nagios" else ""


async def _asked(order: Order) -> Result:
    if order.form == "table":
        import exporter.check.table  # noqa: PLC0415, F401  # it alone needs rich, and now: later the time may be up
    try:
        loaded = load(order.file)
    except ConfigError as error:
        raise CheckError.of_file(error) from None
    logs.log_warnings(loaded.warnings)
    seconds = order.seconds_for_calls(time.monotonic())
    return await check(loaded.settings, order.names, seconds, HttpClient())


async def _text(form: str, result: Result) -> str:
    match form:
        case "prometheus":
            return await prometheus(result)
        case "json":
            return as_json(result)
        case "nagios":
            return nagios.status_line(result)
    from exporter.check import table  # noqa: PLC0415  # see above

    width = shutil.get_terminal_size((table.WIDTH, 24)).columns
    return table.format_table(result, width, sys.stdout is not None and sys.stdout.isatty())


def _write(text: str) -> bool:
    """Write to stdout, in UTF-8 whatever the locale is; whether that could be done."""
    if sys.stdout is None:  # the file descriptor is closed
        logger.error("Result can't be written", extra={"err": "stdout is closed"})
        return False
    try:
        sys.stdout.buffer.write(text.encode())
        sys.stdout.flush()
    except OSError as error:
        logger.error("Result can't be written", extra={"err": error.strerror})  # noqa: TRY400
        sys.stdout = None  # its buffer still holds the text, and the flush at the end would fail once more, with 120
        return False
    return True
