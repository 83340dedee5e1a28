"""A load into SQLite: a private stage file, then one short transaction that reads it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from etl_agent.batch import Positions
from etl_agent.load.facts import TableFacts
from etl_agent.load.identifiers import quote
from etl_agent.load.order import Order
from etl_agent.load.record import Record
from etl_agent.load.sqlite_stage import PRESENT, TABLE, SqliteStage, keep_keys
from etl_agent.load.sqlite_turn import Turn
from etl_agent.load.sqlite_types import storage
from etl_agent.load.statements import LINEAGE, ROW, VALID_FROM, VALID_TO, Statements
from etl_agent.load.tx import Tx
from etl_agent.load.url import Location
from etl_agent.shape import Column

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["SqliteRecord", "SqliteTx"]

_ATTACHED = "_etl_stage"
_PAGES = -32_000  # KiB of cache for the transaction's pages


class SqliteRecord(Record):
    """A transaction on an SQLite file."""

    def __init__(self, connection: Connection, *, location: Location, turn: Turn, fresh: bool) -> None:
        super().__init__(connection, location=location, schema=None)
        self._turn = turn
        self._fresh = fresh

    def _start(self) -> None:
        start(self._connection, self._turn)

    def _commit(self) -> None:
        self._turn.commit(self._connection)

    def _committed(self) -> None:
        if self._fresh:
            write_ahead(self._connection)

    def _insert(self, table_name: str, data: pa.RecordBatch) -> int:
        return insert(self._connection, table_name, data)


class SqliteTx(Tx):
    """A load into an SQLite file.

    Args:
        connection: the target's one connection, in no transaction.
        location: the target, for messages.
        order: what to do.
        stage: where the stage file is made.
        turn: waits for other processes.
        fresh: whether the database is created by this load.
    """

    matched = 'temp."_etl_match"'
    dialect = "sqlite"

    def __init__(
        self, connection: Connection, *, location: Location, order: Order, stage: Path, turn: Turn, fresh: bool
    ) -> None:
        super().__init__(connection, location=location, order=order, schema="main", direct=False)
        self._present = order.fit.keys if order.load.absent != "keep" else ()
        self._stage = SqliteStage(stage, shape=order.shape, keys=self._present)
        self._turn = turn
        self._fresh = fresh
        self._attached = False

    @contextlib.contextmanager
    def unlocked(self) -> Iterator[Connection | None]:
        """Give a connection to read with before the transaction begins, in one snapshot."""
        if self._open:
            yield None
            return
        with self._mapped():
            self._connection.exec_driver_sql("BEGIN")
            try:
                self._turn.run(self._connection, "SELECT 1 FROM main.sqlite_master LIMIT 1")  # the snapshot is of now
                yield self._connection
            finally:
                self._connection.rollback()

    def _start(self) -> None:
        self._end_staging()
        self._stage.close()
        # Each of these reads the schemas of all files first, and may find another process at ours.
        self._turn.run(self._connection, f"ATTACH ? AS {_ATTACHED}", (str(self._stage.path),))
        self._attached = True
        # The stage is thrown away: its pages need neither a journal on disk nor a sync.
        self._turn.run(self._connection, f"PRAGMA {_ATTACHED}.journal_mode = memory")
        self._turn.run(self._connection, f"PRAGMA {_ATTACHED}.synchronous = off")
        start(self._connection, self._turn)
        self._look_again()

    def _commit(self) -> None:
        self._turn.commit(self._connection)

    def _committed(self) -> None:
        if self._fresh:
            write_ahead(self._connection)

    def _insert(self, table_name: str, data: pa.RecordBatch) -> int:
        return insert(self._connection, table_name, data)

    def _send(self, data: pa.RecordBatch, rows: Positions) -> None:
        self._staged += self._stage.add(data, rows)

    def _end_staging(self) -> None:
        self._staging = False

    def _drop(self, rows: Positions) -> int:
        if not self._attached:
            return self._stage.drop(rows)
        numbers = [(row,) for row in rows.tolist()]
        if self._present:
            self._connection.exec_driver_sql(keep_keys(self._present, schema=_ATTACHED), numbers)
        statement = f"DELETE FROM {_ATTACHED}.{TABLE} WHERE {ROW} = ?"
        return self._connection.exec_driver_sql(statement, numbers).rowcount

    def _retain(self, keys: pa.RecordBatch, rows: Positions) -> bool:
        self._stage.retain(keys, rows)
        return True

    def _settle_drops(self) -> None:
        """Nothing is left to do: drops are carried out at once."""

    def _facts(self) -> TableFacts | None:
        from etl_agent.load.sqlite import read_facts

        return read_facts(self._connection, self.order.load.table)

    def _note_matches(self, query: str) -> None:
        self.run('CREATE TEMPORARY TABLE "_etl_match" (row INTEGER PRIMARY KEY, same INTEGER)')
        self.run(f"INSERT INTO {self.matched} {query} ORDER BY 1")

    def _statements(self) -> Statements:
        order = self.order
        return Statements(
            dialect=self.dialect,
            table=self._qualified(order.load.table),
            stage=f"{_ATTACHED}.{TABLE}",
            columns=order.fit.targets,
            keys=order.fit.keys,
            run_id=order.run_id if order.fit.lineage else None,
            at=f"'{order.at.isoformat(sep=' ', timespec='microseconds')}'",
            emptied=order.fit.emptied,
            present=f"{_ATTACHED}.{PRESENT}" if self._present else None,
            history=self._history(),
        )

    def _create_table(self) -> None:
        order, sql = self.order, self._statements()
        keys = [order.shape.names[key] for key in order.fit.keys]
        parts = [_declared(column, required=column.name in keys) for column in order.shape]
        if order.load.strategy == "scd2":
            parts += [f"{quote(VALID_FROM)} TEXT NOT NULL", f"{quote(VALID_TO)} TEXT"]
            keys.append(VALID_FROM)
        if order.fit.lineage:
            parts.append(f"{quote(LINEAGE)} INTEGER")
        if keys:
            parts.append(f"PRIMARY KEY ({', '.join(map(quote, keys))})")
        self.run(f"CREATE TABLE {sql.table} ({', '.join(parts)})")

    def _add_columns(self) -> None:
        for column in self.order.fit.added:
            self.run(f"ALTER TABLE {self._statements().table} ADD COLUMN {_declared(column)}")

    def _finish_table(self) -> None:
        if self.order.fit.exists:
            return
        for columns in self.order.load.indexes:
            name = self._free_name(f"{self.order.load.table}_{'_'.join(columns)}_idx")
            table, listed = quote(self.order.load.table), ", ".join(map(quote, columns))
            self.run(f"CREATE INDEX main.{quote(name)} ON {table} ({listed})")

    def _free_name(self, wanted: str) -> str:
        name, number = wanted, 1
        query = "SELECT 1 FROM main.sqlite_master WHERE name = ? COLLATE NOCASE"
        while self._connection.exec_driver_sql(query, (name,)).scalar():
            name, number = f"{wanted}{number}", number + 1
        return name

    def _clean_up(self) -> None:
        if self._attached and not self._connection.invalidated:
            self._attached = False
            with contextlib.suppress(Exception):  # the transaction is over: what fails here goes with the connection
                self.run(f"DROP TABLE IF EXISTS {self.matched}")
                self._connection.exec_driver_sql(f"DETACH {_ATTACHED}")
        self._stage.remove()


def start(connection: Connection, turn: Turn) -> None:
    """Begin a transaction that writes."""
    turn.run(connection, "BEGIN IMMEDIATE")
    connection.exec_driver_sql(f"PRAGMA main.cache_size = {_PAGES}")
    connection.exec_driver_sql("PRAGMA defer_foreign_keys = on")  # a replace takes rows out and puts them in again


def write_ahead(connection: Connection) -> None:
    """Give a database that we created a write-ahead log, so that readers and writers do not wait for each other.

    Only now, because the first load is faster without: a log holds every page a second time. If another process
    is reading already, the database stays as it is.
    """
    from sqlalchemy.exc import OperationalError

    with contextlib.suppress(OperationalError):
        connection.exec_driver_sql("PRAGMA main.journal_mode = wal")


def insert(connection: Connection, table_name: str, data: pa.RecordBatch) -> int:
    """Insert rows by name of column."""
    columns = ", ".join(quote(name) for name in data.schema.names)
    marks = ", ".join("?" * data.num_columns)
    rows = list(zip(*(column.to_pylist() for column in data.columns), strict=True))
    return connection.exec_driver_sql(
        f"INSERT INTO main.{quote(table_name)} ({columns}) VALUES ({marks})", rows
    ).rowcount


def _declared(column: Column, *, required: bool = False) -> str:
    return f"{quote(column.name)} {storage(column.type)}{' NOT NULL' if required else ''}"
