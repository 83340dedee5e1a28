"""Kernels over text columns that the families share: look at the bytes first, touch only the cells that need it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from etl_agent.batch import Mask, Positions
from etl_agent.clean.step import replaced

__all__ = [
    "beginnings",
    "bytes_of",
    "each",
    "holders",
    "is_ascii",
    "is_plain",
    "nulled",
    "patched",
    "per_value",
    "upper",
]

_ASCII_TOP = 0x7F


def bytes_of(column: pa.StringArray) -> NDArray[np.uint8]:
    """Return the UTF-8 bytes of a column's cells, one behind the other, without a copy."""
    if len(column) == 0:
        return np.empty(0, dtype=np.uint8)
    ends = _ends(column)
    data = column.buffers()[2]
    if data is None:
        return np.empty(0, dtype=np.uint8)
    return np.frombuffer(data, dtype=np.uint8)[ends[0] : ends[-1]]


def _ends(column: pa.StringArray) -> NDArray[np.int32]:
    """Return where the cells begin in the data buffer, and where the last one ends."""
    offsets = np.frombuffer(column.buffers()[1], dtype=np.int32)
    return offsets[column.offset : column.offset + len(column) + 1]


def is_ascii(column: pa.StringArray) -> bool:
    """Say whether every character is ASCII: a tenth of the cost of any kernel that works on characters."""
    data = bytes_of(column)
    return data.size == 0 or int(data.max()) <= _ASCII_TOP


def is_plain(column: pa.StringArray, *, least: int) -> bool:
    """Say whether every byte is ASCII, at least ``least`` and not DELETE, at the cost of two looks at memory."""
    data = bytes_of(column)
    return data.size == 0 or (int(data.min()) >= least and int(data.max()) < _ASCII_TOP)


def beginnings(column: pa.StringArray) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Return the first byte of each cell, 0 where there is none, and how many bytes it has."""
    ends = _ends(column) if len(column) else np.zeros(1, dtype=np.int32)
    lengths, data = np.diff(ends), bytes_of(column)
    if data.size == 0:
        return np.zeros(len(column), dtype=np.uint8), lengths
    first = data.take(ends[:-1] - ends[0], mode="clip")
    first[lengths == 0] = 0
    return first, lengths


def holders(column: pa.StringArray, places: Positions) -> Mask:
    """Return the rows that hold the bytes at these places of ``bytes_of``, which rise."""
    if places.size == 0:
        return np.zeros(len(column), dtype=bool)
    ends = _ends(column)[1:] - _ends(column)[0]
    if places.size > len(column):
        before = np.searchsorted(places, ends)
        held: Mask = np.diff(before, prepend=0) > 0
        return held
    found = np.zeros(len(column), dtype=bool)
    found[np.searchsorted(ends, places, side="right")] = True
    return found


def patched(column: pa.StringArray, rows: Mask, change: Callable[[pa.StringArray], pa.StringArray]) -> pa.StringArray:
    """Return the column with ``change`` applied to some of its rows alone; the very column where there are none."""
    count = np.count_nonzero(rows)
    if count == 0:
        return column
    if count == len(rows):
        return change(column)
    at = np.arange(len(rows), dtype=np.int32)
    places = at[rows]
    at[rows] = np.arange(len(rows), len(rows) + count, dtype=np.int32)
    # Taking from both is 2.5 times as fast as the kernel replace_with_mask.
    return pa.concat_arrays([column, change(column.take(pa.array(places)))]).take(pa.array(at))


def nulled(column: pa.StringArray, rows: pa.BooleanArray) -> pa.StringArray:
    """Return the column with null in some of its rows, sharing the text of the rest instead of copying it."""
    valid = pc.and_(column.is_valid(), pc.invert(rows))
    if len(column) == 0:
        return column
    ends, data = _ends(column), column.buffers()[2]
    # The offsets begin at 0: on others that a slice left behind, ascii_lower and its kin (pyarrow 26) make an array
    # that points past its own text.
    first = int(ends[0])
    offsets = pa.py_buffer(ends if first == 0 else ends - ends[0])
    text = data if first == 0 or data is None else data.slice(first)
    return pa.Array.from_buffers(pa.string(), len(column), [valid.buffers()[1], offsets, text])


def per_value(column: pa.StringArray, change: Callable[[str], str | None]) -> pa.StringArray:
    """Return the column with a Python function called once for each distinct value; nulls stay null."""
    encoded = column.dictionary_encode()
    values = pa.array([change(value) for value in encoded.dictionary.to_pylist()], pa.string())
    return values.take(encoded.indices)


def each(
    data: pa.RecordBatch, names: Sequence[str], change: Callable[[pa.StringArray], pa.StringArray]
) -> pa.RecordBatch:
    """Return the columns with a change made to each of those named; what did not change is not copied."""
    for name in names:
        before = data.column(name)
        after = change(before)
        if after is not before:
            data = replaced(data, name, after)
    return data


def upper(text: Any) -> Any:
    """Write capitals; the capital of ß is one that few systems know, so that letter stays small."""
    return pc.replace_substring(pc.utf8_upper(text), "ẞ", "ß")
