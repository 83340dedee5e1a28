"""Entries that wait for a row which came by another way: a good row with their key closes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from etl_agent.batch import Positions
from etl_agent.rejects import ReasonCode
from etl_agent.run.correction import NOT_TEXT
from etl_agent.run.quarantine import Entry, Filters, find_entries, has_entries, in_parts, layouts_of
from etl_agent.run.telling import Cells, KeyTeller

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from etl_agent.load.ledger_tables import LedgerTables
    from etl_agent.orchestrate.sequential import PipelineSpec
    from etl_agent.run.books import Books
    from etl_agent.run.prepare import Prepared
    from etl_agent.run.result import FileLayout

__all__ = ["close_arrived"]

_AT_ONCE = 20_000  # entries: some ten megabytes of records
_COMPARED = 1 << 18  # keys that are looked for in one pass over those of the dataset; 6 MB
_DISPUTED: ReasonCode = "primary-key-error"  # the table holds its key with other content: no arrival answers that


def close_arrived(
    connection: Connection,
    tables: LedgerTables,
    *,
    spec: PipelineSpec,
    prepared: Prepared,
    books: Books,
    file: str,
    run_id: int,
) -> int:
    """Close the open entries of earlier runs whose key a good row of this run has, and return how many.

    The key of an entry is what the pipeline makes of the cells of its record today. It cannot be told, and the entry
    stays open, where the record has no cells, a cell of the key does not fit its type, or its value depends on other
    rows: on what a step learned from a dataset, or on the row before.

    Args:
        connection: inside the load's transaction, after its rows and before its own entries.
        tables: the ledger.
        spec: the pipeline; entries of others are left alone.
        prepared: the run's plan and contract.
        books: knows the keys of the rows that are loaded.
        file: a file of the dataset.
        run_id: the run.
    """
    waiting = Filters(table=spec.load.table, pipelines=(spec.name,), status=("open",))
    key = spec.load.primary_key
    if not key or not has_entries(connection, tables, waiting):
        return 0
    teller = KeyTeller(spec.extract, prepared, key=key, learned=False)
    if not teller.possible:
        return 0
    layouts = layouts_of(connection, tables, waiting)
    found: list[Positions] = []
    for ids, values in _compared(_keys(teller, find_entries(connection, tables, waiting), layouts, file=file)):
        found.append(ids[books.brought(key, values)])
    entries = tables.quarantine
    closed = 0
    for part in in_parts(int(number) for ids in found for number in ids):
        change = entries.update().where(entries.c.id.in_(part), entries.c.status == "open")
        closed += connection.execute(change.values(status="closed", replayed_by=run_id)).rowcount
    return closed


def _keys(
    teller: KeyTeller,
    entries: Iterator[Entry],
    layouts: Mapping[tuple[int, str], FileLayout | None],
    *,
    file: str,
) -> Iterator[tuple[Positions, list[pa.Array]]]:
    """Yield the numbers of entries whose key can be told, and the values of its columns."""
    while part := list(islice(entries, _AT_ONCE)):
        ids: list[int] = []
        rows: list[Cells] = []
        for entry in part:
            codes = {reason.code for reason in entry.reasons}
            if _DISPUTED in codes:
                continue
            layout = layouts[entry.run_id, entry.file]
            cells = teller.cells(entry.raw, file=entry.file, layout=layout, escaped=bool(codes & NOT_TEXT))
            if cells is not None:
                ids.append(entry.id)
                rows.append(cells)
        if rows:
            columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
            values, told = teller.tell(pa.RecordBatch.from_arrays(columns, names=list(teller.door)), file=file)
            if told.any():
                kept = pa.array(told)
                yield np.array(ids, np.int64)[told], [column.filter(kept) for column in values]


def _compared(keys: Iterator[tuple[Positions, list[pa.Array]]]) -> Iterator[tuple[Positions, list[pa.Array]]]:
    """Join what was read to lots that are worth a pass over the dataset's keys."""
    waiting: list[tuple[Positions, list[pa.Array]]] = []
    for one in keys:
        waiting.append(one)
        if sum(len(ids) for ids, _ in waiting) >= _COMPARED:
            yield _joined(waiting)
            waiting = []
    if waiting:
        yield _joined(waiting)


def _joined(parts: Sequence[tuple[Positions, list[pa.Array]]]) -> tuple[Positions, list[pa.Array]]:
    columns = zip(*(values for _, values in parts), strict=True)
    return np.concatenate([ids for ids, _ in parts]), [pa.concat_arrays(column) for column in columns]
