"""`sms-exporter demo --provider`: what is refused before anything is served."""

from pathlib import Path

import pytest

from exporter.cli import main

GOOD = """\
id: own
name: Own
base_url: https://own.example
sign_in: {api_key: {header: X-Key}}
apis: {credit: {path: /b, cache_ttl: 1m, credit: {balance: /b, currency: {constant: EUR}}}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(capsys: pytest.CaptureFixture[str], *providers: str) -> list[str]:
    flags = [word for provider in providers for word in ("--provider", provider)]
    assert main.main(["demo", "--web.listen-address=127.0.0.1:0", *flags]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err.splitlines()


def test_every_fault_of_a_file_is_told_as_check_config_does(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "own.yml").write_text(GOOD.replace("api_key:", "api_kye:").replace("path: /b", "path: b"))
    assert refused(capsys, "own.yml") == [
        "own.yml:4: sign_in.api_kye: there is no such sign-in form; did you mean api_key?",
        'own.yml:5: apis.credit.path: "b" is not a path; it begins with / and has no spaces',
    ]


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("qlra", "--provider qlra: there is no such provider, and no such file; did you mean qlara?"),
        ("none.yml", "none.yml: the file can't be read: No such file or directory"),
        ("none", "--provider none: there is no such provider, and no such file; there are 46elks,"),
        ("./none", "none: the file can't be read: No such file or directory"),
    ],
)
def test_what_is_no_provider_and_no_file_is_told(
    folder: Path, word: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert folder.is_dir()
    (told,) = refused(capsys, "gatewayapi", word)
    assert told.startswith(line)


def test_an_id_that_is_taken_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "mine.yml").write_text("# mine\n" + GOOD.replace("id: own", "id: qlara"))
    (told,) = refused(capsys, "mine.yml")
    assert told == 'mine.yml:2: id: a provider "qlara" comes with the exporter; give this one another id'
    for name in ("a.yml", "b.yml"):
        (folder / name).write_text(GOOD)
    (told,) = refused(capsys, "a.yml", "b.yml")
    assert told == 'b.yml:1: id: a provider "own" is defined in another file too; give this one another id'


def test_a_provider_that_can_not_be_simulated_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    odd = "settings: {sid: {about: an id, pattern: '[0-9]{99}'}}\nsign_in:"
    (folder / "own.yml").write_text(GOOD.replace("sign_in:", odd))
    (told,) = refused(capsys, "own.yml")
    assert told == (
        "own.yml: no account of it can be made up: no text is found that fits the pattern of the setting sid"
    )
