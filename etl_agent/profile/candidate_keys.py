"""Candidate keys: columns, alone or in pairs, whose values no two rows share."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from etl_agent.profile.coded import CodedColumn, CodedTable
from etl_agent.profile.facts import ColumnFacts
from etl_agent.profile.kinds import Kind
from etl_agent.profile.sketches import Counted
from etl_agent.profile.table import TableFacts

__all__ = ["CandidateKey", "key_columns", "key_pairs"]

_DIRT = 0.01  # share of rows that may break a key: in a dirty table some rows stand twice, or lack their key
_MEASURES: frozenset[Kind] = frozenset(
    {"number", "money", "percent", "quantity", "integer", "text", "empty", "constant"}
)
"""Kinds that are no key even if no value repeats: measures differ by chance, and long texts are what a key is for."""
_MOMENTS: frozenset[Kind] = frozenset(("date", "time", "timestamp"))
"""Kinds that can be part of a key; alone they rather differ by chance, too."""
_SURPRISE = 3.0  # standard deviations by which repetitions must be fewer than chance gives
_MOST_COLUMNS = 16  # columns of which pairs are made, those with most values first
_GLANCE = 2048  # rows that most pairs are refuted by


@dataclass(frozen=True, slots=True)
class CandidateKey:
    """Columns that (nearly) no two rows have the same values in.

    Args:
        columns: the columns.
        repeats: rows that repeat the values of an earlier row.
        nulls: rows that lack a value.
        exact: whether the figures are of all rows; else they are estimated, or counted in the sample.
    """

    columns: tuple[str, ...]
    repeats: int
    nulls: int
    exact: bool

    @property
    def clean(self) -> bool:
        """Whether no row breaks the key."""
        return not (self.repeats or self.nulls)


def key_columns(
    facts: TableFacts, kinds: Mapping[str, Kind], *, distinct: Mapping[str, Counted]
) -> tuple[CandidateKey, ...]:
    """Find the columns that are keys by themselves, unbroken ones first.

    Args:
        facts: the facts of all rows.
        kinds: the kind of each column; measures, moments and texts are no keys.
        distinct: how many distinct values each column has.
    """
    if facts.rows < 2:
        return ()
    found = [
        CandidateKey((name,), distinct[name].repeated, column.nulls, distinct[name].exact)
        for name, column in facts.columns.items()
        if kinds[name] not in _MEASURES | _MOMENTS and _is_key(column, distinct[name])
    ]
    return tuple(sorted(found, key=lambda key: key.repeats + key.nulls))


def _is_key(column: ColumnFacts, distinct: Counted) -> bool:
    return distinct.repeated + column.nulls + column.empties <= _DIRT * column.rows


def key_pairs(coded: CodedTable, kinds: Mapping[str, Kind], *, whole: bool) -> tuple[CandidateKey, ...]:
    """Find the pairs of columns that are keys together and not alone, in which far more rows would repeat by chance.

    Args:
        coded: the table, or a sample of it.
        kinds: the kind of each column; measures and texts are no part of a key.
        whole: whether it is the table.
    """
    names = [name for name in coded.columns if _may_be_part(coded.columns[name], kinds[name], rows=coded.rows)]
    names = sorted(names, key=lambda name: -len(coded.columns[name].values))[:_MOST_COLUMNS]
    place = {name: at for at, name in enumerate(coded.columns)}
    return tuple(
        CandidateKey((one, other), repeats, 0, whole)
        for one, other in combinations(sorted(names, key=place.__getitem__), 2)
        for repeats in _pair(coded, one, other)
    )


def _may_be_part(column: CodedColumn, kind: Kind, *, rows: int) -> bool:
    return (
        (kind == "integer" or kind not in _MEASURES) and not column.nulls and len(column.values) <= (1 - _DIRT) * rows
    )


def _pair(coded: CodedTable, one: str, other: str) -> Iterator[int]:
    """Yield how many rows repeat the values of two columns, if these make a key."""
    left, right = coded.columns[one], coded.columns[other]
    width = len(right.values)
    if len(left.values) * width < coded.rows:
        return
    joint = left.codes * width + right.codes
    glance = joint[:_GLANCE]
    if len(glance) - len(np.unique(glance)) > _DIRT * len(glance):
        return
    repeats = coded.rows - len(np.unique(joint))
    # Birthdays: so many pairs of rows would be equal if the columns knew nothing of each other.
    pairs = coded.rows * (coded.rows - 1) / 2
    equal = [float((column.counts * (column.counts - 1)).sum()) / 2 for column in (left, right)]
    chance = equal[0] * equal[1] / pairs
    if repeats <= _DIRT * coded.rows and repeats < chance - _SURPRISE * math.sqrt(chance):
        yield repeats
