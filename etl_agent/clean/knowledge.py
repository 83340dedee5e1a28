"""What was learned of the dependencies of a table, as plain data that a lock keeps and a reviewer can read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.clean.habits import Habit
from etl_agent.clean.rules import Rule, Ruled
from etl_agent.frozen import Frozen
from etl_agent.profile.coded import Codes

__all__ = ["Encoded", "Knowledge", "LearnedGroup", "LearnedHabit", "LearnedRule"]

Encoded = tuple[Mapping[str, Codes], Ruled]
"""The codes of some rows, and what was learned, with the values that the codes stand for."""


class LearnedGroup(Frozen):
    """What rows with one value of a column have in another."""

    given: str
    """The value."""
    rows: int
    """Rows of the sample that have it."""
    values: tuple[tuple[str, int], ...]
    """What two of them or more have in the other column, and how many; the most frequent first."""


class LearnedRule(Frozen):
    """That one column settles another."""

    given: str
    """The column that settles."""
    column: str
    """The column that is settled."""
    slack: float
    """Share of rows that do not follow the rule."""
    doubt: float
    """Log-odds that what breaks the rule is an error."""
    mixup: float
    """Log-odds that another group's value which breaks the rule is an error."""
    excused: dict[str, tuple[str, ...]]
    """Values of other columns in whose rows the rule does not hold."""
    groups: tuple[LearnedGroup, ...]
    """What goes with what."""


class LearnedHabit(Frozen):
    """What the values of a column look like."""

    column: str
    """The column."""
    likeness: tuple[float, ...]
    """Log-odds of a misspelling, by the distance."""
    shapes: tuple[str, ...] | None
    """The shapes of its values, where these are few."""
    forms: tuple[str, ...] | None
    """Their shapes to the letter, where these are few."""
    rare: float
    """Log-odds that a value is an error which no group has."""
    hand: str = ""
    """The sign that stands for lost ones all over the table."""
    recurring: tuple[str, ...]
    """Values that no group has, and that several rows have all the same."""


class Knowledge(Frozen):
    """Rules between columns, and how errors stand out in the columns that they speak of."""

    rules: tuple[LearnedRule, ...] = ()
    """The rules."""
    habits: tuple[LearnedHabit, ...] = ()
    """The habits of the columns that are settled."""

    @staticmethod
    def of(ruled: Ruled, *, columns: Iterable[str]) -> Knowledge:
        """Write down what was learned, as far as it bears on some columns."""
        wanted = set(columns)
        rules = [rule for rule in ruled.rules if rule.column in wanted or rule.given in wanted]
        settled = sorted({rule.column for rule in rules if rule.column in wanted})
        return Knowledge(
            rules=tuple(_written(rule, ruled.values) for rule in rules),
            habits=tuple(_habit(name, ruled.habits[name]) for name in settled),
        )

    def about(self, columns: Iterable[str]) -> Knowledge:
        """Return what bears on some columns only."""
        wanted = set(columns)
        rules = tuple(rule for rule in self.rules if rule.column in wanted or rule.given in wanted)
        return Knowledge(rules=rules, habits=tuple(habit for habit in self.habits if habit.column in wanted))

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns that have a say."""
        spoken = [name for rule in self.rules for name in (rule.given, rule.column, *rule.excused)]
        return tuple(dict.fromkeys(spoken))

    @cached_property
    def _values(self) -> dict[str, tuple[str, ...]]:
        """The values that the rules know of each column, in order."""
        found: dict[str, set[str]] = {name: set() for name in self.columns}
        for rule in self.rules:
            found[rule.given].update(group.given for group in rule.groups)
            found[rule.column].update(value for group in rule.groups for value, _ in group.values)
            for name, excuses in rule.excused.items():
                found[name].update(excuses)
        return {name: tuple(sorted(values)) for name, values in found.items()}

    @cached_property
    def _ruled(self) -> Ruled:
        places = {name: {value: at for at, value in enumerate(values)} for name, values in self._values.items()}
        rules = tuple(_read(rule, places) for rule in self.rules)
        habits = {
            each.column: Habit(
                each.likeness,
                _set(each.shapes),
                _set(each.forms),
                each.rare,
                each.hand,
                frozenset(each.recurring),
            )
            for each in self.habits
        }
        return Ruled(self._values, rules, habits)

    def encoded(self, data: pa.RecordBatch) -> Encoded:
        """Code the cells of a batch; values that the rules do not know get codes of their own behind the others."""
        values, codes = {}, {}
        for name, known in self._values.items():
            cells = data.column(name).dictionary_encode()
            at = pc.index_in(cells.dictionary, pa.array(known, pa.string()))
            new = cells.dictionary.filter(at.is_null())
            place = pc.fill_null(at, 0).to_numpy(zero_copy_only=False).astype(np.int64)
            place[at.is_null().to_numpy(zero_copy_only=False)] = len(known) + np.arange(len(new))
            values[name] = (*known, *new.to_pylist())
            place = np.append(place, -1)
            codes[name] = place[pc.fill_null(cells.indices, -1).to_numpy(zero_copy_only=False)]
        return codes, Ruled(values, self._ruled.rules, self._ruled.habits)


def _written(rule: Rule, values: Mapping[str, Sequence[str]]) -> LearnedRule:
    names, texts = values[rule.given], values[rule.column]
    held: dict[int, list[tuple[str, int]]] = {}
    for key, count in zip(rule.pairs.tolist(), rule.counts.tolist(), strict=True):
        held.setdefault(key // rule.width, []).append((texts[key % rule.width], count))
    return LearnedRule(
        given=rule.given,
        column=rule.column,
        slack=round(rule.slack, 6),
        doubt=round(rule.doubt, 3),
        mixup=round(rule.mixup, 3),
        excused={name: tuple(values[name][code] for code in codes.tolist()) for name, codes in rule.excused.items()},
        groups=tuple(
            LearnedGroup(
                given=names[code],
                rows=int(rule.totals[code]),
                values=tuple(sorted(pairs, key=lambda pair: (-pair[1], pair[0]))),
            )
            for code, pairs in held.items()
        ),
    )


def _habit(column: str, habit: Habit) -> LearnedHabit:
    return LearnedHabit(
        column=column,
        likeness=habit.likeness,
        shapes=_list(habit.shapes),
        forms=_list(habit.forms),
        rare=round(habit.rare, 3),
        hand=habit.hand,
        recurring=tuple(sorted(habit.recurring)),
    )


def _list(known: frozenset[str] | None) -> tuple[str, ...] | None:
    return None if known is None else tuple(sorted(known))


def _set(known: tuple[str, ...] | None) -> frozenset[str] | None:
    return None if known is None else frozenset(known)


def _read(rule: LearnedRule, places: Mapping[str, Mapping[str, int]]) -> Rule:
    given, column = places[rule.given], places[rule.column]
    width = max(len(column), 1)
    totals = np.zeros(len(given), np.int64)
    entries = []
    for group in rule.groups:
        totals[given[group.given]] = group.rows
        entries += [(given[group.given] * width + column[value], count) for value, count in group.values]
    entries.sort()
    return Rule(
        given=rule.given,
        column=rule.column,
        totals=totals,
        pairs=np.array([key for key, _ in entries], np.int64),
        counts=np.array([count for _, count in entries], np.int64),
        width=width,
        slack=rule.slack,
        doubt=rule.doubt,
        mixup=rule.mixup,
        excused={
            name: np.array([places[name][value] for value in values], np.int64) for name, values in rule.excused.items()
        },
    )
