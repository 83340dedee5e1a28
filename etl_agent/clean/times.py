"""Times of day: every spelling becomes canonical text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.clean.formats import read_times
from etl_agent.clean.step import Change, Columns, RowStep, chosen, replaced
from etl_agent.clean.values import rewrite

__all__ = ["Times"]


class Times(RowStep):
    """Write times of day as 21:05:00, with the fraction that they have; a cell that is none stays as it is.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"]} | ["9:05", "9:05:30.5", "9:05 PM", "12:00 a.m.", "25:00", "noon", null] | ["09:05:00", "09:05:30.5", "21:05:00", "00:00:00", "25:00", "noon", null] |
    """  # noqa: E501  a row of a table is one line

    step: Literal["times"] = "times"
    columns: Columns
    """The columns to read."""

    change: ClassVar[Change] = "format"

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the chosen columns."""
        return chosen(self.columns, names)

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Rewrite the cells that are not canonical yet."""
        for name in self.reads(data.schema.names):
            column = data.column(name)
            done = pc.match_substring_regex(column, r"^\d\d:\d\d:\d\d(?:\.\d+)?$")
            data = replaced(data, name, rewrite(column, done=done, change=read_times))
        return data
