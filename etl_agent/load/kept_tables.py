"""The tables of kept rows that a schema holds: listed by what they are, emptied in lots, and dropped."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import TYPE_CHECKING

from etl_agent.load.history import CHANGE, CHANGED_BY, KEEPING, PREFIX
from etl_agent.load.identifiers import quote

if TYPE_CHECKING:
    from sqlalchemy import Table
    from sqlalchemy.engine import Connection

__all__ = ["drop_empty", "list_kept", "stays"]

_NAME = re.compile(rf"{PREFIX}[0-9a-f]{{12}}")


def list_kept(connection: Connection, *, schema: str | None) -> tuple[Table, ...]:
    """List the tables of kept rows, in the order of their names, each with the columns that say whose its rows are.

    The schema is asked, and no text of the ledger is believed: a table that has another name, or lacks the columns, is
    somebody else's.

    Args:
        connection: to read with.
        schema: where the ledger is; the connection's own when absent.
    """
    import sqlalchemy as sa

    inspector = sa.inspect(connection)
    found = []
    for name in sorted(filter(_NAME.fullmatch, inspector.get_table_names(schema=schema))):
        try:
            columns = {column["name"] for column in inspector.get_columns(name, schema=schema)}
        except sa.exc.NoSuchTableError:  # another prune dropped it just now
            continue
        if {CHANGED_BY, CHANGE} <= columns:
            own = (sa.Column(CHANGED_BY, sa.BigInteger), sa.Column(CHANGE, sa.Text))
            found.append(sa.Table(sa.quoted_name(name, quote=True), sa.MetaData(schema=schema), *own))
    return tuple(found)


def stays(connection: Connection, table: Table) -> bool:
    """Keep a table of kept rows from being dropped to the end of the transaction; False where it is gone already.

    Args:
        connection: inside a transaction that writes.
        table: one that was listed.
    """
    import sqlalchemy as sa

    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock_shared(KEEPING)))
    return sa.inspect(connection).has_table(table.name, schema=table.schema)


def drop_empty(connection: Connection, *, schema: str | None, named: Container[str]) -> int | None:
    """Drop the tables of kept rows that are empty and that nothing names, and return how many.

    Args:
        connection: inside a transaction that writes.
        schema: where the ledger is.
        named: the tables that the ledger still names.

    Returns:
        None where a load is about to keep rows, or somebody reads one of the tables: then none is dropped.
    """
    import sqlalchemy as sa

    postgres = connection.dialect.name == "postgresql"
    if postgres and not connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(KEEPING))).scalar():
        return None
    dropped = 0
    for table in list_kept(connection, schema=schema):
        if table.name in named or connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first():
            continue
        place = ".".join(quote(part) for part in (schema, table.name) if part is not None)
        if postgres and not _taken(connection, place):
            return None
        connection.exec_driver_sql(f"DROP TABLE {place}", execution_options={"no_parameters": True})
        dropped += 1
    return dropped


def _taken(connection: Connection, place: str) -> bool:
    """Lock a table without waiting: whoever waits for it holds up those behind."""
    from sqlalchemy.exc import OperationalError

    try:
        with connection.begin_nested():
            statement = f"LOCK TABLE {place} IN ACCESS EXCLUSIVE MODE NOWAIT"
            connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
    except OperationalError:
        return False
    return True
