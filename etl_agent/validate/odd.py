"""Telling plain cells from odd ones by their bytes and lengths, far below the price of a regular expression."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.batch import Mask, as_mask

__all__ = ["cast_in_parts", "odd_cells", "only"]


def only(text: pa.Array, pattern: str) -> pa.Array:
    """Keep the cells that match a regular expression; the others become null."""
    return pc.if_else(pc.match_substring_regex(text, pattern), text, None)


def odd_cells(text: pa.Array, *, first: str, last: str, also: str = "", shortest: int = 1, longest: int) -> Mask:
    """Find the cells that have an unexpected byte or length.

    Args:
        text: the cells.
        first: the least byte that is expected, as a character.
        last: the greatest byte that is expected, as a character.
        also: other bytes that are expected.
        shortest: the least length, in bytes.
        longest: the greatest length, in bytes.

    Returns:
        True for each odd cell; null is not odd.
    """
    odd = np.zeros(len(text), np.bool_)
    if text.buffers()[2] is None or not len(text):
        return odd if text.null_count == len(text) else as_mask(text.is_valid())
    ends = np.frombuffer(text.buffers()[1], np.int32)[text.offset : text.offset + len(text) + 1]
    data = np.frombuffer(text.buffers()[2], np.uint8)[ends[0] : ends[-1]]
    unexpected = (data - np.uint8(ord(first))) > np.uint8(ord(last) - ord(first))  # wraps below the first byte
    for byte in also:
        unexpected &= data != ord(byte)
    places = np.flatnonzero(unexpected)
    odd[np.searchsorted(ends, places + ends[0], side="right") - 1] = True
    lengths = np.diff(ends)
    odd |= (lengths < shortest) | (lengths > longest)
    if text.null_count:
        odd &= as_mask(text.is_valid())
    return odd


def cast_in_parts(
    text: pa.Array, odd: Mask, *, plainly: Callable[[pa.Array], pa.Array], carefully: Callable[[pa.Array], pa.Array]
) -> pa.Array:
    """Cast the plain cells in one go and only the odd ones carefully.

    Args:
        text: the cells.
        odd: the cells that are not plain.
        plainly: casts a column, or raises ``ArrowInvalid`` if any cell does not fit; wrong on odd cells.
        carefully: casts any column; null where a cell does not fit.
    """
    strange = odd.any()
    try:
        values = plainly(pc.if_else(pa.array(odd), None, text) if strange else text)
    except pa.ArrowInvalid:
        return carefully(text)
    if not strange:
        return values
    marked = pa.array(odd)
    return pc.replace_with_mask(values, marked, carefully(text.filter(marked)))
