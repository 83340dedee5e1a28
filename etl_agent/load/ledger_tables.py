"""The tables that hold the record of every run, beside the table it loads: a public contract with a version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from etl_agent.errors import ConfigurationError
from etl_agent.load.identifiers import quote

__all__ = ["VERSION", "LedgerTables", "ensure", "version_of"]

_ADVISORY_KEY = 0x65746C5F6C656467  # "etl_ledg": one session at a time creates or migrates the tables


class Instant(TypeDecorator[datetime]):
    """A moment: ``timestamp with time zone`` in Postgres, ISO 8601 text in UTC in SQLite."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column type."""
        kind = sa.Text() if dialect.name == "sqlite" else sa.DateTime(timezone=True)
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Write the moment in UTC."""
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc.isoformat(sep=" ", timespec="microseconds") if dialect.name == "sqlite" else utc

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002  SQLAlchemy's order
        """Read it back, with its zone."""
        if value is None:
            return None
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment.astimezone(UTC)


_Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # 64 bits in both
_Flag = sa.Boolean().with_variant(sa.Integer(), "sqlite")


@dataclass(frozen=True, slots=True)
class LedgerTables:
    """The record's tables in one schema.

    Args:
        meta: the version of these tables.
        runs: one row a run.
        files: one row a file that a run loaded.
        quarantine: one row a rejected row.
        changes: changed values, counted by step, column, before and after.
        decisions: what was chosen in a run, and why.
        plans: one row a plan that rows were loaded by.
        history: one row a run that loaded rows: what an undo must know.
    """

    meta: sa.Table
    runs: sa.Table
    files: sa.Table
    quarantine: sa.Table
    changes: sa.Table
    decisions: sa.Table
    plans: sa.Table
    history: sa.Table

    @staticmethod
    def within(schema: str | None, *, version: int | None = None) -> LedgerTables:
        """Describe the tables of a schema.

        Args:
            schema: the schema.
            version: the one of the tables that are there, by default the newest: columns that came later are left out.
        """
        known = sa.MetaData(schema=schema)
        since = VERSION if version is None else version
        runs, files = _runs(known, since), _files(known, since)
        first = (_meta(known), runs, files, _quarantine(known), _changes(known), _why(known))
        return LedgerTables(*first, _plans(known), _history(known))

    @property
    def metadata(self) -> sa.MetaData:
        """All the tables and their indexes."""
        return self.meta.metadata


def _meta(known: sa.MetaData) -> sa.Table:
    return sa.Table("_etl_meta", known, sa.Column("version", _Number, nullable=False))


def _runs(known: sa.MetaData, version: int) -> sa.Table:
    counts = ("rows_read", "rows_loaded", "inserted", "updated", "unchanged")
    left_out = ("rows_quarantined", "rows_deduplicated", "rows_filtered")
    return sa.Table(
        "_etl_runs",
        known,
        sa.Column("run_id", _Number, primary_key=True, autoincrement=False),
        sa.Column("pipeline", sa.Text, nullable=False),
        sa.Column("table_name", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("started_at", Instant, nullable=False),
        sa.Column("finished_at", Instant),
        *(sa.Column(name, _Number) for name in (*counts, *left_out)),
        sa.Column("plan_digest", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("outcome", sa.Text),  # JSON: the whole balance, files, reasons, changes by column, and the shape
        *_later(version, sa.Column("undone_by", _Number)),  # the run that took it back
    )


def _later(version: int, *columns: sa.Column[Any]) -> tuple[sa.Column[Any], ...]:
    """Leave the columns of the third version out of older ones."""
    return columns if version >= _WITH_HISTORY else ()


def _files(known: sa.MetaData, version: int) -> sa.Table:
    files = sa.Table(
        "_etl_files",
        known,
        sa.Column("table_name", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("active", _Flag, nullable=False),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("size", _Number, nullable=False),
        sa.Column("rows", _Number, nullable=False),
        sa.Column("run_id", _Number, nullable=False),
        sa.Column("plan_digest", sa.Text),
        sa.Column("position", _Number),  # of the file in its run's dataset, counted from 0
        *_later(version, sa.Column("deactivated_by", _Number)),  # the run that took its content out of the table
    )
    sa.Index(
        "_etl_files_active",
        files.c.table_name,
        files.c.sha256,
        unique=True,
        sqlite_where=sa.text("active = 1"),
        postgresql_where=sa.text("active"),
    )
    sa.Index("_etl_files_run", files.c.run_id)
    return files


def _quarantine(known: sa.MetaData) -> sa.Table:
    quarantine = sa.Table(
        "_etl_quarantine",
        known,
        sa.Column("id", _Number, sa.Identity(), primary_key=True),
        sa.Column("run_id", _Number, nullable=False),
        sa.Column("table_name", sa.Text, nullable=False),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("line", _Number),
        sa.Column("byte_offset", _Number),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("step", sa.Text),
        sa.Column("reasons", sa.Text, nullable=False),
        sa.Column("raw", sa.Text),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("replayed_by", _Number),
    )
    sa.Index("_etl_quarantine_run", quarantine.c.run_id)
    sa.Index("_etl_quarantine_status", quarantine.c.table_name, quarantine.c.status)
    return quarantine


def _changes(known: sa.MetaData) -> sa.Table:
    changes = sa.Table(
        "_etl_changes",
        known,
        sa.Column("run_id", _Number, nullable=False),
        sa.Column("table_name", sa.Text, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("column_name", sa.Text, nullable=False),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text),
        sa.Column("rows", _Number, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),  # pair, pattern (with an example), or rest
        sa.Column("example_before", sa.Text),
        sa.Column("example_after", sa.Text),
    )
    sa.Index("_etl_changes_run", changes.c.run_id)
    return changes


def _why(known: sa.MetaData) -> sa.Table:
    decisions = sa.Table(
        "_etl_decisions",
        known,
        sa.Column("run_id", _Number, nullable=False),
        sa.Column("node", sa.Text, nullable=False),
        sa.Column("chosen", sa.Text, nullable=False),
        sa.Column("policy", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("evidence", sa.Text),
        sa.Column("profile_digest", sa.Text),
    )
    sa.Index("_etl_decisions_run", decisions.c.run_id)
    return decisions


def _plans(known: sa.MetaData) -> sa.Table:
    return sa.Table(
        "_etl_plans",
        known,
        sa.Column("plan_digest", sa.Text, primary_key=True),
        sa.Column("plan", sa.Text, nullable=False),  # JSON: the pipeline without its target, and the lock it ran by
    )


def _history(known: sa.MetaData) -> sa.Table:
    return sa.Table(
        "_etl_history",
        known,
        sa.Column("run_id", _Number, primary_key=True, autoincrement=False),
        sa.Column("table_name", sa.Text, nullable=False),
        sa.Column("position", _Number, nullable=False),  # rises from each run into a table to the next
        sa.Column("kept_in", sa.Text),  # the table of the rows as they were before; null where none are kept
        *(sa.Column(name, _Number, nullable=False) for name in ("rows_updated", "rows_deleted")),
        sa.Column("built", sa.Text),  # a digest of how the run left the table, if it created it
        sa.Column("added", sa.Text, nullable=False),  # JSON: columns that it added to the table
        sa.Column("keys", sa.Text, nullable=False),  # JSON: columns that tell the rows apart
        sa.Column("own_sql", _Flag, nullable=False),  # whether SQL of the user's own ran with it
    )


def _create(connection: Connection, tables: LedgerTables) -> None:
    first = (tables.meta, tables.runs, tables.files, tables.quarantine, tables.changes, tables.decisions)
    tables.metadata.create_all(connection, tables=first, checkfirst=False)


def _add_plans(connection: Connection, tables: LedgerTables) -> None:
    tables.plans.create(connection)


def _add_history(connection: Connection, tables: LedgerTables) -> None:
    tables.history.create(connection)
    for column in (tables.runs.c.undone_by, tables.files.c.deactivated_by):
        known = sa.inspect(connection).get_columns(column.table.name, schema=column.table.schema)
        if column.name not in {found["name"] for found in known}:  # tables that are created now have it already
            place = connection.dialect.identifier_preparer.format_table(column.table)
            kind = column.type.compile(connection.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {place} ADD COLUMN {quote(column.name)} {kind}")


Migration = Callable[[Connection, LedgerTables], None]

_MIGRATIONS: tuple[Migration, ...] = (_create, _add_plans, _add_history)
"""The change that leads from each version to the next, beginning at 0: no tables. A release that changes the tables
adds one at the end. ``_create`` makes the first version's tables with all the columns they have today."""

