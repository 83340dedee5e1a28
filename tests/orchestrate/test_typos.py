"""Slips of one letter in a pipeline file: each gives exactly one mistake, which names the slip."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from etl_agent.errors import SpecInvalid, one_slip
from etl_agent.orchestrate.fields import below, fields_of, narrowed
from etl_agent.orchestrate.file import parse_spec
from etl_agent.orchestrate.located import Branch, Mark, Scalar, Value
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.orchestrate.yaml_text import read_yaml

TEXT = (Path(__file__).parent / "rich.yaml").read_text()


def spec_keys(value: Value, expected: tuple[object, ...]) -> Iterator[tuple[str, Mark, frozenset[str]]]:
    """Yield every key that is a field of a spec, where it stands, and the keys that are right there too."""
    if not isinstance(value, Branch):
        return
    scalars = {key: item.plain for key, item in value.items.items() if isinstance(item, Scalar)}
    fields = fields_of(narrowed(expected, scalars))
    for key, item in value.items.items():
        if key in fields:
            yield str(key), value.keys[key], frozenset(fields)
        yield from spec_keys(item, below(narrowed(expected, scalars), key))


def slips(word: str) -> set[str]:
    """Return words one slip away: every letter left out, changed, doubled or preceded by another; every swap."""
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    return {
        *(left + right[1:] for left, right in cuts if right),
        *(left + right[1] + right[0] + right[2:] for left, right in cuts if len(right) > 1),
        *(left + letter + right[1:] for left, right in cuts if right for letter in "xe"),
        *(left + letter + right for left, right in cuts for letter in ("q", *right[:1])),
    } - {word, ""}


def mistyped(text: str, mark: Mark, old: str, new: str) -> str:
    """Replace the word that stands at a place."""
    lines = text.splitlines(keepends=True)
    line, at = lines[mark.line - 1], mark.column - 1
    assert line[at:].startswith(old)
    lines[mark.line - 1] = line[:at] + new + line[at + len(old) :]
    return "".join(lines)


def mistakes(text: str) -> tuple[str, ...]:
    """Return what is wrong with a pipeline file."""
    try:
        parse_spec(text, PipelineSpec, name="p.yaml")
    except SpecInvalid as error:
        return error.mistakes
    return ()


ROOT, _ = read_yaml(TEXT)
assert ROOT is not None
KEYS = list(spec_keys(ROOT, (PipelineSpec,)))


def test_the_example_is_right_and_rich() -> None:
    """The file that the slips are made in has no mistake, and every section's keys."""
    assert mistakes(TEXT) == ()
    assert len(KEYS) > 70


@pytest.mark.parametrize(("key", "mark", "valid"), KEYS, ids=[f"{key}@{mark}" for key, mark, _ in KEYS])
def test_a_slip_in_a_key_is_one_mistake_that_names_it(key: str, mark: Mark, valid: frozenset[str]) -> None:
    """A letter left out, put in, changed or swapped gives one mistake, at the key, with the key that was meant."""
    for slip in sorted(slips(key) - valid):
        found = mistakes(mistyped(TEXT, mark, key, slip))
        assert len(found) == 1, (slip, found)
        assert found[0].startswith(f"p.yaml:{mark}: "), (slip, found)
        assert slip in found[0]
        meant = found[0].partition("did you mean '")[2].partition("'")[0]
        assert meant == key or one_slip(slip, meant), (slip, found)


@pytest.mark.parametrize("name", ["strip", "is_email"])
def test_a_slip_in_the_name_of_a_step_is_one_mistake_that_names_it(name: str) -> None:
    """A wrong step name is said once, with the step that was meant."""
    at = TEXT.index(f"step: {name}") + len("step: ")
    mark = Mark(TEXT.count("\n", 0, at) + 1, at - TEXT.rfind("\n", 0, at))
    for slip in sorted(slips(name)):
        found = mistakes(mistyped(TEXT, mark, name, slip))
        assert len(found) == 1, (slip, found)
        assert found[0].startswith(f"p.yaml:{mark}: clean[")
        assert f"{slip!r} is not valid here; did you mean {name!r}" in found[0]


@pytest.mark.parametrize("value", ["5", "null", "true", "[a, {b: c}]", "{a: [1]}", '"\\0"', "9" * 40, '""', "-1.5"])
def test_no_value_in_any_place_is_more_than_a_mistake(value: str) -> None:
    """Whatever stands behind a key, the file is right or its mistakes are listed with their places."""
    for key, mark, _ in KEYS:
        lines = TEXT.splitlines(keepends=True)
        line, at = lines[mark.line - 1], mark.column - 1 + len(key)
        if not line[at:].startswith(": ") or line[at + 2] in "[{":
            continue
        rest = line[at + 2 :].lstrip("\"'")
        lines[mark.line - 1] = line[:at] + f": {value}" + ("\n" if "{" not in line else ", " + rest.partition(", ")[2])
        if "{" in line and ", " not in rest:
            continue
        for mistake in mistakes("".join(lines)):
            assert mistake.startswith("p.yaml:"), (key, mistake)
            assert "nput should" not in mistake
