"""Count what a cleaning did to cells of which the truth is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.batch import Mask, as_mask
from etl_agent.decide.inject import KINDS, ErrorKind, Injected

__all__ = ["Score", "Tally", "same", "score", "tally"]


@dataclass(frozen=True, slots=True)
class Tally:
    """Cells by what was wrong with them and what was done to them.

    Args:
        cells: all that were looked at.
        errors: wrong before.
        changed: changed at all.
        right: wrong before and right now.
        damaged: right before and wrong now.

    Source: the convention of M. Mahdavi, Z. Abedjan, "Baran: Effective Error Correction via a Unified Context
    Representation and Transfer Learning", PVLDB 13(11), 2020; and the damage, which it leaves out.
    """

    cells: int = 0
    errors: int = 0
    changed: int = 0
    right: int = 0
    damaged: int = 0

    @property
    def precision(self) -> float:
        """Share of the changed cells that are right now; without a change 1 if there was nothing to do, else 0."""
        return self.right / self.changed if self.changed else float(not self.errors)

    @property
    def recall(self) -> float:
        """Share of the wrong cells that are right now; 1 if there was none."""
        return self.right / self.errors if self.errors else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    @property
    def damage(self) -> float:
        """Share of the right cells that are wrong now."""
        return self.damaged / (self.cells - self.errors) if self.cells > self.errors else 0.0

    @property
    def before(self) -> float:
        """Share of the cells that were wrong."""
        return self.errors / self.cells if self.cells else 0.0

    @property
    def after(self) -> float:
        """Share of the cells that are wrong now."""
        return (self.errors - self.right + self.damaged) / self.cells if self.cells else 0.0

    def __add__(self, other: Tally) -> Tally:
        """Pool the cells of both."""
        return Tally(
            self.cells + other.cells,
            self.errors + other.errors,
            self.changed + other.changed,
            self.right + other.right,
            self.damaged + other.damaged,
        )


@dataclass(frozen=True, slots=True)
class Score:
    """What a cleaning made of rows with known errors.

    Args:
        total: of all columns.
        kinds: of the wrong cells of each kind that was injected; what right cells suffered is in ``total`` alone.
    """

    total: Tally
    kinds: Mapping[ErrorKind, Tally]


def score(injected: Injected, repaired: pa.RecordBatch, *, reference: pa.RecordBatch | None = None) -> Score:
    """Compare the repaired rows with what they were before the errors were put in.

    Args:
        injected: the rows with errors, and the truth.
        repaired: what a cleaning made of ``injected.data``: the same rows in the same order, with at least its
            columns. Columns that it added do not count.
        reference: what the same cleaning makes of ``injected.clean``. What it does there is what is wanted: it may
            lawfully trim every cell of a column, or repair an error that was there before. So a cell is also right
            if it is as it is there. Without it, only the cell as it was is right.

    Raises:
        ValueError: the rows are not as many as before.
    """
    if repaired.num_rows != injected.data.num_rows:
        raise ValueError(f"{repaired.num_rows} repaired rows cannot be compared with {injected.data.num_rows}")
    total, kinds = Tally(), dict.fromkeys(KINDS, Tally())
    for name in injected.data.schema.names:
        dirty, now = injected.data.column(name), repaired.column(name)
        good = same(now, injected.clean.column(name))
        changed = ~same(now, dirty)
        wrong = np.zeros(len(dirty), np.bool_)
        truth = injected.truth.get(name)
        if truth is not None:
            wrong[truth.rows] = True
        if reference is not None:
            as_wanted = same(now, reference.column(name))
            changed &= wrong | ~as_wanted
            good |= as_wanted
        total += tally(wrong=wrong, changed=changed, good=good)
        if truth is not None:
            names = np.array(truth.kinds)
            for kind in dict.fromkeys(truth.kinds):
                rows = truth.rows[names == kind]
                kinds[kind] += tally(wrong=wrong[rows], changed=changed[rows], good=good[rows])
    return Score(total, {kind: counted for kind, counted in kinds.items() if counted.errors})


def tally(*, wrong: Mask, changed: Mask, good: Mask) -> Tally:
    """Count some cells.

    Args:
        wrong: which were wrong before.
        changed: which were changed.
        good: which are right now.
    """
    return Tally(
        cells=len(wrong),
        errors=int(np.count_nonzero(wrong)),
        changed=int(np.count_nonzero(changed)),
        right=int(np.count_nonzero(wrong & changed & good)),
        damaged=int(np.count_nonzero(~wrong & ~good)),
    )


def same(one: pa.Array, other: pa.Array) -> Mask:
    """Say which cells are the same text, or both without a value."""
    equal: Mask = as_mask(pc.equal(one, other)) | as_mask(pc.and_(pc.is_null(one), pc.is_null(other)))
    return equal
