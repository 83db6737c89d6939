"""Log lines as Prometheus' own programs write them: logfmt or JSON on stderr, without secrets."""

import json
import logging
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TextIO

from exporter.secrets.redaction import redact

logger = logging.getLogger(__name__)

LEVELS = ("debug", "info", "warn", "error")
FORMATS = ("logfmt", "json")

_LEVEL_NAMES = {"WARNING": "WARN", "CRITICAL": "ERROR"}
_OWN = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
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
            return json.dumps(texts, ensure_ascii=False)
        return " ".join(f"{name}={_logfmt(value)}" for name, value in texts.items())


def _logfmt(value: str) -> str:
    return value if _BARE.fullmatch(value) else json.dumps(value, ensure_ascii=False)


def configure(level: str = "info", style: str = "logfmt", stream: TextIO | None = None) -> None:
    """Send the process' logs to stderr (or `stream`) from `level` on."""
    handler = logging.StreamHandler(stream or sys.stderr)
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
