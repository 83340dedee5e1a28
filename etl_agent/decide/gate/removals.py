"""Removals: rows may leave only where they say nothing that the rest does not say; so may columns."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.batch import Mask
from etl_agent.clean.step import KeyStep, SiftStep
from etl_agent.decide.gate.ruling import Objection
from etl_agent.profile.coded import CodedColumn, CodedTable, Codes

__all__ = ["object_to_lost_columns", "object_to_removal", "removed_rows"]

_BY_CHANCE = 0.1  # of the equal rows may be equal by chance


def removed_rows(step: SiftStep | KeyStep, sample: pa.RecordBatch) -> tuple[Mask, Codes]:
    """Return which rows of the sample a step removes, and for each row the row that stays for it (itself if none)."""
    rows = sample.num_rows
    if isinstance(step, SiftStep):
        gone = np.zeros(rows, np.bool_)
        for finding in step.find(sample):
            gone |= np.asarray(finding.failed, np.bool_)
        return gone, np.arange(rows)
    key = np.zeros(rows, np.int64)
    for part in step.key(sample):
        coded = CodedColumn.of(part)
        key = np.unique(key * (len(coded.values) + 1) + coded.codes + 1, return_inverse=True)[1]
    rank = step.rank(sample)
    ranks = np.zeros(rows, np.int64) if rank is None else rank.to_numpy(zero_copy_only=False).astype(np.int64)
    place = np.arange(rows)
    later = step.keep in ("last", "newest")
    order = np.lexsort((place if later else -place, ranks, key))  # the best row of a key comes last
    ends = np.append(np.flatnonzero(np.diff(key[order])), rows - 1) if rows else np.zeros(0, np.int64)
    best = order[ends]
    stays = best[key]
    return stays != place, stays


def object_to_removal(
    step: SiftStep | KeyStep,
    sample: pa.RecordBatch,
    table: CodedTable,
    *,
    failures: Callable[[pa.RecordBatch], int] | None,
) -> Objection | None:
    """Say what speaks against the removal of rows; None if nothing does.

    A row may leave if it is empty, if it fails the contract, or if the row that stays for it says all that it says
    and the two are equal by more than chance.
    """
    gone, stays = removed_rows(step, sample)
    lost = int(gone.sum())
    figures = {"rows": lost, "share": round(lost / max(sample.num_rows, 1), 4)}
    if not lost:
        return None
    codes = np.stack([column.codes for column in table.columns.values()])
    places = np.flatnonzero(gone & (codes >= 0).any(axis=0))
    if not len(places):
        return None
    if isinstance(step, SiftStep):
        removed = sample.filter(pa.array(gone))
        if failures is not None and failures(removed) >= removed.num_rows > failures(sample.filter(pa.array(~gone))):
            return None
        return Objection("it removes rows that nothing speaks against", figures)
    differ = (codes[:, places] != codes[:, stays[places]]) & (codes[:, places] >= 0)
    if differ.any():
        cells = int(differ.sum())
        return Objection("it removes rows that say something that no other row says", {**figures, "cells_lost": cells})
    expected = _equal_by_chance(codes[:, ~gone])
    if expected > _BY_CHANCE * lost:
        return Objection(
            "its rows may be equal by chance: nothing in the table tells one thing from another",
            {**figures, "expected_by_chance": round(expected, 1)},
        )
    return None


def _equal_by_chance(codes: Codes) -> float:
    """Return how many rows can be expected to be equal to another by chance.

    If rows are equal by chance, many more are equal in all columns but one: of the rows that are equal in all others,
    as large a part is equal in the last as any two of its values are.
    """
    columns, rows = codes.shape
    if columns < 2 or rows < 2:
        return float(rows)
    ahead, behind = [np.zeros(rows, np.int64)], [np.zeros(rows, np.int64)]
    for column in codes[:-1]:
        ahead.append(_joined(ahead[-1], column))
    for column in codes[:0:-1]:
        behind.append(_joined(behind[-1], column))
    most = 0.0
    for place, column in enumerate(codes):
        others = _joined(ahead[place], behind[columns - 1 - place])
        groups = np.bincount(others)
        alike = int((groups[groups > 1] - 1).sum())
        if not alike:
            continue
        sizes = np.bincount(column + 1)
        same = float((sizes * (sizes - 1.0)).sum() / (rows * (rows - 1.0)))
        most = max(most, alike * same / max(1 - same, 1e-9))
    return most


def _joined(left: Codes, right: Codes) -> Codes:
    joined: Codes = np.unique(left * (int(right.max(initial=0)) + 2) + right + 1, return_inverse=True)[1]
    return joined


def object_to_lost_columns(before: pa.RecordBatch, after: pa.RecordBatch) -> Objection | None:
    """Say what speaks against the loss of columns; None if each is empty, constant, or still there under another name.

    A column whose every value follows from new columns was split or joined, and is not lost.
    """
    names = set(after.schema.names)
    new = [after.column(name) for name in after.schema.names if name not in set(before.schema.names)]
    for name in before.schema.names:
        if name in names:
            continue
        column = before.column(name)
        if pc.count_distinct(column, mode="all").as_py() <= 1 or any(column.equals(other) for other in new):
            continue
        if new and _follows(column, new):
            continue
        if any(column.equals(after.column(other)) for other in after.schema.names):
            continue
        return Objection(
            "it drops a column that has values", {"column": name, "cells": len(column) - column.null_count}
        )
    return None


def _follows(column: pa.Array, others: list[pa.Array]) -> bool:
    """Tell whether a column's value follows from those of others, and not because each row has its own there."""
    key = np.zeros(len(column), np.int64)
    for other in others:
        coded = CodedColumn.of(other)
        key = np.unique(key * (len(coded.values) + 1) + coded.codes + 1, return_inverse=True)[1]
    own = CodedColumn.of(column)
    both = np.unique(key * (len(own.values) + 1) + own.codes + 1)
    return len(both) == len(np.unique(key)) and len(np.unique(key)) <= len(np.unique(own.codes))
