"""Records of a full snapshot that are not loaded, by their keys: what has such a key in the table is not gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from etl_agent.batch import Batch, Mask, Positions
from etl_agent.run.correction import NOT_TEXT
from etl_agent.run.quarantine import reasons_in
from etl_agent.run.result import FileLayout
from etl_agent.run.spool import raw_text
from etl_agent.run.telling import Cells, KeyTeller

if TYPE_CHECKING:
    from etl_agent.extract.dataset import Dataset
    from etl_agent.orchestrate.sequential import PipelineSpec
    from etl_agent.rejects import Rejects, Verdict
    from etl_agent.run.chain import Passed
    from etl_agent.run.prepare import Prepared

__all__ = ["Withheld", "WithheldKeys", "Withholding"]


@dataclass(frozen=True, slots=True)
class Withheld:
    """The keys of a batch's records that do not reach the load.

    Args:
        keys: the values of the key's columns, of the contract's types, for the records whose key can be told.
        rows: the numbers of these records in the dataset.
        untold: rejected records whose key cannot be told.
    """

    keys: tuple[pa.RecordBatch, ...]
    rows: tuple[Positions, ...]
    untold: int


class Withholding:
    """Tell the keys of the records that a batch loses on its way.

    The key of a rejected record is what the pipeline makes of its cells, whatever else is wrong with it. It cannot be
    told where the record is malformed, where a cell of the key is empty or does not fit its type, or where the key
    depends on the row before. A record that is filtered is there too, if it has a key; if it has none, it is no record
    by the user's own word.

    Args:
        spec: the pipeline.
        dataset: its files.
        prepared: its steps and contract.
    """

    def __init__(self, spec: PipelineSpec, dataset: Dataset, prepared: Prepared) -> None:
        self._teller = KeyTeller(spec.extract, prepared, key=spec.load.primary_key, learned=True)
        self._names = list(spec.load.primary_key)
        self._door = replace(prepared.door, effect="discard_value")  # what is wrong with a record does not matter here
        self._layouts = {
            file.name: FileLayout(file.header, file.dialect.delimiter, file.dialect.quote) for file in dataset.files
        }
        self._encodings = {file.name: file.dialect.encoding.name for file in dataset.files}

    def around(self, work: Callable[[Verdict], Passed]) -> Callable[[Verdict], Passed]:
        """Return the same work, with the keys of what it does not let through."""

        def passing(verdict: Verdict) -> Passed:
            passed = work(verdict)
            if len(passed.kept) == len(verdict.kept) and not verdict.rejects:
                return passed
            return replace(passed, withheld=self._withheld(verdict, passed))

        return passing

    def _withheld(self, verdict: Verdict, passed: Passed) -> Withheld:
        keys: list[pa.RecordBatch] = []
        rows: list[Positions] = []
        untold = 0

        def enter(data: pa.RecordBatch, numbers: Positions, file: str) -> Mask:
            values, told = self._teller.tell(data, file=file)
            if told.any():
                keys.append(pa.RecordBatch.from_arrays(values, names=self._names).filter(pa.array(told)))
                rows.append(numbers[told])
            return told

        lost = verdict.kept.keep(~np.isin(verdict.kept.origin.row, passed.kept.origin.row, assume_unique=True))
        if len(lost):
            told = enter(self._entered(lost), lost.origin.row, _file_of(lost))
            rejected = np.concatenate([np.empty(0, np.int64), *(one.origin.row for one in passed.rejects)])
            untold += int(np.count_nonzero(~told & np.isin(lost.origin.row, rejected)))
        for rejects in verdict.rejects:
            untold += len(rejects)
            for file, numbers, cells in self._readable(rejects):
                columns = [pa.array(column, pa.string()) for column in zip(*cells, strict=True)]
                data = pa.RecordBatch.from_arrays(columns, names=list(self._teller.door))
                untold -= int(np.count_nonzero(enter(data, numbers, file)))
        return Withheld(tuple(keys), tuple(rows), untold)

    def _entered(self, lost: Batch) -> pa.RecordBatch:
        return self._door.enter(lost)[0].kept.data

    def _readable(self, rejects: Rejects) -> Iterator[tuple[str, Positions, Sequence[Cells]]]:
        """Give the cells of records in which nothing is wrong but bytes that are no text, file by file."""
        if not self._teller.possible:
            return
        for number, file in enumerate(rejects.origin.files):
            numbers: list[int] = []
            found: list[Cells] = []
            for at in np.flatnonzero(rejects.origin.file == number).tolist():
                if not {reason.code for reason in reasons_in(rejects.reasons[at].as_py())} <= NOT_TEXT:
                    continue
                raw = raw_text(rejects.raw[at], encoding=self._encodings[file])
                cells = self._teller.cells(raw, file=file, layout=self._layouts[file], escaped=True)
                if cells is not None:
                    numbers.append(int(rejects.origin.row[at]))
                    found.append(cells)
            if found:
                yield file, np.array(numbers, np.int64), found


class WithheldKeys:
    """Keep the keys of a run's withheld records in a file until the load takes them.

    Args:
        folder: where the file is made.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "withheld.arrow"
        self._writer: pa.ipc.RecordBatchStreamWriter | None = None
        self.untold = 0
        """Rejected records whose key cannot be told."""

    def add(self, withheld: Withheld) -> None:
        """Append the keys of one batch."""
        self.untold += withheld.untold
        for keys, rows in zip(withheld.keys, withheld.rows, strict=True):
            # the numbers stand in a last column, found by its place: its name may be taken by a column of the user's
            schema = keys.schema.append(pa.field("row", pa.int64()))
            data = pa.RecordBatch.from_arrays([*keys.columns, pa.array(rows)], schema=schema)
            if self._writer is None:
                self._writer = pa.ipc.new_stream(self._path, schema, options=pa.ipc.IpcWriteOptions(compression="lz4"))
            self._writer.write_batch(data)

    def batches(self) -> Iterator[tuple[pa.RecordBatch, Positions]]:
        """Yield the keys, and the numbers of their records. None may be added afterwards."""
        if self._writer is None:
            return
        self._writer.close()
        with pa.OSFile(str(self._path)) as file:
            for batch in pa.ipc.open_stream(file):
                last = batch.num_columns - 1
                yield batch.select(list(range(last))), batch.column(last).to_numpy()


def _file_of(batch: Batch) -> str:
    """Name the file that the rows of a batch are of: batches are of one file."""
    return batch.origin.files[int(batch.origin.file[0])]
