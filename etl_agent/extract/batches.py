"""The pieces of a file put together into batches of the dataset's columns."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from etl_agent.batch import Batch, Origin, RawText
from etl_agent.extract.raw import HeldBlocks
from etl_agent.extract.reader import Piece, Reader, Wrong
from etl_agent.rejects import Reason, Rejects, Verdict

__all__ = ["Layout", "batches_of"]

_MOST_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Layout:
    """How the columns of a file become those of the dataset.

    Args:
        names: the columns of the dataset; the added ones are the last.
        places: for each column that is not added its place in the file, or None if the file lacks it.
        constants: the values of the added columns.
    """

    names: tuple[str, ...]
    places: tuple[int | None, ...]
    constants: tuple[str, ...]

    def arrange(self, columns: Sequence[pa.Array], *, rows: int) -> pa.RecordBatch:
        """Put the columns of a file into the dataset's order, with nulls for what it lacks."""
        arranged = [pa.nulls(rows, pa.string()) if place is None else columns[place] for place in self.places]
        arranged += [pa.repeat(pa.scalar(value, pa.string()), rows) for value in self.constants]
        return pa.RecordBatch.from_arrays(arranged, schema=pa.schema([(name, pa.string()) for name in self.names]))


@dataclass(slots=True)
class _Held:
    """Pieces that wait to become a batch, and the number of the first record of each in the dataset."""

    pieces: list[Piece] = field(default_factory=list)
    first: list[int] = field(default_factory=list)
    rows: int = 0
    records: int = 0
    size: int = 0

    def add(self, piece: Piece, row: int) -> None:
        self.pieces.append(piece)
        self.first.append(row)
        self.rows += len(piece)
        self.records += piece.records
        self.size += len(piece.raw)


def batches_of(reader: Reader, layout: Layout, *, name: str, row: int, rows: int) -> Iterator[Verdict]:
    """Give the batches of a file.

    Args:
        reader: the file's records.
        layout: how its columns become the dataset's.
        name: what users call the file.
        row: number of the file's first record in the dataset.
        rows: the most rows of a batch.
    """
    held = _Held()
    for piece in reader.pieces():
        held.add(piece, row)
        row += piece.records
        if held.records >= rows or held.size >= _MOST_BYTES:
            yield from _verdicts(held, layout, name=name, rows=rows)
            held = _Held()
    yield from _verdicts(held, layout, name=name, rows=rows)


def _verdicts(held: _Held, layout: Layout, *, name: str, rows: int) -> Iterator[Verdict]:
    """Make batches of the pieces; the rejects go with the batch whose rows they stand before or among."""
    if not held.records:
        return
    batch = _batch(held, layout, name=name)
    starts = zip(held.first, held.pieces, strict=True)
    wrong = [(first + bad.record, bad) for first, piece in starts for bad in piece.wrong]
    for start in range(0, max(len(batch), 1), rows):
        part = _slice(batch, start, rows)
        last = start + rows >= len(batch)
        until = len(wrong) if last else int(np.searchsorted([row for row, _ in wrong], part.origin.row[-1]))
        rejects = _rejects(wrong[:until], name=name, raw=batch.origin.raw[0])
        wrong = wrong[until:]
        yield Verdict(part, rejects)


def _batch(held: _Held, layout: Layout, *, name: str) -> Batch:
    pieces = held.pieces
    width = len(pieces[0].columns)
    if len(pieces) == 1:
        columns = pieces[0].columns
    else:
        columns = [pa.concat_arrays([piece.columns[place] for piece in pieces]) for place in range(width)]
    origin = Origin(
        files=(name,),
        file=np.zeros(held.rows, np.int32),
        row=np.concatenate([piece.record + first for piece, first in zip(pieces, held.first, strict=True)]),
        line=np.concatenate([piece.line for piece in pieces]),
        offset=np.concatenate([piece.offset for piece in pieces]),
        length=np.concatenate([piece.length for piece in pieces]),
        raw=(HeldBlocks([(piece.at, piece.raw) for piece in pieces]),),
    )
    return Batch(layout.arrange(columns, rows=held.rows), origin)


def _slice(batch: Batch, start: int, rows: int) -> Batch:
    if start == 0 and rows >= len(batch):
        return batch
    at = slice(start, start + rows)
    origin = batch.origin
    part = replace(
        origin,
        file=origin.file[at],
        row=origin.row[at],
        line=origin.line[at],
        offset=origin.offset[at],
        length=origin.length[at],
    )
    return Batch(batch.data.slice(start, rows), part)


def _rejects(wrong: Sequence[tuple[int, Wrong]], *, name: str, raw: RawText) -> tuple[Rejects, ...]:
    if not wrong:
        return ()
    bad = [record for _, record in wrong]
    origin = Origin(
        files=(name,),
        file=np.zeros(len(bad), np.int32),
        row=np.array([row for row, _ in wrong], np.int64),
        line=np.array([record.line for record in bad], np.int64),
        offset=np.array([record.offset for record in bad], np.int64),
        length=np.array([len(record.raw) for record in bad], np.int64),
        raw=(raw,),
    )
    counts = Counter(Reason(code) for record in bad for code in record.codes)
    kinds = {record.codes for record in bad}
    texts = {codes: json.dumps([Reason(code).as_dict() for code in codes]) for codes in kinds}
    return (
        Rejects(
            origin=origin,
            stage="extract",
            step=None,
            reasons=pa.array([texts[record.codes] for record in bad], pa.string()),
            raw=tuple(record.raw for record in bad),
            counts=dict(counts),
        ),
    )
