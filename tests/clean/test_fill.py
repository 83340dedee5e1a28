"""Missing values: what fills a null, over batches and groups."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import reduce
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import etl_agent.clean.fill as fill_module
from etl_agent.clean import distribution
from etl_agent.clean.fill import Fill, FillMedian, FillMode, FillPrevious
from etl_agent.errors import DataRefused

Cell = str | None
small_cells = st.sampled_from([None, "", "a", "b"])


def batch(**columns: list[Cell]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({name: pa.array(cells, pa.string()) for name, cells in columns.items()})


def fitted(step: FillMedian | FillMode, *pieces: list[Cell]) -> FillMedian | FillMode:
    return step.fit(reduce(step.combine, [step.observe(batch(x=piece)) for piece in pieces]))


def learned(step: FillMedian | FillMode, *pieces: list[Cell]) -> Cell:
    values = fitted(step, *pieces).learned
    assert values is not None
    return values[0].value


@pytest.mark.parametrize(
    ("value", "text"),
    [(False, "false"), (0, "0"), (Decimal("1.50"), "1.50"), (date(2025, 4, 3), "2025-04-03"), ("x", "x")],
)
def test_constants_are_written_as_canonical_text(value: Any, text: str) -> None:
    """A value of a pipeline file becomes the text of a cell."""
    assert Fill.model_validate({"columns": ["x"], "value": value}).value == text


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(small_cells, small_cells, small_cells), max_size=14), st.integers(1, 5))
def test_previous_of_the_group_is_carried(rows: list[tuple[Cell, Cell, Cell]], size: int) -> None:
    """Row by row over all batches, each group carries its own last value; null is a group like others."""
    step = FillPrevious(columns=("x",), by=("g", "h"))
    held: dict[tuple[Cell, Cell], Cell] = {}
    expected = []
    for g, h, x in rows:
        held[g, h] = x if x is not None else held.get((g, h))
        expected.append(held[g, h])
    state, after = step.start(), []
    for start in range(0, len(rows), size):
        g, h, x = (list(column) for column in zip(*rows[start : start + size], strict=True))
        data, state = step.carry(batch(g=g, h=h, x=x), state)
        after += data.column("x").to_pylist()
    assert after == expected


def test_too_many_groups_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory stays bounded: more groups than can be remembered are an error that says what to do."""
    monkeypatch.setattr(fill_module, "_MOST_GROUPS", 2)
    step = FillPrevious(columns=("x",), by=("g",))
    with pytest.raises(DataRefused, match="more than 2 groups"):
        step.carry(batch(g=["a", "b", "c"], x=["1", "2", "3"]), step.start())


@pytest.mark.parametrize(
    ("pieces", "median"),
    [
        ([["3", "1"], ["2"]], "2"),
        ([["1", "2", "3", "4"]], "2"),
        ([["1.10"], ["1.1", None], ["n/a"]], "1.10"),
        ([["-5", "123456789012345678901234567890.5"]], "-5"),
        ([[None, "x"]], None),
        ([[]], None),
    ],
)
def test_median_is_a_value_of_the_column(pieces: list[list[Cell]], median: Cell) -> None:
    """The median is exact, written as in the column, and absent where there are no numbers."""
    assert learned(FillMedian(columns=("x",)), *pieces) == median


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-(10**6), 10**6), min_size=30, max_size=60), st.integers(1, 20))
def test_median_of_many_values_is_near_and_does_not_depend_on_the_cuts(values: list[int], size: int) -> None:
    """Past the limit the median is within 0.4 % of its size, the same however the rows are cut and merged."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distribution, "_MOST", 10)
        cells: list[Cell] = [str(value) for value in values]
        pieces = [cells[start : start + size] for start in range(0, len(cells), size)]
        found = learned(FillMedian(columns=("x",)), *pieces)
        assert found == learned(FillMedian(columns=("x",)), *reversed(pieces))
        exact = sorted(values)[(len(values) - 1) // 2]
        assert found is not None
        assert abs(int(found) - exact) <= max(1, abs(exact) * 0.0085)


def test_mode_is_the_most_frequent_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of equally frequent values the first is taken; with too many different ones there is none."""
    assert learned(FillMode(columns=("x",)), ["b", "a"], ["a", "b", None]) == "a"
    assert learned(FillMode(columns=("x",)), [None]) is None
    monkeypatch.setattr(fill_module, "_MOST_VALUES", 1)
    assert learned(FillMode(columns=("x",)), ["a"], ["b", "b"]) is None


def test_nothing_learned_fills_nothing() -> None:
    """A column without numbers keeps its nulls."""
    data = batch(x=[None, "n/a"])
    assert fitted(FillMedian(columns=("x",)), [None, "n/a"]).apply(data).equals(data)