VERSION = len(_MIGRATIONS)
"""The version that this release writes."""

_WITH_HISTORY = 3
"""The first version that knows what an undo must know."""


def ensure(connection: Connection, *, tables: LedgerTables) -> None:
    """Create the tables, or bring older ones up to date, inside the connection's transaction.

    Raises:
        ConfigurationError: a newer release made them.
    """
    found = version_of(connection, tables=tables)
    if found < VERSION and connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY_KEY)))
        found = version_of(connection, tables=tables)  # another session may have been first
    if found == VERSION:
        return
    for migrate in _MIGRATIONS[found:]:
        migrate(connection, tables)
    connection.execute(tables.meta.delete())
    connection.execute(tables.meta.insert().values(version=VERSION))


def version_of(connection: Connection, *, tables: LedgerTables) -> int:
    """Return the version of the tables that exist, 0 where there are none.

    Raises:
        ConfigurationError: a newer release made them.
    """
    inspector = sa.inspect(connection)
    if not inspector.has_table(tables.meta.name, schema=tables.meta.schema):
        return 0
    found = int(connection.execute(sa.select(sa.func.max(tables.meta.c.version))).scalar() or 0)
    if found > VERSION:
        raise ConfigurationError(
            f"the tables _etl_* have version {found}, written by a newer etl-agent; this one knows {VERSION}",
            next_command="pip install --upgrade etl-agent",
        )
    return found
