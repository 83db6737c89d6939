"""Secrets and credentials."""

import base64
import copy
import logging
import os
import pickle
import time
from pathlib import Path

import pytest

from exporter.secrets import redaction
from exporter.secrets.credential import Credential
from exporter.secrets.secret import Secret, SecretError, redact
from exporter.sign_in import FORMS


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text(" first-value\n")
    return path


def _settle(path: Path) -> None:
    """Makes a file look as if it had been written long ago."""
    long_ago = time.time() - 3600
    os.utime(path, (long_ago, long_ago))


def test_a_secret_comes_from_a_literal_a_file_or_the_environment(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMS_TEST_SECRET", "\tfrom-environment ")
    assert Secret.literal(" a literal ").value() == "a literal"
    assert Secret.from_file(file).value() == "first-value"
    assert Secret.from_environment("SMS_TEST_SECRET").value() == "from-environment"


def test_a_byte_order_mark_is_no_part_of_a_secret(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbfmarked\r\n")
    assert Secret.from_file(file).value() == "marked"


def test_a_secret_shows_itself_nowhere() -> None:
    secret = Secret.literal("never-shown-1")
    assert {repr(secret), str(secret), f"{secret}", f"{secret!r}", f"{secret!s}"} == {"<secret>"}
    assert copy.copy(secret) is copy.deepcopy(secret) is secret
    with pytest.raises(TypeError, match="a secret isn't pickled"):
        pickle.dumps(secret)


def test_secrets_of_one_origin_are_equal(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = Secret.from_file(file)
    file.write_text("second-value")
    after = Secret.from_file(str(file))
    assert (before, hash(before)) == (after, hash(after))
    monkeypatch.setenv("SMS_TEST_SECRET", "xyzw")
    others = [Secret.literal("xyzw"), Secret.literal("xyzv"), Secret.from_environment("SMS_TEST_SECRET"), before]
    assert len(set(others)) == 4
    assert before != str(file)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (b"\xff", "it isn't UTF-8"),
        (b"a\nb", "it has a line break or another control character, which no header may carry"),
        ("a\x85b".encode(), "it has a line break or another control character, which no header may carry"),
        (b"x" * 16_385, "it is larger than 16384 bytes"),
        (b"\xc3\xa9" * 9_000, "it is larger than 16384 bytes"),
    ],
)
def test_a_file_without_a_usable_secret_is_refused(file: Path, content: bytes, message: str) -> None:
    file.write_bytes(content)
    with pytest.raises(SecretError) as caught:
        Secret.from_file(file)
    assert str(caught.value) == message


def test_a_literal_is_held_to_the_same_rules() -> None:
    for text, message in {"": "it is empty", "\ud800": "it isn't UTF-8", "x" * 16_385: "it is larger"}.items():
        with pytest.raises(SecretError, match=message):
            Secret.literal(text)


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, message in {
        "pipe": "the file can't be read: not a regular file",
        "": "the file can't be read: not a regular file",
        "gone": "the file can't be read: No such file or directory",
        "\0": "the file can't be read: no file has such a name",
    }.items():
        with pytest.raises(SecretError) as caught:
            Secret.from_file(tmp_path / name)
        assert str(caught.value) == message


def test_an_unset_variable_is_refused_without_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SMS_TEST_SECRET", raising=False)
    with pytest.raises(SecretError) as caught:
        Secret.from_environment("SMS_TEST_SECRET")
    assert str(caught.value) == "the environment variable isn't set"


def test_a_changed_file_is_read_again(file: Path) -> None:
    secret = Secret.from_file(file)
    assert not secret.refresh()
    file.write_text("other-value")
    assert secret.refresh()
    assert secret.value() == "other-value"
    assert not secret.refresh()


def test_a_file_of_the_same_size_and_time_is_read_again_if_it_was_new(file: Path) -> None:
    secret = Secret.from_file(file)
    stat = file.stat()
    file.write_text(" other-value\n")
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert secret.refresh()


def test_a_settled_file_counts_as_unchanged_until_it_changes(file: Path) -> None:
    _settle(file)
    secret = Secret.from_file(file)
    assert not secret.refresh()
    file.write_text("other-value")
    _settle(file)
    assert secret.refresh()


def test_a_replaced_link_is_a_change(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text(f"{name}-value")
        _settle(tmp_path / name)
    link = tmp_path / "link"
    link.symlink_to("one")
    secret = Secret.from_file(link)
    link.unlink()
    link.symlink_to("two")
    assert secret.refresh()
    assert secret.value() == "two-value"


def test_literals_and_variables_stay_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMS_TEST_SECRET", "variable-value")
    secret = Secret.from_environment("SMS_TEST_SECRET")
    monkeypatch.setenv("SMS_TEST_SECRET", "later-value")
    assert not secret.refresh()
    assert not Secret.literal("literal-value").refresh()
    assert secret.value() == "variable-value"


@pytest.mark.parametrize("settled", [False, True])
def test_a_secret_that_breaks_keeps_its_value_and_is_logged_once(
    file: Path, caplog: pytest.LogCaptureFixture, settled: bool
) -> None:
    caplog.set_level(logging.INFO, "exporter.secrets.secret")
    if settled:
        _settle(file)
    secret = Secret.from_file(file)
    file.unlink()
    assert [secret.refresh(), secret.refresh()] == [False, False]
    file.write_text("")
    if settled:
        _settle(file)
    assert [secret.refresh(), secret.refresh()] == [False, False]
    assert secret.value() == "first-value"
    file.write_text("first-value")
    assert not secret.refresh()
    file.write_text("third-value")
    assert secret.refresh()
    assert [(each.levelname, each.getMessage(), vars(each)["file"]) for each in caplog.records] == [
        ("WARNING", "Secret file can't be used, its last value stays", str(file)),
        ("INFO", "Secret file can be used again", str(file)),
    ]
    assert vars(caplog.records[0])["err"] == "the file can't be read: No such file or directory"


@pytest.mark.parametrize(
    ("form", "key", "value", "message"),
    [
        ("api_key", "api_key", "kéy-value", "outside of ASCII"),
        ("token", "token", "kéy-value", "outside of ASCII"),
        ("basic", "username", "us:er", "may not have a colon"),
    ],
)
def test_a_credential_refuses_what_its_place_cannot_carry(form: str, key: str, value: str, message: str) -> None:
    with pytest.raises(SecretError, match=message) as caught:
        Credential(form, {key: Secret.literal(value)})
    assert value not in str(caught.value)


def test_a_password_may_have_any_printable_character_and_a_key_inner_spaces() -> None:
    Credential("basic", {"username": Secret.literal("usér"), "password": Secret.literal("pä:ss wörd")})
    Credential("api_key", {"api_key": Secret.literal("inner space")})
    Credential("oauth1", {"consumer_key": Secret.literal("ké"), "token": Secret.literal("té")})
    assert FORMS["oauth1"].characters("token") == "text"


def test_rotated_content_is_held_to_the_rules_of_its_place(file: Path) -> None:
    credential = Credential("api_key", {"api_key": Secret.from_file(file)})
    file.write_text("kéy")
    assert not credential.refresh()
    file.write_text("rotated-key")
    assert credential.refresh()
    assert credential.values()["api_key"] == "rotated-key"
    assert not credential.refresh()


def test_every_part_of_a_credential_is_read_again(tmp_path: Path) -> None:
    for name in ("user", "pass"):
        (tmp_path / name).write_text(f"{name}-before")
    parts = {"username": Secret.from_file(tmp_path / "user"), "password": Secret.from_file(tmp_path / "pass")}
    credential = Credential("basic", parts)
    for name in ("user", "pass"):
        (tmp_path / name).write_text(f"{name}-after")
    assert credential.refresh()
    assert [credential.values()[key] for key in parts] == ["user-after", "pass-after"]
    assert redact("dXNlci1hZnRlcjpwYXNzLWFmdGVy") == "<secret>"
    assert redact("dXNlci1iZWZvcmU6cGFzcy1iZWZvcmU=") == "<secret>"


def test_credentials_of_one_origin_are_equal_and_show_nothing(file: Path) -> None:
    one, two = (Credential("token", {"token": Secret.from_file(file)}) for _ in range(2))
    assert (one, hash(one)) == (two, hash(two))
    assert one != Credential("api_key", {"api_key": Secret.from_file(file)})
    assert repr(one) == "Credential(form='token', secrets={'token': <secret>})"


def test_a_user_name_is_left_in_texts() -> None:
    Secret.literal("visible-user", identifier=True)
    Secret.literal("hidden-password")
    assert redact("visible-user:hidden-password") == "visible-user:<secret>"


def test_a_rotated_and_a_dropped_secret_are_forgotten_an_hour_later(file: Path) -> None:
    now = [1000.0]
    with redaction.forgetting(lambda: now[0]):
        (file.parent / "user").write_text("user")
        user = Secret.from_file(file.parent / "user", identifier=True)
        credential = Credential("basic", {"username": user, "password": Secret.from_file(file)})
        pair = base64.b64encode(b"user:first-value").decode()
        now[0] += 7200
        assert redact(f"first-value {pair}") == "<secret> <secret>"
        file.write_text("second-value")
        assert credential.refresh()
        assert redact(f"first-value {pair}") == "<secret> <secret>"
        now[0] += 3600
        assert redact(f"first-value {pair} second-value") == f"first-value {pair} <secret>"
        del credential
        assert redact("second-value") == "<secret>"
        now[0] += 3600
        assert redact("second-value") == "second-value"
