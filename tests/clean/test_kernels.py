"""Shared kernels: what is found by bytes is what is found by cells, in whole columns and in slices of them."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from etl_agent.clean.kernels import beginnings, bytes_of, holders, is_ascii, is_plain, nulled, patched, per_value
from etl_agent.clean.values import CellText

cells = st.lists(st.none() | st.text("ab é", max_size=4), max_size=12)


@st.composite
def columns(draw: st.DrawFn) -> pa.StringArray:
    """A column, often a slice of a longer one."""
    whole = pa.array(draw(cells), pa.string())
    start = draw(st.integers(0, len(whole)))
    return whole.slice(start, draw(st.integers(0, len(whole) - start)))


@given(columns())
@settings(max_examples=100, deadline=None)
def test_holders_finds_the_cells(column: pa.StringArray) -> None:
    """A byte's place leads to the cell that holds it."""
    found = holders(column, np.flatnonzero(bytes_of(column) == ord("a")))
    assert found.tolist() == ["a" in (cell or "") for cell in column.to_pylist()]


@given(columns())
@settings(max_examples=100, deadline=None)
def test_looks_at_bytes_agree_with_cells(column: pa.StringArray) -> None:
    """ASCII and plain are what Python says they are."""
    text = "".join(cell or "" for cell in column.to_pylist())
    assert is_ascii(column) == text.isascii()
    assert is_plain(column, least=0x21) == (text.isascii() and " " not in text)


@given(columns())
@settings(max_examples=100, deadline=None)
def test_beginnings(column: pa.StringArray) -> None:
    """The first byte of each cell is its own, and an empty one has none."""
    raw = [(cell or "").encode() for cell in column.to_pylist()]
    first, lengths = beginnings(column)
    assert first.tolist() == [r[0] if r else 0 for r in raw]
    assert lengths.tolist() == [len(r) for r in raw]


@given(columns(), st.data())
@settings(max_examples=100, deadline=None)
def test_patched_changes_the_rows_and_no_others(column: pa.StringArray, data: st.DataObject) -> None:
    """The change sees the chosen rows alone, and the others come through."""
    rows = np.array(data.draw(st.lists(st.booleans(), min_size=len(column), max_size=len(column))), dtype=bool)
    after = patched(column, rows, pc.utf8_upper)
    after.validate(full=True)
    want = [c.upper() if c and row else c for c, row in zip(column.to_pylist(), rows.tolist(), strict=True)]
    assert after.to_pylist() == want


def test_patched_gives_back_the_very_column() -> None:
    """No rows, no new column."""
    column = pa.array(["a"])
    assert patched(column, np.array([False]), pc.utf8_upper) is column


@given(columns(), st.data())
@settings(max_examples=100, deadline=None)
def test_nulled(column: pa.StringArray, data: st.DataObject) -> None:
    """Chosen rows are null, the others keep their cells, and slices of slices are no trouble."""
    rows = data.draw(st.lists(st.booleans(), min_size=len(column), max_size=len(column)))
    after = nulled(column, pa.array(rows, pa.bool_()))
    after.validate(full=True)
    assert after.to_pylist() == [None if row else c for c, row in zip(column.to_pylist(), rows, strict=True)]
    assert after.take(pa.array(range(len(after)), pa.int64())).equals(after)


def test_per_value_asks_once() -> None:
    """A function is called once for each distinct cell, and never for null."""
    asked: list[str] = []
    after = per_value(pa.array(["a", "b", None, "a"]), lambda cell: asked.append(cell) or cell * 2)
    assert after.to_pylist() == ["aa", "bb", None, "aa"]
    assert asked == ["a", "b"]


def test_cell_text_of_yaml() -> None:
    """Values of YAML become the text that cells hold, or are refused where YAML lost digits."""
    adapter = TypeAdapter(CellText)
    assert [adapter.validate_python(v) for v in (True, 5, "x", np.datetime64("2025-04-03").item())] == [
        "true",
        "5",
        "x",
        "2025-04-03",
    ]
    with pytest.raises(ValidationError, match="in quotes"):
        adapter.validate_python(1.5)


def test_a_slice_with_nulls_put_in_begins_at_its_own_text() -> None:
    """Kernels that copy offsets as they are still find every cell."""
    column = pa.array([f"User{number}" for number in range(1_000)]).slice(900)
    made = nulled(column, pc.equal(column, "User950"))
    lowered = pc.ascii_lower(made)
    lowered.validate(full=True)
    assert lowered.to_pylist() == [f"user{n}" if n != 950 else None for n in range(900, 1_000)]
