"""How good a sample is, without knowing the truth: rows that the contract rejects, and cells that can be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from etl_agent.batch import Mask, as_mask
from etl_agent.profile.coded import CodedColumn
from etl_agent.profile.facts import ColumnFacts
from etl_agent.profile.kinds import Kind
from etl_agent.profile.nulls import null_sort
from etl_agent.profile.patterns import collapsed_patterns, masked_patterns

__all__ = ["Merit", "at_odds", "changed_cells", "merit_of"]

_FORMS: Mapping[Kind, tuple[str, ...]] = {
    "integer": ("number",),
    "number": ("number",),
    "money": ("number",),
    "percent": ("number",),
    "quantity": ("number",),
    "date": ("date", "any timestamp"),
    "timestamp": ("any timestamp", "date"),
    "time": ("any time",),
    "boolean": ("boolean",),
}
"""The forms of text that a kind is read from without any doubt."""

_SHAPED: frozenset[Kind] = frozenset({"phone", "postal_code", "identifier"})
"""Kinds whose cells are alike in shape; those of the others that are no numbers are alike in spelling."""


@dataclass(frozen=True, slots=True)
class Merit:
    """What speaks for a sample.

    Args:
        rejected: rows that the contract rejects; 0 without a contract.
        readable: cells that are written as the others of their column, or without doubt.
        cells: cells that had a value at first.
        changed: cells that differ from what they were at first.
    """

    rejected: int
    readable: int
    cells: int
    changed: int = 0

    @property
    def readable_share(self) -> float:
        """Readable cells by cells, 0 to 1."""
        return min(self.readable / self.cells, 1.0) if self.cells else 1.0

    @property
    def worth(self) -> tuple[int, int]:
        """What is compared first: fewer rejected rows, then more readable cells; less is better."""
        return self.rejected, -self.readable


def merit_of(
    after: pa.RecordBatch, *, before: pa.RecordBatch, kinds: Mapping[str, Kind], columns: Sequence[str], rejected: int
) -> Merit:
    """Measure a sample that was cleaned.

    A cell that lost a known null spelling counts as readable; one that lost anything else does not.

    Args:
        after: the rows now.
        before: the same rows at first.
        kinds: what each column was at first.
        columns: the columns to look at.
        rejected: rows that the contract rejects now.
    """
    readable = cells = changed = 0
    for name in columns:
        was, now = before.column(name), after.column(name)
        emptied = as_mask(pc.and_(now.is_null(), was.is_valid()))
        readable += _readable(now, kinds[name]) + _null_spellings(was, emptied)
        cells += len(was) - was.null_count
        changed += int(changed_cells(was, now).sum())
    return Merit(rejected, readable, cells, changed)


def changed_cells(before: pa.Array, after: pa.Array) -> Mask:
    """Tell which cells of a column differ; null differs from every text."""
    differ = as_mask(pc.fill_null(pc.not_equal(before, after), fill_value=False))
    found: Mask = differ | (as_mask(before.is_null()) != as_mask(after.is_null()))
    return found


def at_odds(one: pa.RecordBatch, other: pa.RecordBatch, *, before: pa.RecordBatch, columns: Sequence[str]) -> int:
    """Count the cells that two cleanings both changed, to different values."""
    return sum(
        int(
            (
                changed_cells(before.column(name), one.column(name))
                & changed_cells(before.column(name), other.column(name))
                & changed_cells(one.column(name), other.column(name))
            ).sum()
        )
        for name in columns
    )


def _readable(cells: pa.Array, kind: Kind) -> int:
    if forms := _FORMS.get(kind):
        rows = ColumnFacts.observe(cells).forms.rows
        return sum(rows.get(form, 0) for form in forms)
    column = CodedColumn.of(cells)
    if not len(column.values):
        return 0
    if kind in _SHAPED:
        shapes = collapsed_patterns(masked_patterns(column.values)).dictionary_encode().indices
        rows_of = np.bincount(_filled(shapes), weights=column.counts)
        return int(rows_of[1:].max(initial=0))
    groups = _filled(_folded(column.values).dictionary_encode().indices)
    tidy = ~as_mask(pc.match_substring_regex(column.values, r"\A[\s\pZ]|[\s\pZ]\z"))
    most = np.zeros(int(groups.max()) + 1, np.int64)
    np.maximum.at(most, groups, np.where(tidy, column.counts, 0))
    return int(most.sum())


def _filled(indices: pa.Array) -> NDArray[np.int64]:
    """Number the groups from 1; 0 is for values that have none."""
    found: NDArray[np.int64] = pc.fill_null(indices, -1).to_numpy(zero_copy_only=False).astype(np.int64) + 1
    return found


def _folded(values: pa.Array) -> pa.Array:
    """Write values without what spellings of the same differ in: case, blanks, signs that say nothing."""
    return pc.replace_substring_regex(pc.utf8_lower(values), r"[\s\pZ\pC.,;:_'\"/()\[\]-]+", "")


def _null_spellings(cells: pa.Array, emptied: Mask) -> int:
    if not emptied.any():
        return 0
    counted = pc.value_counts(cells.filter(pa.array(emptied)))
    pairs = zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True)
    return sum(rows for value, rows in pairs if null_sort(value) is not None)
