"""Log lines: logfmt and JSON as Prometheus' own programs write them, and no secret in any."""

import io
import json
import logging
import re
from collections.abc import Iterator

import pytest

from exporter import logs
from exporter.secrets import redaction


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with redaction.forgetting():
        yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


def test_logfmt_has_time_level_source_and_message_first(stream: io.StringIO) -> None:
    logs.configure(stream=stream)
    logging.getLogger("x").warning("api fails", extra={"account": "a b", "reason": "timeout", "detail": 'says "no"\n'})
    line = stream.getvalue()
    assert re.fullmatch(
        r"time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z level=WARN source=test_logs\.py:\d+ msg=\"api fails\" "
        r'account="a b" reason=timeout detail="says \\"no\\"\\n"\n',
        line,
    )


def test_json_has_the_same_keys(stream: io.StringIO) -> None:
    logs.configure("debug", "json", stream)
    logging.getLogger("x").debug("Listening on", extra={"address": "[::]:10077", "msg_": 1})
    record = json.loads(stream.getvalue())
    assert list(record) == ["time", "level", "source", "msg", "address", "msg_"]
    assert (record["level"], record["address"]) == ("DEBUG", "[::]:10077")


def test_a_key_of_the_lines_own_is_renamed(stream: io.StringIO) -> None:
    logs.configure(stream=stream)
    logging.getLogger("x").info("x", extra={"level": "high", "time": "noon"})
    assert "logged_level=high logged_time=noon" in stream.getvalue()


def test_secrets_are_taken_out_of_messages_values_and_tracebacks(stream: io.StringIO) -> None:
    logs.configure(stream=stream)
    redaction.register("hunter2-hunter2")
    try:
        int("the key hunter2-hunter2 is bad")
    except ValueError:
        logging.getLogger("x").exception("it was hunter2-hunter2", extra={"url": "http://x/?k=hunter2-hunter2"})
    text = stream.getvalue()
    assert "hunter2" not in text
    assert text.count("<secret>") >= 3
    assert text.count("\n") == 1  # a traceback, too, is one line


@pytest.mark.parametrize(("level", "shown"), [("debug", 4), ("info", 3), ("warn", 2), ("error", 1)])
def test_the_least_level_is_heeded(stream: io.StringIO, level: str, shown: int) -> None:
    logs.configure(level, stream=stream)
    for number in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
        logging.getLogger("x").log(number, "x")
    assert stream.getvalue().count("\n") == shown


def test_each_value_of_a_line_is_kept_from_secrets_by_itself(stream: io.StringIO) -> None:
    logs.configure(stream=stream)
    redaction.register("hunter2-hunter2")
    values = {"first": "hunter2-", "second": "hunter2", "third": "a\0b"}
    logging.getLogger("x").info("a hunter2-hunter2", extra=values)
    assert stream.getvalue().endswith('msg="a <secret>" first=hunter2- second=hunter2 third="a\\u0000b"\n')
