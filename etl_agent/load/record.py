"""A transaction on a target that carries the record of a run, and commits at once or not at all."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa

from etl_agent.errors import EtlAgentError
from etl_agent.load.edge import mapped, translated
from etl_agent.load.url import Location

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from etl_agent.load.ledger_tables import LedgerTables

__all__ = ["Record"]


class Record(ABC):
    """A transaction on the target that writes the record of a run.

    A context manager: leaving it without ``commit`` rolls everything back. The tables ``_etl_*`` exist, in the newest
    version, as soon as ``connection`` is used.

    Args:
        connection: the target's one connection, in no transaction.
        location: the target, for messages.
        schema: where the record's tables are.
    """

    def __init__(self, connection: Connection, *, location: Location, schema: str | None) -> None:
        from etl_agent.load.ledger_tables import LedgerTables

        self.tables: LedgerTables = LedgerTables.within(schema)
        self._connection = connection
        self._location = location
        self._open = False
        self._done = False
        self.in_doubt = False
        """Whether a commit was asked for and not answered: only another look at the record tells what became of it."""

    @property
    def connection(self) -> Connection:
        """The transaction's connection; using it ends the staging."""
        self._begin()
        return self._connection

    @contextlib.contextmanager
    def unlocked(self) -> Iterator[Connection | None]:
        """Give a connection to read with before the transaction begins, in one snapshot.

        It is None where the transaction has begun, or keeps nobody waiting who writes into other tables.
        """
        yield None

    def write(self, table_name: str, data: pa.RecordBatch) -> int:
        """Insert many rows into one of the ``_etl_*`` tables and return how many.

        Args:
            table_name: the table, unquoted.
            data: its columns, by name, of text, integer, float or boolean.
        """
        with self._mapped():
            self._begin()
            return self._insert(table_name, data) if data.num_rows else 0

    def commit(self) -> None:
        """Make everything last, at once."""
        with self._mapped():
            self._begin()
            self.in_doubt = True
            self._commit()
            self._done = True
            self._committed()
            self.in_doubt = False

    def run(self, statement: str) -> int:
        """Run a statement of our own making and return how many rows it wrote."""
        return self._connection.exec_driver_sql(statement, execution_options={"no_parameters": True}).rowcount

    def ask(self, query: str) -> int | None:
        """Return the number that a query of our own making finds, None if it finds nothing."""
        found = self._connection.exec_driver_sql(query, execution_options={"no_parameters": True}).scalar()
        return None if found is None else int(found)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._abandon_stage()
        finally:
            if not self._done:
                self._roll_back()
            self._clean_up()
        if isinstance(error, Exception) and (ours := translated(error, location=self._location)):
            raise ours from None  # what the caller ran on the connection fails as one of our errors too

    def _begin(self) -> None:
        from etl_agent.load.ledger_tables import ensure

        if self._done:
            raise EtlAgentError("the transaction is over")
        if self._open:
            return
        self._open = True
        with self._mapped():
            self._start()
            ensure(self._connection, tables=self.tables)

    def _roll_back(self) -> None:
        """Roll back; a connection that is lost has been rolled back by the database itself."""
        try:
            self._connection.rollback()
            driver: Any = self._connection.connection.driver_connection
            driver.rollback()  # SQLAlchemy takes a COMMIT that failed for the end, but SQLite leaves all of it open
        except Exception:  # noqa: BLE001,RUF100  whatever the driver says, the connection must not be used again
            self._connection.invalidate()

    def _mapped(self) -> AbstractContextManager[None]:
        return mapped(self._location)

    def _commit(self) -> None:
        """Ask the database to commit."""
        self._connection.commit()

    def _committed(self) -> None:  # noqa: B027  only a new SQLite file has something to set
        """Do what can only be done outside a transaction."""

    def _abandon_stage(self) -> None:  # noqa: B027  only a load has a stage
        """Stop a transfer that is still open."""

    def _clean_up(self) -> None:  # noqa: B027  only a load has something to remove
        """Remove what the transaction used."""

    @abstractmethod
    def _start(self) -> None:
        """Begin the transaction in the database."""

    @abstractmethod
    def _insert(self, table_name: str, data: pa.RecordBatch) -> int:
        """Insert rows in bulk."""
