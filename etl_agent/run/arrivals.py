"""Entries that wait for a row which came by another way: a good row with their key closes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from etl_agent.batch import Mask, Positions
from etl_agent.clean.own import answering
from etl_agent.clean.step import CarryStep, RowStep
from etl_agent.errors import ConfigurationError
from etl_agent.extract.columns import constants, places
from etl_agent.extract.spec import Extract
from etl_agent.orchestrate.plan import Plan, origins
from etl_agent.rejects import ReasonCode
from etl_agent.run.correction import NOT_TEXT, split
from etl_agent.run.quarantine import Entry, Filters, find_entries, has_entries, in_parts, layouts_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from etl_agent.clean.step import Step
    from etl_agent.load.ledger_tables import LedgerTables
    from etl_agent.orchestrate.sequential import PipelineSpec
    from etl_agent.run.books import Books
    from etl_agent.run.prepare import Prepared
    from etl_agent.run.result import FileLayout

__all__ = ["close_arrived"]

_AT_ONCE = 20_000  # entries: some ten megabytes of records
_COMPARED = 1 << 18  # keys that are looked for in one pass over those of the dataset; 6 MB
_DISPUTED: ReasonCode = "primary-key-error"  # the table holds its key with other content: no arrival answers that

Cells = tuple[str | None, ...]


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
    reading = _Reading(spec.extract, prepared, key=key, file=file)
    if not reading.possible:
        return 0
    layouts = layouts_of(connection, tables, waiting)
    found: list[Positions] = []
    for ids, values in _compared(reading.keys(find_entries(connection, tables, waiting), layouts)):
        found.append(ids[books.brought(key, values)])
    entries = tables.quarantine
    closed = 0
    for part in in_parts(int(number) for ids in found for number in ids):
        change = entries.update().where(entries.c.id.in_(part), entries.c.status == "open")
        closed += connection.execute(change.values(status="closed", replayed_by=run_id)).rowcount
    return closed


class _Reading:
    """Read the keys of entries by the plan of a run."""

    def __init__(self, extract: Extract, prepared: Prepared, *, key: tuple[str, ...], file: str) -> None:
        self._extract = extract
        self._contract = prepared.contract
        self._key = key
        self._door = prepared.plan.door
        self._steps = prepared.fits.of_file(file)
        known = origins([planned.step for planned in prepared.plan.steps], self._door)
        sources = frozenset().union(*(known.get(name, frozenset()) for name in key))
        self._needed = tuple(at for at, name in enumerate(self._door) if name in sources)
        self.possible = all(name in known for name in key) and not _depends_on_others(prepared.plan, key)
        """Whether a row's key can be told by the row alone."""
        self._added: dict[str, dict[str, str]] = {}

    def keys(
        self, entries: Iterator[Entry], layouts: dict[tuple[int, str], FileLayout | None]
    ) -> Iterator[tuple[Positions, list[pa.Array]]]:
        """Yield the numbers of entries whose key can be told, and the values of its columns."""
        places_in = {pair: places(self._door, layout.header) for pair, layout in layouts.items() if layout is not None}
        while part := list(islice(entries, _AT_ONCE)):
            ids: list[int] = []
            rows: list[Cells] = []
            for entry in part:
                pair = (entry.run_id, entry.file)
                cells = self._cells(entry, layouts[pair], places_in.get(pair, ()))
                if cells is not None:
                    ids.append(entry.id)
                    rows.append(cells)
            if rows and (values := self._values(rows)) is not None:
                told = _told(values)
                kept = pa.array(told)
                yield np.array(ids, np.int64)[told], [column.filter(kept) for column in values]

    def _cells(self, entry: Entry, layout: FileLayout | None, where: Sequence[int | None]) -> Cells | None:
        """Return a record's cells as they enter the first step; None if those of the key are not all there."""
        codes = {reason.code for reason in entry.reasons}
        cells = None if _DISPUTED in codes else split(entry.raw, layout)
        added = self._constants(entry.file)
        if cells is None or added is None:
            return None
        found = tuple(added.get(name) if at is None else cells[at] for name, at in zip(self._door, where, strict=True))
        escaped = bool(codes & NOT_TEXT)
        for at in self._needed:
            if where[at] is None and self._door[at] not in added:
                return None
            if escaped and "\\x" in (found[at] or ""):
                return None
        return found

    def _constants(self, file: str) -> dict[str, str] | None:
        """Return the values of the columns that the extract adds; None where the file's name does not tell them."""
        if file not in self._added:
            try:
                values = constants(self._extract.add, file)
            except ConfigurationError:
                return None
            self._added[file] = dict(zip(self._extract.add, values, strict=True))
        return self._added[file]

    def _values(self, rows: Sequence[Cells]) -> list[pa.Array] | None:
        """Take records through the steps, and cast the key; None where a step of the user's own fails on them."""
        columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
        data = pa.RecordBatch.from_arrays(columns, names=list(self._door))
        try:
            for label, step in self._steps:
                data = _applied(label, step, data)
        except ConfigurationError:  # the load must not fail for rows that are not in it
            return None
        return self._contract.typed(data, names=self._key)


def _applied(label: str, step: Step, data: pa.RecordBatch) -> pa.RecordBatch:
    with answering(label, step):
        if isinstance(step, CarryStep):
            return step.carry(data, step.start())[0]
        return step.apply(data) if isinstance(step, RowStep) else data


def _depends_on_others(plan: Plan, key: Sequence[str]) -> bool:
    """Tell whether a key comes from a step that learns from the dataset, or that carries from row to row."""
    here = plan.door
    for number, planned in enumerate(plan.steps, start=1):
        after = planned.step.names_after(here)
        if planned.waits or isinstance(planned.step, CarryStep):
            made = {*planned.step.writes(here), *(name for name in after if name not in here)}
            known = origins([later.step for later in plan.steps[number:]], after)
            if any(known[name] & made for name in key):
                return True
        here = after
    return False


def _told(values: Sequence[pa.Array]) -> Mask:
    told = np.ones(len(values[0]), np.bool_)
    for column in values:
        told &= column.is_valid().to_numpy(zero_copy_only=False)
    return told


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
