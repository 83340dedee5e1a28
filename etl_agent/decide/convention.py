"""Which way of writing is a column's convention, told by how many of its cells keep to it."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from etl_agent.batch import Mask, as_mask
from etl_agent.profile.coded import CodedColumn
from etl_agent.profile.nulls import null_sort
from etl_agent.profile.patterns import collapsed_patterns

__all__ = ["CONVENTION", "cells", "fitting", "is_convention", "least_share", "matching", "stated"]

CONVENTION = 0.75
"""The share of cells that keep to a convention. Errors are accidents that strike cells one by one; where more than one
cell in four departs, two habits are as likely as one habit and its accidents, and nobody can say which is right."""

_USUAL = 0.01  # of the cells, and ten at least, have a pattern that is one of the column's own
_LEAST = 10
_QUANTILE = 1.96  # of the normal distribution: one chance in forty that the true share is lower
_LONGEST = 96  # bytes of a cell that a format is looked for in: no number, date or time is longer


def least_share(part: int, whole: int) -> float:
    """Return the least share that is still likely, given that ``part`` of ``whole`` cells were seen.

    Source: the lower bound of the score interval, Wilson, "Probable inference" (1927).

    >>> least_share(19, 19) > 0.8 > least_share(9, 9)
    True
    """
    if not whole:
        return 0.0
    share, square = part / whole, _QUANTILE**2
    spread = _QUANTILE * math.sqrt(share * (1 - share) / whole + square / (4 * whole**2))
    return (share + square / (2 * whole) - spread) / (1 + square / whole)


def is_convention(part: int, whole: int) -> bool:
    """Say whether so many cells of all that could keep to a convention do make it one; few cells never do."""
    return least_share(part, whole) > CONVENTION


def matching(column: CodedColumn, pattern: str) -> Mask:
    """Say which distinct values match a pattern (RE2 syntax); those too long for any format do not."""
    short = pc.less_equal(pc.binary_length(column.values), _LONGEST)
    values = pc.if_else(short, column.values, pa.nulls(len(column.values), pa.string()))
    return as_mask(pc.match_substring_regex(values, pattern))


def cells(column: CodedColumn, values: Mask | NDArray[np.int64]) -> int:
    """Count the cells that hold some of the distinct values."""
    return int(column.counts[values].sum())


def fitting(column: CodedColumn, texts: pa.StringArray, *, among: Mask) -> Mask:
    """Say which texts are values of a column, or have a pattern that is one of its own.

    Args:
        column: the column.
        texts: what its values might have been.
        among: the values that show what the column looks like.
    """
    values = column.values.filter(pa.array(among))
    patterns = collapsed_patterns(values).dictionary_encode()
    rows = np.bincount(patterns.indices.to_numpy(zero_copy_only=False), weights=column.counts[among])
    usual = patterns.dictionary.filter(pa.array(rows >= max(_USUAL * rows.sum(), _LEAST)))
    known = as_mask(pc.is_in(texts, value_set=values))
    found: Mask = known | as_mask(pc.is_in(collapsed_patterns(texts), value_set=usual))
    return found


def stated(column: CodedColumn) -> int:
    """Count the cells that hold a value: neither null nor a spelling of null."""
    missing = [place for place, text in enumerate(column.texts) if null_sort(text) is not None]
    return int(column.counts.sum() - column.counts[missing].sum())
