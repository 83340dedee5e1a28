"""Counts of frequent texts: exact where they could all be counted, else estimated from the sample."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.profile.sketches import Frequent

__all__ = ["Estimates", "estimates"]

_SURE = 3.0  # standard errors by which a count must differ from none
_MOST = 256
_NONE = Frequent()


@dataclass(frozen=True, slots=True)
class Estimates:
    """Texts with their rows, the most frequent first; equal ones by their text.

    Args:
        rows: the texts, their rows, and whether these are exact.
        complete: whether there are no other texts.
    """

    rows: Sequence[tuple[str, int, bool]]
    complete: bool


def estimates(known: Frequent, cells: pa.Array, *, rows: int, apart: Frequent = _NONE) -> Estimates:
    """Count the frequent texts of a column.

    Args:
        known: what was counted of all rows.
        apart: some texts that were counted apart.
        cells: the texts of a fair sample of the rows.
        rows: rows of the dataset.
    """
    if not known.error:
        return Estimates([(text, count, True) for text, count in known.top(_MOST)], complete=True)
    whole = len(cells) == rows
    counted = pc.value_counts(cells.drop_null())
    counts = counted.field("counts").to_numpy(zero_copy_only=False)
    # Of a count in the sample, its root is the standard error.
    kept = np.flatnonzero(counts > (1 if whole else _SURE**2))
    texts = counted.field("values").take(pa.array(kept)).to_pylist()
    scale = rows / len(cells) if len(cells) else math.nan
    found = {text: (round(count * scale), whole) for text, count in zip(texts, counts[kept].tolist(), strict=True)}
    if not apart.error:
        found.update({text: (count, True) for text, count in apart.counts.items() if text in found})
    best = sorted(((text, *counted) for text, counted in found.items()), key=lambda line: (-line[1], line[0]))
    return Estimates(best[:_MOST], complete=False)
