"""Rows in quarantine: found by what is known of them, counted by reason, and discarded."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from etl_agent.rejects import Reason, ReasonCode
from etl_agent.run.history import layout_of
from etl_agent.run.result import FileLayout

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Row

    from etl_agent.load.ledger_tables import LedgerTables
    from etl_agent.load.record import Record

__all__ = [
    "Entry",
    "EntryStatus",
    "Filters",
    "count_entries",
    "discard",
    "entries_by_id",
    "find_entries",
    "in_parts",
    "layouts_of",
    "newest_entry",
    "oldest_entries",
    "reasons_in",
    "reasons_of",
    "statuses_of",
    "tables_of",
]

EntryStatus = Literal["open", "refused", "replayed", "closed", "discarded"]
"""open: waits to be corrected. refused: its run loaded nothing. replayed: it went through its pipeline again, and its
rows count in that run. closed: another run brought a good row with its key, loaded its content again, or replaced
the table. discarded: never to be loaded."""

_AT_ONCE = 900  # rows at a time, and values in one statement: below the limit of every SQLite


@dataclass(frozen=True, slots=True)
class Filters:
    """Which entries are meant; what is absent or empty does not narrow.

    Args:
        table: of this table.
        pipelines: of runs of these pipelines.
        run_id: of this run.
        status: in one of these states.
        reason: with this reason among others.
        ids: of these numbers.
        newest: no newer than this number.
        after: newer than this number.
    """

    table: str | None = None
    pipelines: tuple[str, ...] = ()
    run_id: int | None = None
    status: tuple[EntryStatus, ...] = ()
    reason: ReasonCode | None = None
    ids: tuple[int, ...] = ()
    newest: int | None = None
    after: int | None = None

    def within(self, tables: LedgerTables) -> list[ColumnElement[bool]]:
        """Write the filters as conditions on ``_etl_quarantine``."""
        import sqlalchemy as sa

        entries, runs = tables.quarantine.c, tables.runs.c
        wanted: list[ColumnElement[bool]] = []
        if self.table is not None:
            wanted.append(entries.table_name == self.table)
        if self.pipelines:
            wanted.append(entries.run_id.in_(sa.select(runs.run_id).where(runs.pipeline.in_(self.pipelines))))
        if self.run_id is not None:
            wanted.append(entries.run_id == self.run_id)
        if self.status:
            wanted.append(entries.status.in_(self.status))
        if self.reason is not None:
            # a name or check that holds the same letters has its quotes escaped in JSON, so it cannot be taken for it
            wanted.append(entries.reasons.contains(f'"code": "{self.reason}"', autoescape=True))
        if self.ids:
            wanted.append(entries.id.in_(self.ids))
        if self.newest is not None:
            wanted.append(entries.id <= self.newest)
        if self.after is not None:
            wanted.append(entries.id > self.after)
        return wanted


@dataclass(frozen=True, slots=True)
class Entry:
    """One rejected row.

    Args:
        id: its number.
        run_id: the run that rejected it.
        table: the table it was meant for.
        file: the file it came from.
        line: first physical line of its record, counted from 1.
        byte_offset: first byte of its record; None for a record that was corrected since.
        stage: the stage that rejected it.
        step: the step that rejected it, if it was one.
        reasons: everything that was wrong with it.
        raw: its record as text; NUL and invalid bytes as ``\\xNN``.
        status: what has become of it.
        replayed_by: the run that it was replayed in, or that closed it.
    """

    id: int
    run_id: int
    table: str
    file: str
    line: int | None
    byte_offset: int | None
    stage: str
    step: str | None
    reasons: tuple[Reason, ...]
    raw: str | None
    status: str
    replayed_by: int | None

    def as_dict(self) -> dict[str, Any]:
        """Return the entry as plain data, for JSON."""
        return {
            "id": self.id,
            "run_id": self.run_id,
            "table": self.table,
            "file": self.file,
            "line": self.line,
            "byte_offset": self.byte_offset,
            "stage": self.stage,
            "step": self.step,
            "reasons": [reason.as_dict() for reason in self.reasons],
            "raw": self.raw,
            "status": self.status,
            "replayed_by": self.replayed_by,
        }


def find_entries(
    connection: Connection, tables: LedgerTables, filters: Filters, *, limit: int | None = None
) -> Iterator[Entry]:
    """Yield entries in the order of file and line, in bounded memory.

    Args:
        connection: to read with.
        tables: the ledger.
        filters: which entries.
        limit: the most entries to yield.
    """
    import sqlalchemy as sa

    entries = tables.quarantine
    query = sa.select(entries).where(*filters.within(tables))
    # byte order in both databases: a Postgres of another locale would order files differently
    file = sa.collate(entries.c.file, "C") if connection.dialect.name == "postgresql" else entries.c.file
    ordered = query.order_by(file, entries.c.line, entries.c.id).limit(limit)
    for row in connection.execute(ordered, execution_options={"yield_per": _AT_ONCE}):
        yield _entry(row)


def entries_by_id(connection: Connection, tables: LedgerTables, ids: Iterable[int]) -> Iterator[Entry]:
    """Yield the entries of some numbers, as many as they may be; numbers of no entry are passed over."""
    import sqlalchemy as sa

    entries = tables.quarantine
    for part in in_parts(ids):
        for row in connection.execute(sa.select(entries).where(entries.c.id.in_(part))):
            yield _entry(row)


def count_entries(connection: Connection, tables: LedgerTables, filters: Filters) -> int:
    """Count entries."""
    import sqlalchemy as sa

    counted = sa.select(sa.func.count()).select_from(tables.quarantine).where(*filters.within(tables))
    return int(connection.execute(counted).scalar_one())


def oldest_entries(connection: Connection, tables: LedgerTables, filters: Filters, *, most: int) -> list[Entry]:
    """Read the oldest of the entries, in the order of their numbers, which the index of status answers at once.

    Args:
        connection: to read with.
        tables: the ledger.
        filters: which entries.
        most: as many at most.
    """
    import sqlalchemy as sa

    entries = tables.quarantine
    query = sa.select(entries).where(*filters.within(tables)).order_by(entries.c.id).limit(most)
    return [_entry(row) for row in connection.execute(query)]


def newest_entry(connection: Connection, tables: LedgerTables) -> int:
    """Return the number of the newest entry, 0 where there is none."""
    import sqlalchemy as sa

    return int(connection.execute(sa.select(sa.func.max(tables.quarantine.c.id))).scalar() or 0)


def reasons_of(connection: Connection, tables: LedgerTables, filters: Filters) -> dict[Reason, int]:
    """Count entries by reason, the commonest first; an entry with two reasons counts under both."""
    import sqlalchemy as sa

    reasons = tables.quarantine.c.reasons
    query = sa.select(reasons, sa.func.count()).where(*filters.within(tables)).group_by(reasons)
    counts: dict[Reason, int] = {}
    for text, rows in connection.execute(query):
        for reason in reasons_in(text):
            counts[reason] = counts.get(reason, 0) + int(rows)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], str(item[0]))))


def statuses_of(connection: Connection, tables: LedgerTables, filters: Filters) -> dict[str, int]:
    """Count entries by what has become of them."""
    import sqlalchemy as sa

    status = tables.quarantine.c.status
    query = sa.select(status, sa.func.count()).where(*filters.within(tables)).group_by(status).order_by(status)
    return {name: int(count) for name, count in connection.execute(query)}


def tables_of(connection: Connection, tables: LedgerTables, filters: Filters) -> list[str]:
    """Name the tables that entries were meant for."""
    import sqlalchemy as sa

    query = sa.select(tables.quarantine.c.table_name).where(*filters.within(tables)).distinct()
    return sorted(str(name) for (name,) in connection.execute(query))


def layouts_of(
    connection: Connection, tables: LedgerTables, filters: Filters
) -> dict[tuple[int, str], FileLayout | None]:
    """Read how the files of entries are written, by run and file; None where their run did not keep it."""
    import sqlalchemy as sa

    entries = tables.quarantine.c
    query = sa.select(entries.run_id, entries.file).where(*filters.within(tables)).distinct()
    pairs = sorted((int(run_id), str(file)) for run_id, file in connection.execute(query))
    known: dict[tuple[int, str], FileLayout | None] = {}
    for run_id in sorted({run_id for run_id, _ in pairs}):
        outcome = connection.execute(sa.select(tables.runs.c.outcome).where(tables.runs.c.run_id == run_id)).scalar()
        for file in json.loads(outcome or "{}").get("files", []):
            known[run_id, file["file"]] = layout_of(file)
    return {pair: known.get(pair) for pair in pairs}


def discard(record: Record, filters: Filters) -> int:
    """Mark open entries as never to be loaded, and return how many; they stay on record.

    Args:
        record: a transaction, which the caller commits.
        filters: which entries; those that are not open are left as they are.
    """
    entries = record.tables.quarantine
    wanted = (*filters.within(record.tables), entries.c.status == "open")
    return int(record.connection.execute(entries.update().where(*wanted).values(status="discarded")).rowcount)


def in_parts(ids: Iterable[int]) -> Iterator[list[int]]:
    """Cut numbers of entries into lists that fit into one statement."""
    remaining = iter(ids)
    while part := list(islice(remaining, _AT_ONCE)):
        yield part


_REASONS = 8  # the place of the column


@lru_cache(maxsize=1_024)  # what is wrong with rows is wrong with many of them
def reasons_in(text: str) -> tuple[Reason, ...]:
    """Read the reasons of one row from their JSON."""
    return tuple(Reason(each["code"], each.get("column"), each.get("check")) for each in json.loads(text))


def _entry(row: Row[Any]) -> Entry:
    cells: list[Any] = list(row)  # in the order of the table, which is that of the fields
    cells[_REASONS] = reasons_in(cells[_REASONS])
    return Entry(*cells)
