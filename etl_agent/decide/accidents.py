"""Whether cells that stand out were struck by accidents, which fall on all cells alike, or are meant."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.batch import Mask
from etl_agent.profile.coded import CodedColumn, CodedTable, Codes

__all__ = ["RARELY", "even", "independent"]

RARELY = 3e-5
"""Four standard deviations of a normal variable: accidents look less even than that once in 30,000 tests."""

_DRAWN = 2_000_000
"""Classes, over all drawings at random, that tell what is rare where cells are so few that the formula does not."""
_MOST_DRAWS = 4000

_BINS = 8
_FEW = 32  # values of a column that are classes of their own; of more, their order is looked at too
_MANY = 1000  # values of which none has enough rows to stand out
_NUMBER = r"^-?\d{1,300}(?:\.\d{1,300})?$"


def even(struck: Codes, whole: Codes, *, chance: float = RARELY) -> bool:
    """Say whether each class of cells is struck in proportion to its size, as by accidents.

    What is meant follows a rule instead, and then some classes are struck many times as often as others.

    Args:
        struck: struck cells of each class.
        whole: all cells of each class.
        chance: how rarely, between 0 and 1, accidents may be held for something else.

    Source: Haldane, "The exact value of the moments of the distribution of chi-squared" (1937), for the variance where
    few cells are expected; Wilson, Hilferty, "The distribution of chi-square" (1931).
    """
    present = whole > 0
    struck, whole = struck[present], whole[present]
    classes, some, every = len(whole), int(struck.sum()), int(whole.sum())
    if classes < 2 or not some or some == every:
        return True
    expected = some * whole / every
    squares = float(((struck - expected) ** 2 / expected).sum())
    mean = classes - 1
    variance = 2 * mean + (float((every / whole).sum()) - classes**2 - 2 * classes + 2) / some
    freedom = 2 * mean**2 / max(variance, mean)  # of the chi-square variable with the same mean and variance
    spread = 2 / (9 * freedom)
    share = squares / mean * (every - 1) / (every - some)  # drawn without putting back
    if (share ** (1 / 3) - (1 - spread)) / math.sqrt(spread) < NormalDist().inv_cdf(1 - chance):
        return True
    if expected.min() >= 1:  # the formula holds
        return False
    draws = min(max(_DRAWN // classes, 1), _MOST_DRAWS)
    drawn = np.random.default_rng(0).multivariate_hypergeometric(whole, some, size=draws, method="marginals")
    as_odd = ((drawn - expected) ** 2 / expected).sum(axis=1) >= squares
    return bool(np.count_nonzero(as_odd) > chance * draws)


def independent(struck: Mask, table: CodedTable, *, of: str, chance: float = RARELY) -> bool:
    """Say whether the struck rows of a column are spread evenly over what the other columns say.

    Args:
        struck: the rows whose cell is struck.
        table: all rows.
        of: the column whose cells are struck.
        chance: how rarely, between 0 and 1, accidents may be held for something else.
    """
    others = [column for name, column in table.columns.items() if name != of]
    found = [classes for column in others for classes in _classes(column)]
    return all(
        even(np.bincount(classes[struck], minlength=len(rows)), rows, chance=chance / len(found))
        for classes in found
        if len(rows := np.bincount(classes))
    )


def _classes(column: CodedColumn) -> list[Codes]:
    """Group the rows by the value of a column; where it has many, also by their order."""
    values = [column.codes + 1] if len(column.values) <= _MANY else []
    return values if len(column.values) <= _FEW else [*values, _binned(column)]


def _binned(column: CodedColumn) -> Codes:
    """Cut the rows into parts of about the same size by the order of the values: numbers by size, others as text."""
    plain = pc.match_substring_regex(column.values, _NUMBER)
    order = np.arange(len(column.values), dtype=np.float64)
    if 2 * (pc.sum(plain).as_py() or 0) > len(column.values):
        sizes = pc.cast(pc.if_else(plain, column.values, pa.nulls(len(column.values), pa.string())), pa.float64())
        order = pc.fill_null(sizes, -np.inf).to_numpy(zero_copy_only=False)
    below = np.zeros(len(order), np.int64)
    ranked = np.argsort(order, kind="stable")
    below[ranked] = np.cumsum(column.counts[ranked]) - column.counts[ranked]
    bins = below * _BINS // max(int(column.counts.sum()), 1) + 1
    return np.append(bins, 0)[column.codes]
