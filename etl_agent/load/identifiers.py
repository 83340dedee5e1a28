"""Names of tables and columns in SQL: quoted in one way, and refused where a database would change them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from etl_agent.errors import ConfigurationError

__all__ = ["Dialect", "check_name", "check_names", "known_as", "quote"]

Dialect = Literal["sqlite", "postgres"]

_POSTGRES_BYTES = 63  # NAMEDATALEN - 1: the server cuts longer names off without an error
_POSTGRES_COLUMNS = frozenset({"cmax", "cmin", "ctid", "tableoid", "xmax", "xmin"})  # every table has them already
_SHOWN = 100  # characters of a longer name
_UPPER = re.compile(r"[A-Z]+")


def quote(name: str) -> str:
    """Quote one identifier; the form is the same in SQLite and Postgres.

    >>> quote('say "hi" twice')
    '"say ""hi"" twice"'
    """
    return '"' + name.replace('"', '""') + '"'


def known_as(name: str, *, dialect: Dialect) -> str:
    """Return the form by which the database tells names apart: SQLite ignores the case of ASCII letters."""
    return _UPPER.sub(lambda match: match[0].lower(), name) if dialect == "sqlite" else name


def check_name(name: str, *, dialect: Dialect, what: str) -> None:
    """Refuse a name that the database cannot keep exactly.

    Args:
        name: the identifier, unquoted.
        dialect: the kind of database.
        what: what it names, for the message: ``table`` or ``column``.

    Raises:
        ConfigurationError: the name is empty, holds NUL, would be cut off, or is the database's own.
    """
    if not name:
        raise ConfigurationError(f"a {what} has an empty name")
    if "\0" in name:
        raise ConfigurationError(f"the {what} name {name!r} holds a NUL character, which no database can store")
    size = len(name.encode("utf-8", "surrogatepass"))
    if dialect == "postgres" and size > _POSTGRES_BYTES:
        shown = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"
        raise ConfigurationError(
            f"the {what} name {shown!r} is {size:,} bytes long; Postgres keeps {_POSTGRES_BYTES} and cuts off the rest"
        )
    if dialect == "postgres" and what == "column" and name in _POSTGRES_COLUMNS:
        raise ConfigurationError(f"the column name {name!r} is one that Postgres keeps for itself; rename the column")
    if dialect == "sqlite" and what == "table" and known_as(name, dialect=dialect).startswith("sqlite_"):
        raise ConfigurationError(f"the table name {name!r} begins with sqlite_, which SQLite keeps for itself")


def check_names(names: Iterable[str], *, dialect: Dialect) -> None:
    """Refuse column names that the database cannot keep exactly, or cannot tell apart.

    Raises:
        ConfigurationError: a name is refused, or two names are the same to the database.
    """
    seen: dict[str, str] = {}
    for name in names:
        check_name(name, dialect=dialect, what="column")
        folded = known_as(name, dialect=dialect)
        if other := seen.get(folded):
            raise ConfigurationError(
                f"the columns {other!r} and {name!r} are the same name to the database; rename one of them"
            )
        seen[folded] = name
