"""The fingerprint of a dataset: how its cells are distributed, so that a later dataset can be held against it."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field

from etl_agent.frozen import Frozen
from etl_agent.profile.coded import CodedColumn
from etl_agent.profile.kinds import Kind
from etl_agent.profile.patterns import collapsed_patterns

__all__ = ["ColumnPrint", "Difference", "Fingerprint", "differences", "fingerprint"]

_MOVED = 0.1
"""The share of cells that must have moved: less is not worth stopping a run for, however sure it is."""
_ALARM = 0.002
"""The chance that datasets of the same origin are taken for different, over all columns together."""
_FREQUENT = 0.01
"""The share of cells that a class must have to be counted by itself. The rarer ones are counted together: which of them
a sample holds is chance, and those that it holds are rarer next time."""
_LEAST = 10  # cells that such a class must have at least, for the same reason
_BINS = 10
_PREFIX = 64  # characters of a cell that its pattern is made of
_FEW = 5.0  # cells that a class must be expected to have: below it the chi-square distribution is no guide
_MOVING: frozenset[Kind] = frozenset({"identifier", "date", "time", "timestamp"})
"""Kinds whose values are others tomorrow by their nature: only how they are written can drift."""
_NUMBER = r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$"
_OTHER = "other"
_COARSE = "~ "  # begins the name of a class of cells that are alike only roughly
_DAY = r"(?:1[3-9]|2\d|3[01])"  # of the month: no month has this number
_NO_MONTH: Mapping[str, str] = {
    "day first": rf"^{_DAY}[-/. ]\d{{1,2}}[-/. ]\d",
    "day second": rf"^\d{{1,2}}[-/. ]{_DAY}[-/. ]\d",
}

What = Literal["writing", "values", "numbers", "column"]


class ColumnPrint(Frozen):
    """How the cells of a column are distributed; no cell's text is in it.

    The three counts are of the same sample.
    """

    name: str
    """The column."""
    kind: str
    """Its semantic kind."""
    writing: Mapping[str, int]
    """Cells by how they are written: null, and the frequent patterns, with runs of letters and digits written once."""
    values: Mapping[str, int] = Field(default={})
    """Cells by the digest of their value, for the frequent values of a column whose values repeat."""
    bounds: tuple[float, ...] = ()
    """Ascending numbers between which the column's numbers are counted."""
    numbers: tuple[int, ...] = ()
    """Cells below the first of the bounds, between each two, and from the last on."""


class Fingerprint(Frozen):
    """How the columns of a dataset are distributed."""

    rows: int
    """Rows of the sample."""
    columns: tuple[ColumnPrint, ...]
    """Every column, in the order of the dataset."""

    def lines(self) -> Iterator[str]:
        """Write the fingerprint for people, a line a fact."""
        for column in self.columns:
            total = max(sum(column.writing.values()), 1)
            top = sorted(column.writing.items(), key=lambda pair: (-pair[1], pair[0]))[:3]
            shares = ", ".join(f"{form} {count / total:.0%}" for form, count in top)
            yield f"column {column.name}: {column.kind}; {shares}"


class Difference(NamedTuple):
    """A way in which a dataset does not look any more as one did before."""

    column: str
    """The column."""
    what: What
    """What is different: how cells are written, which values there are, how large numbers are, or the column itself."""
    moved: float
    """The share (0 to 1) of cells that have moved from one class to another."""
    chance: float
    """The chance (0 to 1) of so much, or more, between two datasets of the same origin."""

    def __str__(self) -> str:
        if self.what == "column":
            return f"the column {self.column} is {'gone' if self.moved else 'new'}"
        words = {"writing": "cells are written otherwise", "values": "values are others", "numbers": "numbers moved"}
        return f"{self.column}: {self.moved:.0%} of the {words[self.what]}"


