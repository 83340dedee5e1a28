"""Reading YAML so that nothing changes its meaning in silence."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl_agent.orchestrate.located import Branch, Mark, meaning, spelled
from etl_agent.orchestrate.yaml_text import read_yaml


def read(text: str) -> Any:
    """Read a document that has no mistake."""
    value, mistakes = read_yaml(text)
    assert mistakes == []
    assert value is not None
    return meaning(value)


@pytest.mark.parametrize(
    "word",
    ["no", "yes", "on", "off", "y", "N", "NO", "00123", "0x1F", "0o17", "12:30", "12:30:45", "1_000", "2025-04-03",
     "1e999", "1" * 5000, "0.12345678901234567890", ".inf", ".nan", "+", ".", "1.", "1,5", "=", "NA", "nan"],
)  # fmt: skip
def test_words_that_yaml_1_1_turns_into_something_else_stay_text(word: str) -> None:
    """Norway's country code, leading zeros, clock times and dates keep their spelling."""
    assert read(f"x: {word}") == {"x": word}


@pytest.mark.parametrize("word", ["no", "on", "00123", "12", "true", "null", "~", "1.10", "2025-04-03"])
def test_keys_are_always_text(word: str) -> None:
    """A column may be named no, on or 2025."""
    assert read(f"{word}: 1") == {word: 1}


@pytest.mark.parametrize(
    ("word", "value"),
    [("true", True), ("False", False), ("null", None), ("~", None), ("", None), ("12", 12), ("-3", -3), ("0", 0),
     ("0.5", 0.5), ("-0.25", -0.25), ("1.10", "1.10"), ("1e3", "1e3"), (".5", ".5"), ("+5", "+5"), ("-0", "-0"),
     ('"12"', "12"), ("'true'", "true")],
)  # fmt: skip
def test_plain_numbers_truth_values_and_nulls_are_read(word: str, value: object) -> None:
    """The core schema of YAML 1.2 is read; quoted scalars are text."""
    found = read(f"x: {word}")["x"]
    assert found == value
    assert type(found) is type(value)


def test_every_value_knows_its_line_and_column() -> None:
    """Marks count from 1, for keys and for values."""
    value, _ = read_yaml("a: 1\nb:\n  - x\n  - {c: ü, d: 2}\n")
    assert isinstance(value, Branch)
    assert value.keys["b"] == Mark(2, 1)
    inner = value.items["b"]
    assert isinstance(inner, Branch)
    mapping = inner.items[1]
    assert isinstance(mapping, Branch)
    assert mapping.keys["d"] == Mark(4, 12)


@pytest.mark.parametrize(
    ("text", "mark", "said"),
    [
        ("a: 1\na: 2\n", "2:1", "the key stands twice, first on line 1"),
        ("a: !!python/object:os.system x", "1:4", "tags"),
        ("a: &x {b: 1}\nc: {<<: *x}\n", "2:5", "merge keys"),
        ("a: &x [*x]", "1:8", "refers to the value that it stands in"),
        ("a: *x", "1:4", "refers to no &x"),
        ("a: 1\n---\nb: 1\n", "2:1", "second document"),
        ("? [a]\n: 1", "1:3", "a key is text"),
        ("a:\n\t- 1", "2:1", "indent with spaces"),
        ("a: {to: ${X}}", "1:10", "put quotes around"),
        ("a: b: c", "1:5", "put quotes around"),
        ("a: [1, 2", "2:1", "flow sequence that begins at 1:4"),
        ("a: x\x07", "1:5", "U+0007"),
        ("[" * 60, "1:51", "nested deeper than 50"),
        ("a: " + "x" * (1 << 20), "1:1", "larger than"),
    ],
)
def test_what_cannot_be_read_is_a_mistake_with_its_place(text: str, mark: str, said: str) -> None:
    """Whatever is wrong with the YAML itself is said once, with line and column."""
    _, mistakes = read_yaml(text)
    assert len(mistakes) == 1
    assert str(mistakes[0].mark) == mark
    assert said in mistakes[0].what


def test_aliases_cannot_unfold_into_billions() -> None:
    """Ten levels of ten aliases each stop at the limit."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    _, mistakes = read_yaml("\n".join(lines))
    assert "unfold to more than" in mistakes[0].what


def test_aliases_cannot_nest_without_end() -> None:
    """Each alias adds one level to the one before; depth is counted with aliases followed."""
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 5000)]
    _, mistakes = read_yaml("\n".join(lines))
    assert "nested deeper" in mistakes[0].what


def test_an_alias_is_the_value_that_it_names() -> None:
    """Anchors and aliases are read."""
    assert read("a: &x [1, 2]\nb: *x\n") == {"a": [1, 2], "b": [1, 2]}


@given(st.text(max_size=60))
@settings(max_examples=100, deadline=None)
def test_no_text_crashes_the_reader(text: str) -> None:
    """Any text gives a value or a mistake."""
    value, mistakes = read_yaml(text)
    assert (
        value is not None
        or mistakes
        or not text.strip()
        or text.lstrip().startswith(("#", "%", "\ufeff", "---", "..."))
    )


def test_paths_are_spelled_like_people_do() -> None:
    """List positions stand in brackets, keys behind dots."""
    assert spelled(("clean", 0, "columns", 1)) == "clean[0].columns[1]"
    assert spelled(()) == ""


def test_a_quoted_key_is_a_name() -> None:
    """A column may be called ``<<``; with quotes it is no merge key."""
    root, mistakes = read_yaml('"<<": 1\n')
    assert (meaning(root) if root else None, mistakes) == ({"<<": 1}, [])
