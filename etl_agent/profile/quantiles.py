"""How numbers are spread: a summary that merges and stays small."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from etl_agent.profile.sketches import Counts

__all__ = ["Numbers", "Quantiles", "weighted_quantile"]

Numbers = NDArray[np.float64]

_KEPT_NUMBERS = 1024
_ACCURACY = 0.002  # relative error of a number in a bucket
_GAMMA = (1 + _ACCURACY) / (1 - _ACCURACY)
_LEAST, _MOST = 1e-12, 1e24  # magnitudes that are told apart
_ABOVE_ZERO = 1 - math.floor(math.log(_LEAST) / math.log(_GAMMA))  # makes the bucket of the least magnitude positive


@dataclass(frozen=True, slots=True)
class Quantiles:
    """The spread of numbers: exact for up to 1,024 distinct ones, else each within 0.2 % of its value.

    Source: Masson, Rim, Lee, "DDSketch: a fast and fully-mergeable quantile sketch" (2019).

    Args:
        places: the numbers themselves while they are few, else buckets, which rise with the numbers in them: 0 holds
            zero, negative ones the negative numbers. Sorted.
        rows: rows of each.
        exact: whether ``places`` are numbers.
        least: the least number, or None if there is none.
        most: the greatest number.
    """

    places: Numbers = field(default_factory=lambda: np.zeros(0))
    rows: Counts = field(default_factory=lambda: np.zeros(0, np.int64))
    exact: bool = True
    least: float | None = None
    most: float | None = None

    @staticmethod
    def of(numbers: Numbers, counts: Counts) -> Quantiles:
        """Summarise finite numbers that stand in so many rows each."""
        if not len(numbers):
            return Quantiles()
        least, most = float(numbers.min()), float(numbers.max())
        if len(numbers) > 8 * _KEPT_NUMBERS and len(np.unique(numbers[: 2 * _KEPT_NUMBERS])) > _KEPT_NUMBERS:
            return Quantiles(*_counted(_bucketed(numbers), counts), False, least, most)  # noqa: FBT003  a field
        places, rows = _summed(numbers, counts)
        return _settled(places, rows, least, most)

    def combine(self, other: Quantiles) -> Quantiles:
        """Merge two summaries."""
        if self.least is None or other.least is None or self.most is None or other.most is None:
            return other if self.least is None else self
        least, most = min(self.least, other.least), max(self.most, other.most)
        rows = np.concatenate([self.rows, other.rows])
        if self.exact and other.exact:
            return _settled(*_summed(np.concatenate([self.places, other.places]), rows), least, most)
        buckets = [part if not side.exact else _bucketed(part) for side in (self, other) for part in (side.places,)]
        return Quantiles(*_summed(np.concatenate(buckets), rows), False, least, most)  # noqa: FBT003  a field

    @property
    def total(self) -> int:
        """How many numbers there are."""
        return int(self.rows.sum())

    @property
    def numbers(self) -> Numbers:
        """The numbers in rising order: those seen, or the middle of each bucket."""
        if self.exact or self.least is None:
            return self.places
        sizes = 2 * _GAMMA ** (np.abs(self.places) - _ABOVE_ZERO) / (_GAMMA + 1)
        return np.clip(np.where(self.places == 0, 0.0, np.copysign(sizes, self.places)), self.least, self.most)

    def at(self, share: float) -> float | None:
        """Return the number below which a share (0 to 1) of all numbers lies; None if there are none."""
        if self.least is None or self.most is None:
            return None
        if share in (0, 1):
            return self.most if share else self.least
        return weighted_quantile(self.numbers, self.rows, share)


def weighted_quantile(numbers: Numbers, rows: Counts, share: float) -> float:
    """Return the number below which a share (0 to 1) of the rows lies, of one or more numbers in rising order."""
    passed = np.cumsum(rows)
    return float(numbers[min(np.searchsorted(passed, share * (passed[-1] - 1), side="right"), len(numbers) - 1)])


def _settled(places: Numbers, rows: Counts, least: float, most: float) -> Quantiles:
    """Keep numbers while they are few, else their buckets."""
    if len(places) <= _KEPT_NUMBERS:
        return Quantiles(places, rows, True, least, most)  # noqa: FBT003  a field
    return Quantiles(*_summed(_bucketed(places), rows), False, least, most)  # noqa: FBT003  a field


def _bucketed(numbers: Numbers) -> Numbers:
    sizes = np.clip(np.abs(numbers), _LEAST, _MOST)
    places: Numbers = np.sign(numbers) * (np.ceil(np.log(sizes) / math.log(_GAMMA)) + _ABOVE_ZERO)
    return places


def _counted(buckets: Numbers, counts: Counts) -> tuple[Numbers, Counts]:
    """Count the rows of each bucket; sorting so many would cost more."""
    first = buckets.min()
    rows = np.bincount((buckets - first).astype(np.int64), weights=counts).astype(np.int64)
    used = np.flatnonzero(rows)
    return used + first, rows[used]


def _summed(places: Numbers, rows: Counts) -> tuple[Numbers, Counts]:
    found, at = np.unique(places + 0.0, return_inverse=True)  # -0.0 is 0
    return found, np.bincount(at, weights=rows, minlength=len(found)).astype(np.int64)
