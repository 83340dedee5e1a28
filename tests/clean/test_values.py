"""What canonical text stands for: comparisons are exact, and what cannot be compared is said so."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl_agent.clean.values import as_times, compare

numbers = st.decimals(-(10**25), 10**25, allow_nan=False, allow_infinity=False, places=6) | st.integers(
    10**16, 10**16 + 3
).map(Decimal)


@settings(max_examples=60, deadline=None)
@given(st.lists(numbers, min_size=1, max_size=8), numbers)
def test_numbers_are_compared_exactly(values: list[Decimal], bound: Decimal) -> None:
    """Digits that a float would lose count."""
    signs = compare(pa.array([format(value, "f") for value in values]), format(bound, "f"))
    assert signs.tolist() == [int(value.compare(bound)) for value in values]


@pytest.mark.parametrize("cell", [None, "", "abc", "1,5", "1e3", "NaN", "inf", "2025-04-03", "--1", "1."])
def test_what_is_no_number_cannot_be_compared_with_one(cell: str | None) -> None:
    """Such cells are neither below nor above."""
    assert compare(pa.array([cell], pa.string()), "5").tolist() == [2]


def test_times_are_compared() -> None:
    """A date is its midnight; days that never were, and numbers, cannot be compared."""
    cells = ["2025-04-02", "2025-04-03 00:00:00", "2025-04-03 12:30:00.5", "2025-02-30", "7", None]
    assert compare(pa.array(cells, pa.string()), "2025-04-03").tolist() == [-1, 0, 1, 2, 2, 2]


def test_one_bad_day_does_not_spoil_the_others() -> None:
    """Times beside a day that never was are read all the same."""
    assert as_times(pa.array(["1970-01-02", "2023-02-29", "1970-01-01 00:00:01.000002"])).to_pylist() == [
        86_400_000_000,
        None,
        1_000_002,
    ]
