"""Spills: values that stand at the end, or the start, of a neighbour column's cell instead of in their own."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from etl_agent.profile.coded import CodedColumn, CodedTable

__all__ = ["Side", "Spill", "spills", "split_off"]

Side = Literal["end", "start"]
"""Where in the neighbour's cell the value stands."""

# Spilled in the order of the row: to the end of the cell before it, or the start of the cell behind it.
_END_FIRST: tuple[Side, Side] = ("end", "start")
_START_FIRST: tuple[Side, Side] = ("start", "end")
_BETWEEN = re.compile(r"[\s,;|/]+")
_LAST = re.compile(r"[\s,;|/]([^\s,;|/]*)\Z")
_FIRST = re.compile(r"([^\s,;|/]*)[\s,;|/]")
_WORDS = 4  # words of a value that spills: longer ones are texts
_LONGEST = 200  # characters of a cell that is looked into
_LEAST_ROWS = 5  # rows that spill: fewer happen to look so
_MOSTLY = 0.9  # share of the cells with such an end whose own column is empty: an end that is meant stands anywhere
_EXPLAINED = 0.5  # share of the empty cells that the spill must explain, where nothing else shows whose values they are
_SURE = math.log(1000)  # how unlikely it must be that the empty cells fall on these rows by chance
_MOST_VALUES = 5_000  # values of a column that can spill: it repeats a bounded vocabulary


@dataclass(frozen=True, slots=True)
class Spill:
    """That values of one column stand in the cells of its neighbour.

    Args:
        column: the column whose cells hold too much.
        into: the column, empty there, whose values they are.
        side: where in the cell they stand.
        unless: the other side, if it is the likelier one: a cell that may be split there, too, is not clear.
        values: the values of ``into`` that may be split off.
        whole: values of ``column`` that look as if they held one and are whole: rows have them beside another value.
        rows: rows that spill.
        empty: rows in which ``into`` is empty.
        agreeing: rows that spill whose rest stands elsewhere with the very value that is split off.
        known: rows that spill whose rest stands elsewhere with any value.
    """

    column: str
    into: str
    side: Side
    unless: Side | None
    values: tuple[str, ...]
    whole: tuple[str, ...]
    rows: int
    empty: int
    agreeing: int
    known: int


def split_off(cell: str, *, side: Side, values: frozenset[str], unless: Side | None = None) -> tuple[str, str] | None:
    """Split the longest of some values off a cell.

    Args:
        cell: the cell.
        side: where to look.
        values: what may be split off.
        unless: a side at which nothing may be found, for the cell to be clear.

    Returns:
        The rest and the value; None where the cell has no such end, or nothing else.
    """
    if len(cell) > _LONGEST or (unless and split_off(cell, side=unless, values=values)):
        return None
    gaps = [gap.span() for gap in _BETWEEN.finditer(cell)]
    for start, end in gaps[-_WORDS:] if side == "end" else reversed(gaps[:_WORDS]):
        rest, value = (cell[:start], cell[end:]) if side == "end" else (cell[end:], cell[:start])
        if rest and value in values:
            return rest, value
    return None


def spills(coded: CodedTable) -> tuple[Spill, ...]:
    """Find the columns whose empty cells' values stand in the column before or behind them."""
    names = list(coded.columns)
    holders = {name: _Holder(column) for name, column in coded.columns.items()}
    found = []
    for at, into in enumerate(names):
        own = coded.columns[into]
        values = _vocabulary(own)
        if own.nulls < _LEAST_ROWS or not values:
            continue
        for column, sides in (
            *((name, _END_FIRST) for name in names[max(at - 1, 0) : at]),
            *((name, _START_FIRST) for name in names[at + 1 : at + 2]),
        ):
            spill = _spill(coded, column, into, side=sides[0], parts=holders[column].parts(values, side=sides[0]))
            if spill is None:
                parts = holders[column].parts(values, side=sides[1], unless=sides[0])
                spill = _spill(coded, column, into, side=sides[1], parts=parts, unless=sides[0])
            found += [replace(spill, values=tuple(sorted(values)))] if spill else []
    return tuple(found)


class _Holder:
    """A column whose cells may hold values of another one, found by the word at their end or start."""

    def __init__(self, column: CodedColumn) -> None:
        self._texts = column.texts

    @cached_property
    def _by_word(self) -> Mapping[Side, Mapping[str, list[int]]]:
        by_word: dict[Side, dict[str, list[int]]] = {"end": defaultdict(list), "start": defaultdict(list)}
        for code, cell in enumerate(self._texts):
            if len(cell) <= _LONGEST and (last := _LAST.search(cell)) and (first := _FIRST.match(cell)):
                by_word["end"][last[1]].append(code)
                by_word["start"][first[1]].append(code)
        return by_word

    def parts(self, values: frozenset[str], *, side: Side, unless: Side | None = None) -> Mapping[int, tuple[str, str]]:
        """Split the values that can be split: the rest and what is split off, by the code of the value.

        Args:
            values: what may be split off.
            side: where to look.
            unless: a side at which nothing may be found, for a value to be clear.
        """
        words = {_word(value, side) for value in values}
        codes = sorted(code for word in words for code in self._by_word[side].get(word, ()))
        cells = ((code, split_off(self._texts[code], side=side, values=values, unless=unless)) for code in codes)
        return {code: part for code, part in cells if part}


