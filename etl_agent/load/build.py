"""How a table is built besides its rows, as one short text: what others add to it later makes another text."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from etl_agent.load.identifiers import Dialect, quote

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["build_of", "hangs_on"]

_SQLITE = """
SELECT 'column', name, type FROM pragma_table_xinfo(?1, 'main')
UNION ALL
SELECT type, name, sql FROM main.sqlite_master
WHERE tbl_name = ?1 COLLATE NOCASE AND type IN ('index', 'trigger') AND sql IS NOT NULL
"""
_POSTGRES = """
WITH own AS (SELECT %s::regclass AS id)
SELECT 'column', a.attname::text,
       format_type(a.atttypid, a.atttypmod) || coalesce(col_description(own.id, a.attnum), '')
FROM own JOIN pg_attribute AS a ON a.attrelid = own.id AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT 'index', i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
FROM own JOIN pg_index AS i ON i.indrelid = own.id
UNION ALL
SELECT 'constraint', c.conname::text, pg_get_constraintdef(c.oid)
FROM own JOIN pg_constraint AS c ON c.conrelid = own.id AND c.contype <> 'n'
UNION ALL
SELECT 'trigger', t.tgname::text, pg_get_triggerdef(t.oid)
FROM own JOIN pg_trigger AS t ON t.tgrelid = own.id AND NOT t.tgisinternal
UNION ALL
SELECT 'policy', p.polname::text, '' FROM own JOIN pg_policy AS p ON p.polrelid = own.id
UNION ALL
SELECT 'table', relrowsecurity::text, coalesce(obj_description(own.id, 'pg_class'), '')
FROM own JOIN pg_class ON pg_class.oid = own.id
"""
_HANGING = """
SELECT 1 FROM pg_attribute AS a LEFT JOIN pg_depend AS d
  ON d.refclassid = 'pg_class'::regclass AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum
  AND d.classid <> 'pg_attrdef'::regclass AND d.deptype IN ('a', 'n')
WHERE a.attrelid = %s::regclass AND a.attname = %s AND NOT a.attisdropped
  AND (d.objid IS NOT NULL OR col_description(a.attrelid, a.attnum) IS NOT NULL)
LIMIT 1
"""


def build_of(connection: Connection, table: str, *, schema: str, dialect: Dialect) -> str:
    """Digest (hex) a table's columns, indexes, triggers and, in Postgres, constraints, policies and comments."""
    query = _SQLITE if dialect == "sqlite" else _POSTGRES
    named = table if dialect == "sqlite" else f"{quote(schema)}.{quote(table)}"
    parts = sorted("\0".join(map(str, row)) for row in connection.exec_driver_sql(query, (named,)))
    return hashlib.sha256("\1".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def hangs_on(connection: Connection, table: str, column: str, *, schema: str, dialect: Dialect) -> bool:
    """Tell whether an index, a constraint or a comment would silently go with a column; SQLite would not let it."""
    if dialect == "sqlite":
        return False
    named = f"{quote(schema)}.{quote(table)}"
    return connection.exec_driver_sql(_HANGING, (named, column)).scalar() is not None
