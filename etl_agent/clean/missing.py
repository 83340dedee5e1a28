"""Missing markers: words that stand for no value become null, or one word, and nothing else does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from etl_agent.batch import as_mask
from etl_agent.clean.kernels import beginnings, each, nulled
from etl_agent.clean.step import Change, Columns, RowStep, chosen
from etl_agent.clean.values import CellText

__all__ = ["MARKERS", "MissingAs", "NullMarkers"]

MARKERS = ("#N/A", "(null)", "<NA>", "N/A", "NULL", "NaN", "\\N", "n/a", "nan", "null")
"""Words that programs write for no value and people write for nothing else. ``NA`` is not among them (Namibia, sodium),
nor are ``None``, ``-``, ``?`` and the empty string, which are values in some columns: name them where they are not."""


class NullMarkers(RowStep):
    """Turn cells that hold a missing marker, and nothing else, into null.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"]} | ["N/A", "NA", "NULL", "-", "", null] | [null, "NA", null, "-", "", null] |
    | {"columns": ["x"], "markers": ["-", ""]} | ["-", "", "N/A", " - "] | [null, null, "N/A", " - "] |
    """

    step: Literal["null_markers"] = "null_markers"
    columns: Columns = "all"
    """The columns to work on."""
    markers: tuple[CellText, ...] = Field(default=MARKERS, min_length=1)
    """The whole cells that mean no value, exactly as they are written: blanks and case count."""

    change: ClassVar[Change] = "value"

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the chosen columns."""
        return chosen(self.columns, names)

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Look each cell up among the markers."""
        markers = pa.array(self.markers, pa.string())
        return each(data, self.reads(data.schema.names), lambda column: _without(column, markers))


class MissingAs(RowStep):
    """Write missing values in the one way that a column has for them: null and other markers become its own marker.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"], "markers": ["***"], "write": "."} | ["a", "***", ".", null, ""] | ["a", ".", ".", ".", ""] |
    | {"columns": ["x"], "markers": ["?"], "write": "-", "nulls": false} | ["?", null, "-"] | ["-", null, "-"] |
    """

    step: Literal["missing_as"] = "missing_as"
    columns: Columns
    """The columns to work on."""
    write: CellText
    """The column's own marker."""
    markers: tuple[CellText, ...] = ()
    """Other whole cells that mean no value, exactly as they are written."""
    nulls: bool = True
    """Whether null becomes the marker too."""

    change: ClassVar[Change] = "value"

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the chosen columns."""
        return chosen(self.columns, names)

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Replace the cells that are a marker, or null."""
        markers = pa.array(self.markers, pa.string())
        return each(data, self.reads(data.schema.names), lambda column: self._written(column, markers))

    def _written(self, column: pa.StringArray, markers: pa.StringArray) -> pa.StringArray:
        missing = pc.is_in(column, markers)
        if self.nulls:
            missing = pc.or_(missing, column.is_null())
        return pc.if_else(missing, pa.scalar(self.write, pa.string()), column) if missing.true_count else column


def _without(column: pa.StringArray, markers: pa.StringArray) -> pa.StringArray:
    first, lengths = beginnings(column)
    begins, sizes = beginnings(markers)
    # Few cells are as short as a marker and begin like one: only those are looked up.
    like = np.zeros(256, dtype=bool)
    like[begins] = True
    places = np.flatnonzero((lengths <= sizes.max()) & like[first])
    found = places[as_mask(pc.is_in(column.take(pa.array(places)), markers))]
    if found.size == 0:
        return column
    rows = np.zeros(len(column), dtype=bool)
    rows[found] = True
    return nulled(column, pa.array(rows))
