"""Secrets are taken out of texts."""

import base64
import copy
import json
import pickle
import sys
import threading
import tracemalloc
from collections.abc import Iterator
from html import escape
from types import FrameType
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.secrets import redaction
from exporter.secrets.redaction import KEPT_SECONDS, Redactor, redact, register, register_base64


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


@pytest.mark.parametrize("text", ["key-ABCD-efgh", "KEY-abcd-EFGH", "key%2dabcd", "KEY%2Dabcd"])
def test_a_value_is_hidden_in_whatever_case(text: str) -> None:
    register("Key-abcd-Efgh")
    register("key%2Dabcd")
    assert redact(f"x{text}x") == "x<secret>x"


def test_letters_whose_case_is_longer_or_depends_on_the_next_move_nothing() -> None:
    register("ΑΣΣΣ")
    assert redact("ßİ ΑΣΣΣ ß ΑΣΣΣΑ ασςσ") == "ßİ <secret> ß <secret>Α <secret>"


def test_a_text_is_known_to_hold_a_secret_of_four_or_more_in_any_form() -> None:
    register("s/cr")
    register("q7")
    assert [redaction.holds(text) for text in ("xS/CRx", "s%2fcr", base64.b64encode(b"s/cr").decode())] == [True] * 3
    assert not any(map(redaction.holds, ("q7", "s/c", "")))


def opcodes_of(redactor: Redactor, text: str) -> int:
    """Steps of the interpreter that hiding takes, which don't depend on the machine's mood."""
    steps = 0

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal steps
        frame.f_trace_opcodes = True
        steps += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        redactor.redact(text)
    finally:
        sys.settrace(before)
    return steps


@pytest.mark.parametrize("prefix", ["", "demo-key-", "sk_live_"])
def test_a_line_costs_the_same_however_many_secrets_there_are(prefix: str) -> None:
    redactor, held = Redactor(), []
    line = f"Api fails provider=gatewayapi detail={prefix} {prefix}0001 {prefix}unknown sk_live_ demo-key-"
    costs = []
    for number in range(1, 2001):
        held.append(redactor.register(f"{prefix}{number:04}-{'abcdefgh' if prefix else number * 7919}"))
        if number in (1, 2000):
            costs.append(opcodes_of(redactor, line))
    assert costs[0] <= costs[1] <= 1.2 * costs[0]


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_value_is_forgotten_an_hour_after_nothing_holds_it() -> None:
    clock = Clock()
    redactor = Redactor(clock)
    one, two = redactor.register("rotated-value"), redactor.register("rotated-value")
    clock.now += 10 * KEPT_SECONDS
    del one
    clock.now += 10 * KEPT_SECONDS
    assert redactor.redact("rotated-value") == "<secret>"
    del two
    assert redactor.redact("rotated-value") == "<secret>"
    clock.now += KEPT_SECONDS - 1
    assert redactor.redact("rotated-value") == "<secret>"
    clock.now += 1
    assert redactor.redact("rotated-value") == "rotated-value"
    assert not redactor.holds("rotated-value")


def test_a_value_that_comes_back_within_the_hour_stays() -> None:
    clock = Clock()
    redactor = Redactor(clock)
    redactor.register("back-again")
    redactor.redact("")
    clock.now += KEPT_SECONDS / 2
    held = redactor.register("back-again")
    clock.now += 2 * KEPT_SECONDS
    assert redactor.redact("back-again") == "<secret>"
    del held
    redactor.redact("")
    clock.now += KEPT_SECONDS
    assert redactor.redact("back-again") == "back-again"


def test_what_two_values_have_in_common_stays_with_the_second() -> None:
    clock = Clock()
    redactor = Redactor(clock)
    short = redactor.register("a&b")
    held = redactor.register("a&amp;b")
    del short
    redactor.redact("")
    clock.now += KEPT_SECONDS
    assert redactor.redact("a&b xa&amp;bx") == "a&b x<secret>x"
    assert held is not None


def test_memory_is_bounded_over_rotations_without_end() -> None:
    redactor = Redactor(Clock(), most_past=100)
    held = redactor.register("value-number-0")
    sizes = []
    tracemalloc.start()
    try:
        for number in range(1, 4001):
            held = redactor.register(f"value-number-{number}")
            if number in (1000, 4000):
                sizes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert sizes[1] < sizes[0] + 20_000
    assert redactor.redact("value-number-1.") == "value-number-1."
    assert redactor.redact("value-number-3950 value-number-4000") == "<secret> <secret>"
    assert held is not None


def test_the_generation_is_another_one_where_there_is_a_new_value_alone() -> None:
    redactor = Redactor()
    held = [redactor.register("first-value")]
    first = redactor.generation
    held.append(redactor.register("first-value"))
    assert redactor.generation == first
    held.append(redactor.register("second-value"))
    assert redactor.generation != first


def test_texts_are_searched_while_another_thread_registers_and_forgets() -> None:
    redactor = Redactor(Clock(), most_past=5)
    held = redactor.register("sk_live_kept")
    stop = threading.Event()
    failed: list[BaseException] = []

    def rotate() -> None:
        try:
            while not stop.is_set():
                for number in range(50):
                    redactor.register(f"sk_live_{'x' * number}", "&z")
        except BaseException as error:
            failed.append(error)
            raise

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    threads = [threading.Thread(target=rotate) for _ in range(2)]
    try:
        for thread in threads:
            thread.start()
        shown = {redactor.redact("a sk_live_kept b") for _ in range(1000)}
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(interval)
    assert failed == []
    assert shown == {"a <secret> b"}
    assert held is not None


def test_what_keeps_a_value_hidden_shows_it_nowhere() -> None:
    held = register("held-value")
    assert "held-value" not in repr(held)
    for give in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="a secret isn't pickled"):
            give(held)
