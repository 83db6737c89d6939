"""What a provider says reaches a terminal or a log without control characters, whichever way it goes."""

import io
import json
import logging
import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter import logs
from exporter.check import nagios, table
from exporter.check.result import as_json, check, prometheus
from exporter.client.http import Call
from exporter.printable import escaped, on_one_line, printable
from tests.virtual import Reply, ScriptedClient, account, settings
from tests.web.test_routes import App

HOSTILE = "A\x1b[31m\r\x07\x7f\x85\x9b2J\u202eB\u2066C\u200fD\u2028E\tF\nG"
BODIES = {
    "subscription": {"status": HOSTILE, "plan": HOSTILE, "subscription_id": HOSTILE, "features": {HOSTILE: True}},
    "credit": {"balance": 5, "currency": HOSTILE},
    "contacts": {"status": "fail", "message": HOSTILE, "data": {HOSTILE: HOSTILE}},
}


def hostile(call: Call) -> Reply:
    return Reply(json.dumps(BODIES[call.url.rpartition("/")[2]]).encode(), seconds=0.0)


def is_control(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Zl", "Zp"} or unicodedata.bidirectional(character) in {
        *("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"),
    }


def controls(text: str) -> set[str]:
    """The control characters of a text, but for the line end."""
    return {each for each in text if is_control(each)} - {"\n"}


@given(st.text())
def test_no_control_character_is_left_and_json_says_the_same(text: str) -> None:
    assert not controls(printable(text))
    assert not controls(on_one_line(text)) | ({"\n"} & {*on_one_line(text)})
    written = escaped(json.dumps(text, ensure_ascii=False))
    assert not controls(written)
    assert json.loads(written) == text


def test_words_of_any_language_stay() -> None:
    for text in ("Größe", "日本語", "می\u200cخواهم", "👩\u200d💻", "été\u00a0!", "two\nlines"):
        assert printable(text) == text
    assert on_one_line("a\r\nb\tc\u2028d") == "a  b c d"


@pytest.fixture(params=logs.FORMATS)
def logged(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure("debug", request.param, stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


async def test_on_no_way_of_the_port_and_in_no_log_line(logged: io.StringIO) -> None:
    async with App(account("one", "qlara", expect_features=["sms"])) as app:
        app.provider.script = hostile
        texts = [await app.text(path) for path in ("/probe?target=one&debug=true", "/metrics", "/probe?target=one")]
        assert all("B" in text for text in texts)
        logging.getLogger("x").warning(HOSTILE, extra={"detail": HOSTILE})
    for text in (*texts, logged.getvalue()):
        assert controls(text) == set()
    assert "Unexpected value in response" in logged.getvalue()


async def test_in_no_form_of_check() -> None:
    result = await check(settings(account("one", "qlara")), [], 5, ScriptedClient(hostile))
    forms = [
        await prometheus(result),
        as_json(result),
        nagios.status_line(result),
        table.format_table(result, 100, is_terminal=False),
    ]
    assert [controls(form) for form in forms] == [set()] * 4
    assert json.loads(forms[1])["accounts"][0]["subscription"]["plan"] == on_one_line(HOSTILE)
