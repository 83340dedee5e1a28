"""Conditions on rows: what meets them, what fails them, and what can be said of neither."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from pydantic import ValidationError

from etl_agent.clean.filter import Condition, Filter, QuarantineWhere

CELLS = ["5", "7.50", "abc", "", None]


def judged(**said: Any) -> tuple[list[bool], list[bool]]:
    holds, fails = Condition.model_validate({"column": "x", **said}).judge(pa.array(CELLS, pa.string()))
    return holds.tolist(), fails.tolist()


@pytest.mark.parametrize(
    ("said", "holds"),
    [
        ({"is": 5}, [True, False, False, False, False]),
        ({"is": ""}, [False, False, False, True, False]),
        ({"in": [5, "abc"]}, [True, False, True, False, False]),
        ({"not_in": ["abc"]}, [True, True, False, True, False]),
        ({"matches": "[a-z]+"}, [False, False, True, False, False]),
        ({"matches": "a|5"}, [True, False, False, False, False]),
        ({"null": True}, [False, False, False, False, True]),
        ({"null": False}, [True, True, True, True, False]),
    ],
)
def test_text_conditions_hold_or_fail(said: dict[str, Any], holds: list[bool]) -> None:
    """Conditions on text can always be told."""
    assert judged(**said) == (holds, [not each for each in holds])


def test_comparisons_know_what_they_cannot_tell() -> None:
    """Text cannot be compared with a number; null meets no comparison."""
    assert judged(gt=5) == ([False, True, False, False, False], [True, False, False, False, True])
    assert judged(ge=5, lt="7.5") == ([True, False, False, False, False], [False, True, False, False, True])


def test_keep_leaves_out_only_what_surely_fails() -> None:
    """Rows that cannot be judged stay for the contract."""
    data = pa.RecordBatch.from_pydict({"x": pa.array(CELLS, pa.string())})
    step = Filter.model_validate({"keep": {"column": "x", "gt": 6}})
    (finding,) = step.find(data)
    assert finding.failed.tolist() == [True, False, False, False, True]
    assert step.effect == "filter"
    assert str(finding.reason) == "x: row-constraint (keep gt: 6)"


def test_several_conditions_must_all_hold() -> None:
    """A list of conditions means all of them, and the reason names each."""
    data = pa.RecordBatch.from_pydict({"x": pa.array(["1", "1"]), "y": pa.array(["a", "b"])})
    step = QuarantineWhere.model_validate({"where": [{"column": "x", "is": 1}, {"column": "y", "in": ["b", "c"]}]})
    (finding,) = step.find(data)
    assert finding.failed.tolist() == [False, True]
    assert str(finding.reason) == "row-constraint (where x is: 1, y in: [b, c])"
    assert step.reads([]) == ("x", "y")


def test_values_of_yaml_are_written_as_canonical_text() -> None:
    """Truth values, dates and numbers of a pipeline file compare with the cleaned text."""
    assert Condition.model_validate({"column": "x", "is": True}).is_ == "true"
    assert Condition.model_validate({"column": "x", "gt": 1e-7}).gt == "0.0000001"


@pytest.mark.parametrize(
    "wrong",
    [{}, {"column": "x"}, {"column": "x", "matches": "("}, {"column": "x", "gt": "ten"}, {"column": "x", "like": "a"}],
)
def test_conditions_that_say_nothing_or_nonsense_are_mistakes(wrong: dict[str, Any]) -> None:
    """A condition is checked before any row flows."""
    with pytest.raises(ValidationError):
        Condition.model_validate(wrong)


@pytest.mark.parametrize(
    "wrong", [{}, {"keep": [], "drop": None}, {"keep": {"column": "x", "is": 1}, "drop": {"column": "x", "is": 1}}]
)
def test_filter_keeps_or_drops(wrong: dict[str, Any]) -> None:
    """Exactly one of keep and drop is given."""
    with pytest.raises(ValidationError):
        Filter.model_validate(wrong)
