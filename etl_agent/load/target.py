"""A database that can be loaded: what it holds, who may write to a table, and where a load begins."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from etl_agent.errors import EtlAgentError, PermissionRefused
from etl_agent.load.facts import TableFacts
from etl_agent.load.fit import Fit
from etl_agent.load.order import Order
from etl_agent.load.record import Record
from etl_agent.load.spec import Load
from etl_agent.load.tx import Tx
from etl_agent.load.url import Location, parse_url
from etl_agent.paths import from_environment
from etl_agent.shape import Shape

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["Target", "open_target"]


class Target(ABC):
    """An open database. A context manager: leaving it closes the connection and frees its locks.

    Args:
        location: where it is.
        read_only: whether nothing may be written, nor the database be created.
        folder: where relative paths of SQL files begin.
    """

    def __init__(self, location: Location, *, read_only: bool, folder: Path) -> None:
        self.location = location
        self.read_only = read_only
        self.folder = folder

    def __str__(self) -> str:
        return str(self.location)

    def begin(self, load: Load, *, shape: Shape, run_id: int, direct: bool = False, evolve: bool = False) -> Tx:
        """Begin a load, after judging its columns against the table.

        Args:
            load: the table and the write mode.
            shape: the columns of the rows.
            run_id: the run.
            direct: the caller promises to drop no row after it is staged; where the write mode allows it, rows then go
                straight into the table (``Tx.direct`` says whether they do).
            evolve: whether columns that the table does not have are added to it.

        Raises:
            ConfigurationError: a name is refused, or the key names no column.
            Drifted: the table exists and the rows do not fit it.
        """
        self._writable()

        def judge(facts: TableFacts | None) -> Fit:
            return self.judge(facts, load=load, shape=shape, evolve=evolve)

        found = judge(self.table_facts(load.table, schema=load.db_schema))
        moment = datetime.now(UTC)
        order = Order(load=load, shape=shape, fit=found, run_id=run_id, at=moment, judge=judge, folder=self.folder)
        return self._load(order, direct=direct)

    def record(self, *, schema: str | None = None) -> Record:
        """Begin a transaction that writes only to the tables ``_etl_*``."""
        self._writable()
        return self._record(schema)

    @abstractmethod
    def judge(self, facts: TableFacts | None, *, load: Load, shape: Shape, evolve: bool = False) -> Fit:
        """Judge the columns of a load against a table, without writing.

        Raises:
            ConfigurationError: a name is refused, or the key names no column.
            Drifted: the table exists and the rows do not fit it.
        """

    @abstractmethod
    def table_facts(self, table: str, *, schema: str | None = None, count: bool = False) -> TableFacts | None:
        """Look at a table.

        Args:
            table: its name, exactly.
            schema: its schema in Postgres.
            count: whether to count its rows, which reads all of it.

        Returns:
            None where there is no such table, or no database yet.

        Raises:
            ConfigurationError: the name belongs to a view.
        """

    def named(self, load: Load) -> Load:
        """Call the table of a load by the name that it has in the database, so that its record has one name too."""
        return load

    @abstractmethod
    def reading(self) -> AbstractContextManager[Connection | None]:
        """Give a connection to read with, in one snapshot; None where there is no database yet.

        Within it, ``table_facts`` looks at the same snapshot.

        Raises:
            EtlAgentError: a load is open on the connection, and reading would end it.
        """

    @abstractmethod
    def lock(self, table: str, *, schema: str | None = None, wait: float = 0.0) -> AbstractContextManager[None]:
        """Keep other runs away from a table; a killed process loses its lock at once.

        Args:
            table: the table's name.
            schema: its schema in Postgres.
            wait: how long to wait for another run, in seconds.

        Raises:
            HeldByAnother: another run holds the lock; the message names it.
        """

    @abstractmethod
    def close(self) -> None:
        """Close the connection."""

    @abstractmethod
    def _load(self, order: Order, *, direct: bool) -> Tx:
        """Make the load's transaction."""

    @abstractmethod
    def _record(self, schema: str | None) -> Record:
        """Make the record's transaction."""

    def _writable(self) -> None:
        if self.read_only:
            raise PermissionRefused("the target was opened to read only", where=str(self.location))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(EtlAgentError):  # what was committed stays so, and what was not is rolled back
            self.close()


def open_target(url: str, *, read_only: bool = False, recover: bool = False, folder: Path | None = None) -> Target:
    """Open the database that a URL names; the connection itself is made when it is first used.

    Args:
        url: an SQLite file or a Postgres database; see ``paths.from_environment`` for variables in it.
        read_only: for a dry run: nothing is written, and no file is created.
        recover: undo all the same what a process that was killed in the middle of a commit left in an SQLite file, as
            any other reader would that may write there.
        folder: where relative paths begin: the project folder; the working folder when absent.

    Raises:
        ConfigurationError: the URL cannot be read; the message does not repeat it.
    """
    location = parse_url(from_environment(url))
    base = folder or Path.cwd()
    if location.dialect == "sqlite":
        from etl_agent.load.sqlite import SqliteTarget

        return SqliteTarget(location, read_only=read_only, recover=recover, folder=base)
    from etl_agent.load.postgres import PostgresTarget

    return PostgresTarget(location, read_only=read_only, folder=base)
