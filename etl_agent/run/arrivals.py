"""Entries that wait for a row which came by another way: a good row with their key closes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from etl_agent.batch import Positions
from etl_agent.hashing import Hashes
from etl_agent.rejects import ReasonCode
from etl_agent.run.correction import NOT_TEXT
from etl_agent.run.quarantine import Entry, Filters, in_parts, layouts_of, oldest_entries
from etl_agent.run.telling import Cells, KeyTeller

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from etl_agent.extract.dataset import Dataset
    from etl_agent.load.ledger_tables import LedgerTables
    from etl_agent.load.tx import Tx
    from etl_agent.orchestrate.sequential import PipelineSpec
    from etl_agent.run.books import Books
    from etl_agent.run.outcome import Run
    from etl_agent.run.prepare import Prepared
    from etl_agent.run.result import FileLayout

    Layouts = Mapping[tuple[int, str], FileLayout | None]

__all__ = ["Arrivals", "expect_arrivals"]

_AT_ONCE = 20_000  # entries: some ten megabytes of records
_COMPARED = 1 << 18  # keys that are looked for in one pass over those of the dataset; 6 MB
_DISPUTED: ReasonCode = "primary-key-error"  # the table holds its key with other content: no arrival answers that


def expect_arrivals(run: Run, dataset: Dataset, tx: Tx, *, prepared: Prepared, books: Books) -> Arrivals | None:
    """Look at what waits for rows of a run; None where these may be older than what waits.

    Args:
        run: the run.
        dataset: its files, read to their end.
        tx: the load, before its transaction begins.
        prepared: the run's plan and contract.
        books: what became of the rows.
    """
    tallies = dataset.tallies()
    if run.replay is not None or run.options.reload or not tallies:
        return None
    arrivals = Arrivals(run.spec, prepared, books, file=tallies[0].file)
    arrivals.look(tx)
    return arrivals


class Arrivals:
    """Close the open entries of earlier runs whose key a good row of this run has.

    The key of an entry is what the pipeline makes of the cells of its record today. It cannot be told, and the entry
    stays open, where the record has no cells, a cell of the key does not fit its type, or its value depends on other
    rows: on what a step learned from a dataset, or on the row before.

    The entries that are there before the load's transaction begins are read before it, since all who write into an
    SQLite file wait for its one lock. Which of them are closed is decided within it: by what they are then, and by the
    rows that are loaded.

    Args:
        spec: the pipeline; entries of others are left alone.
        prepared: the run's plan and contract.
        books: knows the keys of the rows.
        file: a file of the dataset.
    """

    def __init__(self, spec: PipelineSpec, prepared: Prepared, books: Books, *, file: str) -> None:
        self._key = spec.load.primary_key
        self._waiting = Filters(table=spec.load.table, pipelines=(spec.name,), status=("open",))
        self._teller = KeyTeller(spec.extract, prepared, key=self._key, learned=False)
        self._possible = bool(self._key) and self._teller.possible
        self._books = books
        self._file = file
        self._seen = 0  # the newest entry that was looked at
        self._new: list[tuple[Positions, Hashes]] = []  # keys that are not compared with those of the dataset yet
        self._found: list[tuple[Positions, Hashes]] = []  # keys that the dataset has

    def look(self, tx: Tx) -> None:
        """Look at the entries that are there, as long as that keeps nobody waiting.

        Args:
            tx: the load, before its transaction begins.
        """
        from etl_agent.load.ledger_tables import VERSION, version_of

        while self._possible:
            with tx.unlocked() as connection:
                if connection is None or version_of(connection, tables=tx.tables) != VERSION:
                    return
                part, layouts = self._next(connection, tx.tables)
            if not part:
                return
            self._note(part, layouts)

    def close(self, connection: Connection, tables: LedgerTables, *, run_id: int) -> int:
        """Close the entries whose rows have arrived, and return how many.

        Args:
            connection: inside the load's transaction, after its rows and before its own entries.
            tables: the ledger.
            run_id: the run.
        """
        while self._possible:
            part, layouts = self._next(connection, tables)
            if not part:
                break
            self._note(part, layouts)
        self._compare()
        entries = tables.quarantine
        closed = 0
        for ids, hashes in self._found:
            arrived = ids[self._books.brought(self._key, hashes)]  # rows may have been rejected since
            for some in in_parts(int(number) for number in arrived):
                change = entries.update().where(entries.c.id.in_(some), entries.c.status == "open")
                closed += connection.execute(change.values(status="closed", replayed_by=run_id)).rowcount
        return closed

    def _next(self, connection: Connection, tables: LedgerTables) -> tuple[list[Entry], Layouts]:
        """Read the next entries, with how their files are written; none at the end."""
        part = oldest_entries(connection, tables, replace(self._waiting, after=self._seen), most=_AT_ONCE)
        if not part:
            return [], {}
        layouts = layouts_of(connection, tables, replace(self._waiting, after=self._seen, newest=part[-1].id))
        self._seen = part[-1].id
        return part, layouts

    def _note(self, part: Sequence[Entry], layouts: Layouts) -> None:
        """Keep the numbers and keys of entries whose key can be told."""
        ids: list[int] = []
        rows: list[Cells] = []
        for entry in part:
            codes = {reason.code for reason in entry.reasons}
            if _DISPUTED in codes:
                continue
            layout = layouts[entry.run_id, entry.file]
            cells = self._teller.cells(entry.raw, file=entry.file, layout=layout, escaped=bool(codes & NOT_TEXT))
            if cells is not None:
                ids.append(entry.id)
                rows.append(cells)
        if not rows:
            return
        columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
        data = pa.RecordBatch.from_arrays(columns, names=list(self._teller.door))
        values, told = self._teller.tell(data, file=self._file)
        hashes = self._books.hashed(self._key, [column.filter(pa.array(told)) for column in values])
        if hashes is not None:
            self._new.append((np.array(ids, np.int64)[told], hashes))
        if sum(len(ids) for ids, _ in self._new) >= _COMPARED:
            self._compare()

    def _compare(self) -> None:
        """Keep of the new keys those that the dataset has."""
        if not self._new:
            return
        ids, hashes = (np.concatenate(arrays) for arrays in zip(*self._new, strict=True))
        here = self._books.brought(self._key, hashes)
        self._found.append((ids[here], hashes[here]))
        self._new.clear()
