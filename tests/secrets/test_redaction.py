"""Secrets are taken out of texts."""

import base64
import json
from collections.abc import Iterator
from html import escape
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.secrets import redaction
from exporter.secrets.redaction import redact, register, register_base64


@pytest.fixture(autouse=True)
def _own_registry() -> Iterator[None]:
    with redaction.forgetting():
        yield


def test_a_text_without_secrets_is_left_alone() -> None:
    assert redact("nothing to hide") == "nothing to hide"


def test_a_value_is_hidden_wherever_it_stands() -> None:
    register("s3cr3t-value")
    assert redact("a=s3cr3t-value; xs3cr3t-valuex") == "a=<secret>; x<secret>x"


@pytest.mark.parametrize(
    "form",
    [
        quote('p/w"é <&x', safe=""),
        quote('p/w"é <&x', safe="").lower(),
        quote('p/w"é <&x'),
        quote_plus('p/w"é <&x'),
        json.dumps('p/w"é <&x')[1:-1],
        json.dumps('p/w"é <&x', ensure_ascii=False)[1:-1],
        escape('p/w"é <&x'),
    ],
)
def test_an_escaped_value_is_hidden(form: str) -> None:
    register('p/w"é <&x')
    assert redact(f"[{form}]") == "[<secret>]"


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_pair_is_hidden_with_padding_and_without(encode: type) -> None:
    register_base64("üser:paß>>>??w")
    encoded = encode("üser:paß>>>??w".encode()).decode()
    assert redact(f"Basic {encoded}") == "Basic <secret>"
    assert redact(f"Basic {encoded.rstrip('=')}.") == "Basic <secret>."


def test_a_short_value_is_hidden_only_where_it_stands_alone() -> None:
    register("q7")
    assert redact("key q7, key=q7 and 'q7'") == "key <secret>, key=<secret> and '<secret>'"
    assert redact("aq7 q7b q7_ 1q7") == "aq7 q7b q7_ 1q7"


def test_a_form_that_a_longer_value_has_too_is_hidden_everywhere() -> None:
    register("&z")
    register("&amp;z")
    register("&z")
    assert redact("a&amp;zb") == "a<secret>b"


def test_values_that_overlap_leave_nothing() -> None:
    register("abcd-1234")
    register("1234-wxyz")
    register("abab")
    assert redact("(abcd-1234-wxyz)(ababab)") == "(<secret>)(<secret>)"


def test_the_longest_of_several_is_hidden_whole() -> None:
    register("long-secret")
    register("long-secret-with-more")
    assert redact("x long-secret-with-more x") == "x <secret> x"


def test_what_was_hidden_stays_as_it_is() -> None:
    register("secret")
    register("hidden-before")
    once = redact("the secret hidden-before")
    assert once == redact(once) == "the <secret> <secret>"


@pytest.mark.parametrize("value", ["", "a", "&"])
def test_a_value_of_one_character_or_none_hides_nothing(value: str) -> None:
    register(value)
    assert redact("a text & more") == "a text & more"


def test_values_are_forgotten_at_the_end_of_a_test() -> None:
    register("stays-hidden")
    with redaction.forgetting():
        register("is-forgotten")
        assert redact("is-forgotten stays-hidden") == "<secret> <secret>"
    assert redact("is-forgotten stays-hidden") == "is-forgotten <secret>"


@given(st.text(alphabet="abcx<>&%/ \"'é", max_size=20), st.lists(st.text(alphabet="XYZ<&/é", min_size=4, max_size=8)))
def test_no_registered_value_of_four_or_more_is_left(around: str, secrets: list[str]) -> None:
    for secret in secrets:
        register(secret)
    shown = redact(around.join(["", *secrets, ""]))
    assert not [secret for secret in secrets if secret in shown.replace("<secret>", "\0")]
