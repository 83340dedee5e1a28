"""Value repairs: a value may be overwritten only where the column or the rest of the row says that it was wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from etl_agent.decide.gate.context import testimony
from etl_agent.decide.gate.effect import ColumnEffect
from etl_agent.decide.gate.likeness import Slips, alike, slip_odds
from etl_agent.decide.gate.ruling import Objection
from etl_agent.decide.gate.shapes import shape_odds
from etl_agent.decide.proposal import Figure
from etl_agent.profile.coded import CodedTable, Codes

__all__ = ["Repaired", "object_to_repairs", "repaired"]

_MOST_ROWS = 2048  # rows of a column that are judged; the share of right ones is then known to within 0.02
_OPEN = -2.0  # log odds of a slip that the column leaves open
_RIGHT = 0.8  # of the changed cells must be right, by expectation, over the whole step
_RIGHT_COLUMN = 0.5  # and of each column: with less a step does more harm than good there


@dataclass(frozen=True)
class Repaired:
    """The value repairs of one column.

    Args:
        name: the column.
        rows: cells that are overwritten.
        right: the share of them that is expected to be right.
        established: the share of them whose old value stands in three other rows or more.
        unseen: the share of them whose new value the column did not have.
        collapsed: values that stood three times or more and are gone.
    """

    name: str
    rows: int
    right: float
    established: float
    unseen: float
    collapsed: int


def repaired(
    table: CodedTable,
    effect: ColumnEffect,
    *,
    places: NDArray[np.int64],
    moved: Mapping[str, Codes],
    together: Sequence[str],
) -> Repaired | None:
    """Judge the value repairs of a column; None if there are none.

    Args:
        table: the sample.
        effect: what the step does to the column.
        places: of the different changes that are value repairs.
        moved: rows of each column that the step changes.
        together: columns that the step looks at.
    """
    rows = effect.rows_of(places)
    if not len(rows):
        return None
    judged = rows[np.linspace(0, len(rows) - 1, min(len(rows), _MOST_ROWS)).astype(np.int64)]
    column = Slips(effect.texts(np.arange(len(effect.values))), effect.counts)
    before, after = effect.pairs.before[places], effect.pairs.after[places]
    near = alike(column, before, after)
    slips, _ = slip_odds(column, before, after)
    # A slip for a value that is no more frequent can be proven by its row, but by nothing else.
    slips = np.where(
        near, np.maximum(slips, np.where(effect.counts[after] > effect.counts[before], _OPEN, -np.inf)), -np.inf
    )
    shapes = shape_odds(effect, places)
    old, new = effect.before[judged], effect.after[judged]
    pair = _places_among(places, effect.pairs.of_row[np.searchsorted(effect.replaced, judged)])
    said = testimony(table, effect, rows=judged, moved=moved, together=together, alike=near[pair])
    slip = np.maximum(slips[pair] + said.fits, shapes[pair])
    # A slip, a broken shape or an accident in a group that agrees is enough, unless the row speaks against it.
    odds = np.logaddexp(slip, said.agreed) + said.clashes
    odds = np.where((effect.counts[new] == 0) & (shapes[pair] == -np.inf), -np.inf, odds)
    right = 1 / (1 + np.exp(-np.clip(odds, -50, 50)))
    gone = np.unique(old)
    return Repaired(
        name=effect.name,
        rows=len(rows),
        right=float(right.mean()),
        established=float((effect.counts[old] > 3).mean()),
        unseen=float((effect.counts[new] == 0).mean()),
        collapsed=int(np.count_nonzero((effect.counts[gone] >= 3) & (effect.kept_counts[gone] == 0))),
    )


def _places_among(places: NDArray[np.int64], pairs: Codes) -> Codes:
    """Return for the changes of some rows their places in a sorted list of changes."""
    return np.searchsorted(places, pairs)


def object_to_repairs(found: list[Repaired]) -> Objection | None:
    """Say what speaks against the value repairs of a step; None if nothing does."""
    cells = sum(each.rows for each in found)
    if not cells:
        return None
    right = sum(each.right * each.rows for each in found) / cells
    worst = min(found, key=lambda each: each.right)
    if right >= _RIGHT and worst.right >= _RIGHT_COLUMN:
        return None
    figures: dict[str, Figure] = {
        "column": worst.name,
        "cells": cells,
        "expected_right": round(right, 3),
        "expected_right_in_column": round(worst.right, 3),
        "established_overwritten": round(worst.established, 3),
        "unseen_written": round(worst.unseen, 3),
        "values_collapsed": worst.collapsed,
    }
    if worst.unseen > 1 - _RIGHT:
        return Objection("it writes values that the column does not have and that say something else", figures)
    return Objection("neither the column nor the rest of the rows says that the overwritten values are wrong", figures)
