"""Outliers: numbers that lie far beyond the others, whatever shape those have."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from etl_agent.profile.quantiles import Numbers, Quantiles, weighted_quantile
from etl_agent.profile.sketches import Counts

__all__ = ["Outliers", "outliers"]

_LEAST_ROWS = 20  # with fewer numbers the quartiles say little
_FENCES = 3.0  # quartile ranges beyond a quartile: Tukey's "far out"
_DEVIATIONS = 5.0  # robust standard deviations from the median: of normal numbers one in two million is that far out
_MOST = 700.0  # the exponential of more is no float
_NORMAL = 1.4826  # standard deviation of normal numbers by their median deviation from the median


@dataclass(frozen=True, slots=True)
class Outliers:
    """Numbers that lie far beyond the others.

    Args:
        below: rows with a number below ``low``.
        above: rows with a number above ``high``.
        low: the least number that is not far out.
        high: the greatest number that is not far out.
    """

    below: int
    above: int
    low: float
    high: float


def outliers(quantiles: Quantiles) -> Outliers | None:
    """Count the numbers that are far out; None if there are too few to tell, or most are the same.

    A number is far out if it is so both by Tukey's outer fences and by its distance from the median in median
    deviations, and, where all numbers are positive, by their logarithms too: the long tails that money and counts
    have by nature are no outliers.

    Source: Tukey, "Exploratory Data Analysis" (1977); Iglewicz, Hoaglin, "How to Detect and Handle Outliers" (1993).
    """
    if quantiles.total < _LEAST_ROWS:
        return None
    numbers, rows = quantiles.numbers, quantiles.rows
    fences = _fences(numbers, rows)
    if fences is None:
        return None
    low, high = fences
    if numbers[0] > 0 and (scaled := _fences(np.log(numbers), rows)):
        low, high = min(low, math.exp(scaled[0])), max(high, math.exp(min(scaled[1], _MOST)))
    below, above = numbers < low, numbers > high
    return Outliers(int(rows[below].sum()), int(rows[above].sum()), low, high)


def _fences(numbers: Numbers, rows: Counts) -> tuple[float, float] | None:
    first, middle, third = (weighted_quantile(numbers, rows, share) for share in (0.25, 0.5, 0.75))
    away = np.abs(numbers - middle)
    order = np.argsort(away, kind="stable")
    deviation = _NORMAL * weighted_quantile(away[order], rows[order], 0.5)
    reach = third - first
    if not reach or not deviation:
        return None
    low = min(first - _FENCES * reach, middle - _DEVIATIONS * deviation)
    high = max(third + _FENCES * reach, middle + _DEVIATIONS * deviation)
    return low, high
