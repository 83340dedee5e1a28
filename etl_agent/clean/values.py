"""What canonical text stands for: numbers and times that can be compared, and numbers that can be calculated with."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Context, Decimal, InvalidOperation
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import BeforeValidator

from etl_agent.batch import Mask, as_mask
from etl_agent.profile.forms import DATE

__all__ = [
    "EXACT",
    "LONGEST",
    "NUMBER",
    "UNKNOWN",
    "Bound",
    "CellText",
    "as_ranks",
    "as_times",
    "calculate",
    "compare",
    "plain",
    "put",
    "rewrite",
]

NUMBER = r"^-?\d+(?:\.\d+)?$"
"""A number in canonical text: 1234.50."""

_TIME = rf"^{DATE}(?: (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{{1,6}})?)?$"
_WHOLE = r"^-?\d{1,18}$"  # what surely fits into 64 bits
_SHORT = 16  # characters of a number, sign and point included, that a 64-bit float surely tells from its neighbours

UNKNOWN = 2
"""What ``compare`` answers for a cell that cannot be compared."""

LONGEST = 100
"""Characters of the longest number that is calculated with; no real one is longer, and hostile ones could cost much."""
EXACT = Context(prec=4 * LONGEST)
"""Decimal arithmetic that never rounds numbers of that length."""


def _as_text(value: Any) -> Any:
    """Write a value of a spec as cells hold it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return plain(Decimal(value))
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, date | time) else value


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        raise ValueError(f'write the number in quotes, so that it stays as you write it: "{value}"')  # noqa: TRY004  pydantic turns only a ValueError into a mistake of the spec
    return _as_text(value)


def _checked_bound(value: Any) -> Any:
    text = plain(Decimal(repr(value))) if isinstance(value, float) else _as_text(value)
    if isinstance(text, str) and not (re.match(NUMBER, text) or re.match(_TIME, text)):
        raise ValueError(f"{text!r} is neither a number like 12.50 nor a time like 2025-04-03 or 2025-04-03 12:30:00")
    return text


CellText = Annotated[str, BeforeValidator(_cell)]
"""The text of a cell; also a truth value, a whole number, a decimal or a date, written as cells hold them."""

Bound = Annotated[str, BeforeValidator(_checked_bound)]
"""A number or a time to compare with, as canonical text."""


def plain(number: Decimal) -> str:
    """Write a number without an exponent, with as many digits after the point as it has."""
    return format(number, "f")


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


def _numbers(column: pa.Array) -> pa.Array:
    """Read canonical numbers as 64-bit floats; a cell that is none becomes null."""
    readable = pc.match_substring_regex(column, NUMBER)
    return pc.cast(pc.if_else(readable, column, pa.scalar(None, pa.string())), pa.float64())


def as_times(column: pa.Array) -> pa.Array:
    """Read dates and wall-clock times as microseconds since 1970 (int64); a cell that is neither becomes null."""
    readable = pc.match_substring_regex(column, _TIME)
    text = pc.if_else(readable, column, pa.scalar(None, pa.string()))
    return pc.cast(pc.cast(text, pa.timestamp("us")), pa.int64())


def as_ranks(column: pa.Array) -> pa.Array:
    """Read dates, wall-clock times and whole numbers as int64 of the same order; any other cell becomes null."""
    whole = pc.if_else(pc.match_substring_regex(column, _WHOLE), column, pa.scalar(None, pa.string()))
    return pc.coalesce(as_times(column), pc.cast(whole, pa.int64()))


def compare(column: pa.Array, bound: str) -> NDArray[np.int8]:
    """Compare each cell with a bound: -1 below, 0 equal, 1 above, ``UNKNOWN`` where it cannot be compared.

    Numbers are compared exactly: those with more digits than a 64-bit float holds, in decimals.
    """
    if not re.match(NUMBER, bound):
        return _signs(as_times(column), as_times(pa.array([bound]))[0].as_py() or 0)
    numbers = _numbers(column)
    signs = _signs(numbers, float(bound))
    limit = _SHORT if len(bound) <= _SHORT else -1
    long = as_mask(pc.greater(pc.binary_length(column), limit)) & (signs < UNKNOWN)
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
    return np.where(known, signs, np.int8(UNKNOWN)).astype(np.int8)


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
