"""How values are stored in SQLite: what each type becomes, so that it can be read back exactly.

| type | stored as | form |
|---|---|---|
| text | TEXT | itself |
| integer | INTEGER | 64 bits |
| decimal of scale 0, up to 18 digits | INTEGER | itself |
| decimal up to 15 digits | REAL | the nearest double: it has its own double for each such decimal, sorts and sums |
| decimal beyond 15 digits | TEXT | all digits of the scale: `12345678901234567890.10` |
| float | REAL | itself; NaN, which SQLite would turn into null, is the text `NaN` |
| boolean | INTEGER | 0 or 1 |
| date | TEXT | `2025-04-03` |
| time | TEXT | `12:30:00`, or `12:30:00.500000` |
| timestamp | TEXT | `2025-04-03 12:30:00`, or with six digits of a second |
| timestamp with time zone | TEXT | `2025-04-03 10:00:00+00:00`, always UTC |

Dates and times are ISO 8601 with a blank between date and time, as SQLite's own date functions write them: they sort
as text and compare with ``datetime('now')``. No other declared type is used: NUMERIC affinity would turn the text
``1.10`` into the number 1.1.
"""

from __future__ import annotations

import decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.shape import ColumnType

__all__ = ["accepts", "affinity", "storage", "stored", "type_of"]

_EXACT_IN_DOUBLE = 15  # digits: each such decimal is the nearest one to its double
_EXACT_IN_INTEGER = 18  # digits that fit into 64 bits whatever they are
_TEMPORAL = frozenset({"date", "time", "timestamp"})


def storage(kind: ColumnType) -> str:
    """Return the declared type of a column of this type: TEXT, INTEGER or REAL."""
    if kind.kind in ("integer", "boolean"):
        return "INTEGER"
    if kind.kind == "float":
        return "REAL"
    if kind.kind == "decimal":
        precision, scale = kind.precision or 0, kind.scale or 0
        if scale == 0 and precision <= _EXACT_IN_INTEGER:
            return "INTEGER"
        return "REAL" if precision <= _EXACT_IN_DOUBLE else "TEXT"
    return "TEXT"


def affinity(declared: str) -> str:
    """Return what SQLite makes of a declared type (https://www.sqlite.org/datatype3.html, section 3.1)."""
    upper = declared.upper()
    if "INT" in upper:
        return "INTEGER"
    if any(word in upper for word in ("CHAR", "CLOB", "TEXT")):
        return "TEXT"
    if not upper or "BLOB" in upper:
        return "BLOB"
    return "REAL" if any(word in upper for word in ("REAL", "FLOA", "DOUB")) else "NUMERIC"


def accepts(declared: str, kind: ColumnType) -> bool:
    """Whether a column with this declared type keeps values of a type as they are stored."""
    found = affinity(declared)
    if kind.kind in _TEMPORAL and found == "NUMERIC":
        return True  # such text never looks like a number, so the affinity of DATE and DATETIME leaves it alone
    keeps = {
        "TEXT": {"TEXT", "BLOB"},
        "INTEGER": {"INTEGER", "NUMERIC", "BLOB"},
        "REAL": {"REAL", "NUMERIC", "BLOB"},
    }
    return found in keeps[storage(kind)]


def type_of(declared: str) -> ColumnType | None:
    """Return our type for a declared type, as far as the affinity tells it."""
    kinds: dict[str, ColumnType] = {
        "TEXT": ColumnType("text"),
        "INTEGER": ColumnType("integer"),
        "REAL": ColumnType("float"),
    }
    return kinds.get(affinity(declared))


def stored(column: pa.Array, *, kind: ColumnType) -> pa.Array:
    """Turn a typed column into what SQLite stores: text, 64-bit integers or doubles."""
    if kind.kind in ("text", "integer", "float"):
        return column
    if kind.kind == "boolean":
        return pc.cast(column, pa.int64())
    if kind.kind == "decimal":
        return _decimals(column, target=storage(kind))
    return _times(column, zoned=kind.zoned) if kind.kind in ("time", "timestamp") else pc.cast(column, pa.string())


def _decimals(column: pa.Array, *, target: str) -> pa.Array:
    if target == "TEXT":
        return _plain(column)
    scale = column.type.scale
    missing = column.is_null().to_numpy(zero_copy_only=False)
    # Arrow's own cast to a double is not correctly rounded; one division of two exact doubles is.
    words = np.frombuffer(column.buffers()[1], dtype="<i8") if len(column) else np.empty(0, "<i8")
    whole = words[::2][column.offset : column.offset + len(column)]
    values = whole if target == "INTEGER" else whole / float(10**scale)
    return pa.array(values, mask=missing)


def _plain(column: pa.Array) -> pa.Array:
    """Write decimals without an exponent, which Arrow uses for very small ones."""
    text = pc.cast(column, pa.string())
    scientific = pc.match_substring(text, "E")
    if not pc.any(scientific).as_py():
        return text
    plain = [format(decimal.Decimal(value), "f") for value in text.filter(scientific).to_pylist()]
    return pc.replace_with_mask(text, pc.fill_null(scientific, False), pa.array(plain, pa.string()))  # noqa: FBT003  Arrow's order


def _times(column: pa.Array, *, zoned: bool) -> pa.Array:
    local = pc.cast(column, pa.timestamp("us")) if zoned else column
    text = pc.replace_substring_regex(pc.cast(local, pa.string()), pattern=r"\.0+$", replacement="")
    return pc.binary_join_element_wise(text, "+00:00", "") if zoned else text
