"""Postgres as a target: one session holds the run's lock and carries the load's transaction."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from etl_agent.errors import EtlAgentError, HeldByAnother
from etl_agent.load.edge import mapped
from etl_agent.load.facts import TableFacts
from etl_agent.load.fit import Fit, fit
from etl_agent.load.identifiers import check_name, quote
from etl_agent.load.order import Order
from etl_agent.load.postgres_facts import holder, read_facts, resolve_schema
from etl_agent.load.postgres_session import open_session, refuse_read_only
from etl_agent.load.postgres_tx import PostgresRecord, PostgresTx
from etl_agent.load.postgres_types import accepts
from etl_agent.load.spec import Load
from etl_agent.load.target import Target
from etl_agent.shape import Shape

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["PostgresTarget"]

_POLL = 0.2  # seconds


class PostgresTarget(Target):
    """A Postgres database.

    Lock and transaction share one session: when a process is killed, its lock is not free before the fate of its
    transaction is decided. A pooler in transaction mode (PgBouncer) takes sessions apart: connect past it.
    """

    _connection: Connection | None = None
    _reading = False

    def judge(self, facts: TableFacts | None, *, load: Load, shape: Shape, evolve: bool = False) -> Fit:
        """Judge the columns of a load against a table."""
        return fit(
            facts,
            load=load,
            shape=shape,
            dialect="postgres",
            accepts=lambda written, column: accepts(written, column.type),
            evolve=evolve,
        )

    def table_facts(self, table: str, *, schema: str | None = None, count: bool = False) -> TableFacts | None:
        """Look at a table."""
        check_name(table, dialect="postgres", what="table")
        with self.reading() as connection:
            return read_facts(connection, table, schema=resolve_schema(connection, schema), count=count)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection to read with, in one snapshot."""
        with mapped(self.location):
            connection = self._connected()
            if self._reading:
                yield connection
                return
            if connection.in_transaction():
                raise EtlAgentError("a load is open: read through its own connection")
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            self._reading = True
            try:
                yield connection
            finally:
                self._reading = False
                connection.rollback()

    @contextlib.contextmanager
    def lock(self, table: str, *, schema: str | None = None, wait: float = 0.0) -> Iterator[None]:
        """Keep other runs away from a table, by an advisory lock of the session."""
        self._writable()
        with mapped(self.location):
            connection = self._connected()
            refuse_read_only(connection, location=self.location)
            key = _lock_key(table, schema=resolve_schema(connection, schema))
            self._take(connection, key, table=table, wait=wait)
        try:
            yield
        finally:
            self._free(key)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            with mapped(self.location):
                self._connection.close()
                self._connection.engine.dispose()
            self._connection = None

    def _take(self, connection: Connection, key: int, *, table: str, wait: float) -> None:
        until = time.monotonic() + wait
        while not connection.exec_driver_sql("SELECT pg_try_advisory_lock(%s)", (key,)).scalar():
            if time.monotonic() >= until:
                held_by = holder(connection, key)
                connection.rollback()
                raise HeldByAnother(f"another run holds table {table}: {held_by}", next_command="repeat with --wait 5m")
            connection.rollback()
            time.sleep(_POLL)
        connection.commit()

    def _free(self, key: int) -> None:
        connection = self._connection
        if connection is None or connection.invalidated or connection.closed:
            return  # the lock went with its session
        with contextlib.suppress(EtlAgentError), mapped(self.location):  # else it goes with its session
            connection.rollback()
            connection.exec_driver_sql("SELECT pg_advisory_unlock(%s)", (key,))
            connection.commit()

    def _load(self, order: Order, *, direct: bool) -> PostgresTx:
        with mapped(self.location):
            connection = self._connected()
            schema = resolve_schema(connection, order.load.db_schema)
            straight = direct and self._takes_directly(connection, order, schema=schema)
            connection.rollback()
            return PostgresTx(connection, location=self.location, order=order, schema=schema, direct=straight)

    def _takes_directly(self, connection: Connection, order: Order, *, schema: str) -> bool:
        """Whether the rows need not be compared with any row of the table."""
        if order.load.strategy == "scd2" or order.fit.added:
            return False
        if not order.fit.exists:
            return True
        if order.load.write_disposition != "merge" and not order.fit.keys:
            return True
        if order.load.before_sql:
            return False  # it may fill the table
        where = f"{quote(schema)}.{quote(order.load.table)}"
        found = connection.exec_driver_sql(
            f"SELECT 1 FROM {where} LIMIT 1", execution_options={"no_parameters": True}
        ).scalar()
        return found is None

    def _record(self, schema: str | None) -> PostgresRecord:
        with mapped(self.location):
            return PostgresRecord(self._connected(), location=self.location, schema=schema)

    def _connected(self) -> Connection:
        if self._connection is None or self._connection.closed or self._connection.invalidated:
            self._connection = open_session(self.location, read_only=self.read_only)
        return self._connection


def _lock_key(table: str, *, schema: str) -> int:
    """Return the 64-bit number of a table's lock; it counts within the database only."""
    digest = hashlib.sha256(f"etl_agent\0{schema}\0{table}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
