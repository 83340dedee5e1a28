"""Summaries of a column that merge and stay small: frequent values, the number of distinct ones, and quantiles."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from etl_agent.hashing import hash_key

__all__ = ["Counts", "Distinct", "Frequent", "Quantiles"]

Counts = NDArray[np.int64]

_KEPT_VALUES = 256
_KEPT_BYTES = 1024  # of a value; longer ones are not kept
_KEPT_HASHES = 2048
_ACCURACY = 0.01  # relative error of a quantile
_GAMMA = (1 + _ACCURACY) / (1 - _ACCURACY)
_LEAST, _MOST = 1e-12, 1e24  # magnitudes that are told apart
_ABOVE_ZERO = 1 - math.floor(math.log(_LEAST) / math.log(_GAMMA))  # makes the bucket of the least magnitude positive


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
        kept = {value: count - cut for value, count in merged.items() if count > cut}
        return Frequent(kept, self.error + other.error + cut)

    def top(self, most: int) -> list[tuple[str, int]]:
        """Return the most frequent values, best first; equal counts by value."""
        return sorted(self.counts.items(), key=lambda pair: (-pair[1], pair[0]))[:most]


def _cut(counts: Counts) -> int:
    """Find what to take from all counts so that no more values than fit are left."""
    if len(counts) <= _KEPT_VALUES:
        return 0
    place = len(counts) - _KEPT_VALUES - 1
    return int(np.partition(counts, place)[place])


@dataclass(frozen=True, slots=True)
class Distinct:
    """How many distinct values there are: exact up to 2,047, then estimated with a standard error of 2.2 %.

    Source: Bar-Yossef et al., "Counting distinct elements in a data stream" (2002): the k smallest hashes.

    Args:
        smallest: the smallest hashes seen, sorted.
    """

    smallest: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))

    @staticmethod
    def of(values: pa.Array) -> Distinct:
        """Summarise distinct values."""
        if not len(values):
            return Distinct()
        return Distinct(_least(_mixed(hash_key([values])[:, 0])))

    def combine(self, other: Distinct) -> Distinct:
        """Merge two summaries."""
        return Distinct(_least(np.concatenate([self.smallest, other.smallest])))

    @property
    def exact(self) -> bool:
        """Whether the count is exact."""
        return len(self.smallest) < _KEPT_HASHES

    @property
    def count(self) -> int:
        """The number of distinct values, or its estimate."""
        if self.exact:
            return len(self.smallest)
        return round((_KEPT_HASHES - 1) / (float(self.smallest[-1]) / 2.0**64))


def _least(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    if len(hashes) > 4 * _KEPT_HASHES:  # sorting all would cost more than finding the least
        hashes = np.partition(hashes, 2 * _KEPT_HASHES)[: 2 * _KEPT_HASHES]
    return np.unique(hashes)[:_KEPT_HASHES]


def _mixed(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread hashes evenly over 64 bits (the finaliser of SplitMix64), which the estimate relies on."""
    hashes = (hashes ^ (hashes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    hashes = (hashes ^ (hashes >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return hashes ^ (hashes >> np.uint64(31))


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Quantiles of numbers, within 1 % of their value.

    Source: Masson, Rim, Lee, "DDSketch: a fast and fully-mergeable quantile sketch" (2019).

    Args:
        buckets: numbers by bucket, which rise with the numbers in them: 0 holds zero, negative ones the negative
            numbers.
        least: the least number, or None if there is none.
        most: the greatest number.
    """

    buckets: Mapping[int, int] = field(default_factory=dict)
    least: float | None = None
    most: float | None = None

    @staticmethod
    def of(numbers: NDArray[np.float64], counts: Counts) -> Quantiles:
        """Summarise finite numbers that stand in so many rows each."""
        if not len(numbers):
            return Quantiles()
        sizes = np.clip(np.abs(numbers), _LEAST, _MOST)
        places = np.ceil(np.log(sizes) / math.log(_GAMMA)).astype(np.int64) + _ABOVE_ZERO
        signed = np.sign(numbers).astype(np.int64) * places
        rows = np.bincount(signed - signed.min(), weights=counts).astype(np.int64)
        found = np.flatnonzero(rows)
        buckets = dict(zip((found + signed.min()).tolist(), rows[found].tolist(), strict=True))
        return Quantiles(buckets, float(numbers.min()), float(numbers.max()))

    def combine(self, other: Quantiles) -> Quantiles:
        """Merge two summaries."""
        merged = dict(self.buckets)
        for bucket, rows in other.buckets.items():
            merged[bucket] = merged.get(bucket, 0) + rows
        ends = [end for end in (self.least, self.most, other.least, other.most) if end is not None]
        return Quantiles(merged, min(ends, default=None), max(ends, default=None))

    def at(self, share: float) -> float | None:
        """Return the number below which a share (0 to 1) of all numbers lies; None if there are none."""
        if self.least is None or self.most is None:
            return None
        rank = share * (sum(self.buckets.values()) - 1)
        seen = 0
        for bucket in sorted(self.buckets):
            seen += self.buckets[bucket]
            if seen > rank:
                size = 2 * _GAMMA ** (abs(bucket) - _ABOVE_ZERO) / (_GAMMA + 1)
                middle = math.copysign(size, bucket) if bucket else 0.0
                return min(max(middle, self.least), self.most)
        return self.most
