"""Gaps: which nulls of a table are accidents that a rule may fill, and which ones say that there is no value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from etl_agent.clean.breaches import GROUP
from etl_agent.clean.rules import Ruled
from etl_agent.profile.coded import CodedColumn, CodedTable, Codes
from etl_agent.profile.facts import ColumnFacts
from etl_agent.profile.kinds import kind_of

__all__ = ["MOST_NULLS", "has_accidental_nulls", "without_habitual_nulls"]

MOST_NULLS = 0.02
"""Share of nulls that accidents may come to, unless somebody knows better. Where two cells in a hundred are missing,
missing is one of the things that the column says; and where it is wrong to fill them, that is the harm it can do."""

_Z = 1.64  # one-sided 95 %
_WHEN = frozenset({"date", "time", "timestamp"})


def has_accidental_nulls(column: CodedColumn, *, name: str, most: float) -> bool:
    """Tell whether a column has nulls, and these are too rare to be a regular state of it.

    That a row settles a value does not say that the value was lost: that nobody knows it, or that there is none, looks
    the same. Only where hardly any row has a null is it no way to say so. A null in place of a date or time says that
    something has not happened yet, however rare that is.

    Args:
        column: the column.
        name: its header.
        most: the share of nulls (0 to 1) that accidents may come to; it must be 95 % sure that there are no more.

    Source: the upper bound of the score interval, Wilson, "Probable inference" (1927).
    """
    rows, nulls = len(column.codes), column.nulls
    if not nulls or not len(column.values):
        return False
    share, width = nulls / rows, _Z * _Z / rows
    spread = _Z * math.sqrt(share * (1 - share) / rows + width / (4 * rows))
    if (share + width / 2 + spread) / (1 + width) > most:
        return False
    return kind_of(ColumnFacts.observe(column.decoded(column.codes)), name=name) not in _WHEN


def without_habitual_nulls(ruled: Ruled, coded: CodedTable) -> Ruled:
    """Excuse from rules the rows in which a null is no gap but a habit.

    It is one beside a value of another column of whose rows more than half have a null, or more than a quarter, if
    the column settles the one with the nulls; three at least.
    """
    settling = {(rule.given, rule.column) for rule in ruled.rules}
    habits = {
        column: {
            given: codes
            for given in coded.columns
            if given != column
            and len(codes := _habitual(coded, given, column, often=4 if (given, column) in settling else 2))
        }
        for column in {rule.column for rule in ruled.rules}
    }
    rules = tuple(
        replace(rule, excused=_merged(rule.excused, habits[rule.column])) if habits[rule.column] else rule
        for rule in ruled.rules
    )
    return Ruled(ruled.values, rules, ruled.habits)


def _habitual(coded: CodedTable, given: str, column: str, *, often: int) -> Codes:
    """Find the values of a column of whose rows more than one in so many has a null in another one."""
    other = coded.columns[given]
    held = other.codes[coded.columns[column].codes < 0]
    nulls = np.bincount(held[held >= 0], minlength=len(other.values))
    return np.flatnonzero((nulls > GROUP) & (often * nulls > other.counts))


def _merged(left: Mapping[str, Codes], right: Mapping[str, Codes]) -> dict[str, Codes]:
    return {**left, **{name: np.union1d(left[name], codes) if name in left else codes for name, codes in right.items()}}
