"""Rules learned from a table: which value of one column goes with each value of another, and how surely."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from etl_agent.clean.breaches import GROUP, LOUDEST, Groups, doubt_of, excuses_of, mixup_of, most_frequent
from etl_agent.clean.habits import UNLIKELY, Habit, habit_of
from etl_agent.clean.spoilt import spoilt
from etl_agent.profile.coded import CodedColumn, CodedTable, Codes
from etl_agent.profile.dependencies import LEAST_FREE_ROWS, Dependency, Pairs, dependencies

__all__ = ["Rule", "Ruled", "learned", "look_up"]

_SURE = 0.7  # strength of a rule that may vote: it keeps so much where 16 % of the cells of both columns are wrong
_MOST_ENTRIES = 100_000  # entries of all rules together; a column that needs more is left alone


@dataclass(frozen=True)
class Rule:
    """What one column says of another; only groups of two rows and pairs that two rows have say anything.

    Args:
        given: the column that speaks.
        column: the column that it speaks of.
        totals: rows of the sample for each value of ``given``; 0 where nothing is said.
        pairs: pairs of values that two rows or more have, as ``given * width + column``, rising.
        counts: rows of each of these pairs.
        width: values of ``column``.
        slack: share of rows that do not follow the rule, without misspellings; between 0 and 1, never 0.
        doubt: log-odds that a value which breaks the rule, and does not look like an error, is one at all.
        mixup: log-odds that a value which breaks the rule, and is another group's, is an error.
        excused: values of other columns in whose rows the rule is broken more often than not: they explain why, and
            what is explained is no error.
        misspelled: rows of the sample that break the rule with what looks like an error; 0 if nobody counted.
        broken: rows that break it with something else.
    """

    given: str
    column: str
    totals: Codes
    pairs: Codes
    counts: Codes
    width: int
    slack: float
    doubt: float
    mixup: float
    excused: Mapping[str, Codes]
    misspelled: int = 0
    broken: int = 0

    @cached_property
    def tops(self) -> Codes:
        """The most frequent value of ``column`` for each value of ``given``, as code; -1 where nothing is said."""
        tops = np.full(len(self.totals), -1, np.int64)
        order = np.lexsort((-self.pairs, self.counts))  # the last one written stays: the most frequent, the first
        tops[self.pairs[order] // self.width] = self.pairs[order] % self.width
        return tops

    @cached_property
    def most(self) -> Codes:
        """Rows that have that value."""
        most = np.zeros(len(self.totals), np.int64)
        np.maximum.at(most, self.pairs // self.width, self.counts)
        return most

    @cached_property
    def repeated(self) -> Codes:
        """Rows that have another value, which two rows or more have."""
        together = np.bincount(self.pairs // self.width, weights=self.counts, minlength=len(self.totals))
        return together.astype(np.int64) - self.most

    @cached_property
    def told(self) -> NDArray[np.bool_]:
        """Whether each value of ``column`` is the most frequent one for some value of ``given``."""
        told = np.zeros(self.width, np.bool_)
        told[self.tops[self.tops >= 0]] = True
        return told

    def seen(self, given: Codes, column: Codes) -> Codes:
        """Count the sample's rows with these pairs of values; a pair that only one row has counts as none."""
        if not len(self.pairs):
            return np.zeros(len(given), np.int64)
        keys = given * self.width + column
        at = np.minimum(np.searchsorted(self.pairs, keys), len(self.pairs) - 1)
        found = (self.pairs[at] == keys) & (given >= 0) & (column >= 0) & (column < self.width)
        return np.where(found, self.counts[at], 0)


@dataclass(frozen=True)
class Ruled:
    """All that was learned from a table.

    Args:
        values: the values of each column that codes stand for.
        rules: the rules, in the order of the columns.
        habits: how errors stand out in each column that rules speak of.
    """

    values: Mapping[str, Sequence[str]]
    rules: tuple[Rule, ...]
    habits: Mapping[str, Habit]

    def judging_as(self, before: Ruled) -> Ruled:
        """Return the same rules, which take what breaks them for an error as they did before some errors were gone."""
        judged = {(rule.given, rule.column): (rule.doubt, rule.mixup) for rule in before.rules}
        rules = []
        for rule in self.rules:
            doubt, mixup = judged.get((rule.given, rule.column), (rule.doubt, rule.mixup))
            rules.append(replace(rule, doubt=doubt, mixup=mixup))
        return replace(self, rules=tuple(rules))


