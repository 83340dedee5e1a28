"""The unit that flows through a pipeline: rows as Arrow columns, and where each of them came from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

__all__ = ["Batch", "Mask", "Origin", "Positions", "RawText", "as_mask"]

Mask = NDArray[np.bool_]
"""One truth value a row, never null."""

Positions = NDArray[np.int64]
"""One 64-bit number a row."""

RawText = Callable[[Positions, Positions], list[bytes]]
"""The raw bytes of records, given where each begins in its file (bytes) and how long it is (bytes)."""


def as_mask(truth: pa.BooleanArray) -> Mask:
    """Turn an Arrow truth column into a mask; null is false."""
    known = pc.fill_null(truth, fill_value=False) if truth.null_count else truth
    mask: Mask = known.to_numpy(zero_copy_only=False)
    return mask


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the rows of a batch came from; every array is as long as the batch.

    Args:
        files: names of the files that the rows came from, in dataset order.
        file: index into ``files``, one a row.
        row: number of the record in the dataset, counted from 0 over all files, one a row; unique in a run
            and rising within a batch.
        line: first physical line of the record in its file, counted from 1, one a row.
        offset: first byte of the record in its decompressed file, counted from 0, one a row.
        length: bytes of the record in its decompressed file, without its line end, one a row.
        raw: gives back the records' raw bytes for as long as the batch lives; one callable for each of ``files``.
    """

    files: tuple[str, ...]
    file: NDArray[np.int32]
    row: Positions
    line: Positions
    offset: Positions
    length: Positions
    raw: tuple[RawText, ...]

    def __len__(self) -> int:
        return len(self.row)

    @staticmethod
    def nowhere(rows: int) -> Origin:
        """Make the origin of rows that stand in no file, numbered from 0; their raw bytes are empty."""
        numbers, zeros = np.arange(rows, dtype=np.int64), np.zeros(rows, np.int64)
        return Origin(
            files=("",),
            file=np.zeros(rows, np.int32),
            row=numbers,
            line=zeros,
            offset=zeros,
            length=zeros,
            raw=(lambda offsets, _: [b""] * len(offsets),),
        )

    def keep(self, mask: Mask) -> Origin:
        """Keep the rows where the mask is true."""
        return replace(
            self,
            file=self.file[mask],
            row=self.row[mask],
            line=self.line[mask],
            offset=self.offset[mask],
            length=self.length[mask],
        )

    def raw_lines(self) -> list[bytes]:
        """Return the raw bytes of every record, in order."""
        lines: list[bytes] = [b""] * len(self)
        for index in np.unique(self.file).tolist():
            at = np.flatnonzero(self.file == index)
            for place, line in zip(at.tolist(), self.raw[index](self.offset[at], self.length[at]), strict=True):
                lines[place] = line
        return lines

    @staticmethod
    def join(origins: Sequence[Origin]) -> Origin:
        """Put origins one behind the other, renumbering their files."""
        shift = np.cumsum([0, *(len(origin.files) for origin in origins)])[:-1]
        return Origin(
            files=tuple(name for origin in origins for name in origin.files),
            file=np.concatenate([o.file + np.int32(s) for o, s in zip(origins, shift, strict=True)]),
            row=np.concatenate([origin.row for origin in origins]),
            line=np.concatenate([origin.line for origin in origins]),
            offset=np.concatenate([origin.offset for origin in origins]),
            length=np.concatenate([origin.length for origin in origins]),
            raw=tuple(raw for origin in origins for raw in origin.raw),
        )


@dataclass(frozen=True, slots=True)
class Batch:
    """A bounded piece of a dataset.

    Args:
        data: the columns; all of them text (``pa.string()``) from extract to the end of clean, and of the
            contract's types after it. Null and the empty string are different values.
        origin: where each row came from; as long as ``data``.
    """

    data: pa.RecordBatch
    origin: Origin

    def __len__(self) -> int:
        return len(self.origin)

    def keep(self, mask: Mask) -> Batch:
        """Keep the rows where the mask is true."""
        if mask.all():
            return self
        return Batch(self.data.filter(pa.array(mask)), self.origin.keep(mask))

    def with_data(self, data: pa.RecordBatch) -> Batch:
        """Put other columns on the same rows."""
        return Batch(data, self.origin)
