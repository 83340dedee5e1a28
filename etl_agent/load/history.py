"""Rows that a load takes out or writes over, kept beside the table as they were, so that an undo can put them back."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from etl_agent.load.identifiers import Dialect, known_as, quote

if TYPE_CHECKING:
    from etl_agent.load.facts import TargetColumn

__all__ = [
    "CHANGE",
    "CHANGED_BY",
    "CLOSED",
    "DELETED",
    "KEEPING",
    "PREFIX",
    "UPDATED",
    "History",
    "Kept",
    "can_keep",
    "kept_in",
]

PREFIX = "_etl_history_"
"""What the names of the tables of kept rows begin with."""

CHANGED_BY = "_etl_changed_by"
"""Column of kept rows: the run that changed them."""

CHANGE = "_etl_change"
"""Column of kept rows: what the run did to them: ``updated``, ``closed`` or ``deleted``."""

UPDATED, CLOSED, DELETED = "updated", "closed", "deleted"

_MOST_KEPT: dict[Dialect, int] = {"sqlite": 1_998, "postgres": 1_598}  # columns: a table takes two more

KEEPING = 0x65746C5F6B657074
"""Number ("etl_kept") of the advisory lock in Postgres that every load shares from when it makes sure of a table of
kept rows to its end; who drops empty ones takes it alone, else a table could go between a load's look and its rows."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What an undo must know of a load.

    Args:
        table: name of the table of kept rows; None where none are kept.
        updated: rows of the target that were written over, or closed in scd2.
        deleted: rows of the target that were taken out.
        built: how the load left the target table (``build.build_of``), if it created it.
        added: columns that it added to the target table.
        keys: the columns that tell its rows apart.
        own_sql: whether SQL of the user's own ran in its transaction.
    """

    table: str | None
    updated: int
    deleted: int
    built: str | None
    added: tuple[str, ...]
    keys: tuple[str, ...]
    own_sql: bool


@dataclass(frozen=True, slots=True)
class History:
    """Write the statements that keep rows before they change.

    Args:
        dialect: the kind of database.
        place: the table of kept rows, quoted and qualified.
        table: the table that they are in, quoted and qualified.
        columns: its columns that can be written, unquoted.
        run_id: the run that changes them.
    """

    dialect: Dialect
    place: str
    table: str
    columns: tuple[str, ...]
    run_id: int

    def create(self) -> str:
        """Make the table of kept rows, unless it is there.

        In SQLite its columns have no type, so that nothing is converted.
        """
        names = ", ".join(map(quote, self.columns))
        if self.dialect == "sqlite":
            return (
                f"CREATE TABLE IF NOT EXISTS {self.place} ({quote(CHANGED_BY)} INTEGER, {quote(CHANGE)} TEXT, {names})"
            )
        own = f"0::bigint AS {quote(CHANGED_BY)}, ''::text AS {quote(CHANGE)}"
        made = f"CREATE TABLE IF NOT EXISTS {self.place} AS SELECT {own}, {names} FROM {self.table} WITH NO DATA"
        return f"SELECT pg_advisory_xact_lock_shared({KEEPING}); {made}"

    def keep_updated(self, source: str) -> str:
        """Keep the rows that an update is about to change.

        Args:
            source: from where, with the table as ``t``, and which.
        """
        return self._keep(UPDATED, source)

    def keep_closed(self, source: str) -> str:
        """Keep the versions that are about to be closed; see ``keep_updated``."""
        return self._keep(CLOSED, source)

    def delete(self, where: str) -> tuple[str, ...]:
        """Delete rows and keep them; the last statement counts them.

        Args:
            where: which rows, from the ``WHERE`` on; all of them when empty.
        """
        names = ", ".join(map(quote, self.columns))
        kept = f"{self._insert()} SELECT {self.run_id}, '{DELETED}', {names} FROM"
        if self.dialect == "postgres":
            return (f"WITH gone AS (DELETE FROM {self.table}{where} RETURNING {names}) {kept} gone",)
        return f"{kept} {self.table}{where}", f"DELETE FROM {self.table}{where}"

    def _keep(self, change: str, source: str) -> str:
        names = ", ".join(f"t.{quote(name)}" for name in self.columns)
        lock = " FOR UPDATE OF t" if self.dialect == "postgres" else ""  # else another session may be in between
        return f"{self._insert()} SELECT {self.run_id}, '{change}', {names} {source}{lock}"

    def _insert(self) -> str:
        return f"INSERT INTO {self.place} ({', '.join(map(quote, (CHANGED_BY, CHANGE, *self.columns)))})"


def can_keep(columns: Sequence[TargetColumn], *, dialect: Dialect) -> bool:
    """Tell whether a table of kept rows can hold these columns besides its own.

    Args:
        columns: the columns of the target table that can be written.
        dialect: the kind of database.
    """
    names = {known_as(column.name, dialect=dialect) for column in columns}
    return len(columns) <= _MOST_KEPT[dialect] and names.isdisjoint((CHANGED_BY, CHANGE))


def kept_in(table: str, columns: Sequence[TargetColumn], *, dialect: Dialect) -> str:
    """Name the table of kept rows: another one when a table's columns have changed, so that none must be converted.

    Args:
        table: name of the target table.
        columns: its columns that can be written.
        dialect: the kind of database.
    """
    parts = [known_as(table, dialect=dialect), *(part for column in columns for part in (column.name, column.sql_type))]
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{PREFIX}{digest[:12]}"
