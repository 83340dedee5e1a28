"""Spoilt values: those that are another value of their column with signs or blanks more, or in an unusual case."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from etl_agent.profile.coded import CodedColumn
from etl_agent.profile.patterns import collapsed_patterns

__all__ = ["spoilt"]

_NO_STEM = r"[^\p{L}\p{N}]"
_RARER = 10  # how many times rarer a plain spelling must be than a spoilt one for that to be the one that is meant


def spoilt(column: CodedColumn) -> NDArray[np.bool_]:
    """Tell which values of a column are spellings of a plainer value, so that nothing should be repaired into them.

    Of values that have the same letters and digits the plainest is meant, be it in fewer rows: signs and blanks get
    into a value by accident, and hardly out of all others. Among those that are as plain it is the one whose shape
    more values of the column have. A spelling that is ten times as frequent as the plain one is meant all the same.

    Returns:
        Whether each distinct value is spoilt.
    """
    found = np.zeros(len(column.values), np.bool_)
    bare = pc.replace_substring_regex(column.values, pattern=_NO_STEM, replacement="")
    stems = _numbered(pc.utf8_lower(bare))
    lengths = pc.utf8_length(bare).to_numpy(zero_copy_only=False)
    here = (column.counts > 0) & (lengths > 0)
    at = np.flatnonzero(here & (np.bincount(stems, weights=here)[stems] > 1))
    if not len(at):
        return found
    signs = (pc.utf8_length(column.values).to_numpy(zero_copy_only=False) - lengths)[at]
    shapes = _numbered(collapsed_patterns(column.values))
    common = np.bincount(shapes)[shapes][at]
    order = np.lexsort((-common, signs, stems[at]))
    first = np.flatnonzero(np.diff(stems[at][order], prepend=-1))
    plain = order[np.repeat(first, np.diff(first, append=len(order)))]
    rows = column.counts[at][order]
    plainer = (signs[plain] < signs[order]) | (common[plain] > common[order])
    found[at[order]] = plainer & (_RARER * column.counts[at][plain] >= rows)
    return found


def _numbered(texts: pa.StringArray) -> NDArray[np.int64]:
    """Number texts, the same ones alike."""
    return np.asarray(texts.dictionary_encode().indices.to_numpy(zero_copy_only=False), np.int64)
