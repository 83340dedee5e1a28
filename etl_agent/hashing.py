"""A keyed 128-bit hash of the rows of Arrow columns, by numpy on Arrow's own buffers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

__all__ = ["Hashes", "hash_cells", "hash_key"]

Hashes = NDArray[np.uint64]
"""Two independent 64-bit hashes a row, shape (rows, 2)."""

_LANES = 4  # sums a row; two of them make one hash
_WORDS = 32  # 8-byte words of a cell that are hashed here; a longer cell is represented by its BLAKE2 digest
_ROWS = 8192  # rows at a time, so that the sums stay in the processor's cache
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


def hash_key(columns: Sequence[pa.Array], *, material: bytes = b"etl-agent key") -> Hashes:
    """Hash each row over all columns together; equal rows, and practically only they, have equal hashes.

    Null, the empty string and ``'nan'`` differ, and so do ``('a', 'bc')`` and ``('ab', 'c')``. Rows are comparable
    between calls that have the same number of columns, of the same types, and the same key material.

    For any two different rows the chance of equal hashes over the choice of the key is below 2**-64, however the
    rows were made, and near 2**-128 for rows that were made without knowing the key.

    Args:
        columns: one or more columns of equal length; text, or any type that can be written as text.
        material: what the hash's key is derived from.

    Source: NH of Black, Halevi, Krawczyk, Krovetz, Rogaway, "UMAC: Fast and Secure Message Authentication" (1999).
    """
    sums = _sums(columns, material=material, lanes=_LANES)
    hashes = np.empty((len(columns[0]), 2), np.uint64)
    np.add(_scattered(sums[0]), sums[1], out=hashes[:, 0])
    np.add(_scattered(sums[2]), sums[3], out=hashes[:, 1])
    return hashes


def hash_cells(column: pa.Array, *, material: bytes = b"etl-agent key") -> NDArray[np.uint64]:
    """Hash each cell to 64 bits, for counting: what ``hash_key`` gives first, at half its cost.

    Args:
        column: text.
        material: what the hash's key is derived from.
    """
    sums = _sums([column], material=material, lanes=_LANES // 2)
    hashes: NDArray[np.uint64] = _scattered(sums[0]) + sums[1]
    return hashes


def _sums(columns: Sequence[pa.Array], *, material: bytes, lanes: int) -> NDArray[np.uint64]:
    """Sum up the keyed words of each row, in some lanes."""
    rows = len(columns[0])
    sums = np.zeros((lanes, rows), np.uint64)
    for index, column in enumerate(columns):
        keys = _keys(material, index)
        source = _source(column)
        for start in range(0, rows, _ROWS):
            stop = min(start + _ROWS, rows)
            _add_column(sums[:, start:stop], source, keys=keys, start=start, stop=stop)
    return sums


@lru_cache(maxsize=256)
def _keys(material: bytes, column: int) -> NDArray[np.uint64]:
    """Derive the key of a column: one number a lane and word, after one a lane for the cell's length."""
    size = _LANES * (_WORDS + 1)
    digest = hashlib.shake_256(column.to_bytes(8, "little") + material).digest(8 * size)
    return np.frombuffer(digest, "<u8").astype(np.uint64).reshape(_LANES, _WORDS + 1)


