"""Log lines as Prometheus' own programs write them: logfmt or JSON on stderr, without secrets."""

import contextlib
import json
import logging
import os
import queue
import re
import sys
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TextIO

from exporter.printable import escaped
from exporter.secrets.redaction import redact

logger = logging.getLogger(__name__)

LEVELS = ("debug", "info", "warn", "error")
FORMATS = ("logfmt", "json")

_LEVEL_NAMES = {"WARNING": "WARN", "CRITICAL": "ERROR"}
_OWN = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_MOST_LINES = 10_000
_FLUSH_SECONDS = 1.0
_BARE = re.compile(r"[!#-<>-\[\]-~]+")


class LineFormatter(logging.Formatter):
    """One record as one line: time, level, source, msg, then what the caller gave as `extra`."""

    def __init__(self, style: str) -> None:
        super().__init__()
        self._is_json = style == "json"

    def format(self, record: logging.LogRecord) -> str:
        """The line; secrets are taken out of every value, exceptions and their tracebacks included."""
        when = datetime.fromtimestamp(record.created, UTC)
        pairs: dict[str, Any] = {
            "time": when.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": _LEVEL_NAMES.get(record.levelname, record.levelname),
            "source": f"{record.filename}:{record.lineno}",
            "msg": record.getMessage(),
        }
        for name, value in record.__dict__.items():
            if name not in _OWN:
                pairs[f"logged_{name}" if name in pairs else name] = value
        if record.exc_info:
            pairs["err"] = self.formatException(record.exc_info)
        texts = {name: str(value) for name, value in pairs.items()}
        # One search a line: no secret has a control character, so none stands in two values.
        whole = "\0".join(texts.values())
        if redact(whole) != whole:
            texts = {name: redact(text) for name, text in texts.items()}
        if self._is_json:
            return escaped(json.dumps(texts, ensure_ascii=False))
        return " ".join(f"{name}={_logfmt(value)}" for name, value in texts.items())


def _logfmt(value: str) -> str:
    return value if _BARE.fullmatch(value) else escaped(json.dumps(value, ensure_ascii=False))


class _Beside(logging.Handler):
    """Writes lines in a thread of its own, in their order: whoever logs never waits for who reads them.

    Past `_MOST_LINES` that wait lines are dropped, and their number is told once there is room.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._dropped = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._write_all, name="logs", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Formatted here: what a line tells may be another thing later, and a secret forgotten."""
        if self._lines.qsize() >= _MOST_LINES:
            self._dropped += 1
            return
        try:
            if self._dropped:
                dropped, self._dropped = self._dropped, 0
                self._lines.put(self.format(_told_dropped(dropped)))
            self._lines.put(self.format(record))
        except Exception:
            self.handleError(record)

    def _write_all(self) -> None:
        while (line := self._lines.get()) is not None:
            with contextlib.suppress(OSError):  # a reader that has left takes no line any more: the process goes on
                self._write(f"{line}\n")
        self._ended.set()

    def _write(self, text: str) -> None:
        # Past the stream, whose lock would be held for as long as nobody reads, at the interpreter's end too.
        rest = memoryview(text.encode("utf-8", "backslashreplace"))
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def close(self) -> None:
        """Write what waits, for a moment at most: somebody may never read it."""
        if self._dropped:
            self._lines.put(self.format(_told_dropped(self._dropped)))
            self._dropped = 0
        self._lines.put(None)
        self._ended.wait(_FLUSH_SECONDS)
        super().close()


def _told_dropped(count: int) -> logging.LogRecord:
    message = "Log lines dropped, since nobody read them"
    return logger.makeRecord(logger.name, logging.WARNING, __file__, 0, message, (), None, extra={"lines": count})


def configure(
    level: str = "info", style: str = "logfmt", stream: TextIO | None = None, *, beside: bool = False
) -> None:
    """Send the process' logs to stderr (or `stream`) from `level` on; `beside` the caller, who then never waits."""
    stream = stream or sys.stderr
    handler = _Beside(stream.fileno()) if beside and stream is not None else logging.StreamHandler(stream)
    handler.setFormatter(LineFormatter(style))
    logging.basicConfig(handlers=[handler], level={"warn": "WARNING"}.get(level, level.upper()), force=True)
    # Libraries' own lines below warnings are about connections: noise, and no words of ours.
    for library in ("aiohttp", "asyncio", "httpx", "httpcore", "oauthlib"):
        logging.getLogger(library).setLevel(logging.WARNING)
    logging.captureWarnings(True)


def log_warnings(warnings: Iterable[object]) -> None:
    """Log what is unwise in a configuration."""
    for warning in warnings:
        logger.warning("Configuration warning", extra={"err": str(warning)})