def fingerprint(sample: pa.RecordBatch, kinds: Mapping[str, Kind], *, sensitive: Collection[str] = ()) -> Fingerprint:
    """Take the fingerprint of a dataset.

    Args:
        sample: rows as text columns, chosen at random.
        kinds: the semantic kind of each column.
        sensitive: columns of which only the writing is counted: no digest of a value and no number is kept.
    """
    columns = [
        _print(name, CodedColumn.of(sample.column(name)), kinds[name], moving=name in sensitive)
        for name in sample.schema.names
    ]
    return Fingerprint(rows=sample.num_rows, columns=tuple(columns))


def differences(before: Fingerprint, sample: pa.RecordBatch) -> tuple[Difference, ...]:
    """Tell where a dataset differs from a fingerprint by more than chance and by enough to matter.

    Each count is compared by a chi-square test of homogeneity; the chance of a false alarm is shared among all tests
    (Bonferroni), and besides a tenth of the cells must have moved (total variation distance).

    Source: Pearson (1900); Wilson, Hilferty, "The distribution of chi-square" (1931), for the tail.

    Args:
        before: the fingerprint.
        sample: rows of the dataset as it is now, as text columns, chosen at random.
    """
    names = sample.schema.names
    known = {column.name for column in before.columns}
    found = [Difference(name, "column", 0.0, 0.0) for name in names if name not in known]
    found += [Difference(column.name, "column", 1.0, 0.0) for column in before.columns if column.name not in names]
    if not before.rows or not sample.num_rows:
        return tuple(found)
    tests = [
        (column.name, what, old, new)
        for column in before.columns
        if column.name in names
        for what, old, new in _counts(column, CodedColumn.of(sample.column(column.name)))
    ]
    for name, what, old, new in tests:
        moved, chance = _compared(old, new)
        if moved >= _MOVED and chance < _ALARM / len(tests):
            found.append(Difference(name, what, moved, chance))
    return tuple(found)


def _print(name: str, column: CodedColumn, kind: Kind, *, moving: bool) -> ColumnPrint:
    rows = len(column.codes)
    writing = _frequent(_writing(column))
    if 2 * writing.get(_OTHER, 0) > rows:  # hardly two cells are written alike: look less closely
        writing = _frequent(_writing(column, coarse=True))
    moving = moving or kind in _MOVING
    bounds, numbers = ((), ()) if moving else _deciles(column)
    repeats = not moving and not bounds and 2 * len(column.values) <= int(column.counts.sum())
    values = _frequent(_values(column)) if repeats else {}
    return ColumnPrint(name=name, kind=kind, writing=writing, values=values, bounds=bounds, numbers=numbers)


def _counts(before: ColumnPrint, column: CodedColumn) -> Iterator[tuple[What, list[int], list[int]]]:
    """Count the cells of a column in the classes of a fingerprint."""
    coarse = any(name.startswith(_COARSE) for name in before.writing)
    yield ("writing", *_side_by_side(before.writing, _writing(column, coarse=coarse)))
    if before.values:
        yield ("values", *_side_by_side(before.values, _values(column)))
    if before.bounds:
        yield "numbers", list(before.numbers), _binned(column, before.bounds)


def _side_by_side(before: Mapping[str, int], now: Mapping[str, int]) -> tuple[list[int], list[int]]:
    """Bring two counts to the same classes: the known ones, the most frequent new one, and the others.

    How many cells of the new one there were before is not known, but it was too few to be counted by itself: so many
    are taken as it could have had.
    """
    old, other = {name: count for name, count in before.items() if name != _OTHER}, before.get(_OTHER, 0)
    fresh = {name: count for name, count in now.items() if name not in old}
    most = max(fresh.values(), default=0)
    could = min(other, _least(sum(before.values())))
    return (
        [*old.values(), could, other - could],
        [*(now.get(name, 0) for name in old), most, sum(fresh.values()) - most],
    )


