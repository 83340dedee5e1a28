"""A table, or columns, that a run made: taken away again where nobody uses them, and left where somebody does."""

from __future__ import annotations

from dataclasses import dataclass

from etl_agent.load.attached import used_by
from etl_agent.load.build import build_of, hangs_on
from etl_agent.load.identifiers import Dialect, quote
from etl_agent.load.record import Record

__all__ = ["Unmade", "unmake"]

_USED = frozenset({"2BP01", "0A000", "55P03", "42501"})
"""SQLSTATE of what keeps a table or column: others depend on it, it is part of a key of partitions, it is in use, or it
is somebody else's."""


@dataclass(frozen=True, slots=True)
class Unmade:
    """What became of what a run had made.

    Args:
        table: whether the table is gone.
        columns: columns of it that are gone.
        left: what is still there, and why.
    """

    table: bool = False
    columns: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


def unmake(
    record: Record, table: str, *, built: str | None, added: tuple[str, ...], schema: str, dialect: Dialect
) -> Unmade:
    """Drop what a run made, unless it holds anything or anything depends on it.

    Args:
        record: the transaction, in which the run's rows are gone already.
        table: name of the table.
        built: how the run left it, if the run created it.
        added: columns that it added to it.
        schema: its schema.
        dialect: the kind of database.
    """
    place = f"{quote(schema)}.{quote(table)}"
    if built is not None:
        if record.ask(f"SELECT 1 FROM {place} LIMIT 1"):
            return Unmade(left=(f"table {table} stays, since it holds rows of others",))
        why = used_by(record.connection, table, schema=schema, dialect=dialect)
        if why is None and build_of(record.connection, table, schema=schema, dialect=dialect) != built:
            why = "others have added to it, or changed it"
        if why is None and _dropped(record, f"DROP TABLE {place}", dialect):
            return Unmade(table=True)
        return Unmade(left=(f"table {table} stays, empty, since {why or 'others depend on it or use it'}",))
    gone, left = [], []
    for name in added:
        if record.ask(f"SELECT 1 FROM {place} WHERE {quote(name)} IS NOT NULL LIMIT 1"):
            left.append(f"column {name} stays, since it holds values")
        elif not hangs_on(record.connection, table, name, schema=schema, dialect=dialect) and _dropped(
            record, f"ALTER TABLE {place} DROP COLUMN {quote(name)}", dialect
        ):
            gone.append(name)
        else:
            left.append(f"column {name} stays, empty, since others depend on it or use it")
    return Unmade(columns=tuple(gone), left=tuple(left))


def _dropped(record: Record, statement: str, dialect: Dialect) -> bool:
    """Run a statement, and tell whether the database allowed it."""
    from sqlalchemy.exc import DBAPIError

    record.run("SAVEPOINT etl_unmake")
    try:
        if dialect == "postgres":
            record.run("SET LOCAL lock_timeout = '2s'")  # whoever reads the table waits behind us meanwhile
        record.run(statement)
    except DBAPIError as error:
        cause = error.orig
        used = getattr(cause, "sqlstate", None) in _USED or getattr(cause, "sqlite_errorname", None) == "SQLITE_ERROR"
        if not used:
            raise
        record.run("ROLLBACK TO SAVEPOINT etl_unmake")
        return False
    record.run("RELEASE SAVEPOINT etl_unmake")
    return True
