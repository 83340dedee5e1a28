"""Values that spilled into a neighbour: what leaves one cell of a row appears in another, and nothing else changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from etl_agent.batch import Mask
from etl_agent.decide.gate.effect import ColumnEffect

__all__ = ["spilled_rows"]

_AT_HOME = 2 / 3  # of the moved parts and of what is left must be values that their columns have
_SIGNS = " \t,;/|-:()"  # what may have stood between


def spilled_rows(effects: Sequence[ColumnEffect]) -> Mapping[str, Mask]:
    """Return for each column the rows in which a part of one cell moves into an empty one.

    Nothing is lost and nothing is made up there. It is no accident that a cell ends with a value that its neighbour
    lacks, if that is a value of the neighbour's column, and what is left is one of its own.

    Args:
        effects: what a step does to each column.
    """
    found = {effect.name: np.zeros(effect.rows, np.bool_) for effect in effects}
    for giver in effects:
        for taker in effects:
            rows = np.intersect1d(giver.replaced, taker.filled)
            if giver is taker or not len(rows):
                continue
            fits = _conserved(giver, taker, rows)
            rows = rows[fits]
            if len(rows) and _at_home(giver, rows) and _at_home(taker, rows):
                found[giver.name][rows] = True
                found[taker.name][rows] = True
    return found


def _conserved(giver: ColumnEffect, taker: ColumnEffect, rows: NDArray[np.int64]) -> Mask:
    """Tell in which rows the old cell is the two new ones, one behind the other."""
    before, after = giver.texts(giver.before[rows]), giver.texts(giver.after[rows])
    moved = taker.texts(taker.after[rows])
    return np.array([_is_both(old, left, part) for old, left, part in zip(before, after, moved, strict=True)], np.bool_)


def _is_both(old: str, left: str, part: str) -> bool:
    between = old.removeprefix(left).removesuffix(part) if old.startswith(left) else ""
    if old.startswith(left) and old.endswith(part) and len(left) + len(part) <= len(old):
        return not between.strip(_SIGNS)
    if old.startswith(part) and old.endswith(left) and len(left) + len(part) <= len(old):
        return not old[len(part) : len(old) - len(left)].strip(_SIGNS)
    return False


def _at_home(effect: ColumnEffect, rows: NDArray[np.int64]) -> bool:
    return bool((effect.kept_counts[effect.after[rows]] > 0).mean() >= _AT_HOME)