def _writing(column: CodedColumn, *, coarse: bool = False) -> dict[str, int]:
    """Count cells by pattern; where two numbers begin a date, also by which of them can be no month.

    Args:
        column: the cells.
        coarse: whether only the ends of a pattern count, and which kinds of letters and digits it has.
    """
    patterns = collapsed_patterns(pc.utf8_slice_codeunits(column.values, 0, _PREFIX))
    for said, form in _NO_MONTH.items():
        tells = pc.match_substring_regex(column.values, form)
        patterns = pc.if_else(tells, pc.binary_join_element_wise(patterns, said, " "), patterns)
    found: dict[str, int] = {"null": column.nulls} if column.nulls else {}
    for pattern, count in zip(patterns.to_pylist(), column.counts.tolist(), strict=True):
        name = f"{_COARSE}{_ends(pattern)}" if coarse else f"'{pattern}'"
        found[name] = found.get(name, 0) + count
    return found


def _ends(pattern: str) -> str:
    return f"{pattern[:1]}..{pattern[-1:]} of {''.join(sorted({'9', 'A', 'a'} & set(pattern)))}"


def _values(column: CodedColumn) -> dict[str, int]:
    return {
        hashlib.sha256(text.encode()).hexdigest()[:12]: count
        for text, count in zip(column.texts, column.counts.tolist(), strict=True)
    }


def _frequent(counts: Mapping[str, int]) -> dict[str, int]:
    """Keep the counts of frequent classes, and the sum of the others."""
    least = _least(sum(counts.values()))
    kept = {name: count for name, count in sorted(counts.items()) if count > least}
    if rest := sum(counts.values()) - sum(kept.values()):
        kept[_OTHER] = rest
    return kept


def _least(cells: int) -> int:
    """Return the most of some cells that a class may have and not be counted by itself."""
    return max(_LEAST, int(_FREQUENT * cells))


def _read(column: CodedColumn) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the numbers among the values, and how often each stands there."""
    plain = pc.match_substring_regex(column.values, _NUMBER)
    numbers = pc.cast(column.values.filter(plain), pa.float64()).to_numpy(zero_copy_only=False)
    return numbers, column.counts[plain.to_numpy(zero_copy_only=False)]


def _deciles(column: CodedColumn) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Cut a column whose values are mostly numbers into parts of about the same size."""
    numbers, counts = _read(column)
    if counts.sum() < max(1, int(column.counts.sum())) / 2 or len(numbers) <= _BINS:
        return (), ()
    order = np.argsort(numbers)
    reached = np.cumsum(counts[order])
    places = np.searchsorted(reached, reached[-1] * np.arange(1, _BINS) / _BINS)
    bounds = tuple(float(bound) for bound in np.unique(numbers[order][places]))
    return bounds, tuple(_binned(column, bounds))


def _binned(column: CodedColumn, bounds: Sequence[float]) -> list[int]:
    numbers, counts = _read(column)
    places = np.searchsorted(np.asarray(bounds), numbers, side="right")
    found: list[int] = np.bincount(places, weights=counts, minlength=len(bounds) + 1).astype(np.int64).tolist()
    return found


def _compared(before: Sequence[int], now: Sequence[int]) -> tuple[float, float]:
    """Return the share of cells that moved, and the chance of it under one origin."""
    table = np.array([before, now], np.float64)
    totals = table.sum(axis=1)
    if not totals.all():  # no cell of this sort before or now: how cells are written tells of that
        return 0.0, 1.0
    shares = table / totals[:, None]
    moved = float(np.abs(shares[0] - shares[1]).sum() / 2)
    pooled = table.sum(axis=0)
    rare = pooled * totals.min() / totals.sum() < _FEW
    if rare.any():
        table = np.column_stack([table[:, ~rare], table[:, rare].sum(axis=1)])
        pooled = table.sum(axis=0)
    table, pooled = table[:, pooled > 0], pooled[pooled > 0]
    expected = totals[:, None] * pooled / totals.sum()
    statistic = float(((table - expected) ** 2 / expected).sum())
    return moved, _tail(statistic, table.shape[1] - 1)


def _tail(statistic: float, freedom: int) -> float:
    """Return the chance that a chi-square variable is at least this, by the cube root of Wilson and Hilferty."""
    if freedom < 1:
        return 1.0
    spread = 2 / (9 * freedom)
    deviation = ((statistic / freedom) ** (1 / 3) - (1 - spread)) / math.sqrt(spread)
    return 0.5 * math.erfc(deviation / math.sqrt(2))
