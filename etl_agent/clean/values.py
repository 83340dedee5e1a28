"""What canonical text stands for: numbers and times that can be compared, and numbers that can be calculated with."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Context, Decimal, InvalidOperation
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import BeforeValidator

from etl_agent.batch import Mask

__all__ = [
    "EXACT",
    "LONGEST",
    "NUMBER",
    "Bound",
    "CellText",
    "as_mask",
    "as_numbers",
    "as_times",
    "calculate",
    "compare",
    "plain",
    "put",
    "rewrite",
]

NUMBER = r"^-?\d+(?:\.\d+)?$"
"""A number in canonical text: 1234.50."""

_DATE = r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
_TIME = rf"^{_DATE}(?: (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{{1,6}})?)?$"
_SHORT = 16  # characters of a number, sign and point included, that a 64-bit float surely tells from its neighbours
_UNKNOWN = 2
LONGEST = 100
"""Characters of the longest number that is calculated with; no real one is longer, and hostile ones could cost much."""
EXACT = Context(prec=4 * LONGEST)
"""Decimal arithmetic that never rounds numbers of that length."""


def _to_text(value: Any) -> Any:
    """Write a YAML scalar as canonical text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return plain(Decimal(repr(value)) if isinstance(value, float) else Decimal(value))
    return (
        value.isoformat(sep=" ") if hasattr(value, "hour") else value.isoformat() if hasattr(value, "year") else value
    )


def _checked_bound(value: Any) -> Any:
    text = _to_text(value)
    if isinstance(text, str) and not (re.match(NUMBER, text) or re.match(_TIME, text)):
        raise ValueError(f"{text!r} is neither a number like 12.50 nor a time like 2025-04-03 or 2025-04-03 12:30:00")
    return text


CellText = Annotated[str, BeforeValidator(_to_text)]
"""The text of a cell; a number, truth value or date of a pipeline file is written as canonical text."""

Bound = Annotated[str, BeforeValidator(_checked_bound)]
"""A number or a time to compare with, as canonical text."""


def plain(number: Decimal) -> str:
    """Write a number without an exponent, with as many digits after the point as it has."""
    return format(number, "f")


def as_mask(truth: pa.Array) -> Mask:
    """Turn an Arrow truth column into a mask; null is false."""
    mask: Mask = np.asarray(pc.fill_null(truth, fill_value=False).to_numpy(zero_copy_only=False), np.bool_)
    return mask


def put(column: pa.Array, mask: pa.Array, values: pa.Array) -> pa.Array:
    """Replace the cells where the mask is true by the values, which are as many."""
    return pc.replace_with_mask(column, mask, values) if len(values) else column


def rewrite(column: pa.Array, *, done: pa.Array, change: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Rewrite the cells that are not done yet; where the change gives null, a cell stays as it is.

    Args:
        column: text.
        done: true where a cell needs no change, null where the cell is null.
        change: given the cells that are not done, returns as many new ones, null for those it cannot read.
    """
    open_cells = pc.fill_null(pc.invert(done), fill_value=False)
    cells = column.filter(open_cells)
    if not len(cells):
        return column
    changed = change(cells)
    return put(column, open_cells, pc.coalesce(changed, cells))


def as_numbers(column: pa.Array) -> pa.Array:
    """Read canonical numbers as 64-bit floats; a cell that is none becomes null."""
    readable = pc.match_substring_regex(column, NUMBER)
    return pc.cast(pc.if_else(readable, column, pa.scalar(None, pa.string())), pa.float64())


def as_times(column: pa.Array) -> pa.Array:
    """Read dates and wall-clock times as microseconds since 1970 (int64); a cell that is neither becomes null."""
    readable = pc.match_substring_regex(column, _TIME)
    text = pc.if_else(readable, column, pa.scalar(None, pa.string()))
    return pc.cast(_timestamps(text), pa.int64())


def _timestamps(text: pa.Array) -> pa.Array:
    """Parse times; where one of them is no day of the calendar, parse the others one by one."""
    try:
        return pc.cast(text, pa.timestamp("us"))
    except pa.ArrowInvalid:
        days = pc.utf8_slice_codeunits(text, 0, 10)
        # Parsing rolls a day like 30 February over into March, so it is compared with what was written.
        parsed = pc.strptime(days, format="%Y-%m-%d", unit="s", error_is_null=True)
        real = pc.equal(pc.strftime(parsed, format="%Y-%m-%d"), days)
        return pc.cast(pc.if_else(real, text, pa.scalar(None, pa.string())), pa.timestamp("us"))


def compare(column: pa.Array, bound: str) -> NDArray[np.int8]:
    """Compare each cell with a bound: -1 below, 0 equal, 1 above, 2 where it cannot be compared.

    Numbers are compared exactly: those with more digits than a 64-bit float holds, in decimals.
    """
    if not re.match(NUMBER, bound):
        return _signs(as_times(column), as_times(pa.array([bound]))[0].as_py() or 0)
    numbers = as_numbers(column)
    signs = _signs(numbers, float(bound))
    limit = _SHORT if len(bound) <= _SHORT else -1
    long = as_mask(pc.greater(pc.binary_length(column), limit)) & (signs < _UNKNOWN)
    for row in np.flatnonzero(long & _near(numbers, float(bound))).tolist():
        signs[row] = int(EXACT.compare(Decimal(column[row].as_py()), Decimal(bound)))
    return signs


def _near(values: pa.Array, bound: float) -> Mask:
    """Tell which floats are so near to a bound that rounding may hide the difference, or too large to tell."""
    numbers = pc.fill_null(values, 0).to_numpy(zero_copy_only=False)
    reach = 2.0**-50 * np.maximum(np.abs(numbers), abs(bound))
    with np.errstate(invalid="ignore"):
        return np.asarray(~(np.abs(numbers - bound) > reach) | ~np.isfinite(reach), np.bool_)


def _signs(values: pa.Array, bound: float) -> NDArray[np.int8]:
    known = as_mask(pc.is_valid(values))
    numbers = pc.fill_null(values, 0).to_numpy(zero_copy_only=False)
    signs = (numbers > bound).astype(np.int8) - (numbers < bound).astype(np.int8)
    return np.where(known, signs, np.int8(_UNKNOWN)).astype(np.int8)


def calculate(cells: pa.Array, *, change: Callable[[Decimal], Decimal]) -> pa.Array:
    """Calculate exactly with numbers in canonical text, once for each distinct one; null where it cannot be done."""
    encoded = cells.dictionary_encode()
    results: list[str | None] = []
    for text in encoded.dictionary.to_pylist():
        try:
            results.append(plain(change(Decimal(text))))
        except InvalidOperation:
            results.append(None)
    return pa.array(results, pa.string()).take(encoded.indices)
