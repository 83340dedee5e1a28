"""Breaches of a rule: whether values that break it are errors, exceptions that are meant, or explained by their row."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from etl_agent.batch import as_mask
from etl_agent.profile.coded import CodedColumn, CodedTable, Codes
from etl_agent.profile.dependencies import Dependency, Pairs
from etl_agent.profile.patterns import collapsed_patterns

__all__ = ["GROUP", "LOUDEST", "Groups", "doubt_of", "excuses_of", "mixup_of", "most_frequent"]

GROUP = 2
"""Rows of a group from which on it says anything."""

LOUDEST = float(np.log(1000))
"""No rule was ever seen to hold so often that it may speak louder: log-odds."""

_SURE_OF_NUMBERS = float(np.log(19))  # 95 %, as log-odds
_TELLING = 20  # rows that break a rule from which on one sees whether they do so by accident
_UNLIKELY_BY = 3.0  # standard deviations: one chance in a thousand
_LARGE = 5  # rows of a group that is large enough for an exception to be there twice


@dataclass(frozen=True)
class Groups:
    """The rows with one value of the left column, as groups.

    Args:
        starts: place of the first pair of each group.
        first: place of the pair that most of its rows have.
        totals: its rows.
        of_pair: for each pair its group.
    """

    starts: NDArray[np.int64]
    first: NDArray[np.int64]
    totals: Codes
    of_pair: NDArray[np.int64]

    @staticmethod
    def of(pairs: Pairs) -> Groups:
        """Find the groups of some pairs."""
        starts = np.flatnonzero(np.diff(pairs.left, prepend=-1))
        totals = np.add.reduceat(pairs.counts, starts) if len(starts) else np.zeros(0, np.int64)
        of_pair = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(pairs.left)))
        order = np.lexsort((pairs.right, -pairs.counts, pairs.left))
        return Groups(starts, order[starts], totals, of_pair)


def most_frequent(pairs: Pairs) -> Codes:
    """List the values that most rows of some group of three or more have."""
    groups = Groups.of(pairs)
    return pairs.right[groups.first[groups.totals > GROUP]]


def doubt_of(strange: Codes, pairs: Pairs, groups: Groups) -> float:
    """Weigh whether values that break a rule, and are no misspellings, are errors: log-odds.

    Exceptions that are meant repeat, errors hardly. As in species that are seen once and twice, exceptions seen once
    are about twice as many as those that are seen again; what goes beyond that are errors.

    Source: Good, "The population frequencies of species and the estimation of population parameters" (1953).

    Args:
        strange: places of the pairs that break the rule.
        pairs: all pairs of values of the two columns.
        groups: the groups that these make.
    """
    large = strange[groups.totals[groups.of_pair[strange]] >= _LARGE]
    again = _repeated(large, pairs, groups)
    meant = min((2 * again + 1) / (len(large) - again + 2), 0.99)
    return float(np.log((1 - meant) / meant))


def _repeated(strange: Codes, pairs: Pairs, groups: Groups) -> float:
    """Count the pairs that two rows or more have, beyond those of which chance makes two.

    Where many rows of a large group are wrong, and wrong values are few, some are there twice. If all rows are drawn
    independently, there are so many in the mean; Poisson, to the second order.
    """
    rows = pairs.counts[strange]
    by_group = np.bincount(groups.of_pair[strange], weights=rows)
    by_value = np.bincount(pairs.right[strange], weights=rows)
    expected = float((by_group**2).sum() * (by_value**2).sum()) / (2 * max(int(rows.sum()), 1) ** 2)
    return max(int((rows > 1).sum()) - expected, 0.0)


def mixup_of(strange: Codes, pairs: Pairs, groups: Groups, column: CodedColumn) -> float:
    """Weigh whether the values of other groups that break a rule are errors: log-odds.

    They are where mostly such values break it: exceptions that are meant have new values as well, and these look like
    any other. And they are where they happen by accident: exceptions that are meant repeat in their group, and have
    some values rather than others.

    A new number is easily one that another group has by chance: in columns of numbers it must be sure.

    Args:
        strange: places of the pairs that break the rule.
        pairs: all pairs of values of the two columns.
        groups: the groups that these make.
        column: the column that is settled.
    """
    home = _at_home(pairs, groups, len(column.values))
    known, new = strange[home[pairs.right[strange]]], strange[~home[pairs.right[strange]]]
    shapes = collapsed_patterns(column.values).dictionary_encode().indices.to_numpy(zero_copy_only=False)
    usual = np.isin(shapes[pairs.right[new]], shapes[home])
    if int(pairs.counts[known].sum()) >= _TELLING and _chosen(known, pairs, groups, np.where(home, column.counts, 0)):
        return -LOUDEST
    repeated = _repeated(known, pairs, groups)
    odds = float(np.log((len(known) - repeated + 1) / (2 * repeated + int(pairs.counts[new][usual].sum()) + 1)))
    return -LOUDEST if odds < _SURE_OF_NUMBERS and _holds_numbers(column) else odds


def _at_home(pairs: Pairs, groups: Groups, values: int) -> NDArray[np.bool_]:
    """Tell which values of the right column mostly stand in groups that they are the most frequent value of."""
    first = groups.first[groups.totals > GROUP]
    home = np.bincount(pairs.right[first], weights=pairs.counts[first], minlength=values)
    return (home > 0) & (2 * home >= np.bincount(pairs.right, weights=pairs.counts, minlength=values))


def _chosen(known: Codes, pairs: Pairs, groups: Groups, usual: Codes) -> bool:
    """Tell whether what breaks a rule chooses its values, which accidents do not.

    A value that gets into a row by accident is any of the column: each as often as rows have it, or each alike, but
    never the one that the group has anyway.

    Args:
        known: places of the pairs that break the rule with a value of another group.
        pairs: all pairs of values of the two columns.
        groups: the groups that these make.
        usual: rows that have each value of the right column that is meant; 0 for others.
    """
    rows = pairs.counts[known].astype(np.float64)
    tops = pairs.right[groups.first][groups.of_pair[known]]
    held = np.bincount(pairs.right[known], weights=rows, minlength=len(usual))
    had = np.bincount(tops, weights=rows, minlength=len(usual))
    share = usual / usual.sum()
    left = had / np.maximum(1 - share, 1e-9)
    alike, as_frequent = rows.sum() - had, share * (left.sum() - left)
    return _uneven(held[usual > 0], alike[usual > 0]) and _uneven(held[usual > 0], as_frequent[usual > 0])


def _uneven(counts: NDArray[Any], expected: NDArray[Any]) -> bool:
    """Tell whether counts differ from what is expected, in proportion, by more than chance allows.

    Source: Pearson's chi-square with the variance of Poisson counts, Haldane, "The exact value of the moments of the
    distribution of chi-square, used as a test of goodness of fit" (1937), which holds for small ones.
    """
    counts, expected = counts[expected > 0], expected[expected > 0]
    if len(counts) < GROUP or not counts.sum():
        return False
    expected = expected * counts.sum() / expected.sum()
    surplus = float(((counts - expected) ** 2 / expected).sum()) - (len(counts) - 1)
    return surplus > _UNLIKELY_BY * math.sqrt(2 * (len(counts) - 1) + float((1 / expected).sum()))


def _holds_numbers(column: CodedColumn) -> bool:
    """Tell whether most distinct values are numbers or dates: more digits than letters, and no code like ``D18``."""
    digits = pc.count_substring_regex(column.values, r"\d").to_numpy(zero_copy_only=False)
    letters = pc.count_substring_regex(column.values, r"\p{L}").to_numpy(zero_copy_only=False)
    numbers = as_mask(pc.match_substring_regex(column.values, r"^[^\p{L}]*\d|\d[.,]\d"))
    return bool(2 * np.count_nonzero((digits > letters) & numbers) > len(digits))


def excuses_of(dependency: Dependency, coded: CodedTable, pairs: Pairs, odd: Codes) -> dict[str, Codes]:
    """Find the values of other columns in whose rows a rule is broken more often than not: three rows or more.

    Errors are rare and fall anywhere, so hardly half of the rows of any value hold one of the same column.
    """
    given, column = coded.columns[dependency.given], coded.columns[dependency.column]
    width = max(len(column.values), 1)
    keys = pairs.left[odd] * width + pairs.right[odd]
    rows = np.flatnonzero(np.isin(given.codes * width + column.codes, keys) & (given.codes >= 0) & (column.codes >= 0))
    found = {}
    for name, other in coded.columns.items():
        if len(rows) >= GROUP and name not in (dependency.given, dependency.column):
            held = other.codes[rows]
            counts = np.bincount(held[held >= 0], minlength=len(other.values))
            often = np.flatnonzero((counts > GROUP) & (2 * counts > other.counts))
            if len(often):
                found[name] = often
    return found
