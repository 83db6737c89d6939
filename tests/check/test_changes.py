"""`check --changes FILE`: only what has crossed into another state is told, once."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from exporter.check import nagios, table
from exporter.check.changes import Before
from exporter.check.health import Severity
from exporter.check.result import Result, as_json
from exporter.cli import main
from exporter.failure import Reason
from exporter.secrets import redaction
from tests.check.test_command import Said, checked
from tests.virtual import Reply, agile

FINE, LOW, LOWER, DOWN = agile(1000.0), agile(100.0), agile(10.0), Reply(failure=Reason.TIMEOUT)


def told(file: Path, accounts: Mapping[str, Said]) -> list[str]:
    """The names that a run tells, which remembers."""
    before = Before.read(file)
    assert before is not None
    result = checked(accounts)
    before.remember(result)
    changed = before.only_changed(result)
    assert changed.severity is result.severity
    return [each.name for each in changed.accounts]


def test_an_account_is_told_once_a_crossing(tmp_path: Path) -> None:
    file = tmp_path / "states"
    assert told(file, {"a": FINE, "b": LOW, "c": DOWN}) == ["b", "c"]
    assert told(file, {"a": FINE, "b": LOW, "c": DOWN}) == []
    assert told(file, {"a": FINE, "b": LOWER, "c": DOWN}) == ["b"]
    assert told(file, {"a": LOW, "b": LOWER, "c": FINE}) == ["a", "c"]
    assert told(file, {"a": FINE, "b": FINE, "c": FINE}) == ["a", "b"]
    assert told(file, {"a": FINE, "b": FINE, "c": FINE}) == []
    assert [each.name for each in tmp_path.iterdir()] == ["states"]


def test_the_states_of_accounts_that_are_not_asked_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "states"
    assert told(file, {"a": LOW, "b": LOW}) == ["a", "b"]
    assert told(file, {"a": LOW}) == []
    assert told(file, {"a": LOW, "b": LOW}) == []
    assert json.loads(file.read_text()) == {"a": "warning", "b": "warning"}


def test_every_form_tells_the_changed_ones_alone_and_the_state_of_all(tmp_path: Path) -> None:
    file = tmp_path / "states"
    file.write_text('{"a": "critical"}')
    before = Before.read(file)
    assert before is not None

    def changed(accounts: Mapping[str, Said]) -> Result:
        return before.only_changed(checked(accounts))

    some, none = changed({"a": LOWER, "b": LOW}), changed({"a": LOWER})
    assert table.format_table(some, 100, is_terminal=False).splitlines()[1].startswith("b ")
    assert "1 account: 1 warning" in table.format_table(some, 100, is_terminal=False)
    assert table.format_table(none, 100, is_terminal=False) == ""
    assert nagios.status_line(some).startswith("CRITICAL - b: Credit below 200 EUR: 100.00 EUR left | 'b_credit_EUR'")
    assert nagios.status_line(none) == "CRITICAL - no state has changed\n"
    assert (json.loads(as_json(none))["severity"], json.loads(as_json(none))["accounts"]) == ("critical", [])
    nobody = changed({})
    assert (nobody.severity, table.format_table(nobody, 100, is_terminal=False)) == (
        Severity.UNKNOWN,
        "There are no accounts.\n",
    )


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda file: file.write_text("accounts: []"), "it is not JSON"),
        (lambda file: file.write_text("[1]"), "it doesn't hold the states of accounts"),
        (lambda file: file.write_text("[" * 100_000), "it is not JSON"),
        (lambda file: file.write_bytes(b"\xff\xfe{"), "it is not JSON"),
        (lambda file: file.mkdir(), "not a regular file"),
    ],
)
def test_a_file_that_is_something_else_is_left_alone_and_all_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, spoil: Callable[[Path], object], why: str
) -> None:
    file = tmp_path / "states"
    spoil(file)
    assert Before.read(file) is None
    assert [vars(record)["err"] for record in caplog.records] == [why]


def test_states_that_cannot_be_written_are_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    before = Before.read(tmp_path / "nowhere" / "states")
    assert before is not None
    before.remember(checked({"a": LOW}))
    assert [record.message for record in caplog.records] == ["States can't be remembered"]


@pytest.fixture
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    with redaction.forgetting():
        yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


@pytest.mark.usefixtures("as_before")
def test_a_command_that_finds_nothing_new_writes_nothing_at_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cron mails whatever comes, on stderr too; a provider that is away is told with the first run."""
    config, file = tmp_path / "sms-exporter.yml", tmp_path / "states"
    away = {"name": "a", "provider": "agiletelecom", "base_url": "http://127.0.0.1:1", "auth": {"api_key": "the-key"}}
    config.write_text(yaml.safe_dump({"accounts": [away]}))
    assert main.main(["check", f"--config.file={config}", f"--changes={file}"]) == 3
    out, err = capsys.readouterr()
    assert "Provider can't be reached" in out
    assert main.main(["check", f"--config.file={config}", f"--changes={file}"]) == 3
    assert capsys.readouterr() == ("", "")
    assert err == ""
    config.write_text("accounts: [x]")
    assert main.main(["check", f"--config.file={config}", f"--changes={file}"]) == 3
    assert "accounts[0]" in capsys.readouterr().err
    assert json.loads(file.read_text()) == {"a": "unknown"}
