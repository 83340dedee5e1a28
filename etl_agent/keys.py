"""Duplicates over a whole dataset in bounded memory: the keys' hashes spill to disk and are compared part by part."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Literal

import numpy as np
from numpy.typing import NDArray

from etl_agent.batch import Mask, Positions
from etl_agent.hashing import Hashes, hash_key
from etl_agent.paths import let_go

__all__ = ["Drops", "Hashes", "Keep", "KeySpill", "hash_key"]

Keep = Literal["first", "last", "best", "newest", "none"]
"""Which row of a key stays: the first or last in dataset order, the one of greatest rank (``best``: the first of
those, ``newest``: the last), or none, which finds every row of a key that is not unique."""

_BUFFER_BYTES = 6 << 20  # rows wait in memory until they fill this; smaller inputs never touch the disk
_SORT_BYTES = 24 << 20  # rows that are compared in memory at once
_IN_MEMORY_BITMAP = 8 << 20  # bytes of the largest bitmap that is not kept in a file (64 million rows)
_CHUNK_BYTES = 1 << 17  # bytes of bitmap that are turned into row numbers at once (a million rows)


class Drops:
    """Row numbers to take out: sorted, distinct, one bit a row of the dataset; a large set is kept in a file.

    >>> drops = Drops.of([np.array([7, 2]), np.array([2])])
    >>> len(drops), drops.rows.tolist()
    (2, [2, 7])
    """

    __slots__ = ("_bits", "_length")

    def __init__(self, bits: NDArray[np.uint8]) -> None:
        self._bits = bits
        self._length = sum(int(np.bitwise_count(part).sum()) for part in _pieces(bits))

    @staticmethod
    def of(chunks: Iterable[Positions], *, folder: Path | None = None) -> Drops:
        """Collect row numbers.

        Args:
            chunks: row numbers counted from 0, in any order, also repeated.
            folder: where a large set is kept, in a file that has no name and vanishes with the process; the
                system's own place for such files by default.
        """
        bits = np.zeros(0, np.uint8)
        for rows in chunks:
            if len(rows):
                bits = _widened(bits, int(rows.max()) // 8 + 1, folder)
                np.bitwise_or.at(bits, rows >> 3, np.left_shift(1, rows & 7).astype(np.uint8))
        return Drops(bits)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Positions]:
        """Give the row numbers in rising order, in pieces of at most about a million."""
        for place, part in enumerate(_pieces(self._bits)):
            rows = np.flatnonzero(np.unpackbits(part, bitorder="little"))
            if len(rows):
                yield rows.astype(np.int64) + place * _CHUNK_BYTES * 8

    @property
    def rows(self) -> Positions:
        """All row numbers in rising order, in memory; iterate where there may be many."""
        return np.concatenate([np.zeros(0, np.int64), *self])

    def joined(self, rows: Positions, *, folder: Path | None = None) -> Drops:
        """Return these row numbers together with others.

        Args:
            rows: the others, in any order.
            folder: see ``of``.
        """
        if not len(rows):
            return self
        bits = _widened(self._bits, int(rows.max()) // 8 + 1, folder)
        bits = bits.copy() if bits is self._bits else bits
        np.bitwise_or.at(bits, rows >> 3, np.left_shift(1, rows & 7).astype(np.uint8))
        return Drops(bits)

    def contains(self, rows: Positions) -> Mask:
        """Tell for each row number whether it is one of these."""
        found = np.zeros(len(rows), np.bool_)
        if self._length:
            inside = np.flatnonzero(rows < len(self._bits) * 8)
            at = rows[inside]
            found[inside] = (self._bits[at >> 3] >> (at & 7).astype(np.uint8)) & 1
        return found


def _pieces(bits: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, len(bits), _CHUNK_BYTES):
        yield bits[start : start + _CHUNK_BYTES]


def _widened(bits: NDArray[np.uint8], size: int, folder: Path | None) -> NDArray[np.uint8]:
    """Return a bitmap of at least ``size`` bytes; past the limit it is a file with holes where no bit is set."""
    if size <= len(bits):
        return bits
    size = max(size, 2 * len(bits))
    if size <= _IN_MEMORY_BITMAP:
        wider = np.zeros(size, np.uint8)
    else:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.truncate(size)
            wider = np.memmap(file, np.uint8, "r+", shape=(size,))
    wider[: len(bits)] = bits
    return wider


class KeySpill:
    """Find the rows whose key another row has, over any number of rows and in bounded memory.

    Rows wait in memory; when there are too many, they go to one file, each lot ordered by partition (the leading
    bits of the hash), and the partitions are compared one by one.

    Args:
        folder: where the file is made, without a name, so that it vanishes with the process.
        partitions: parts that are compared one by one; a power of two up to 65536.
    """

    def __init__(self, folder: Path, *, partitions: int = 64) -> None:
        if not 1 <= partitions <= 1 << 16 or partitions & (partitions - 1):
            raise ValueError(f"partitions must be a power of two up to 65536, not {partitions}")
        self._folder = folder
        self._bits = partitions.bit_length() - 1
        self._waiting: list[NDArray[np.uint64]] = []
        self._waiting_bytes = 0
        self._file: IO[bytes] | None = None
        self._lots: list[tuple[int, NDArray[np.int64]]] = []  # where a lot begins, and its rows up to each partition
        self._width: int | None = None

    def add(self, hashes: Hashes, *, rows: Positions, rank: Positions | None = None) -> None:
        """Add rows by the hashes of their keys.

        Args:
            hashes: from ``hash_key``.
            rows: the rows' numbers in the dataset, each number once.
            rank: what ``best`` and ``newest`` choose by, greater is better; given always or never.
        """
        parts = [hashes, rows.astype(np.int64, copy=False).view(np.uint64)[:, None]]
        if rank is not None:
            parts.append(rank.astype(np.int64, copy=False).view(np.uint64)[:, None])
        records = np.concatenate(parts, axis=1)
        if self._width not in (None, records.shape[1]):
            raise ValueError("a rank is given for every row or for none")
        self._width = records.shape[1]
        self._waiting.append(records)
        self._waiting_bytes += records.nbytes
        if self._waiting_bytes >= _BUFFER_BYTES:
            self._spill()

    def losers(self, *, keep: Keep = "first", without: Drops | None = None) -> Drops:
        """Return the rows to drop so that one row of each key stays.

        Args:
            keep: which row of a key stays.
            without: rows that have left the dataset since they were added, and that neither stay nor are dropped.
        """
        if keep in ("best", "newest") and self._width == 3:
            raise ValueError(f"the {keep} row can only be told by a rank")
        found = (_repeats(records, keep=keep, without=without) for records in self._partitions())
        return Drops.of(found, folder=self._folder)

    def groups(self, *, without: Drops | None = None) -> Drops:
        """Return every row of the keys that more than one row has."""
        return self.losers(keep="none", without=without)

    def holds(self, hashes: Hashes, *, without: Drops | None = None) -> Mask:
        """Tell of other keys which of them a row has.

        Args:
            hashes: from ``hash_key``, of the same material as those of the rows; also repeated.
            without: rows that have left the dataset since they were added.
        """
        wanted = np.unique(hashes[:, 0])
        found: set[tuple[int, int]] = set()
        for records in self._partitions() if len(wanted) else ():
            at = np.minimum(np.searchsorted(wanted, records[:, 0]), len(wanted) - 1)
            near = records[wanted[at] == records[:, 0]]
            if without is not None and len(without):
                near = near[~without.contains(near[:, 2].view(np.int64))]
            found.update(zip(near[:, 0].tolist(), near[:, 1].tolist(), strict=True))
        pairs = zip(hashes[:, 0].tolist(), hashes[:, 1].tolist(), strict=True)
        return np.fromiter((pair in found for pair in pairs), np.bool_, len(hashes))

    def _spill(self) -> None:
        records = np.concatenate(self._waiting)
        self._waiting.clear()
        self._waiting_bytes = 0
        part = _leading(records[:, 0], 0, self._bits)
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115  it is closed with the spill
            weakref.finalize(self, let_go, self._file)
        start = self._file.seek(0, 2)
        self._file.write(records[np.argsort(part, kind="stable")].data)
        self._lots.append((start, np.concatenate([[0], np.cumsum(np.bincount(part, minlength=1 << self._bits))])))

    def _partitions(self) -> Iterator[NDArray[np.uint64]]:
        """Give the rows in parts that fit into memory; rows of one key are in the same part."""
        if self._file is None:
            if self._waiting:
                yield np.concatenate(self._waiting)
            return
        if self._waiting:
            self._spill()
        self._file.flush()
        for part in range(1 << self._bits):
            size = sum(int(ends[part + 1] - ends[part]) for _, ends in self._lots) * self._record_bytes
            finer = min(max(0, -(-size // _SORT_BYTES) - 1).bit_length(), 16)
            for piece in range(1 << finer):  # a partition that is too large is read several times, a piece each time
                lots = [lot[_leading(lot[:, 0], self._bits, finer) == piece] for lot in self._read(part)]
                if lots:
                    yield np.concatenate(lots)

    @property
    def _record_bytes(self) -> int:
        return 8 * (self._width or 0)

    def _read(self, part: int) -> Iterator[NDArray[np.uint64]]:
        for start, ends in self._lots:
            if ends[part + 1] > ends[part] and self._file is not None and self._width is not None:
                self._file.seek(start + int(ends[part]) * self._record_bytes)
                read = self._file.read(int(ends[part + 1] - ends[part]) * self._record_bytes)
                yield np.frombuffer(read, np.uint64).reshape(-1, self._width)


def _leading(hashes: NDArray[np.uint64], skip: int, bits: int) -> NDArray[np.uint16]:
    """Return the number that ``bits`` leading bits form after the first ``skip``; 16 bits sort fastest."""
    if not bits:
        return np.zeros(len(hashes), np.uint16)
    return ((hashes << np.uint64(skip)) >> np.uint64(64 - bits)).astype(np.uint16)


def _repeats(records: NDArray[np.uint64], *, keep: Keep, without: Drops | None) -> Positions:
    """Return the rows of a part that do not stay."""
    records = _suspects(records)
    if without is not None and len(without):
        records = records[~without.contains(records[:, 2].view(np.int64))]
    if not len(records):
        return np.zeros(0, np.int64)
    rows = records[:, 2].astype(np.int64)
    choice = [~rows if keep in ("last", "newest") else rows]
    if keep in ("best", "newest"):
        choice.append(~records[:, 3].astype(np.int64))
    order = np.lexsort((*choice, records[:, 1], records[:, 0]))
    first, second = records[order, 0], records[order, 1]
    like_previous = np.zeros(len(order), np.bool_)
    like_previous[1:] = (first[1:] == first[:-1]) & (second[1:] == second[:-1])
    if keep == "none":
        like_previous[:-1] |= like_previous[1:]
    return rows[order[like_previous]]


def _suspects(records: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the rows whose first hash another row has: nearly always few, so that the full sort is small."""
    order = np.argsort(records[:, 0])
    hashes = records[order, 0]
    same = hashes[1:] == hashes[:-1]
    suspect = np.zeros(len(order), np.bool_)
    suspect[1:] = same
    suspect[:-1] |= same
    return records[order[suspect]]
