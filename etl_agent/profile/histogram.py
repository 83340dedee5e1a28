"""Histograms of numbers, lengths and dates, from their summaries."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from etl_agent.profile.quantiles import Quantiles, weighted_quantile
from etl_agent.profile.timeline import Timeline

__all__ = ["Histogram", "of_numbers", "of_timeline"]

_BARS = 30
_WIDTHS = (1, 2, 2.5, 5, 10)  # round widths of a bar, times a power of ten
_MIDDLE = (0.005, 0.995)  # shares between which the bars lie: a few numbers far out would squeeze all others into one
_MONTHS = (1, 3, 6, 12, 24, 60, 120, 240, 600, 1200)  # months of a bar


@dataclass(frozen=True, slots=True)
class Histogram:
    """Rows by equal spans of what is counted.

    Args:
        edges: where the bars begin and end, one more than bars; months are numbers as in ``Timeline``.
        rows: rows of each bar.
        below: rows before the first bar.
        above: rows behind the last bar.
    """

    edges: tuple[float, ...]
    rows: tuple[int, ...]
    below: int = 0
    above: int = 0


def of_numbers(quantiles: Quantiles, *, whole: bool = False) -> Histogram | None:
    """Count numbers in bars of a round width; None if there are none.

    Args:
        quantiles: the numbers.
        whole: whether they are whole numbers, which no bar may part.
    """
    if not quantiles.total:
        return None
    numbers, rows = quantiles.numbers, quantiles.rows
    low, high = (weighted_quantile(numbers, rows, share) for share in _MIDDLE)
    if low == high or (whole and numbers[-1] - numbers[0] < _BARS):
        low, high = float(numbers[0]), float(numbers[-1])
    span = high - low
    width = _round_width(span / _BARS) if span else 1.0
    if whole:
        width = max(math.ceil(width), 1)
    first = math.floor(low / width)
    places = np.floor(numbers / width).astype(np.float64) - first
    bars = min(math.floor(high / width) - first + 1, 2 * _BARS)
    inside = (places >= 0) & (places < bars)
    counts = np.bincount(places[inside].astype(np.int64), weights=rows[inside], minlength=bars).astype(np.int64)
    edges = tuple((first + bar) * width for bar in range(bars + 1))
    return Histogram(edges, tuple(counts.tolist()), int(rows[places < 0].sum()), int(rows[places >= bars].sum()))


def _round_width(width: float) -> float:
    """Return the next round number that is at least a width."""
    power = 10.0 ** math.floor(math.log10(width))
    return next(factor * power for factor in _WIDTHS if factor * power >= width * (1 - 1e-9))


def of_timeline(timeline: Timeline) -> Histogram | None:
    """Count dates in bars of as many months or years; None if there are none.

    Bars reach over the middle 99 % of the dates, as a wrong century would squeeze all others into one.
    """
    if not timeline.months:
        return None
    months = np.array(sorted(timeline.months), np.int64)
    rows = np.array([timeline.months[month] for month in months.tolist()], np.int64)
    passed = np.cumsum(rows)
    low, high = (int(months[np.searchsorted(passed, share * passed[-1])]) for share in _MIDDLE)
    width = next((width for width in _MONTHS if (high - low) / width <= 2 * _BARS), _MONTHS[-1])
    first = low // width
    places = months // width - first
    bars = high // width - first + 1
    inside = (places >= 0) & (places < bars)
    counts = np.bincount(places[inside], weights=rows[inside], minlength=bars).astype(np.int64)
    edges = tuple(float((first + bar) * width) for bar in range(bars + 1))
    return Histogram(edges, tuple(counts.tolist()), int(rows[places < 0].sum()), int(rows[places >= bars].sum()))
