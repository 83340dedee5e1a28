"""Rounding errors of binary arithmetic: the decimal that was meant is written instead."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Context, Decimal
from typing import ClassVar, Literal

import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.batch import as_mask
from etl_agent.clean.kernels import each, patched, per_value
from etl_agent.clean.step import Change, Columns, RowStep, chosen
from etl_agent.clean.values import plain

__all__ = ["BLOWN_UP", "BinaryNoise", "meant"]

BLOWN_UP = r"^-?(?:0|[1-9]\d{0,14})\.\d{12,40}$"
"""Decimals that can have so many digits (16 or more) as no 64-bit float holds exactly; ``meant`` counts them."""

_FIFTEEN = Context(prec=15)  # every decimal of 15 digits survives a 64-bit float
_WIDE = Context(prec=60)  # more digits than a candidate has
_DIGITS = 16  # a number written with so many was printed to tell floats apart, not because it was known so well
_SHORT = 10  # digits of what was meant, at most
_STEPS = 4  # neighbouring floats that a few operations can be off by


def meant(cell: str) -> str | None:
    """Return the short decimal that a blown-up one was meant to be; None where there is none.

    0.1 + 0.2 is printed as 0.30000000000000004. Of numbers that really have 16 digits, fewer than one in 10,000 lie
    within four floats of a decimal of ten digits, so one that does was that decimal before it was calculated with.

    >>> meant("0.30000000000000004"), meant("41.881832987362214")
    ('0.3', None)
    """
    number = Decimal(cell).normalize(_WIDE)
    if len(number.as_tuple().digits) < _DIGITS:
        return None
    short = _FIFTEEN.plus(number).normalize()
    if len(short.as_tuple().digits) > _SHORT:
        return None
    near = abs(float(number) - float(short)) <= _STEPS * math.ulp(float(short))
    return plain(short) if near else None


class BinaryNoise(RowStep):
    """Write decimals that binary arithmetic left with 16 digits or more as the short decimals that were meant.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"]} | ["0.30000000000000004", "0.055999999999999994", "-1.1000000000000001", null] | ["0.3", "0.056", "-1.1", null] |
    | {"columns": ["x"]} | ["41.881832987362214", "0.1234567890123456", "0.30", "n/a"] | ["41.881832987362214", "0.1234567890123456", "0.30", "n/a"] |
    """  # noqa: E501  a row of a table is one line

    step: Literal["binary_noise"] = "binary_noise"
    columns: Columns
    """The columns that hold decimals."""

    change: ClassVar[Change] = "format"

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the chosen columns."""
        return chosen(self.columns, names)

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Round each distinct cell that has so many digits."""
        return each(data, self.reads(data.schema.names), _rounded)


def _rounded(column: pa.StringArray) -> pa.StringArray:
    long = as_mask(pc.match_substring_regex(column, BLOWN_UP))
    return patched(column, long, lambda cells: per_value(cells, lambda cell: meant(cell) or cell))
