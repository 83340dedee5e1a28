"""What Postgres says of a table, and of who holds its lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl_agent.errors import ConfigurationError
from etl_agent.load.facts import TableFacts, TargetColumn
from etl_agent.load.identifiers import quote
from etl_agent.load.postgres_types import type_of

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["holder", "read_facts", "resolve_schema"]

_TABLE = """
SELECT c.oid::bigint, c.relkind FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relname = %s AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
"""
_COLUMNS = """
SELECT a.attname AS name,
       CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod)
            ELSE format_type(a.atttypid, a.atttypmod) END AS sql_type,
       a.attnotnull OR t.typnotnull AS required,
       a.atthasdef OR a.attidentity <> '' AS has_default,
       a.attgenerated <> '' OR a.attidentity = 'a' AS generated, a.attidentity = 'a' AS numbered
FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
_KEYS = """
SELECT i.indisprimary, array_agg(a.attname::text ORDER BY k.place) AS names
FROM pg_index AS i
CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place)
JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.number
WHERE i.indrelid = %s AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
  AND k.place <= i.indnkeyatts
GROUP BY i.indexrelid, i.indisprimary ORDER BY i.indexrelid
"""
_HOLDER = """
SELECT coalesce(nullif(a.application_name, ''), 'a session') || ', backend ' || l.pid
       || coalesce(' from ' || host(a.client_addr), '')
       || coalesce(' since ' || to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC', '')
FROM pg_locks AS l LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND l.classid::bigint = %s AND l.objid::bigint = %s
"""


def resolve_schema(connection: Connection, schema: str | None) -> str:
    """Return the schema that tables are made in: the one given, or the connection's own.

    Raises:
        ConfigurationError: none is given and the connection has none.
    """
    if schema is not None:
        return schema
    own = connection.exec_driver_sql("SELECT current_schema()").scalar()
    if own is None:
        raise ConfigurationError("the connection has no schema to make tables in; name one: schema: public")
    return str(own)


def read_facts(connection: Connection, table: str, *, schema: str, count: bool = False) -> TableFacts | None:
    """Look at a table through a connection.

    Raises:
        ConfigurationError: the name belongs to a view or a foreign table.
    """
    found = connection.exec_driver_sql(_TABLE, (schema, table)).one_or_none()
    if found is None:
        return None
    oid, kind = found
    if kind not in ("r", "p"):
        raise ConfigurationError(f"{table} is a view or a foreign table; rows are loaded into tables only")
    keys = [(primary, tuple(names)) for primary, names in connection.exec_driver_sql(_KEYS, (oid,))]
    where = f"{quote(schema)}.{quote(table)}"
    counted = {"no_parameters": True}
    return TableFacts(
        name=table,
        schema=schema,
        columns=tuple(
            TargetColumn(
                name=row.name,
                sql_type=row.sql_type,
                type=type_of(row.sql_type),
                nullable=not row.required,
                has_default=row.has_default,
                generated=row.generated,
                numbered=row.numbered,
            )
            for row in connection.exec_driver_sql(_COLUMNS, (oid,))
        ),
        primary_key=next((names for primary, names in keys if primary), ()),
        unique=tuple(frozenset(names) for _, names in keys),
        rows=connection.exec_driver_sql(f"SELECT count(*) FROM {where}", execution_options=counted).scalar()
        if count
        else None,
    )


def holder(connection: Connection, key: int) -> str:
    """Say who holds an advisory lock."""
    unsigned = key & 0xFFFF_FFFF_FFFF_FFFF
    found = connection.exec_driver_sql(_HOLDER, (unsigned >> 32, unsigned & 0xFFFF_FFFF)).scalar()
    return str(found or "a session that has just ended")
