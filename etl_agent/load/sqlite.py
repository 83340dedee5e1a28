"""SQLite as a target: the file is opened by Python's own SQLite alone, through one connection."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote as url_quote

from etl_agent.breaking import breakable
from etl_agent.errors import CannotCreate, ConfigurationError, EtlAgentError
from etl_agent.load.edge import mapped
from etl_agent.load.facts import TableFacts, TargetColumn
from etl_agent.load.file_lock import held
from etl_agent.load.fit import Fit, fit
from etl_agent.load.identifiers import check_name, known_as, quote
from etl_agent.load.order import Order
from etl_agent.load.spec import Load
from etl_agent.load.sqlite_turn import LEAST, Turn
from etl_agent.load.sqlite_tx import SqliteRecord, SqliteTx
from etl_agent.load.sqlite_types import accepts, type_of
from etl_agent.load.target import Target
from etl_agent.load.url import Location
from etl_agent.shape import Shape

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["SqliteTarget"]

_LOOK = "SELECT 1 FROM main.sqlite_master LIMIT 1"
_STRICT = (3, 37)  # the first version of SQLite that has STRICT tables, and tells which are


class SqliteTarget(Target):
    """An SQLite file.

    Trap: the process must not open, read or close the file by any other way meanwhile; closing any handle on it frees
    the locks of this connection (POSIX locks belong to the process).
    """

    def __init__(self, location: Location, *, read_only: bool, folder: Path, recover: bool = False) -> None:
        super().__init__(location, read_only=read_only, folder=folder)
        self._recovers = recover
        self.path = (folder / (location.path or "")).resolve()
        self._connection: Connection | None = None
        self._turn = Turn(self.path)
        self._reading = False

    def judge(self, facts: TableFacts | None, *, load: Load, shape: Shape, evolve: bool = False) -> Fit:
        """Judge the columns of a load against a table."""
        self._refuse_schema(load.db_schema)
        return fit(
            facts,
            load=load,
            shape=shape,
            dialect="sqlite",
            accepts=lambda declared, column: accepts(declared, column.type),
            evolve=evolve,
        )

    def table_facts(self, table: str, *, schema: str | None = None, count: bool = False) -> TableFacts | None:
        """Look at a table."""
        self._refuse_schema(schema)
        check_name(table, dialect="sqlite", what="table")
        with self.reading() as connection:
            return None if connection is None else read_facts(connection, table, count=count)

    def named(self, load: Load) -> Load:
        """Call the table of a load by the name that it has in the database, whatever the case of its letters."""
        facts = self.table_facts(load.table, schema=load.db_schema)
        return load if facts is None else load.model_copy(update={"table": facts.name})

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection | None]:
        """Give a connection to read with, in one snapshot."""
        if not self._exists():
            yield None
            return
        with mapped(self.location):
            connection = self._connected()
            if self._reading:
                yield connection
                return
            driver: Any = connection.connection.driver_connection
            if driver.in_transaction:
                raise EtlAgentError("a load is open: read through its own connection")
            self._reading = True
            try:
                self._look(connection)
                yield connection
            finally:
                self._reading = False
                connection.rollback()

    @contextlib.contextmanager
    def lock(self, table: str, *, schema: str | None = None, wait: float = 0.0) -> Iterator[None]:
        """Keep other runs away from a table, by a lock file beside the database."""
        self._writable()
        self._refuse_schema(schema)
        path = self._beside(table, "lock")
        with contextlib.ExitStack() as stack:
            with mapped(self.location):
                self._check_folder()
                self._turn = Turn(self.path, longest=wait)
                stack.enter_context(held(path, what=f"table {table}", wait=wait))
                for stale in self.path.parent.glob(f"{_escaped(self._beside(table, '').name)}*.stage"):
                    stale.unlink(missing_ok=True)  # its run is dead: it would hold the lock
            yield

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            with mapped(self.location):
                self._connection.close()
                self._connection.engine.dispose()
            self._connection = None

    def _load(self, order: Order, *, direct: bool) -> SqliteTx:  # noqa: ARG002  a stage is as fast, and locks for less
        with mapped(self.location):
            self._check_folder()
            stage = self._beside(order.load.table, f"{order.run_id}.stage")
            connection, fresh = self._connected(), self._fresh()
            return SqliteTx(connection, location=self.location, order=order, stage=stage, turn=self._turn, fresh=fresh)

    def _record(self, schema: str | None) -> SqliteRecord:
        self._refuse_schema(schema)
        with mapped(self.location):
            self._check_folder()
            return SqliteRecord(self._connected(), location=self.location, turn=self._turn, fresh=self._fresh())

    def _connected(self) -> Connection:
        if self._connection is None:
            from sqlalchemy import create_engine, event
            from sqlalchemy.pool import NullPool

            engine = create_engine("sqlite+pysqlite://", creator=self._open, poolclass=NullPool, hide_parameters=True)
            connection = engine.connect()
            opened: Any = connection.connection.driver_connection
            forget = breakable(opened.interrupt)
            event.listen(engine, "close", lambda _driver, _record: forget())
            self._connection = connection
        return self._connection

    def _open(self, *, mode: str | None = None, timeout: float = 0) -> sqlite3.Connection:
        mode = mode or ("ro" if self.read_only else "rwc")
        connection = sqlite3.connect(
            f"file:{url_quote(str(self.path))}?mode={mode}",
            uri=True,
            timeout=timeout,  # 0: we wait ourselves
            isolation_level=None,  # transactions begin and end where we say
            check_same_thread=False,  # the loader has a thread of its own; only one uses it at a time
        )
        connection.execute("PRAGMA foreign_keys = on")
        return connection

    def _look(self, connection: Connection) -> None:
        """Begin a snapshot of now."""
        from sqlalchemy.exc import DBAPIError

        connection.exec_driver_sql("BEGIN")
        try:
            self._turn.run(connection, _LOOK)
        except DBAPIError as error:
            name = getattr(error.orig, "sqlite_errorname", None) or ""
            if not (self._recovers and name.startswith("SQLITE_READONLY_")):
                raise
            connection.rollback()  # no lock is held, so that closing another handle on the file frees none
            with contextlib.closing(self._open(mode="rw", timeout=LEAST)) as writer:
                writer.execute(_LOOK).close()  # the first look of a connection that may write undoes the half commit
            connection.exec_driver_sql("BEGIN")
            self._turn.run(connection, _LOOK)

    def _exists(self) -> bool:
        with mapped(self.location):
            return self.path.exists()

    def _fresh(self) -> bool:
        """Whether we create the database: its file is missing, or empty."""
        return not self.path.exists() or self.path.stat().st_size == 0

    def _check_folder(self) -> None:
        if not self.path.parent.is_dir():
            raise CannotCreate(
                f"the folder {self.path.parent} does not exist",
                where=str(self.location),
                next_command=f"mkdir -p {self.path.parent}",
            )

    def _beside(self, table: str, end: str) -> Path:
        digest = hashlib.sha256(known_as(table, dialect="sqlite").encode("utf-8", "surrogatepass")).hexdigest()[:12]
        return self.path.with_name(f"{self.path.name}.etl-{digest}.{end}")

    def _refuse_schema(self, schema: str | None) -> None:
        if schema not in (None, "main"):
            raise ConfigurationError("SQLite has no schemas: leave schema out", where=str(self.location))


def read_facts(connection: Connection, table: str, *, count: bool = False) -> TableFacts | None:
    """Look at a table through a connection."""
    found = connection.exec_driver_sql(
        "SELECT name, type FROM main.sqlite_master WHERE type IN ('table', 'view') AND name = ? COLLATE NOCASE",
        (table,),
    ).one_or_none()
    if found is None:
        return None
    name, kind = found
    if kind == "view":
        raise ConfigurationError(f"{name} is a view; rows are loaded into tables only", where=f"table {name}")
    info = connection.exec_driver_sql(
        "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?, 'main')", (name,)
    ).all()
    key = tuple(row.name for row in sorted(info, key=lambda row: row.pk) if row.pk)
    indexes = connection.exec_driver_sql(
        "SELECT name FROM pragma_index_list(?, 'main') WHERE \"unique\" AND NOT partial", (name,)
    ).scalars()
    unique = [
        frozenset(connection.exec_driver_sql("SELECT name FROM pragma_index_info(?, 'main')", (index,)).scalars())
        for index in indexes.all()
    ]
    return TableFacts(
        name=name,
        schema=None,
        columns=tuple(
            TargetColumn(
                name=row.name,
                sql_type=declared,
                type=type_of(declared),
                nullable=not row.notnull,
                has_default=row.dflt_value is not None
                or row.hidden > 1
                or (key == (row.name,) and _is_rowid(row.type)),
                generated=row.hidden > 1,
            )
            for row, declared in zip(info, _declared(connection, name, info), strict=True)
        ),
        primary_key=key,
        unique=tuple(columns for columns in (frozenset(key), *unique) if columns and None not in columns),
        rows=connection.exec_driver_sql(f"SELECT count(*) FROM main.{quote(name)}").scalar() if count else None,
    )


def _declared(connection: Connection, table: str, columns: Sequence[Any]) -> list[str]:
    """Return the declared types; ANY in a STRICT table is as good as none, and elsewhere it makes numbers of text."""
    query = "SELECT strict FROM pragma_table_list(?) WHERE schema = 'main'"
    strict = sqlite3.sqlite_version_info >= _STRICT and connection.exec_driver_sql(query, (table,)).scalar()
    return ["" if strict and column.type.upper() == "ANY" else column.type for column in columns]


def _is_rowid(declared: str) -> bool:
    """Whether a primary key of this declared type numbers itself."""
    return declared.upper() == "INTEGER"


def _escaped(name: str) -> str:
    """Make a name of a file match only itself in a glob."""
    return "".join(f"[{character}]" if character in "*?[" else character for character in name)