def _word(value: str, side: Side) -> str:
    """Return the word at the end or start of a value."""
    found = _LAST.search(value) if side == "end" else _FIRST.match(value)
    return found[1] if found else value


def _vocabulary(column: CodedColumn) -> frozenset[str]:
    """Return the values that rows share, if most rows hold one of them: only such a column has a vocabulary."""
    shared = np.flatnonzero(column.counts > 1)
    rows = int(column.counts.sum())
    if len(shared) > _MOST_VALUES or 2 * int(column.counts[shared].sum()) < rows:
        return frozenset()
    return frozenset(column.texts[code] for code in shared.tolist())


def _spill(
    coded: CodedTable,
    column: str,
    into: str,
    *,
    side: Side,
    parts: Mapping[int, tuple[str, str]],
    unless: Side | None = None,
) -> Spill | None:
    """Weigh whether cells of a column hold values of another one; None where that is not sure.

    Cells that may as well be split at the side ``unless`` say nothing.
    """
    holder, own = coded.columns[column], coded.columns[into]
    if not parts:
        return None
    split = np.isin(holder.codes, np.fromiter(parts, np.int64, len(parts)))
    open_cells = own.codes < 0
    rows = np.flatnonzero(split & open_cells)
    beside = split & ~open_cells
    whole = tuple(holder.texts[code] for code in np.unique(holder.codes[beside]).tolist())
    spilled = [parts[code] for code in holder.codes[rows].tolist() if holder.texts[code] not in set(whole)]
    empty = int(open_cells.sum())
    if len(spilled) < _LEAST_ROWS or len(spilled) < _MOSTLY * int(split.sum()) or len(whole) > _MOST_VALUES:
        return None
    if not _belongs(spilled, holder, own):
        return None
    if len({value for _, value in spilled}) < 2 or _surprise(len(rows), int(split.sum()), empty / coded.rows) < _SURE:
        return None
    agreeing, known = _agreeing(spilled, _usual(holder, own))
    proven = known >= _LEAST_ROWS and agreeing >= _MOSTLY * known
    explained = len(spilled) >= _EXPLAINED * empty and 2 * _at_home(spilled, holder) >= len(spilled)
    if not (proven or explained):
        return None
    return Spill(column, into, side, unless, (), whole, len(spilled), empty, agreeing, known)


def _surprise(hits: int, tries: int, chance: float) -> float:
    """Bound how unlikely so many hits are by chance, as negative logarithm.

    Source: Chernoff, "A measure of asymptotic efficiency for tests of a hypothesis" (1952).
    """
    share = hits / tries
    if share <= chance:
        return 0.0
    rest = (1 - share) * math.log((1 - share) / (1 - chance)) if share < 1 else 0.0
    return tries * (share * math.log(share / chance) + rest)


def _usual(holder: CodedColumn, own: CodedColumn) -> Mapping[str, str]:
    """Return the value that most rows have beside each value of the neighbour."""
    both = np.flatnonzero((holder.codes >= 0) & (own.codes >= 0))
    pairs = Counter(zip(holder.codes[both].tolist(), own.codes[both].tolist(), strict=True))
    usual: dict[str, str] = {}
    for (left, right), _ in sorted(pairs.items(), key=lambda each: (each[1], each[0])):
        usual[holder.texts[left]] = own.texts[right]
    return usual


def _agreeing(spilled: Sequence[tuple[str, str]], usual: Mapping[str, str]) -> tuple[int, int]:
    """Count the rows whose rest usually stands with the value split off, and those whose rest stands with any."""
    known = [(rest, value) for rest, value in spilled if rest in usual]
    return sum(usual[rest] == value for rest, value in known), len(known)


def _belongs(spilled: Sequence[tuple[str, str]], holder: CodedColumn, own: CodedColumn) -> bool:
    """Tell whether the values split off are, on the mean, no more at home where they stand than where they belong."""
    here, there = _counts(holder), _counts(own)
    return sum(math.log((there[value] + 1) / (here.get(value, 0) + 1)) for _, value in spilled) >= 0


def _counts(column: CodedColumn) -> Mapping[str, int]:
    return dict(zip(column.texts, column.counts.tolist(), strict=True))


def _at_home(spilled: Sequence[tuple[str, str]], holder: CodedColumn) -> int:
    """Count the rows whose rest is a value of the column itself."""
    values = frozenset(holder.texts)
    return sum(rest in values for rest, _ in spilled)
