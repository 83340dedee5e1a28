"""Take out of a ledger what nothing needs any more: in lots, beside loads, and so that a kill does no harm."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from etl_agent.run.past import Expendable, past_runs

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select, Table

    from etl_agent.load.record import Record
    from etl_agent.load.target import Target

__all__ = ["Emptied", "Emptying"]

_LOT = 10_000  # rows of a transaction: well below a second in either database
_PLANS = 500  # of a transaction; each may be as long as its lock
_TURN = 0.12  # seconds: a writer that waits for an SQLite file looks again within 0.1


@dataclass(frozen=True, slots=True)
class Emptied:
    """What was deleted.

    Args:
        histories: rows of ``_etl_history``.
        kept_rows: rows as they were before these runs.
        kept_tables: tables of kept rows that were dropped.
        rows: rows of the other tables of the ledger, by name.
    """

    histories: int
    kept_rows: int
    kept_tables: int
    rows: Mapping[str, int]


class Emptying:
    """Delete in the order in which a kill does no harm: who cannot be undone is settled first, then what that took.

    Args:
        target: the database; nothing else is under way on its connection.
        schema: the schema of the ledger in Postgres; the connection's own when absent.
    """

    def __init__(self, target: Target, schema: str | None) -> None:
        import sqlalchemy as sa

        self._target = target
        self._schema = schema
        self._sqlite = target.location.dialect == "sqlite"
        # what is past must not change on the way, when a load becomes the newest of its table
        own = "temp" if self._sqlite else "pg_temp"
        self._past = sa.Table("_etl_past", sa.MetaData(schema=own), sa.Column("run_id", sa.BigInteger))

    def run(self, *, before: datetime, table: str | None) -> Emptied:
        """Delete what nothing needs of runs that are past, in transactions that are short.

        Args:
            before: runs that ended before this moment are past.
            table: only runs into this table.
        """
        import sqlalchemy as sa

        from etl_agent.load.kept_tables import list_kept
        from etl_agent.load.ledger_tables import VERSION

        histories = self._settle(before, table)
        with self._record() as record:
            connection, tables = record.connection, record.tables
            kept = list_kept(connection, schema=self._schema)
        expendable = Expendable(tables, sa.select(self._past.c.run_id), version=VERSION)
        kept_rows = sum(self._empty(each, expendable.kept_rows(each), may_be_gone=True) for each in kept)
        figures = {
            each.name: (self._drop_plans if each is tables.plans else self._empty)(each, condition)
            for each, condition in expendable.by_table().items()
        }
        return Emptied(histories, kept_rows, self._drop_tables() if kept else 0, figures)

    def _settle(self, before: datetime, table: str | None) -> int:
        """Note which runs are past, and delete their histories at once: from here on none of them can be undone."""
        import sqlalchemy as sa

        with self._record() as record:
            connection, tables, past = record.connection, record.tables, self._past
            record.run('CREATE TEMPORARY TABLE "_etl_past" (run_id BIGINT PRIMARY KEY)')
            chosen = past_runs(tables, before=before, table=table)
            connection.execute(past.insert().from_select(["run_id"], chosen))
            mine = tables.history.c.run_id.in_(sa.select(past.c.run_id))
            histories = connection.execute(self._lot(tables.history, mine, most=None)).rowcount
            # what is locked is being undone just now
            connection.execute(past.delete().where(past.c.run_id.in_(sa.select(tables.history.c.run_id))))
            if not self._sqlite:
                record.run("ANALYZE pg_temp._etl_past")  # else the planner knows nothing of it
        return histories

    def _empty(self, table: Table, condition: ColumnElement[bool], *, may_be_gone: bool = False) -> int:
        """Delete the rows of a table that meet a condition, in lots; another prune may have dropped it."""
        from etl_agent.load.kept_tables import stays

        deleted = 0
        while True:
            with self._record() as record:
                if may_be_gone and not stays(record.connection, table):
                    return deleted
                rows = record.connection.execute(self._lot(table, condition, most=_LOT)).rowcount
            deleted += rows
            if rows < _LOT:
                return deleted
            self._give_way()

    def _drop_plans(self, table: Table, condition: ColumnElement[bool]) -> int:
        """Delete plans, in lots: each is locked and then looked at again, for a load may just have come by it."""
        import sqlalchemy as sa

        deleted = 0
        digest = table.c.plan_digest
        while True:
            with self._record() as record:
                chosen = sa.select(digest).where(condition).limit(_PLANS).with_for_update(skip_locked=True)
                digests = list(record.connection.execute(chosen).scalars())
                if digests:
                    gone = table.delete().where(digest.in_(digests), condition)
                    deleted += record.connection.execute(gone).rowcount
            if len(digests) < _PLANS:
                return deleted
            self._give_way()

    def _drop_tables(self) -> int:
        """Drop the tables of kept rows that have none; 0 where that has to wait for a load or a reader."""
        import sqlalchemy as sa

        from etl_agent.load.kept_tables import drop_empty

        with self._record() as record:
            kept_in = record.tables.history.c.kept_in
            named = set(record.connection.execute(sa.select(kept_in).distinct()).scalars())
            return drop_empty(record.connection, schema=self._schema, named=named) or 0

    def _lot(self, table: Table, condition: ColumnElement[bool], *, most: int | None) -> Any:
        """Write the statement that deletes some of the rows that meet a condition.

        On Postgres rows that another session has locked are passed over: nothing waits, so nothing can wait in a ring.
        """
        import sqlalchemy as sa

        address: ColumnElement[Any] = sa.literal_column("rowid" if self._sqlite else "ctid")
        chosen: Select[Any] = sa.select(address).select_from(table).where(condition).limit(most).correlate(None)
        if self._sqlite:
            return table.delete().where(address.in_(chosen))
        locked = chosen.with_for_update(skip_locked=True).scalar_subquery()
        return table.delete().where(address == sa.func.any(sa.func.array(locked)))

    def _give_way(self) -> None:
        if self._sqlite:
            time.sleep(_TURN)

    @contextmanager
    def _record(self) -> Iterator[Record]:
        """Give a transaction, and commit it."""
        with self._target.record(schema=self._schema) as record:
            yield record
            record.commit()