def learned(coded: CodedTable, *, found: Sequence[Dependency] | None = None, hand: str = "") -> Ruled:
    """Learn the rules of a table that are sure enough to vote.

    Args:
        coded: the table.
        found: its dependencies; they are looked for if they are not given.
        hand: the sign that stands for lost ones all over the table, if there is one.
    """
    values = {name: column.texts for name, column in coded.columns.items()}
    found = dependencies(coded) if found is None else found
    seen = [Pairs.of(coded.columns[each.given].codes, coded.columns[each.column]) for each in found]
    habits = {
        name: habit_of(coded.columns[name], meant=_meant(name, found, seen), hand=hand)
        for name in {each.column for each in found}
    }
    unfit = {name: spoilt(coded.columns[name]) for name in habits}
    rules = [
        _rule(each, pairs, coded, habits[each.column], unfit=unfit[each.column])
        for each, pairs in zip(found, seen, strict=True)
    ]
    return _bounded(Ruled(values, _believed([rule for rule in rules if rule is not None]), habits))


def _meant(name: str, found: Sequence[Dependency], seen: Sequence[Pairs]) -> Codes:
    """Find the values of a column that are meant: those that most rows of some group of three or more have."""
    tops = [most_frequent(pairs) for each, pairs in zip(found, seen, strict=True) if each.column == name]
    return np.unique(np.concatenate(tops))


def _rule(
    dependency: Dependency, pairs: Pairs, coded: CodedTable, habit: Habit, *, unfit: NDArray[np.bool_]
) -> Rule | None:
    """Make the rule of a dependency, if it is sure enough once what looks like an error is forgiven.

    A group whose most frequent value is unfit to be written into other rows says nothing.
    """
    column = coded.columns[dependency.column]
    groups = Groups.of(pairs)
    tops = pairs.right[groups.first][groups.of_pair]
    odd = np.flatnonzero((pairs.right != tops) & (groups.totals[groups.of_pair] >= GROUP))
    forgiven = _forgiven(odd, pairs, tops, column, habit) & ~np.isin(pairs.right[odd], most_frequent(pairs))
    free = dependency.rows - dependency.groups
    agreeing = dependency.agreeing - dependency.groups + int(pairs.counts[odd][forgiven].sum())
    chance = 1 - (1 - dependency.agreement) / (1 - dependency.strength) if dependency.strength < 1 else 0.0
    if free < LEAST_FREE_ROWS or (agreeing / free - chance) / (1 - chance) < _SURE:
        return None
    strange = odd[~forgiven]
    totals = np.zeros(len(coded.columns[dependency.given].values), np.int64)
    kept = (pairs.counts[groups.first] >= GROUP) & ~unfit[pairs.right[groups.first]]
    totals[pairs.left[groups.starts[kept]]] = groups.totals[kept]
    repeated = (pairs.counts >= GROUP) & kept[groups.of_pair]
    return Rule(
        given=dependency.given,
        column=dependency.column,
        totals=totals,
        pairs=pairs.left[repeated] * len(column.values) + pairs.right[repeated],
        counts=pairs.counts[repeated],
        width=len(column.values),
        slack=(free - agreeing + 1) / (free + 2),
        doubt=doubt_of(strange, pairs, groups),
        mixup=mixup_of(strange, pairs, groups, column),
        excused=excuses_of(dependency, coded, pairs, odd),
        misspelled=int(pairs.counts[odd][forgiven].sum()),
        broken=int(pairs.counts[strange].sum()),
    )


def _believed(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """Take what breaks a rule for an exception that is meant, unless the table shows enough errors that look like some.

    Errors come in many ways, and most of these show. A table without a misspelling, or with ten exceptions for each,
    is not wrong so often in the one way that does not.
    """
    seen: dict[str, int] = {}
    for rule in rules:
        seen[rule.column] = max(seen.get(rule.column, 0), rule.misspelled)
    most = UNLIKELY * sum(seen.values())
    return tuple(
        rule if 0 < rule.broken <= most else replace(rule, doubt=min(rule.doubt, -LOUDEST), mixup=-LOUDEST)
        for rule in rules
    )


def _forgiven(odd: Codes, pairs: Pairs, tops: Codes, column: CodedColumn, habit: Habit) -> NDArray[np.bool_]:
    """Tell which odd pairs hold something that looks like an error for what most rows of their group have."""
    values = [column.texts[code] for code in pairs.right[odd].tolist()]
    looks = habit.against(values, [column.texts[code] for code in tops[odd].tolist()])
    return np.asarray(looks >= np.log(UNLIKELY), np.bool_)


def look_up(held: NDArray[Any], codes: Codes, default: int) -> NDArray[Any]:
    """Look up codes; those of nulls and of values that were never seen get the default."""
    known = (codes >= 0) & (codes < len(held))
    return np.where(known, held.take(codes, mode="clip"), default) if len(held) else np.full(len(codes), default)


def _bounded(ruled: Ruled) -> Ruled:
    """Drop the rules with the most entries until all together are few enough to be kept."""
    order = sorted(ruled.rules, key=lambda rule: (len(rule.pairs), rule.given, rule.column))
    entries = np.cumsum([len(rule.pairs) for rule in order])
    kept = {(rule.given, rule.column) for rule, many in zip(order, entries, strict=True) if many <= _MOST_ENTRIES}
    return Ruled(ruled.values, tuple(rule for rule in ruled.rules if (rule.given, rule.column) in kept), ruled.habits)
