"""Duplicates: what the key is, and which of its rows counts as best."""

from __future__ import annotations

import pyarrow as pa
import pytest
from pydantic import ValidationError

from etl_agent.clean.duplicates import Deduplicate


def batch(**columns: list[str | None]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({name: pa.array(cells, pa.string()) for name, cells in columns.items()})


def test_most_complete_counts_what_is_there() -> None:
    """The rank is the number of cells that are not null; an empty string is there."""
    step = Deduplicate(columns=("x",), keep="most_complete")
    rank = step.rank(batch(x=["a", "a", None], y=["", None, None]))
    assert rank is not None
    assert rank.to_pylist() == [2, 1, 0]
    assert rank.type == pa.int64()


def test_newest_ranks_times_and_whole_numbers() -> None:
    """Times and whole numbers rank by size; anything else is the oldest."""
    step = Deduplicate(columns=("x",), keep="newest", newest_by="y")
    for rising in (
        ["soon", "1969-12-31", "1970-01-01", "2025-04-03", "2025-04-03 00:00:00.000001"],
        [None, "-5", "7", "10", "999999999999999999"],
        ["2025-02-30", "2025-02-01"],
    ):
        rank = step.rank(batch(x=["a"] * len(rising), y=list(rising)))
        assert rank is not None
        ranks = rank.to_pylist()
        assert ranks == sorted(ranks)
        assert len(set(ranks)) == len(ranks)


def test_first_and_last_need_no_rank() -> None:
    """The order of the rows decides."""
    assert Deduplicate(columns=("x",), keep="last").rank(batch(x=["a"])) is None


def test_key_is_all_columns_unless_named() -> None:
    """Rows are duplicates when they are equal in all columns, or in those named."""
    data = batch(x=["a"], y=["b"])
    assert len(Deduplicate().key(data)) == 2
    assert len(Deduplicate(columns=("y",)).key(data)) == 1


@pytest.mark.parametrize("parameters", [{"keep": "newest"}, {"newest_by": "y"}])
def test_newest_and_its_column_go_together(parameters: dict[str, str]) -> None:
    """One without the other is a mistake."""
    with pytest.raises(ValidationError, match="go together"):
        Deduplicate.model_validate(parameters)
