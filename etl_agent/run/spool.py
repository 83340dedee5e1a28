"""What outlives its batch until the commit, on disk: rejected rows, and where each loaded row came from."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from etl_agent.batch import Origin, Positions
from etl_agent.paths import let_go
from etl_agent.rejects import Reason, Rejects

__all__ = ["OriginSpool", "Places", "RejectSpool", "raw_text"]

REJECT_SCHEMA = pa.schema(
    {
        "file": pa.string(),
        "line": pa.int64(),
        "byte_offset": pa.int64(),
        "stage": pa.string(),
        "step": pa.string(),
        "reasons": pa.string(),
        "raw": pa.string(),
    }
)


def raw_text(raw: bytes, *, encoding: str) -> str:
    """Write a raw record as text that any database can hold: NUL and invalid bytes as ``\\xNN``.

    >>> raw_text(b"1,\\xff,\\x00", encoding="utf-8")
    '1,\\\\xff,\\\\x00'
    """
    return raw.decode(encoding, errors="backslashreplace").replace("\0", "\\x00")


class RejectSpool:
    """Keep rejected rows in a file until the commit, and count their reasons.

    Args:
        folder: where the file is made.
        encodings: the encoding of each file of the dataset, by name.
    """

    def __init__(self, folder: Path, *, encodings: dict[str, str]) -> None:
        self._path = folder / "rejects.arrow"
        self._encodings = encodings
        self._writer: pa.ipc.RecordBatchStreamWriter | None = None
        self.rows = 0
        self.counts: dict[Reason, int] = {}
        self.by_file: dict[str, int] = {}

    def add(self, rejects: Sequence[Rejects]) -> None:
        """Append the rejects of one batch, in the order of its rows."""
        found = [one for one in rejects if len(one)]
        if not found:
            return
        if self._writer is None:
            options = pa.ipc.IpcWriteOptions(compression="lz4")
            self._writer = pa.ipc.new_stream(self._path, REJECT_SCHEMA, options=options)
        table = pa.Table.from_batches([self._table(one) for one in found])
        order = np.argsort(np.concatenate([one.origin.row for one in found]), kind="stable")
        for batch in table.take(order).to_batches():
            self._writer.write_batch(batch)
        for one in found:
            self._count(one)

    def _count(self, rejects: Rejects) -> None:
        self.rows += len(rejects)
        for reason, rows in rejects.counts.items():
            self.counts[reason] = self.counts.get(reason, 0) + rows
        for number, rows in enumerate(np.bincount(rejects.origin.file, minlength=1).tolist()):
            if rows:
                name = rejects.origin.files[number]
                self.by_file[name] = self.by_file.get(name, 0) + rows

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows as they came. No row may be added afterwards."""
        if self._writer is None:
            return
        self._writer.close()
        with pa.OSFile(str(self._path)) as file:
            yield from pa.ipc.open_stream(file)

    def _table(self, rejects: Rejects) -> pa.RecordBatch:
        origin = rejects.origin
        names = [origin.files[index] for index in origin.file.tolist()]
        raw = [
            raw_text(line, encoding=self._encodings.get(name, "utf-8"))
            for name, line in zip(names, rejects.raw, strict=True)
        ]
        size = len(rejects)
        columns = [
            pa.array(names, pa.string()),
            pa.array(origin.line),
            pa.array(origin.offset),
            pa.array([rejects.stage] * size, pa.string()),
            pa.array([rejects.step] * size, pa.string()),
            rejects.reasons,
            pa.array(raw, pa.string()),
        ]
        return pa.RecordBatch.from_arrays(columns, schema=REJECT_SCHEMA)


@dataclass(frozen=True, slots=True)
class Places:
    """Where some rows came from; arrays of one length, in dataset order."""

    row: Positions
    file: NDArray[np.int64]
    line: Positions
    offset: Positions
    length: Positions


class OriginSpool:
    """Remember on disk where every staged row came from, for rows that are rejected after they were staged."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "origins"
        self._file: BinaryIO = self._path.open("wb")
        weakref.finalize(self, let_go, self._file)

    def add(self, origin: Origin, *, file_numbers: Sequence[int]) -> None:
        """Append the rows of a staged batch; batches come in dataset order.

        Args:
            origin: the rows' origin.
            file_numbers: the number in the dataset of each of ``origin.files``.
        """
        files = np.asarray(file_numbers, np.int64)[origin.file]
        self._file.write(np.column_stack([origin.row, files, origin.line, origin.offset, origin.length]).tobytes())

    def find(self, rows: Positions) -> Places:
        """Look rows up by their number in the dataset.

        Args:
            rows: numbers of rows that were added, rising.
        """
        self._file.flush()
        if not len(rows):
            nothing = np.empty(0, np.int64)
            return Places(nothing, nothing, nothing, nothing, nothing)
        table = np.memmap(self._path, np.int64, "r").reshape(-1, 5)
        found = np.asarray(table[np.searchsorted(table[:, 0], rows)])
        return Places(*(np.ascontiguousarray(found[:, place]) for place in range(5)))
