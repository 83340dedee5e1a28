"""Text: blanks, case, Unicode forms, invisible characters and mis-decoded text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.clean.step import Change, Columns, RowStep, chosen, replaced

__all__ = ["Strip"]


class Strip(RowStep):
    """Remove blanks at both ends of a cell; a cell of blanks alone becomes the empty string.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"]} | [" Ann ", "\\u00a0Bob", "", null] | ["Ann", "Bob", "", null] |
    """

    step: Literal["strip"] = "strip"
    columns: Columns = "all"
    """The columns to strip."""

    change: ClassVar[Change] = "format"

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the chosen columns."""
        return chosen(self.columns, names)

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Strip each chosen column with one kernel call."""
        for name in self.reads(data.schema.names):
            data = replaced(data, name, pc.utf8_trim_whitespace(data.column(name)))
        return data