class _Text:
    """The bytes of a text column: where each cell begins and how long it is, a null being of length -1."""

    def __init__(self, column: pa.Array) -> None:
        offsets_type = np.int64 if pa.types.is_large_string(column.type) else np.int32
        buffers = column.buffers()
        offsets = np.frombuffer(buffers[1], offsets_type)[column.offset : column.offset + len(column) + 1]
        self.starts = offsets[:-1].astype(np.int64)
        self.lengths = np.diff(offsets).astype(np.int64)
        if column.null_count:
            self.lengths[pc.is_null(column).to_numpy(zero_copy_only=False)] = -1
        data = np.frombuffer(buffers[2], np.uint8) if buffers[2] is not None else np.zeros(0, np.uint8)
        self.bytes = data
        # A cell's last word may reach past the end of the buffer: only the words that do not are read in place.
        self.words = np.ndarray(max(len(data) - 7, 0), "<u8", data, strides=(1,)) if len(data) >= 8 else _NO_WORDS
        tail = np.zeros(16, np.uint8)
        tail[: min(len(data), 8)] = data[-8:]
        self.tail = np.ndarray(9, "<u8", tail, strides=(1,))
        self.tail_start = max(len(data) - 8, 0)

    def word(self, at: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Return the 8 bytes from each place on, as little-endian numbers."""
        late = at >= len(self.words)
        if not late.any():
            return self.words[at]
        found = np.empty(len(at), np.uint64)
        found[~late] = self.words[at[~late]]
        found[late] = self.tail[at[late] - self.tail_start]
        return found


_NO_WORDS = np.zeros(0, np.uint64)
_MASKS = np.array([0, *((1 << (8 * size)) - 1 for size in range(1, 9))], np.uint64)


def _source(column: pa.Array) -> _Text:
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        column = pc.cast(column, pa.string())
    return _Text(column)


def _add_column(sums: NDArray[np.uint64], source: _Text, *, keys: NDArray[np.uint64], start: int, stop: int) -> None:
    """Add the cells of some rows to the sums of those rows."""
    lengths = source.lengths[start:stop]
    starts = source.starts[start:stop]
    _add(sums, (lengths + 1).view(np.uint64), keys=keys[:, 0])
    long = lengths > 8 * _WORDS
    if long.any():
        _add_digests(sums, source, keys=keys, rows=np.flatnonzero(long), start=start)
        lengths = np.where(long, 0, lengths)
    for index in range(-(-int(lengths.max(initial=0)) // 8)):
        rest = lengths - 8 * index
        rows = None if rest.min() > 0 else np.flatnonzero(rest > 0)
        if rows is not None:
            rest = rest[rows]
        word = source.word((starts if rows is None else starts[rows]) + 8 * index)
        word &= _MASKS[np.minimum(rest, 8)]
        _add(sums, word, keys=keys[:, index + 1], rows=rows)


def _add(
    sums: NDArray[np.uint64],
    word: NDArray[np.uint64],
    *,
    keys: NDArray[np.uint64],
    rows: NDArray[np.int64] | None = None,
) -> None:
    """Add one keyed word a row to each lane: the product of the halves of word plus key."""
    mixed, low = np.empty_like(word), np.empty_like(word)
    for lane in range(len(sums)):
        np.add(word, keys[lane], out=mixed)
        np.bitwise_and(mixed, _LOW, out=low)
        np.right_shift(mixed, _HALF, out=mixed)
        np.multiply(low, mixed, out=mixed)
        if rows is None:
            sums[lane] += mixed
        else:
            sums[lane, rows] += mixed


def _add_digests(
    sums: NDArray[np.uint64], source: _Text, *, keys: NDArray[np.uint64], rows: NDArray[np.int64], start: int
) -> None:
    """Let a keyed digest stand for each long cell, whose words would cost one pass over the rows each."""
    secret = keys.tobytes()[:64]
    digests = b"".join(
        hashlib.blake2b(cell, digest_size=32, key=secret).digest() for cell in _cells(source, start + rows)
    )
    words = np.frombuffer(digests, "<u8").reshape(-1, 4)
    for index in range(4):
        _add(sums, np.ascontiguousarray(words[:, index]), keys=keys[:, index + 1], rows=rows)


def _cells(source: _Text, rows: NDArray[np.int64]) -> Iterator[bytes]:
    for first, size in zip(source.starts[rows].tolist(), source.lengths[rows].tolist(), strict=True):
        yield source.bytes[first : first + size].tobytes()


def _scattered(sums: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread every bit over all bits (the finaliser of MurmurHash3), so that leading bits are evenly spread."""
    for shift, factor in ((33, 0xFF51AFD7ED558CCD), (33, 0xC4CEB9FE1A85EC53)):
        sums = (sums ^ (sums >> np.uint64(shift))) * np.uint64(factor)
    return sums ^ (sums >> np.uint64(33))
