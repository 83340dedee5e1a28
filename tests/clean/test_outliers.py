"""Ranges and outliers: bounds are exact, rules are learned from all rows, and no spread flags nothing."""

from __future__ import annotations

import statistics
from functools import reduce
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from etl_agent.clean.outliers import Clip, FlagOutliers, QuarantineRange
from etl_agent.errors import ConfigurationError

Cell = str | None


def batch(cells: list[Cell]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({"x": pa.array(cells, pa.string())})


def fitted(*pieces: list[Cell], **parameters: Any) -> FlagOutliers:
    step = FlagOutliers.model_validate({"column": "x", "into": "odd", **parameters})
    return step.fit(reduce(step.combine, [step.observe(batch(piece)) for piece in pieces]))


def test_bounds_themselves_are_inside() -> None:
    """A number equal to a bound, in whatever spelling, is not touched."""
    step = Clip.model_validate({"columns": ["x"], "min": "0.10", "max": 10})
    cells = ["0.1", "0.1000", "10.00", "0.09999999999999999999", "10.00000000000000000001"]
    assert step.apply(batch(cells)).column("x").to_pylist() == ["0.1", "0.1000", "10.00", "0.10", "10"]


def test_a_flag_takes_no_other_column_s_place() -> None:
    """A name that is taken is refused, as for every step that adds a column."""
    with pytest.raises(ConfigurationError, match="two columns 'x'"):
        FlagOutliers(column="x", into="x").names_after(["x"])


def test_range_names_column_and_bound() -> None:
    """The reason tells which bound of which column was crossed."""
    step = QuarantineRange.model_validate({"columns": ["x"], "min": 0, "max": 9})
    low, high = step.find(batch(["-1", "10", "x", None, "5"]))
    assert (str(low.reason), low.failed.tolist()) == (
        "x: constraint-error (min: 0)",
        [True, False, False, False, False],
    )
    assert (str(high.reason), high.failed.tolist()) == (
        "x: constraint-error (max: 9)",
        [False, True, False, False, False],
    )


@pytest.mark.parametrize("wrong", [{}, {"min": 5, "max": 1}, {"min": "2025-01-01"}, {"max": "lots"}])
def test_bounds_must_make_sense(wrong: dict[str, Any]) -> None:
    """No bound, crossed bounds and words are mistakes."""
    for kind in (Clip, QuarantineRange):
        with pytest.raises(ValidationError):
            kind.model_validate({"columns": ["x"], **wrong})


@pytest.mark.parametrize(
    ("rule", "low", "high"),
    [("iqr", "-4", "12"), ("mad", "-6.3782", "14.3782"), ("zscore", None, None)],
)
def test_rules(rule: str, low: Cell, high: Cell) -> None:
    """Each rule gives the bounds of its definition."""
    step = fitted(["1", "2", "3"], ["4", "5", "6", "100"], by=rule)
    if rule == "zscore":
        values = [1, 2, 3, 4, 5, 6, 100]
        reach = 3 * statistics.pstdev(values)
        assert float(step.low or 0) == pytest.approx(statistics.mean(values) - reach)
        assert float(step.high or 0) == pytest.approx(statistics.mean(values) + reach)
    elif rule == "mad":
        # median 4, distances 3 2 1 0 1 2 96: median 2
        assert (step.low, step.high) == (low, high)
    else:
        # quartiles 2 and 6
        assert (step.low, step.high) == (low, high)


@pytest.mark.parametrize("cells", [[], [None], ["n/a"], ["5"], ["5", "5", "5", "5", "90"]])
@pytest.mark.parametrize("rule", ["iqr", "mad"])
def test_without_spread_nothing_is_flagged(cells: list[Cell], rule: str) -> None:
    """No numbers, or nearly all of them the same: there is no far."""
    flags = fitted(list(cells), by=rule).apply(batch(list(cells))).column("odd").to_pylist()
    assert "true" not in flags


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-1000, 1000).map(str) | st.none() | st.just("x"), max_size=30), st.integers(1, 7))
@pytest.mark.parametrize("rule", ["iqr", "mad", "zscore"])
def test_bounds_do_not_depend_on_the_cuts(rule: str, cells: list[Cell], size: int) -> None:
    """The same rows in other batches and in another order give the same bounds."""
    pieces = [cells[start : start + size] for start in range(0, len(cells), size)] or [[]]
    assert fitted(*pieces, by=rule) == fitted(*reversed(pieces), by=rule) == fitted(cells, by=rule)


def test_numbers_of_absurd_length_do_no_harm() -> None:
    """Hostile numbers neither crash nor stall a rule."""
    step = fitted(["9" * 5000, "1", "2", "3"])
    assert step.apply(batch(["9" * 5000])).column("odd").to_pylist() == ["true"]
