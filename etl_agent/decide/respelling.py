"""Values that a column has in two ways of writing, one of which is an accident."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.batch import Mask
from etl_agent.decide.accidents import even, independent
from etl_agent.decide.convention import cells, is_convention
from etl_agent.profile.coded import CodedColumn, CodedTable, Codes

__all__ = ["LEAST", "respelled", "rows_of", "scattered"]

LEAST = 3
"""Cells in another way of writing, and of a value in its usual one: of fewer, nobody sees how they came about."""

_DOUBT = 0.01
"""A difference is left as soon as accidents would rather rarely look like it."""


def respelled(column: CodedColumn, written: pa.StringArray, *, among: Mask) -> dict[str, str]:
    """Return the usual spelling for each value that is one in another way of writing.

    Most values that could be written so are not; two or more are, here and there, each as often as its rows let
    expect; and none could be another value too. Where only one value is written in two ways, or some are far more
    often than others (mW and MW), the difference is meant.

    Args:
        column: the column.
        written: each value in the other way of writing; the value itself where it has no other, or null.
        among: the values of which at least half the cells must have another way of writing.
    """
    found = pc.index_in(written, value_set=column.values, skip_nulls=True)
    places = np.asarray(pc.fill_null(found, -1).to_numpy(zero_copy_only=False), np.int64)
    changed = pc.fill_null(pc.not_equal(written, column.values), fill_value=False).to_numpy(zero_copy_only=False)
    rarer = (places < 0) | (column.counts[places] < column.counts)
    usual = np.flatnonzero(changed & rarer & (column.counts >= LEAST))
    struck = np.where(places[usual] >= 0, column.counts[places[usual]], 0)
    if 2 * cells(column, usual) < cells(column, among) or not _accidental(struck, column.counts[usual]):
        return {}
    pairs = [(value, other) for value, other in zip(usual.tolist(), places[usual].tolist(), strict=True) if other >= 0]
    if len({other for _, other in pairs}) < len(pairs):
        return {}
    return {column.texts[other]: column.texts[value] for value, other in pairs}


def rows_of(column: CodedColumn, values: Iterable[str]) -> int:
    """Count the cells that hold one of some values."""
    return cells(column, _places(column, values))


def scattered(table: CodedTable, values: Iterable[str], *, of: str) -> bool:
    """Say whether the rows that hold some values of a column have nothing else in common.

    A way of writing that goes with another column (genes of mice, prices of one country) is that column's rule.
    """
    column = table.columns[of]
    return independent(np.isin(column.codes, _places(column, values)), table, of=of)


def _places(column: CodedColumn, values: Iterable[str]) -> Codes:
    chosen = pc.index_in(pa.array(list(values), pa.string()), value_set=column.values)
    return np.asarray(chosen.to_numpy(zero_copy_only=False), np.int64)


def _accidental(struck: Codes, usual: Codes) -> bool:
    some, every = int(struck.sum()), int(struck.sum() + usual.sum())
    if some < LEAST or np.count_nonzero(struck) < 2 or not is_convention(every - some, every):
        return False
    return even(struck, struck + usual, chance=_DOUBT)
