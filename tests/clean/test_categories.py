"""Category steps: declared values and spellings."""

from typing import Any

import pyarrow as pa
import pytest
from pydantic import ValidationError

from etl_agent.clean.categories import Canonical, MapValues
from etl_agent.clean.step import RowStep


def after(step: RowStep, *cells: str | None) -> list[str | None]:
    """Run a step on a column x."""
    data = pa.RecordBatch.from_pydict({"x": pa.array(cells, pa.string())})
    return step.apply(data).column("x").to_pylist()


def canonical(*values: str, **more: Any) -> Canonical:
    """Declare spellings for the column x."""
    return Canonical.model_validate({"columns": "x", "values": values, **more})


def test_mapping_is_not_applied_twice() -> None:
    """Values that are swapped are swapped, not chased."""
    step = MapValues.model_validate({"columns": "x", "values": {"a": "b", "b": "a"}})
    assert after(step, "a", "b", "c") == ["b", "a", "c"]


def test_unquoted_yaml_truth_values_are_refused_as_keys() -> None:
    """YAML reads ``yes:`` as true, so such a key is a mistake and not the text "true"."""
    with pytest.raises(ValidationError, match="quote this key"):
        MapValues.model_validate({"columns": "x", "values": {True: "y"}})


def test_values_may_be_truth_values() -> None:
    """What a cell becomes may be written as YAML writes it."""
    step = MapValues.model_validate({"columns": "x", "values": {"Y": True, "2": 2}})
    assert after(step, "Y", "2") == ["true", "2"]


def test_floats_are_refused() -> None:
    """YAML has lost the zeros of 1.10 before we see it, so decimals stand in quotes."""
    with pytest.raises(ValidationError, match="in quotes"):
        MapValues.model_validate({"columns": "x", "values": {"a": 1.10}})


@pytest.mark.parametrize(
    "cell", ["in progress", " In-Progress ", "IN_PROGRESS", "inprogress", "in.progress", "In–Progress"]
)
def test_canonical_ignores_case_blanks_and_punctuation(cell: str) -> None:
    """Spellings of one thing come together."""
    assert after(canonical("In Progress"), cell) == ["In Progress"]


def test_signs_count() -> None:
    """C, C++ and C# are three things."""
    assert after(canonical("C", "C++", "C#"), "c", "c++", "c#", "C-") == ["C", "C++", "C#", "C"]


def test_accents_count_unless_ignored() -> None:
    """An accent is a difference that the user may lift."""
    assert after(canonical("Zürich"), "zurich", "ZÜRICH") == ["zurich", "Zürich"]
    assert after(canonical("Zürich", ignore=["case", "accents"]), "zurich") == ["Zürich"]


def test_spellings_that_fall_together_are_a_mistake() -> None:
    """Two declared values that differ only in what is ignored cannot be told apart."""
    with pytest.raises(ValidationError, match="ignore less"):
        canonical("A-B", "AB")
    with pytest.raises(ValidationError, match="nothing but"):
        canonical("--")


def test_otherwise_null() -> None:
    """Cells that fit no spelling go only by the user's word."""
    assert after(canonical("a"), "A", "z", "", None) == ["a", "z", "", None]
    assert after(canonical("a", otherwise="null"), "A", "z", "", None) == ["a", None, None, None]
    assert after(canonical("a", otherwise="null"), "a", None) == ["a", None]
