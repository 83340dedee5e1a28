"""Times of day: both clocks are read, and hours that neither has stay as they are."""

from __future__ import annotations

import pyarrow as pa
import pytest

from etl_agent.clean.times import Times


@pytest.mark.parametrize(
    ("cell", "after"),
    [
        ("00:00", "00:00:00"),
        ("23:59:59,250", "23:59:59.250"),
        ("12:30 pm", "12:30:00"),
        ("1:30A.M.", "01:30:00"),
        ("24:00", "24:00"),
        ("13:00 pm", "13:00 pm"),
        ("9:5", "9:5"),
        ("2025-04-03 09:05", "2025-04-03 09:05"),
        ("", ""),
    ],
)
def test_times_of_day(cell: str, after: str) -> None:
    """A time of day is read for certain or left alone."""
    data = pa.RecordBatch.from_pydict({"x": pa.array([cell, None])})
    assert Times(columns=("x",)).apply(data).column("x").to_pylist() == [after, None]
