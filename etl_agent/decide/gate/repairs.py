"""Value repairs: a value may be overwritten only where the column or the rest of the row says that it was wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from etl_agent.batch import Mask
from etl_agent.decide.gate.context import Odds, testimony
from etl_agent.decide.gate.effect import ColumnEffect
from etl_agent.decide.gate.likeness import Slips, alike, slip_odds
from etl_agent.decide.gate.shapes import shape_odds
from etl_agent.decide.gate.words import word_odds
from etl_agent.decide.proposal import Figure
from etl_agent.profile.coded import CodedTable, Codes

__all__ = ["Repaired", "figures_of_repairs", "object_to_repairs", "repaired"]

_MOST_ROWS = 2048  # rows of a column that are judged; the share of right ones is then known to within 0.02
_OPEN = -2.0  # log odds of a slip that the column leaves open
_FEW = 5  # overwritten numbers that show how far they are from the new ones
_NEAR = 0.1  # of the rows may lie between
_RIGHT = 2 / 3  # of the changed cells must be right, by expectation, over the whole step: two for each wrong one
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

    @property
    def harmful(self) -> bool:
        """Whether more of the cells are expected to become wrong than right."""
        return self.right < _RIGHT_COLUMN


def repaired(
    table: CodedTable,
    effect: ColumnEffect,
    *,
    places: NDArray[np.int64],
    moved: Mapping[str, Codes],
    together: Sequence[str],
    spilled: Mask,
) -> Repaired | None:
    """Judge the value repairs of a column; None if there are none.

    Args:
        table: the sample.
        effect: what the step does to the column.
        places: of the different changes that are value repairs.
        moved: rows of each column that the step changes.
        together: columns that the step looks at.
        spilled: rows in which a part of the value only moves to another column.
    """
    rows = np.setdiff1d(effect.rows_of(places), np.flatnonzero(spilled))
    if not len(rows):
        return None
    judged = rows[np.linspace(0, len(rows) - 1, min(len(rows), _MOST_ROWS)).astype(np.int64)]
    old, new = effect.before[judged], effect.after[judged]
    pair = np.searchsorted(places, effect.pairs.of_row[np.searchsorted(effect.replaced, judged)])
    shapes = np.maximum(shape_odds(effect, places), word_odds(effect, places))[pair]
    made_up = (effect.counts[new] == 0) & (shapes == -np.inf)
    right = np.zeros(len(judged))
    if made_up.mean() <= 1 - _RIGHT_COLUMN:
        right = _right(table, effect, judged, changed=rows, shapes=shapes, moved=moved, together=together)
        right[made_up] = 0.0
    gone = np.unique(old)
    return Repaired(
        name=effect.name,
        rows=len(rows),
        right=float(right.mean()),
        established=float((effect.counts[old] > 3).mean()),
        unseen=float((effect.counts[new] == 0).mean()),
        collapsed=int(np.count_nonzero((effect.counts[gone] >= 3) & (effect.kept_counts[gone] == 0))),
    )


def _right(
    table: CodedTable,
    effect: ColumnEffect,
    judged: Codes,
    *,
    changed: Codes,
    shapes: Odds,
    moved: Mapping[str, Codes],
    together: Sequence[str],
) -> Odds:
    """Return for some rows how likely the new value is right: by slip, by shape, or by a group that agrees on it."""
    old, new = effect.before[judged], effect.after[judged]
    near, slips = _slips(effect, old, new)
    # A slip for a value that is hardly more frequent can be proven by its row, but by nothing else.
    open_slip = np.where(effect.counts[new] > effect.counts[old], _OPEN, -np.inf)
    slips = np.where(near, np.maximum(slips, open_slip), -np.inf)
    said = testimony(table, effect, rows=judged, moved=moved, together=together, alike=near, changed=changed)
    agreed = np.full(len(judged), -np.inf) if _measured(effect, old, new) else said.agreed
    for_it = np.logaddexp(np.maximum(slips + said.fits, shapes), agreed)
    found: Odds = 1 / (1 + np.exp(-np.clip(for_it + said.clashes, -50, 50)))
    return found


def _measured(effect: ColumnEffect, old: Codes, new: Codes) -> bool:
    """Tell whether numbers are overwritten by their near neighbours: such differ because they were measured.

    A number that came in by accident is any number of the column: between it and the right one lies a third of all
    rows, on the average. If it is less than a tenth, the numbers of a group differ in earnest, only by little.
    """
    values = pc.fill_null(pc.cast(_numbers(effect.values), pa.float64()), np.nan).to_numpy(zero_copy_only=False)
    was, is_ = values[old], values[new]
    both = np.isfinite(was) & np.isfinite(is_)
    if both.sum() < max(_FEW, 0.5 * len(old)):
        return False
    held = np.sort(np.repeat(values, effect.counts)[np.isfinite(np.repeat(values, effect.counts))])
    ranks = np.searchsorted(held, was[both]) - np.searchsorted(held, is_[both])
    return bool(np.abs(ranks).mean() < _NEAR * len(held))


def _numbers(values: pa.StringArray) -> pa.StringArray:
    """Return the values that are plain numbers, and null for the others."""
    plain = pc.match_substring_regex(values, r"^-?\d{1,300}(?:\.\d{1,300})?$")
    return pc.if_else(plain, values, pa.nulls(len(values), pa.string()))


def _slips(effect: ColumnEffect, old: Codes, new: Codes) -> tuple[Mask, Odds]:
    """Return which changes are between values that are alike, and the odds that the old one was a slip.

    Spellings that differ in case and blanks alone are one value here: they are like each other for another reason.
    """
    texts = effect.texts(np.arange(len(effect.values)))
    merged: dict[str, int] = {}
    place = np.array([merged.setdefault(" ".join(text.split()).casefold(), len(merged)) for text in texts], np.int64)
    counts = np.bincount(place, weights=effect.counts, minlength=len(merged)).astype(np.int64)
    column = Slips(list(merged), counts)
    pairs, of_row = np.unique(np.stack([place[old], place[new]]), axis=1, return_inverse=True)
    near, odds = alike(column, *pairs), slip_odds(column, *pairs)[0]
    return near[of_row], odds[of_row]


def figures_of_repairs(found: Sequence[Repaired]) -> dict[str, Figure]:
    """Return what was measured of the value repairs of a step."""
    cells = sum(each.rows for each in found)
    if not cells:
        return {}
    worst = min(found, key=lambda each: each.right)
    return {
        "column": worst.name,
        "cells": cells,
        "expected_right": round(sum(each.right * each.rows for each in found) / cells, 3),
        "expected_right_in_column": round(worst.right, 3),
        "established_overwritten": round(worst.established, 3),
        "unseen_written": round(worst.unseen, 3),
        "values_collapsed": worst.collapsed,
    }


def object_to_repairs(found: Sequence[Repaired]) -> str | None:
    """Say what speaks against the value repairs of a step; None if nothing does."""
    cells = sum(each.rows for each in found)
    if sum(each.right * each.rows for each in found) >= _RIGHT * cells and not any(each.harmful for each in found):
        return None
    worst = min(found, key=lambda each: each.right)
    if worst.unseen > 1 - _RIGHT:
        return "it writes values that the column does not have and that say something else"
    return "neither the column nor the rest of the rows says that the overwritten values are wrong"
