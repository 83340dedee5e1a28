"""How the numbers of a column are spread: a mergeable summary of bounded size, exact until it has too many values."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from etl_agent.clean.values import EXACT, LONGEST, NUMBER, plain

__all__ = ["Spread", "combined_spreads", "median_distance", "moments", "quantile", "rounded", "spread"]

Spread = dict[str, Any]
"""``exact``: how often each value occurs, as long as there are at most 20,000 different ones; after that ``bins``: how
often values of about this size occur (within 0.4 %, between 2**-64 and 2**64). ``scale``: the largest number of digits
after the point. All of it depends on the values alone, never on how they were cut or merged."""

_MOST = 20_000  # different values that are kept as they are
_MANTISSA_BITS = 7  # a bin is 1/128 of its size wide
_SCALES = 20  # digits after the point that an approximate value is written with, at most
_SMALLEST, _LARGEST = 2.0**-64, 2.0**64


def spread(column: pa.Array) -> Spread:
    """Summarise the canonical numbers of a column; other cells do not count, nor do numbers of absurd length."""
    cells = column.filter(pc.match_substring_regex(column, NUMBER))
    cells = cells.filter(pc.less_equal(pc.binary_length(cells), LONGEST))
    counts = pc.value_counts(cells)
    numbers = pc.cast(counts.field(0), pa.float64()).to_numpy(zero_copy_only=False)
    if len(numbers) > _MOST and len(np.unique(numbers)) > _MOST:  # then no value is looked at one by one
        rows = counts.field(1).to_numpy(zero_copy_only=False)
        return {"exact": {}, "bins": _binned(numbers, rows), "scale": _largest_scale(cells)}
    values = _united(zip(counts.field(0).to_pylist(), counts.field(1).to_pylist(), strict=True))
    return _bounded({"exact": values, "bins": {}, "scale": _largest_scale(cells)})


def _largest_scale(cells: pa.Array) -> int:
    """Return the largest number of digits after the point."""
    point = pc.find_substring(cells, ".")
    behind = pc.subtract(pc.subtract(pc.binary_length(cells), point), 1)
    return min(pc.max(pc.if_else(pc.less(point, 0), 0, behind)).as_py() or 0, _SCALES)


def combined_spreads(left: Spread, right: Spread) -> Spread:
    """Merge two summaries."""
    merged: Spread = {"exact": {}, "bins": {}, "scale": max(left["scale"], right["scale"])}
    if not (left["bins"] or right["bins"]):
        merged["exact"] = _united([*left["exact"].items(), *right["exact"].items()])
        return _bounded(merged)
    for side in (left, right):
        for name, count in (side["bins"] or _bins_of(side["exact"])).items():
            merged["bins"][name] = merged["bins"].get(name, 0) + count
    return merged


def _united(counts: Any) -> dict[str, int]:
    """Add up counts of equal values; of its spellings (1.5, 1.50) the longest stays, then the smallest."""
    spelled: dict[Decimal, str] = {}
    total: dict[Decimal, int] = {}
    for text, count in counts:
        value = Decimal(text)
        held = spelled.setdefault(value, text)
        spelled[value] = min(held, text, key=lambda one: (-len(one), one))
        total[value] = total.get(value, 0) + count
    return {spelled[value]: total[value] for value in total}


def _bounded(summary: Spread) -> Spread:
    if len(summary["exact"]) <= _MOST:
        return summary
    return {"exact": {}, "bins": _bins_of(summary["exact"]), "scale": summary["scale"]}


def _bins_of(values: dict[str, int]) -> dict[str, int]:
    return _binned(np.array([float(text) for text in values]), np.array(list(values.values()), np.int64))


def _binned(numbers: NDArray[np.float64], counts: NDArray[np.int64]) -> dict[str, int]:
    """Count numbers by sign, exponent and leading bits; a bin is named by its number nearest to zero."""
    sizes = np.clip(np.abs(numbers), _SMALLEST, _LARGEST)
    sizes[numbers == 0] = 0
    shift = np.uint64(52 - _MANTISSA_BITS)
    starts = np.copysign(((sizes.view(np.uint64) >> shift) << shift).view(np.float64), numbers) + 0.0
    names, places = np.unique(starts, return_inverse=True)
    totals = np.zeros(len(names), np.int64)
    np.add.at(totals, places, counts)
    return {repr(name): total for name, total in zip(names.tolist(), totals.tolist(), strict=True)}


def _sorted(summary: Spread) -> tuple[list[Decimal], list[int]]:
    """Return the values in rising order, a bin as its middle, and how often each occurs."""
    if not summary["bins"]:
        pairs = sorted((Decimal(text), count) for text, count in summary["exact"].items())
    else:
        step = Decimal(1).scaleb(-summary["scale"])
        width = 1 + 2.0 ** -(_MANTISSA_BITS + 1)
        middles = ((Decimal(float(text) * width), count) for text, count in summary["bins"].items())
        pairs = sorted((EXACT.quantize(middle, step), count) for middle, count in middles)
    return [value for value, _ in pairs], [count for _, count in pairs]


def quantile(summary: Spread, *, share: float) -> Decimal | None:
    """Return the value below or at which a share of the numbers lies; None where there are no numbers.

    Args:
        summary: of the column.
        share: between 0 and 1; of two middle values the lower one is taken, so that it is a value of the column.
    """
    return _quantile(*_sorted(summary), share=share)


def _quantile(values: Sequence[Decimal], counts: Sequence[int], *, share: float) -> Decimal | None:
    if not values:
        return None
    until = np.cumsum(counts)
    return values[int(np.searchsorted(until, max(share * int(until[-1]), 1) - 1e-9))]


def median_distance(summary: Spread, *, centre: Decimal) -> Decimal | None:
    """Return the median of the distances to a centre (MAD)."""
    values, counts = _sorted(summary)
    pairs = sorted((abs(value - centre), count) for value, count in zip(values, counts, strict=True))
    return _quantile([value for value, _ in pairs], [count for _, count in pairs], share=0.5)


def moments(summary: Spread) -> tuple[Decimal, Decimal] | None:
    """Return mean and standard deviation; None where there are no numbers."""
    values, counts = _sorted(summary)
    rows = sum(counts)
    if not rows:
        return None
    mean = EXACT.divide(sum((value * count for value, count in zip(values, counts, strict=True)), Decimal(0)), rows)
    squares = ((value - mean) ** 2 * count for value, count in zip(values, counts, strict=True))
    return mean, EXACT.sqrt(EXACT.divide(sum(squares, Decimal(0)), rows))


def rounded(value: Decimal, *, digits: int = 12) -> str:
    """Write a bound with at most so many digits after the point, without zeros at the end."""
    text = plain(EXACT.quantize(value, Decimal(1).scaleb(-digits)))
    return text.rstrip("0").rstrip(".") if "." in text else text
