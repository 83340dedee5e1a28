"""Duplicates: one row of those with the same key stays, over the whole dataset."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Literal, Self

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import model_validator

from etl_agent.clean.step import Columns, KeyStep, chosen
from etl_agent.clean.values import as_ranks

__all__ = ["Deduplicate"]


class Deduplicate(KeyStep):
    """Keep one row of those that are equal in the key columns.

    | with | before | after |
    |---|---|---|
    | {} | {"x": ["a", "a", "b"], "y": ["1", "1", "1"]} | {"x": ["a", "b"], "y": ["1", "1"]} |
    | {"columns": ["x"], "keep": "last"} | {"x": ["a", "a", null], "y": ["1", "2", "3"]} | {"x": ["a", null], "y": ["2", "3"]} |
    | {"columns": ["x"], "keep": "most_complete"} | {"x": ["a", "a"], "y": [null, "2"]} | {"x": ["a"], "y": ["2"]} |
    | {"columns": ["x"], "keep": "newest", "newest_by": "y"} | {"x": ["a", "a"], "y": ["2025-04-03", "2025-01-01"]} | {"x": ["a"], "y": ["2025-04-03"]} |
    """  # noqa: E501  a row of a table is one line

    step: Literal["deduplicate"] = "deduplicate"
    columns: Columns = "all"
    """The key: rows are duplicates when they are equal in all of these; a null is a value like others."""
    keep: Literal["first", "last", "most_complete", "newest"] = "first"
    """Which row stays. ``most_complete`` has the fewest nulls (of equals the first), ``newest`` the greatest value
    of ``newest_by`` (of equals the last)."""
    newest_by: str | None = None
    """The column that tells which row is newest: dates, times (2025-04-03 12:30:00) or whole numbers. A row whose
    cell is none of these counts as the oldest."""

    @model_validator(mode="after")
    def _newest_needs_a_column(self) -> Self:
        if (self.keep == "newest") != (self.newest_by is not None):
            raise ValueError("newest_by and 'keep: newest' go together")
        return self

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the key columns, and those that tell which row stays."""
        more = (self.newest_by,) if self.newest_by is not None else tuple(names) if self.keep == "most_complete" else ()
        return tuple(dict.fromkeys((*chosen(self.columns, names), *more)))

    def key(self, data: pa.RecordBatch) -> tuple[pa.Array, ...]:
        """Return the key columns."""
        return tuple(data.column(name) for name in chosen(self.columns, data.schema.names))

    def rank(self, data: pa.RecordBatch) -> pa.Array | None:
        """Return the number of cells that are not null, or the time of the row."""
        if self.keep == "most_complete":
            present = [pc.cast(pc.is_valid(column), pa.int64()) for column in data.columns]
            return reduce(pc.add, present)
        if self.newest_by is None:
            return None
        return pc.fill_null(as_ranks(data.column(self.newest_by)), -(2**63))
