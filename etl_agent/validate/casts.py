"""Casting of text to a contract's types: every cell either has a value of the type or does not fit it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.batch import as_mask
from etl_agent.shape import ColumnType
from etl_agent.validate.odd import cast_in_parts, odd_cells, only
from etl_agent.validate.times import Misfit, cast_date, cast_time, cast_timestamp, unfit

__all__ = ["Cast", "Misfit", "cast"]

_INTEGER = r"^[+-]?\d+$"
_DECIMAL = r"^[+-]?(?:\d+\.?\d*|\.\d+)$"
_FLOAT = r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$"
_INT64 = (-(2**63), 2**63 - 1)
_LONGEST_FLOAT = 400  # characters; longer ones are looked at carefully


@dataclass(frozen=True, slots=True)
class Cast:
    """A column after its cast.

    Args:
        values: the typed values, as many as there were cells; null where a cell was null or does not fit.
        misfits: the cells that do not fit, one entry for each way not to fit; they do not overlap.
    """

    values: pa.Array
    misfits: tuple[Misfit, ...] = ()


def cast(text: pa.Array, *, to: ColumnType, timezone: str | None = None) -> Cast:
    """Cast canonical text to a type; what does not fit is told, never rounded and never lost.

    | type | cells that fit | cells that do not |
    |---|---|---|
    | integer | ``7``, ``-7``, ``+7``, ``007`` | ``7.0``, ``0x7``, ``1e3``, more than 64 bits |
    | decimal(5,2) | ``1.5``, ``-.5``, ``1.500`` | ``1.505``, ``1000``, ``1e2``, ``1,5`` |
    | float | ``1.5``, ``1e5`` | ``nan``, ``inf``, ``1e999`` |
    | boolean | ``true``, ``false`` | ``True``, ``1``, ``yes`` |
    | date | ``2024-02-29`` | ``2023-02-29``, ``20240229``, ``0000-01-01`` |
    | time | ``12:30``, ``12:30:00.5`` | ``24:00:00`` |
    | timestamp | ``2024-02-29 12:30:00.5``, ``2024-02-29T12:30`` | ``2024-02-29``, ``2024-02-29 12:30:00Z`` |
    | timestamp in a zone | those and ``2024-02-29 12:30:00+01:00`` | local times that the zone skipped or had twice |

    Args:
        text: the cells (``pa.string()``); null stays null.
        to: the type.
        timezone: for a zoned timestamp, where cells without an offset are local times (an IANA name), or None
            if each cell must bring its offset.
    """
    if to.kind == "text":
        return Cast(text)
    if to.kind == "timestamp":
        values, misfits = cast_timestamp(text, zoned=to.zoned, timezone=timezone)
        return Cast(values, misfits)
    values = _caster(to)(text)
    return Cast(values, unfit(text, values, check=str(to)))


def _caster(to: ColumnType) -> Callable[[pa.Array], pa.Array]:
    if to.kind == "decimal":
        return lambda text: _decimals(text, to)
    return {
        "integer": _integers,
        "float": _floats,
        "boolean": _booleans,
        "date": cast_date,
        "time": cast_time,
    }[to.kind]


def _integers(text: pa.Array) -> pa.Array:
    # Without letters among the bytes, Arrow's parser is as strict as ours: it would also read 0x1F.
    odd = odd_cells(text, first="-", last="9", longest=20)
    return cast_in_parts(text, odd, plainly=lambda cells: pc.cast(cells, pa.int64()), carefully=_odd_integers)


def _odd_integers(text: pa.Array) -> pa.Array:
    """Read integers also with a plus sign or leading zeros; null where there is none or it is too large."""
    digits = pc.replace_substring_regex(only(text, _INTEGER), r"^\+?(-?)0*(\d+)$", r"\1\2")
    wide = pc.cast(only(digits, r"^-?\d{1,19}$"), pa.decimal128(38, 0))
    low, high = (pa.scalar(bound).cast(pa.decimal128(38, 0)) for bound in _INT64)
    inside = pc.and_(pc.greater_equal(wide, low), pc.less_equal(wide, high))
    return pc.cast(pc.if_else(inside, wide, None), pa.int64())


def _decimals(text: pa.Array, to: ColumnType) -> pa.Array:
    # Beyond the digits that the width holds, Arrow's parser wraps without a word: such cells are never shown to it.
    # Without letters there is no exponent.
    odd = odd_cells(text, first="+", last="9", longest=38 if (to.precision or 38) <= 38 else 76)
    if odd.any():  # a dirty column; a cell like 1.2.3 would make Arrow fail on all the others
        odd |= as_mask(pc.greater(pc.count_substring(text, pattern="."), 1))
    return cast_in_parts(
        text, odd, plainly=lambda cells: pc.cast(cells, to.arrow), carefully=lambda cells: _odd_decimals(cells, to)
    )


def _odd_decimals(text: pa.Array, to: ColumnType) -> pa.Array:
    """Read decimals of any length; null where there is none or digits would be lost."""
    precision, scale = to.precision or 38, to.scale or 0
    whole = rf"\d{{1,{precision - scale}}}" if precision > scale else "0"
    plain = pc.match_substring_regex(text, rf"^[+-]?{whole}(?:\.\d{{0,{scale}}})?$")
    values = pc.cast(pc.if_else(plain, text, None), to.arrow)
    rest = pc.and_(pc.is_valid(text), pc.invert(plain))
    if not rest.true_count:
        return values
    return pc.replace_with_mask(values, rest, _trimmed_decimals(text.filter(rest), to))


def _trimmed_decimals(text: pa.Array, to: ColumnType) -> pa.Array:
    """Read decimals without their leading and trailing zeros."""
    precision, scale = to.precision or 38, to.scale or 0
    pattern = r"^\+?(-?)0*(\d*)(?:\.(\d*?)0*)?$"
    core = pc.replace_substring_regex(only(text, _DECIMAL), pattern, r"\1\2.\3")
    core = only(core, rf"^-?\d{{0,{precision - scale}}}\.\d{{0,{scale}}}$")
    core = pc.if_else(pc.is_in(core, value_set=pa.array([".", "-."])), "0", core)
    return pc.cast(core, to.arrow)


def _floats(text: pa.Array) -> pa.Array:
    odd = odd_cells(text, first="+", last="9", also="eE", longest=_LONGEST_FLOAT)
    values = cast_in_parts(
        text,
        odd,
        plainly=lambda cells: pc.cast(cells, pa.float64()),
        carefully=lambda cells: pc.cast(only(cells, _FLOAT), pa.float64()),
    )
    # What overflows (1e999) would come back from a database as no number.
    return pc.if_else(pc.is_finite(values), values, None)


def _booleans(text: pa.Array) -> pa.Array:
    true = pc.equal(text, "true")
    return pc.if_else(pc.or_(true, pc.equal(text, "false")), true, None)
