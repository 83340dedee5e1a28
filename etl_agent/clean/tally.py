"""Value counts of columns: a summary that merges, and that gives a column up where its values are too many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.clean.step import FittedStep
from etl_agent.profile.coded import CodedColumn

__all__ = ["TalliedStep", "Tally", "added", "tally", "tally_of"]

Tally = dict[str, dict[str, int] | None]
"""Rows of each value, for each column; None for a column with too many values, or too much text, to be counted."""

_MOST_VALUES = 40_000
_MOST_TEXT = 4_000_000  # bytes of the distinct values of a column together


class TalliedStep(FittedStep):
    """A step that learns from how often each value of its columns is there."""

    learns: ClassVar[Literal["once", "anew"]] = "anew"

    def observe(self, data: pa.RecordBatch) -> Tally:
        """Count the values of each column."""
        return tally(data, self.reads(data.schema.names))

    def combine(self, left: Tally, right: Tally) -> Tally:
        """Add the counts."""
        return added(left, right)


def tally(data: pa.RecordBatch, names: Sequence[str]) -> Tally:
    """Count the values of some columns; nulls are not counted.

    Args:
        data: text columns.
        names: the columns to count.
    """
    return {name: _counted(data.column(name)) for name in names}


def tally_of(column: CodedColumn) -> dict[str, int] | None:
    """Return what ``tally`` gives for a column that is coded already."""
    return dict(zip(column.texts, column.counts.tolist(), strict=True)) if _few(column.values) else None


def _counted(cells: pa.Array) -> dict[str, int] | None:
    counts = pc.value_counts(cells.drop_null())
    values = counts.field(0)
    return dict(zip(values.to_pylist(), counts.field(1).to_pylist(), strict=True)) if _few(values) else None


def _few(values: pa.Array) -> bool:
    return len(values) <= _MOST_VALUES and (pc.sum(pc.binary_length(values)).as_py() or 0) <= _MOST_TEXT


def added(left: Tally, right: Tally) -> Tally:
    """Add the counts of two pieces of a dataset."""
    merged = dict(left)
    for name, counts in right.items():
        merged[name] = _sum(merged[name], counts) if name in merged else counts
    return merged


def _sum(left: Mapping[str, int] | None, right: Mapping[str, int] | None) -> dict[str, int] | None:
    if left is None or right is None:
        return None
    merged = dict(left)
    for value, count in right.items():
        merged[value] = merged.get(value, 0) + count
    if len(merged) > _MOST_VALUES or sum(len(value.encode()) for value in merged) > _MOST_TEXT:
        return None
    return merged
