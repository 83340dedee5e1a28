"""The pattern of a cell: every digit is 9, every capital A, every other letter a; other signs stay."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["collapsed_patterns", "masked_patterns"]

_LONGEST = 64  # bytes of a cell that has a pattern

_MASK = np.arange(256, dtype=np.uint8)
_MASK[ord("0") : ord("9") + 1] = ord("9")
_MASK[ord("A") : ord("Z") + 1] = ord("A")
_MASK[ord("a") : ord("z") + 1] = ord("a")
_MASK[128:] = ord("a")  # the bytes of other characters
_ALONE = ~np.isin(np.arange(256), [ord(letter) for letter in "9Aa"])


def masked_patterns(values: pa.Array) -> pa.Array:
    """Return the pattern of each value, null for one of more than 64 bytes: a pattern tells no value.

    A character beyond ASCII is shown as ``a``.

    >>> masked_patterns(pa.array(["AB-12", "é7", None])).to_pylist()
    ['AA-99', 'a9', None]

    Args:
        values: text, any number of cells.
    """
    short = pc.less_equal(pc.binary_length(values), _LONGEST)
    cells = pa.concat_arrays([pc.if_else(short, values, None)])
    if cells.null_count == len(cells):
        return pa.nulls(len(cells), pa.string())
    ends = np.frombuffer(cells.buffers()[1], np.int32)[: len(cells) + 1]
    data = np.frombuffer(cells.buffers()[2], np.uint8)[: ends[-1]]
    if len(data) and data.max() >= 128:
        starts = (data & 0xC0) != 0x80
        kept_before = np.concatenate([[0], np.cumsum(starts)]).astype(np.int32)
        ends, data = kept_before[ends], data[starts]
    places, text = pa.py_buffer(ends.tobytes()), pa.py_buffer(_MASK[data].tobytes())
    return pa.StringArray.from_buffers(len(cells), places, text, cells.buffers()[0], cells.null_count)


def collapsed_patterns(values: pa.Array) -> pa.Array:
    """Return the pattern of each value with every run of digits, capitals or other letters written once.

    >>> collapsed_patterns(pa.array(["03/04/2025", "Dr. Été", None])).to_pylist()
    ['9/9/9', 'Aa. a', None]

    Args:
        values: text, any number of cells of any length.
    """
    if len(values) == 0:
        return values
    ends = np.frombuffer(values.buffers()[1], np.int32)[values.offset : values.offset + len(values) + 1]
    data = values.buffers()[2]
    text = np.frombuffer(data, np.uint8)[ends[0] : ends[-1]] if data else np.empty(0, np.uint8)
    starts = ends - ends[0]
    letters = _MASK.take(text)
    keep = np.ones(len(letters) + 1, np.bool_)
    np.not_equal(letters[1:], letters[:-1], out=keep[1:-1])
    keep[1:-1] |= _ALONE.take(letters[1:])
    keep[starts] = True
    kept_before = np.zeros(len(letters) + 1, np.int32)
    np.cumsum(keep[:-1], dtype=np.int32, out=kept_before[1:])
    offsets = pa.py_buffer(kept_before.take(starts))
    kept = pa.py_buffer(np.compress(keep[:-1], letters))
    return pa.StringArray.from_buffers(len(values), offsets, kept, values.is_valid().buffers()[1], values.null_count)
