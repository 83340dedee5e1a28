"""What hangs on a table besides its rows: triggers, rows of other tables, rights, and what is made from it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from etl_agent.load.identifiers import Dialect, quote

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection
    from sqlalchemy.exc import DBAPIError

__all__ = ["Follower", "followers", "has_triggers", "pointing", "used_by"]

_TRIGGERS: dict[Dialect, str] = {
    "sqlite": "SELECT 1 FROM main.sqlite_master WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE LIMIT 1",
    "postgres": "SELECT 1 FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal AND tgenabled <> 'D'"
    " LIMIT 1",
}
_FOLLOWERS_SQLITE = """
SELECT 'main' AS place, m.name AS child, f.id, f."from" AS own, coalesce(f."to", p.name) AS other,
       f.on_delete IN ('CASCADE', 'SET NULL', 'SET DEFAULT') AS deleted,
       f.on_update IN ('CASCADE', 'SET NULL', 'SET DEFAULT') AS updated
FROM main.sqlite_master AS m, pragma_foreign_key_list(m.name, 'main') AS f
LEFT JOIN pragma_table_info(?, 'main') AS p ON f."to" IS NULL AND p.pk = f.seq + 1
WHERE m.type = 'table' AND f."table" = ? COLLATE NOCASE AND (deleted OR updated)
ORDER BY 2, 3, f.seq
"""
_FOLLOWERS_POSTGRES = """
SELECT n.nspname::text AS place, r.relname::text AS child, c.oid::bigint AS id,
       a.attname::text AS own, b.attname::text AS other,
       c.confdeltype IN ('c', 'n', 'd') AS deleted, c.confupdtype IN ('c', 'n', 'd') AS updated
FROM pg_constraint AS c JOIN pg_class AS r ON r.oid = c.conrelid JOIN pg_namespace AS n ON n.oid = r.relnamespace
CROSS JOIN LATERAL unnest(c.conkey, c.confkey) WITH ORDINALITY AS k(own, other, place)
JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = k.own
JOIN pg_attribute AS b ON b.attrelid = c.confrelid AND b.attnum = k.other
WHERE c.contype = 'f' AND c.confrelid = %s::regclass AND c.conparentid = 0
  AND (c.confdeltype IN ('c', 'n', 'd') OR c.confupdtype IN ('c', 'n', 'd'))
ORDER BY 1, 2, 3, k.place
"""
_POINTING_SQLITE = """
SELECT DISTINCT m.name FROM main.sqlite_master AS m, pragma_foreign_key_list(m.name, 'main') AS f
WHERE m.type = 'table' AND f."table" = ? COLLATE NOCASE ORDER BY 1
"""
_MADE_FROM = """
SELECT type, name, sql FROM main.sqlite_master
WHERE sql IS NOT NULL AND (type IN ('view', 'trigger') OR type = 'table' AND name <> ? COLLATE NOCASE)
"""


@dataclass(frozen=True, slots=True)
class Follower:
    """A table whose rows are deleted or changed by the database when a row that they point to is.

    Args:
        table: quoted and qualified.
        columns: its columns and those that they point to, unquoted.
        deleted: whether its rows follow when that row is deleted.
        updated: whether they follow when the columns are updated.
    """

    table: str
    columns: tuple[tuple[str, str], ...]
    deleted: bool
    updated: bool


def has_triggers(connection: Connection, table: str, *, schema: str, dialect: Dialect) -> bool:
    """Tell whether triggers of the user's own may change rows that are written."""
    return connection.exec_driver_sql(_TRIGGERS[dialect], (_named(table, schema, dialect),)).scalar() is not None


def followers(connection: Connection, table: str, *, schema: str, dialect: Dialect) -> tuple[Follower, ...]:
    """Find the tables whose rows follow when rows of a table are deleted or updated."""
    query = _FOLLOWERS_SQLITE if dialect == "sqlite" else _FOLLOWERS_POSTGRES
    named = _named(table, schema, dialect)
    parts: dict[tuple[str, int, bool, bool], list[tuple[str, str]]] = {}
    for place, child, number, own, other, deleted, updated in connection.exec_driver_sql(
        query, (named, named) if dialect == "sqlite" else (named,)
    ):
        constraint = (f"{quote(place)}.{quote(child)}", int(number), bool(deleted), bool(updated))
        parts.setdefault(constraint, []).append((str(own), str(other)))
    return tuple(Follower(child, tuple(columns), *when) for (child, _, *when), columns in parts.items())


def pointing(connection: Connection, table: str, error: DBAPIError) -> tuple[str, ...] | None:
    """Name the tables whose rows point to one that could not be deleted; SQLite does not say which of them it was.

    Args:
        connection: where the error occurred.
        table: the table whose row it is.
        error: what the database said; None is returned where it is something else.
    """
    cause = error.orig
    if getattr(cause, "sqlite_errorname", None) == "SQLITE_CONSTRAINT_FOREIGNKEY":
        return tuple(name for (name,) in connection.exec_driver_sql(_POINTING_SQLITE, (table,)))
    if getattr(cause, "sqlstate", None) in ("23503", "23001"):
        name = getattr(getattr(cause, "diag", None), "table_name", None)
        return (name,) if name else ()
    return None


def used_by(connection: Connection, table: str, *, schema: str, dialect: Dialect) -> str | None:
    """Say what would be lost with a table, or would break without it, as far as the database would not say so itself.

    In SQLite that is whatever names the table, since a table can be dropped from under a view; in Postgres the rights
    that somebody was given on it.
    """
    if dialect == "postgres":
        query = "SELECT relacl IS NOT NULL FROM pg_class WHERE oid = %s::regclass"
        granted = connection.exec_driver_sql(query, (_named(table, schema, dialect),)).scalar()
        return "somebody was given rights on it" if granted else None
    spellings = "|".join(re.escape(name) for name in {table, quote(table)[1:-1]})
    mention = re.compile(rf"(?<!\w)(?:{spellings})(?!\w)", re.IGNORECASE)
    for kind, name, sql in connection.exec_driver_sql(_MADE_FROM, (table,)):
        if mention.search(sql):
            return f"the {kind} {name} names it"
    return None


def _named(table: str, schema: str, dialect: Dialect) -> str:
    return table if dialect == "sqlite" else f"{quote(schema)}.{quote(table)}"
