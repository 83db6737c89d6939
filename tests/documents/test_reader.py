"""The reader of YAML texts."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from exporter.documents.reader import Document, DocumentError, kind, read


def faults(content: str | bytes) -> list[tuple[int, str]]:
    with pytest.raises(DocumentError) as caught:
        read(content)
    return [(each.line, each.message) for each in caught.value.faults]


@pytest.mark.parametrize("text", ["NO", "on", "0123", "00451234", "1.0", "2026-01-01", "Null", '"null"', "'~'", '""'])
def test_a_scalar_stays_the_text_that_it_is(text: str) -> None:
    assert read(f"a: {text}").value == {"a": text.strip("'\"")}


@pytest.mark.parametrize("text", ["null", "~", ""])
def test_plain_null_tilde_and_nothing_are_none(text: str) -> None:
    assert read(f"a: {text}").value == {"a": None}


def test_block_scalars_are_texts() -> None:
    assert read("a: |\n  null\nb: >-\n  x\n  y\n").value == {"a": "null\n", "b": "x y"}


@pytest.mark.parametrize("content", ["", b"", "# nothing\n", "---\n", b"\xef\xbb\xbf"])
def test_an_empty_text_is_none(content: str | bytes) -> None:
    assert read(content).value is None


def test_a_byte_order_mark_is_skipped() -> None:
    assert read(b"\xef\xbb\xbfa: 1").value == {"a": "1"}


def test_a_value_has_the_line_of_its_key_and_an_item_its_own() -> None:
    document = read("a:\n  b:\n    - x\n    - c: 1\n      d:\n        2\n")
    assert document.line(("a", "b")) == 2
    assert document.line(("a", "b", 0)) == 3
    assert document.line(("a", "b", 1, "d")) == 5
    assert document.place(("a", "b", 1, "d")) == (5, 7)


def test_what_is_not_there_has_the_line_of_what_would_hold_it() -> None:
    document = read("a:\n  b: 1\n")
    assert document.line(("a", "x", "y")) == 1
    assert document.line(("a", "b", 3)) == 2
    assert document.value_at(("a", "x", "y")) is None
    assert document.value_at(("a", "b")) == "1"


def test_an_alias_repeats_a_value_with_the_line_of_its_use() -> None:
    document = read("a: &x {k: v}\nb: *x\nc: [*x]\nd: &t text\n*t : e\n")
    assert document.value == {"a": {"k": "v"}, "b": {"k": "v"}, "c": [{"k": "v"}], "d": "text", "text": "e"}
    assert document.line(("b",)) == 2
    assert document.line(("b", "k")) == 1


def test_a_merge_is_weaker_than_own_keys_and_the_first_of_several_counts() -> None:
    text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc:\n  <<: [*a, *b]\n  x: 3\nd: {<<: *b}\n"
    document = read(text)
    assert document.value_at(("c",)) == {"x": "3", "y": "1", "z": "2"}
    assert document.value_at(("d",)) == {"y": "2", "z": "2"}
    assert document.line(("c", "z")) == 2


def test_a_quoted_merge_key_is_a_key() -> None:
    assert read('"<<": 1').value == {"<<": "1"}


def test_two_merges_of_one_mapping_are_told_with_both_lines() -> None:
    with pytest.raises(DocumentError) as caught:
        read("a: &a {x: 1}\nb: &b {y: 2}\nc:\n  <<: *a\n  <<: *b\n")
    (fault,) = caught.value.faults
    assert (fault.line, fault.message) == (5, "<< is given twice, in line 4 and in line 5")
    assert fault.path == ("c", "<<")


def test_every_key_given_twice_is_told_with_both_lines_and_its_path() -> None:
    with pytest.raises(DocumentError) as caught:
        read("a:\n- b: 1\n  c: 2\n  b: 3\nd: 1\nd: 2\n")
    assert [(each.line, each.message, each.path) for each in caught.value.faults] == [
        (4, "given twice, in line 2 and in line 4", ("a", 0, "b")),
        (6, "given twice, in line 5 and in line 6", ("d",)),
    ]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: 1\nb: !secret x", 2, "a tag"),
        ("a: ! x", 1, "a tag"),
        ("a: !!map {}", 1, "a tag"),
        ("!!python/object/apply:os.system [id]", 1, "a tag"),
        ("a: !secret!x y", 1, "not YAML: a tag"),
        ("a: 1\n---\nb: 2", 2, "a second document"),
        ("a: *secret", 1, "an alias whose anchor isn't there"),
        ("a: &x [*x]", 1, "an alias inside its own anchor"),
        ("a: *", 1, "not YAML: an alias without a name"),
        ("a: & x", 1, "not YAML: an anchor without a name"),
        ("? [a]\n: 1", 1, "a mapping or a list as a key"),
        ("a: &x [b]\n*x : 1", 2, "a mapping or a list as a key"),
        ("~: 1", 1, "an empty key"),
        ("<<: secret", 1, "<< takes a mapping or a list of mappings"),
        ("<<: [secret]", 1, "<< takes a mapping or a list of mappings"),
        ("a: [secret", 1, "not YAML: a bracket or brace that isn't closed, or a comma that is missing"),
        ("a: 'secret", 1, "not YAML: a quoted text that isn't closed"),
        ('a: "\\q"', 1, "not YAML: a backslash sequence that YAML doesn't know"),
        ("a: b: c", 1, "not YAML: a colon where none belongs"),
        ("\ta: 1", 1, "not YAML: a tab in the indentation"),
        ("a: 1\n\tb: 2", 2, "not YAML: a tab in the indentation"),
        ("a: 1\n  \xa0b: 2\nc: 3", 2, "not YAML: a space that only looks like one, as copied from a web page"),
        ("a:\n  - b:\xa0c\n    d: 1", 2, "not YAML: a space that only looks like one, as copied from a web page"),
        ("a:\n  - b:secret\n    d: 1", 2, "not YAML: no space behind the colon"),
        ("a:\n  - b: 1\n    c:secret\n    d: 1", 3, "not YAML: no space behind the colon"),
        ("a:\n  -b: 1\n    c: secret", 2, "not YAML: no space behind the dash"),
        ("a\n  - b: secret", 1, "not YAML: no colon behind the key"),
        ("a:\n  - b = secret\n    c: 1", 2, "not YAML: an equals sign behind the key"),
        ("a:\n  - b=secret\n    c: 1", 2, "not YAML: an equals sign behind the key"),
        ("<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> x\n", 1, "not YAML: a mark of a conflict that a merge left"),
        ("a: 1\n=======\nb: secret\n", 2, "not YAML: a mark of a conflict that a merge left"),
        ("```yaml\na: 1\n```\n", 1, "not YAML: a fence of Markdown, as copied from a page"),
        ("a: 1\n```\n", 2, "not YAML: a fence of Markdown, as copied from a page"),
        ("a: {b: #secret}\nc: 1\n", 1, "not YAML: a # behind a space, which begins a comment"),
        ("a: {b: 1}\nc: [x, #y]\n", 2, "not YAML: a # behind a space, which begins a comment"),
        ("a: [\n  {b: 1, # secret\n   c: 2,\n]\n", 4, "not YAML: the indentation or a list's dash isn't right"),
        ("a: [\n  - b: 1\n]", 2, "not YAML: a list's dash inside a bracket or brace"),
        (
            "a:\n  b: |\n    secret:x\n  c: [x\n",
            4,
            "not YAML: a bracket or brace that isn't closed, or a comma that is missing",
        ),
        ("a: 1\nb: {c: secret\n\n", 2, "not YAML: a bracket or brace that isn't closed, or a comma that is missing"),
        ("a: 1\nb: 'secret\n\n", 2, "not YAML: a quoted text that isn't closed"),
        ("a: @secret", 1, "not YAML: a character that no plain text may begin with"),
        ("a: 1\n  b: 2\n c: 3", 2, "not YAML: a key deeper than the one before it, which has its value"),
        ("a:\n  b: 1\n c: 2", 3, "not YAML: the indentation or a list's dash isn't right"),
        ("%YAML 3.0\n---\na: 1", 1, "not YAML"),
        ("a: 1\nb: \x00", 2, "the character U+0000"),
        ("a: \x7f", 1, "the character U+007F"),
        (b"a: 1\nb: \xff", 2, "not UTF-8"),
        ("a: " + "[" * 63 + "]" * 63 + "\nb: " + "[" * 64, 2, "nested more than 64 deep"),
        ("[" * 200_000, 1, "nested more than 64 deep"),
        ("a: &a " + "[" * 40 + "]" * 40 + "\nb: " + "[" * 40 + "*a" + "]" * 40, 2, "nested more than 64 deep"),
    ],
)
def test_what_cannot_be_read_is_a_problem_with_its_line(text: str | bytes, line: int, message: str) -> None:
    assert faults(text) == [(line, message)]
    with pytest.raises(DocumentError) as caught:
        read(text)
    assert "secret" not in repr(caught.value.faults) + str(caught.value)


def test_aliases_that_multiply_are_a_problem() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
    )
    assert faults(bomb) == [(6, "with its aliases this is more than 1000000 values")]


def test_merges_that_multiply_are_a_problem() -> None:
    keys = ", ".join(f"k{n}: 1" for n in range(2000))
    text = f"a: &a {{{keys}}}\n" + "".join(f"b{n}: {{<<: *a}}\n" for n in range(600))
    assert [message for _, message in faults(text)] == ["with its aliases this is more than 1000000 values"]


def test_a_document_does_not_show_its_values() -> None:
    assert "hunter2" not in repr(read("a: hunter2"))


@pytest.mark.parametrize(
    ("value", "words"), [({}, "a mapping"), ([], "a list"), (None, "nothing"), ("", "a single value")]
)
def test_kinds_have_names(value: object, words: str) -> None:
    assert kind(value) == words


_VALUES = st.recursive(
    st.none() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(_VALUES)
def test_what_pyyaml_writes_is_read_as_it_was(value: object) -> None:
    assert read(yaml.safe_dump(value)).value == value


@given(st.text(alphabet=" \n-:?[]{}#&*!|>'\"%@`abc~<,\t\\0\x00é", max_size=60) | st.binary(max_size=60))
def test_any_text_gives_a_document_or_a_problem(content: str | bytes) -> None:
    try:
        document = read(content)
    except DocumentError as error:
        assert all(each.line >= 1 for each in error.faults)
    else:
        assert isinstance(document, Document)
