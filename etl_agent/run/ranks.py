"""Ranks: the values of a column as whole numbers of the same order, by which the newest row of a key is found."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.batch import Positions, as_mask
from etl_agent.clean.values import as_ranks
from etl_agent.errors import DataRefused, Unfit

__all__ = ["integers", "rank_of"]

_DECIMAL_BITS = 128


def rank_of(values: pa.Array, *, column: str) -> pa.Array:
    """Turn values into whole numbers of the same order.

    Args:
        values: of the type that the contract gave them.
        column: their name, for the message.

    Raises:
        DataRefused: a text is no date, time or whole number, or a number is too long.
    """
    kind = values.type
    if pa.types.is_date32(kind):
        return values.cast(pa.int32()).cast(pa.int64())
    if pa.types.is_floating(kind):
        return _ranked_floats(values)
    if pa.types.is_string(kind):
        ranks, unfit = as_ranks(values), "is no date, time or whole number"
    elif pa.types.is_decimal(kind):
        ranks, unfit = _unscaled(values), "has too many digits"
    else:
        return values.cast(pa.int64())
    if ranks.null_count > values.null_count:
        raise DataRefused(
            f"newest_by: a cell of the column {column!r} {unfit}, so it cannot be told which row is newest",
            next_command="give the column another type in validate.contract",
            unfit=[Unfit(column, "type")],
        )
    return ranks


def integers(values: pa.Array | None) -> Positions | None:
    """Return ranks as numbers; a null ranks below every value."""
    if values is None:
        return None
    ranks: Positions = pc.fill_null(values, np.iinfo(np.int64).min).to_numpy(zero_copy_only=False)
    return ranks


def _ranked_floats(values: pa.Array) -> pa.Array:
    """Read the bits of floats as whole numbers, which order them once those of negative ones are turned round."""
    numbers = pc.fill_null(values, 0).to_numpy(zero_copy_only=False).astype(np.float64) + 0.0  # -0.0 becomes 0.0
    bits = numbers.view(np.int64)
    return pa.array(np.where(bits < 0, bits ^ np.iinfo(np.int64).max, bits), mask=as_mask(values.is_null()))


def _unscaled(values: pa.Array) -> pa.Array:
    """Return the digits of decimals as whole numbers; null where they do not fit into 64 bits."""
    if not len(values) or values.type.bit_width > _DECIMAL_BITS:
        return pa.nulls(len(values), pa.int64())
    wide = values.cast(pa.decimal128(38, values.type.scale))
    words = np.frombuffer(wide.buffers()[1], np.int64)[2 * wide.offset :][: 2 * len(wide)].reshape(-1, 2)
    low, high = words[:, 0], words[:, 1]
    return pa.array(low, mask=as_mask(values.is_null()) | (high != low >> 63))
