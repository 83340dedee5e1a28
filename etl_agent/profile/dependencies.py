"""Approximate functional dependencies: columns whose value settles the value of another column, up to some noise."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from etl_agent.profile.coded import CodedColumn, CodedTable, Codes

__all__ = ["LEAST_FREE_ROWS", "Dependency", "Pairs", "dependencies"]

LEAST_FREE_ROWS = 10
"""Rows that could have disagreed with another of their group, below which a dependency says nothing: with ten that
all agree, the share that would disagree is below a quarter at 95 % confidence."""

_SHORT = 2**16 - 1  # codes that fit into 16 bits, which are sorted in linear time
_LEAST_STRENGTH = 0.3  # weaker ones are of no use: most of what they explain is explained by chance


@dataclass(frozen=True, slots=True)
class Dependency:
    """That the value of one column settles the value of another.

    Args:
        given: the column that settles.
        column: the column that is settled.
        groups: values of ``given`` that two rows or more have.
        rows: rows in these groups.
        agreeing: rows of them that have the value of most of their group.
        strength: of the rows that could have disagreed with their group and would not have had the column's most
            frequent value anyway, the share that agree: 1 for an exact dependency, about 0 where columns are
            independent, whatever their skew; nothing for a key, whose groups are single rows.

    Source: lambda of Goodman, Kruskal, "Measures of association for cross classifications" (1954), counted on the
    rows that have a partner only, since single rows agree with themselves whatever the columns.
    """

    given: str
    column: str
    groups: int
    rows: int
    agreeing: int
    strength: float

    @property
    def agreement(self) -> float:
        """Share of the rows that could have disagreed with their group that agree, between 0 and 1."""
        free = self.rows - self.groups
        return (self.agreeing - self.groups) / free if free else 0.0


@dataclass(frozen=True, slots=True)
class Pairs:
    """How often the values of two columns stand in one row; rows with a null in either are left out.

    Args:
        left: codes of the first column, one for each distinct pair.
        right: codes of the second column.
        counts: rows of each pair.
    """

    left: Codes
    right: Codes
    counts: Codes

    @staticmethod
    def of(left: Codes, right: CodedColumn) -> Pairs:
        """Count pairs, ordered by the left code, then the right one."""
        width = max(len(right.values), 1)
        both = (left >= 0) & (right.codes >= 0)
        keys, counts = np.unique(left[both] * width + right.codes[both], return_counts=True)
        return Pairs(keys // width, keys % width, counts.astype(np.int64))

    @property
    def turned(self) -> Pairs:
        """The same with the columns exchanged, ordered likewise."""
        few = len(self.right) and int(self.right.max()) <= _SHORT
        order = np.argsort(self.right.astype(np.uint16) if few else self.right, kind="stable")
        return Pairs(self.right[order], self.left[order], self.counts[order])


def dependencies(coded: CodedTable, *, among: Collection[tuple[str, str]] | None = None) -> tuple[Dependency, ...]:
    """Find the approximate dependencies of one column on another, in the order of the columns.

    Args:
        coded: the table; a sample of tens of thousands of rows is enough.
        among: pairs of a column that settles and one that it settles, to look at these only.
    """
    names = [name for name, column in coded.columns.items() if _speaks(column)]
    wanted = None if among is None else {frozenset(pair) for pair in among}
    found = [
        each
        for one, other in combinations(names, 2)
        if wanted is None or frozenset((one, other)) in wanted
        for each in _between(coded, one, other)
    ]
    place = {name: at for at, name in enumerate(coded.columns)}
    kept = [each for each in found if among is None or (each.given, each.column) in among]
    return tuple(sorted(kept, key=lambda each: (place[each.given], place[each.column])))


def _speaks(column: CodedColumn) -> bool:
    """Tell whether a column can settle or be settled: it has two values, and enough rows share one with another."""
    present = int(column.counts.sum())
    return len(column.values) > 1 and present - len(column.values) >= LEAST_FREE_ROWS


def _between(coded: CodedTable, one: str, other: str) -> Iterator[Dependency]:
    pairs = Pairs.of(coded.columns[one].codes, coded.columns[other])
    rows = int(pairs.counts.sum())
    for given, column, turned in ((one, other, False), (other, one, True)):
        groups = int(np.count_nonzero(np.bincount(pairs.right if turned else pairs.left)))
        # Each pair of a group but one has a row at least that disagrees, which bounds the strength from above.
        if len(pairs.counts) - groups > (1 - _LEAST_STRENGTH) * (rows - groups):
            continue
        dependency = _measured(given, column, pairs.turned if turned else pairs)
        if dependency is not None:
            yield dependency


def _measured(given: str, column: str, pairs: Pairs) -> Dependency | None:
    """Measure how far the left column settles the right one; None where it hardly does."""
    if not len(pairs.left):
        return None
    starts = np.flatnonzero(np.diff(pairs.left, prepend=-1))
    totals = np.add.reduceat(pairs.counts, starts)
    most = np.maximum.reduceat(pairs.counts, starts)
    shared = totals >= 2
    groups, rows, agreeing = int(shared.sum()), int(totals[shared].sum()), int(most[shared].sum())
    if rows - groups < LEAST_FREE_ROWS:
        return None
    in_groups = np.repeat(shared, np.diff(starts, append=len(pairs.left)))
    frequency = np.bincount(pairs.right[in_groups], weights=pairs.counts[in_groups])
    chance = float(frequency.max()) / rows
    if chance >= 1:
        return None
    agreement = (agreeing - groups) / (rows - groups)
    strength = (agreement - chance) / (1 - chance)
    if strength < _LEAST_STRENGTH:
        return None
    return Dependency(given, column, groups, rows, agreeing, strength)
