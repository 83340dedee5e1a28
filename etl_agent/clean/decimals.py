"""Exact arithmetic on numbers in canonical text: a column times a factor plus an offset, digit by digit right."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from etl_agent.clean.values import EXACT, LONGEST, calculate

__all__ = ["linear"]

_SAFE = 2**62  # integers up to here are calculated with 64 bits; the others one by one
_LONG, _ABSURD = -1, -2  # in place of a scale: to be calculated one by one, or not at all
_MANTISSA = 17  # digits of a number, its point included, that surely fit


def linear(numbers: pa.Array, *, factor: Fraction, offset: Fraction, digits: int) -> pa.Array:
    """Return number * factor + offset as canonical text without zeros at the end; null for numbers of absurd length.

    Args:
        numbers: canonical numbers, without nulls.
        factor: what to multiply by.
        offset: what to add then.
        digits: digits after the point, rounded half to even, where factor or offset have no decimal end; else the
            result is exact.
    """
    ends = _places(factor) is not None and _places(offset) is not None
    limit = None if ends else digits
    scales = _scales(numbers)
    short = np.asarray(pc.less_equal(pc.binary_length(numbers), _MANTISSA).to_numpy(zero_copy_only=False))
    scales = np.where(short, scales, _LONG)
    scales[np.asarray(pc.greater(pc.binary_length(numbers), LONGEST).to_numpy(zero_copy_only=False))] = _ABSURD
    out = pa.nulls(len(numbers), pa.string())
    for scale in np.unique(scales[scales != _ABSURD]).tolist():
        mask = pa.array(scales == scale)
        cells = numbers.filter(mask)
        done = _by_integers(cells, scale=scale, factor=factor, offset=offset, limit=limit) if scale != _LONG else None
        if done is None:
            done = calculate(cells, change=lambda number: _decimal(Fraction(number) * factor + offset, limit=limit))
        out = pc.replace_with_mask(out, mask, done)
    return out


def _scales(numbers: pa.Array) -> NDArray[np.int64]:
    """Return how many digits stand after the point."""
    point = pc.find_substring(numbers, ".")
    behind = pc.subtract(pc.subtract(pc.binary_length(numbers), point), 1)
    scales = pc.if_else(pc.less(point, 0), 0, behind)
    return np.asarray(scales.to_numpy(zero_copy_only=False), np.int64)


def _places(number: Fraction) -> int | None:
    """Return how many digits after the point a fraction has; None if it has no end."""
    rest, most = number.denominator, 0
    for prime in (2, 5):
        times = 0
        while rest % prime == 0:
            rest, times = rest // prime, times + 1
        most = max(most, times)
    return most if rest == 1 else None


def _by_integers(
    cells: pa.Array, *, scale: int, factor: Fraction, offset: Fraction, limit: int | None
) -> pa.Array | None:
    """Calculate with 64-bit integers; None where one of them would not fit."""
    whole = pc.cast(pc.replace_substring(cells, ".", ""), pa.int64()).to_numpy(zero_copy_only=False)
    step = factor / 10**scale
    places = limit if limit is not None else max(_places(step) or 0, _places(offset) or 0)
    # The result times 10**places is (whole * times + plus) / by, in integers.
    step, base = step * 10**places, offset * 10**places
    by = step.denominator * base.denominator
    times, plus = int(step * by), int(base * by)
    largest = max(abs(int(whole.max(initial=0))), abs(int(whole.min(initial=0))))
    if 2 * (largest * abs(times) + abs(plus)) >= _SAFE or 2 * by >= _SAFE:
        return None
    return _text(_rounded(whole * times + plus, by), places=places)


def _rounded(number: NDArray[np.int64], by: int) -> NDArray[np.int64]:
    """Divide, rounding half to even."""
    quotient, rest = np.divmod(number, by)
    up = (2 * rest > by) | ((2 * rest == by) & (quotient % 2 == 1))
    return np.asarray(quotient + up, np.int64)


def _text(number: NDArray[np.int64], *, places: int) -> pa.Array:
    """Write integers as canonical numbers with the point so many digits from the right, without zeros at the end."""
    digits = pc.utf8_lpad(pc.cast(pa.array(np.abs(number)), pa.string()), places + 1, "0")
    if places:
        after = pc.utf8_slice_codeunits(digits, -places)
        whole = pc.utf8_slice_codeunits(digits, 0, -places)
        after = pc.utf8_rtrim(after, characters="0")
        digits = pc.utf8_rtrim(pc.binary_join_element_wise(whole, after, "."), characters=".")
    return pc.if_else(pa.array(number < 0), pc.binary_join_element_wise("-", digits, ""), digits)


def _decimal(number: Fraction, *, limit: int | None) -> Decimal:
    """Write a fraction as a decimal without zeros at the end."""
    if limit is not None:
        number = Fraction(round(number, limit))
    with localcontext(EXACT):
        exact = Decimal(number.numerator) / Decimal(number.denominator)
        return exact.normalize() if exact else Decimal(0)
