"""What each type is in Postgres, and which columns of an existing table keep its values."""

from __future__ import annotations

import re

from etl_agent.shape import ColumnType

__all__ = ["accepts", "comparable", "sql_type", "type_of"]

_PLAIN: dict[str, ColumnType] = {
    "text": ColumnType("text"),
    "character varying": ColumnType("text"),
    "smallint": ColumnType("integer"),
    "integer": ColumnType("integer"),
    "bigint": ColumnType("integer"),
    "double precision": ColumnType("float"),
    "boolean": ColumnType("boolean"),
    "date": ColumnType("date"),
    "time without time zone": ColumnType("time"),
    "timestamp without time zone": ColumnType("timestamp"),
    "timestamp with time zone": ColumnType("timestamp", zoned=True),
}
_NUMERIC = re.compile(r"numeric(?:\((\d+),(-?\d+)\))?")
_VARCHAR = re.compile(r"character varying\(\d+\)")
_CHANGES_TEXT = re.compile(r'real|money|bytea|bit.*|"char"|name|oid|character.*|(time|timestamp|interval).*')
"""Types whose input would change a text, or a number, without an error: padding, cutting, rounding, escapes."""

_INTEGER_DIGITS = 19  # of the largest 64-bit number


def sql_type(kind: ColumnType) -> str:
    """Return the type of a column that we create."""
    if kind.kind == "decimal":
        return f"numeric({kind.precision},{kind.scale})"
    if kind.kind == "timestamp":
        return "timestamp with time zone" if kind.zoned else "timestamp without time zone"
    return {
        "text": "text",
        "integer": "bigint",
        "float": "double precision",
        "boolean": "boolean",
        "date": "date",
        "time": "time without time zone",
    }[kind.kind]


def type_of(written: str) -> ColumnType | None:
    """Return our type for one of the server's, as ``format_type`` writes it."""
    if _VARCHAR.fullmatch(written):
        return ColumnType("text")
    if (match := _NUMERIC.fullmatch(written)) and match[1] and 0 <= int(match[2]) <= int(match[1]) <= 76:
        return ColumnType("decimal", int(match[1]), int(match[2]))
    return _PLAIN.get(written)


def accepts(written: str, kind: ColumnType) -> bool:
    """Whether a column keeps the values of a type exactly, or says so with an error.

    A shorter text or integer column is accepted: the server refuses what does not fit. A type that has no
    counterpart among ours (uuid, json, an enumeration) takes text, by the server's own rules.
    """
    if match := _NUMERIC.fullmatch(written):
        if kind.kind not in ("decimal", "integer"):
            return False
        if match[1] is None:
            return True
        precision, scale = kind.precision or _INTEGER_DIGITS, kind.scale or 0
        return int(match[2]) >= scale and int(match[1]) - int(match[2]) >= precision - scale
    ours = type_of(written)
    if ours is not None:
        return ours == kind
    return kind.kind == "text" and not _CHANGES_TEXT.fullmatch(written)


def comparable(written: str) -> bool:
    """Whether the server's own comparison tells every two different values of a type apart."""
    return type_of(written) is not None or bool(_NUMERIC.fullmatch(written))
