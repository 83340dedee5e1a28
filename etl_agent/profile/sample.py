"""A sample of rows that merges and stays small: the rows whose numbers hash lowest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from etl_agent.profile.patterns import collapsed_patterns

__all__ = ["SAMPLE_ROWS", "RowSample"]

SAMPLE_ROWS = 32_768
_STRATUM_ROWS = 4  # rows kept of each pattern of each column, however rare it is
_STRATA = 64  # patterns of a column that are told apart
_POOL = 4  # rows that patterns are looked for in, for each row of the sample
_NO_LIMIT = 2**64 - 1
_PREFIX = 48  # characters of a cell that its pattern is made of
_PIECE = 8_192  # cells whose patterns are made at once: what that needs fits into a processor's cache


@dataclass(frozen=True, slots=True)
class RowSample:
    """Rows of a dataset, chosen by nothing but their numbers and their patterns; all rows while they are few.

    Every row has a fixed pseudo-random rank, made of its number. The rows of the lowest ranks stay, and of some more
    rows the lowest-ranked few of every value pattern, so that rare spellings are seen too. Which rows stay, once pieces
    were combined, depends on neither order nor batches.

    Source: bottom-k sampling, Cohen, Kaplan, "Summarizing data using bottom-k sketches" (2007).

    Args:
        data: the rows, in the order of their numbers.
        numbers: the number of each row in the dataset.
        seen: rows of the dataset so far.
        limit: rows above this rank cannot be in a sample that this one is merged into.
    """

    data: pa.RecordBatch | None = None
    numbers: NDArray[np.int64] | None = None
    seen: int = 0
    limit: int = _NO_LIMIT

    def __len__(self) -> int:
        return 0 if self.data is None else self.data.num_rows

    @property
    def whole(self) -> bool:
        """Whether no row was left out."""
        return self.data is None or bool(self.data.num_rows == self.seen)

    @property
    def fair(self) -> pa.RecordBatch | None:
        """The rows that were chosen by their numbers alone, so that shares of them are shares of the dataset."""
        if self.data is None or self.numbers is None or self.whole or len(self) <= SAMPLE_ROWS:
            return self.data
        rows = np.sort(np.argpartition(_ranks(self.numbers), SAMPLE_ROWS - 1)[:SAMPLE_ROWS])
        return self.data.take(pa.array(rows))

    @staticmethod
    def of(data: pa.RecordBatch, numbers: NDArray[np.int64], *, limit: int = _NO_LIMIT) -> RowSample:
        """Sample a batch of text columns.

        Args:
            data: the rows.
            numbers: the number of each row in the dataset.
            limit: that of a sample which this one will be merged with: looking at fewer rows is faster.
        """
        if not data.num_rows:
            return RowSample()
        kept = np.flatnonzero(_ranks(numbers) <= np.uint64(limit))
        part = data if len(kept) == data.num_rows else data.take(pa.array(kept))
        return RowSample(part, numbers[kept].astype(np.int64), data.num_rows, limit)

    def combine(self, *others: RowSample, stratified: bool = True) -> RowSample:
        """Merge the samples of pieces of a dataset; a column that one lacks is null there.

        Args:
            others: the samples to merge with this one.
            stratified: whether to keep rows for their rare patterns; without, every row has the same chance.
        """
        pieces = [piece for piece in (self, *others) if piece.data is not None]
        if not pieces:
            return RowSample()
        tables = [pa.Table.from_batches([piece.data]) for piece in pieces]
        merged = pa.concat_tables(tables, promote_options="default").combine_chunks()
        data = pa.RecordBatch.from_arrays(
            [column.combine_chunks() for column in merged.columns], names=merged.column_names
        )
        numbers = np.concatenate([piece.numbers for piece in pieces if piece.numbers is not None])
        limit = min(piece.limit for piece in pieces)
        return _least(data, numbers, sum(piece.seen for piece in pieces), limit, stratified=stratified)


def _least(
    data: pa.RecordBatch, numbers: NDArray[np.int64], seen: int, limit: int = _NO_LIMIT, *, stratified: bool
) -> RowSample:
    rows = np.arange(len(numbers))
    if len(numbers) > SAMPLE_ROWS:
        ranks = _ranks(numbers)
        last = int(np.partition(ranks, SAMPLE_ROWS - 1)[SAMPLE_ROWS - 1])
        limit = min(limit, _POOL * last if stratified else last)
        keep = ranks <= np.uint64(last)
        pool = np.flatnonzero(ranks <= np.uint64(limit))
        if stratified and len(pool) > SAMPLE_ROWS:
            looked_at = data if len(pool) == len(ranks) else data.take(pa.array(pool))
            lowest_first = np.argsort(ranks[pool])
            for column in looked_at.columns:
                keep[pool[lowest_first[_strata(column, lowest_first)]]] = True
        rows = np.flatnonzero(keep)
    rows = rows[np.argsort(numbers[rows], kind="stable")]
    return RowSample(data.take(pa.array(rows)), numbers[rows], seen, limit)


def _strata(column: pa.Array, order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Find the first rows of each pattern, unless the patterns are as many as the values of free text.

    Args:
        column: text.
        order: the places of its cells, in the order in which they are looked at.

    Returns:
        Places in that order.
    """
    cells = _beginnings(column)
    pieces = [collapsed_patterns(cells.slice(at, _PIECE)) for at in range(0, len(cells), _PIECE)]
    encoded = pa.chunked_array(pieces).dictionary_encode().combine_chunks()
    if len(encoded.dictionary) > _STRATA:
        return np.zeros(0, np.int64)
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int8).take(order)
    by_code = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[by_code], prepend=np.int8(-2)))
    sizes = np.minimum(np.diff(starts, append=len(codes)), _STRATUM_ROWS)
    return np.concatenate([by_code[start : start + size] for start, size in zip(starts, sizes, strict=True)])


def _beginnings(column: pa.Array) -> pa.Array:
    """Return the part of each cell that its pattern is made of."""
    if (pc.max(pc.binary_length(column)).as_py() or 0) <= _PREFIX:
        return column
    return pc.utf8_slice_codeunits(column, 0, _PREFIX)


def _ranks(numbers: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Give every row number a fixed pseudo-random rank (the finaliser of SplitMix64)."""
    mixed = numbers.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
