"""Summaries of values that merge and stay small: the frequent ones, and how many distinct ones there are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

__all__ = ["Counted", "Counts", "Distinct", "Frequent", "Hashes"]

Counts = NDArray[np.int64]
Hashes = NDArray[np.uint64]

_KEPT_VALUES = 256
_KEPT_BYTES = 1024  # of a value; longer ones are not kept
_KEPT_HASHES = 2048


@dataclass(frozen=True, slots=True)
class Frequent:
    """The most frequent values, with counts that are never too high.

    Source: Misra, Gries, "Finding repeated elements" (1982); merged as in Agarwal et al., "Mergeable summaries" (2012).

    Args:
        counts: rows by value, at most 256 values.
        error: how many rows a count may be too low, and the most that a value not listed can have; 0 if exact.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    error: int = 0

    @staticmethod
    def of(values: pa.Array, counts: Counts) -> Frequent:
        """Summarise distinct values and their counts."""
        error = 0
        lengths = pc.binary_length(values).to_numpy(zero_copy_only=False)
        long = lengths > _KEPT_BYTES
        if long.any():
            error = int(counts[long].max())
            values, counts = values.filter(pa.array(~long)), counts[~long]
        cut = _cut(counts)
        best = np.flatnonzero(counts > cut)
        kept = values.take(pa.array(best)).to_pylist()
        return Frequent(dict(zip(kept, (counts[best] - cut).tolist(), strict=True)), max(error, cut))

    def combine(self, other: Frequent) -> Frequent:
        """Merge two summaries; their errors add up."""
        merged = dict(self.counts)
        for value, count in other.counts.items():
            merged[value] = merged.get(value, 0) + count
        cut = _cut(np.fromiter(merged.values(), np.int64, len(merged)))
        kept = {value: count - cut for value, count in merged.items() if count > cut} if cut else merged
        return Frequent(kept, self.error + other.error + cut)

    @property
    def total(self) -> int:
        """Rows of all values listed."""
        return sum(self.counts.values())

    def top(self, most: int) -> list[tuple[str, int]]:
        """Return the most frequent values, best first; equal counts by value."""
        return sorted(self.counts.items(), key=lambda pair: (-pair[1], pair[0]))[:most]

    def rare(self, most: int) -> list[tuple[str, int]]:
        """Return the least frequent values, least first, if all values are listed; nothing otherwise."""
        if self.error:
            return []
        return sorted(self.counts.items(), key=lambda pair: (pair[1], pair[0]))[:most]


def _cut(counts: Counts) -> int:
    """Find what to take from all counts so that no more values than fit are left."""
    if len(counts) <= _KEPT_VALUES:
        return 0
    if np.count_nonzero(counts > 1) <= _KEPT_VALUES:
        return 1  # as it is in a column of keys, where finding a place among so many would cost
    place = len(counts) - _KEPT_VALUES - 1
    return int(np.partition(counts, place)[place])


@dataclass(frozen=True, slots=True)
class Counted:
    """How many distinct things there are in some rows.

    Args:
        count: the distinct things.
        once: those that stand in one row only.
        rows: rows of all.
        exact: whether this was counted, not estimated.
    """

    count: int
    once: int
    rows: int
    exact: bool = True

    @property
    def repeated(self) -> int:
        """Rows that repeat an earlier one."""
        return self.rows - self.count


@dataclass(frozen=True, slots=True)
class Distinct:
    """How many distinct things there are: exact up to 2,047, then estimated.

    It keeps the things whose hashes are smallest, which are a fair sample of the distinct ones, with all their rows.

    Source: Bar-Yossef et al., "Counting distinct elements in a data stream" (2002): the k smallest hashes.

    Args:
        smallest: the smallest hashes seen, sorted.
        counts: rows of each of them.
        rows: rows of all.
    """

    smallest: Hashes = field(default_factory=lambda: np.zeros(0, np.uint64))
    counts: Counts = field(default_factory=lambda: np.zeros(0, np.int64))
    rows: int = 0

    @staticmethod
    def of(hashes: Hashes, rows: Counts) -> Distinct:
        """Summarise things by their hashes, which must be spread evenly over 64 bits.

        Args:
            hashes: a hash for each thing; some may repeat.
            rows: rows of each.
        """
        total = int(rows.sum())
        if len(hashes) > 4 * _KEPT_HASHES:  # sorting all would cost more than finding the least
            low = np.flatnonzero(hashes < np.uint64(2.0**64 * 2 * _KEPT_HASHES / len(hashes)))
            kept, counts = _least(hashes[low], rows[low])
            if len(kept) == _KEPT_HASHES:
                return Distinct(kept, counts, total)
        return Distinct(*_least(hashes, rows), total)

    def combine(self, other: Distinct) -> Distinct:
        """Merge two summaries."""
        hashes = np.concatenate([self.smallest, other.smallest])
        counts = np.concatenate([self.counts, other.counts])
        return Distinct(*_least(hashes, counts), self.rows + other.rows)

    @property
    def exact(self) -> bool:
        """Whether the counts are exact."""
        return len(self.smallest) < _KEPT_HASHES

    @property
    def _by_spread(self) -> tuple[float, float]:
        """The estimate by how dense the smallest hashes lie, and its relative standard error."""
        count = (_KEPT_HASHES - 1) / (float(self.smallest[-1]) / 2.0**64)
        return count, 1 / math.sqrt(_KEPT_HASHES - 2)

    @property
    def _by_rows(self) -> tuple[float, float]:
        """The estimate by the rows of one thing on the mean, and its relative standard error."""
        mean = float(self.counts.mean())
        return self.rows / mean, float(self.counts.std()) / mean / math.sqrt(len(self.counts))

    @property
    def count(self) -> int:
        """The number of distinct things, or its better estimate: by rows it is sharper where things hardly repeat."""
        if self.exact:
            return len(self.smallest)
        return min(round(min(self._by_spread, self._by_rows, key=lambda found: found[1])[0]), self.rows)

    @property
    def error(self) -> float:
        """The relative standard error of the count; 0 if it is exact."""
        return 0.0 if self.exact else min(self._by_spread[1], self._by_rows[1])

    @property
    def once(self) -> int:
        """How many things stand in one row only, or its estimate."""
        alone = int(np.count_nonzero(self.counts == 1))
        return alone if self.exact else round(self.count * alone / len(self.counts))

    @property
    def counted(self) -> Counted:
        """All of these figures."""
        return Counted(self.count, self.once, self.rows, self.exact)


def _least(hashes: Hashes, rows: Counts) -> tuple[Hashes, Counts]:
    found, places = np.unique(hashes, return_inverse=True)
    counts = np.bincount(places, weights=rows, minlength=len(found)).astype(np.int64)
    return found[:_KEPT_HASHES], counts[:_KEPT_HASHES]
