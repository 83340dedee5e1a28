"""The SQL that takes a run's rows back, made apart from running it: one form where both databases understand it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from etl_agent.load.history import CHANGE, CHANGED_BY, CLOSED, DELETED, UPDATED
from etl_agent.load.identifiers import Dialect, quote
from etl_agent.load.statements import LINEAGE, VALID_FROM, VALID_TO

__all__ = ["Reversal"]

_CHAIN = 100  # terms: SQLite refuses an expression of more than 1,000 levels


@dataclass(frozen=True, slots=True)
class Reversal:
    """Write the statements that bring a table back to before a run.

    Args:
        dialect: the kind of database.
        table: the table, quoted and qualified.
        run_id: the run.
        place: the table of the rows as they were before, quoted and qualified; None where the run changed none.
        columns: the columns that are kept there, unquoted.
        fixed: columns that can be written in new rows only, unquoted.
        keys: the columns that tell rows apart, unquoted.
        added: columns that the run added to the table, unquoted.
    """

    dialect: Dialect
    table: str
    run_id: int
    place: str | None = None
    columns: tuple[str, ...] = ()
    fixed: frozenset[str] = frozenset()
    keys: tuple[str, ...] = ()
    added: tuple[str, ...] = ()

    def count(self, change: str) -> str:
        """Count the kept rows of one kind of change."""
        return f"SELECT count(*) {self._kept(change)}"

    def following(self, other: str, columns: Sequence[tuple[str, str]]) -> str:
        """Count the rows of a table that point to rows which ``remove`` deletes, but for those among them.

        Args:
            other: the table, quoted and qualified.
            columns: its columns and those that they point to, unquoted.
        """
        points = " AND ".join(f"o.{quote(own)} = t.{quote(to)}" for own, to in columns)
        stays = ""
        if other == self.table:
            differs = "IS NOT" if self.dialect == "sqlite" else "IS DISTINCT FROM"
            stays = f" AND o.{quote(LINEAGE)} {differs} {self.run_id}"
        both = f"FROM {other} AS o JOIN {self.table} AS t ON {points}"
        return f"SELECT count(*) {both} WHERE {self._new}{stays}"

    def count_new(self) -> str:
        """Count the rows that ``remove`` deletes."""
        return f"SELECT count(*) FROM {self.table} AS t WHERE {self._new}"

    def remove(self) -> str:
        """Delete the rows that the run wrote, but for those that it wrote over others."""
        return f"DELETE FROM {self.table} AS t WHERE {self._new}"

    def write_back(self) -> str:
        """Give the rows that the run wrote over what they held before."""
        values = [name for name in self.columns if name not in self.fixed and name not in self.keys]
        parts = [f"{quote(name)} = h.{quote(name)}" for name in values]
        parts += [f"{quote(name)} = NULL" for name in self.added]
        return (
            f"UPDATE {self.table} AS t SET {', '.join(parts)} FROM {self.place} AS h"
            f" WHERE {self._match(UPDATED)} AND {self._own}"
        )

    def open_again(self) -> str:
        """Make the versions current again that the run closed, where nothing else of them has changed."""
        told = (*self.keys, VALID_FROM, VALID_TO)
        others = [name for name in self.columns if name not in told]
        return (
            f"UPDATE {self.table} AS t SET {quote(VALID_TO)} = NULL FROM {self.place} AS h"
            f" WHERE {self._match(CLOSED, VALID_FROM)} AND t.{quote(VALID_TO)} IS NOT NULL AND {self._same(others)}"
        )

    def count_taken(self) -> str:
        """Count the rows of the table whose key is that of a row which is to be put back."""
        return f"SELECT count(*) FROM {self.place} AS h JOIN {self.table} AS t ON {self._match(DELETED)}"

    def put_back(self) -> str:
        """Insert the rows that the run took out."""
        names = ", ".join(map(quote, self.columns))
        every = " OVERRIDING SYSTEM VALUE" if self.dialect == "postgres" else ""
        order = " ORDER BY h.rowid" if self.dialect == "sqlite" and "rowid" not in map(str.lower, self.columns) else ""
        return f"INSERT INTO {self.table} ({names}){every} SELECT {names} {self._kept(DELETED)}{order}"

    def current_twice(self) -> str:
        """Select a row if a key whose version is open again has another current one."""
        names = ", ".join(f"h.{quote(key)}" for key in self.keys)
        return (
            f"SELECT 1 FROM {self.place} AS h JOIN {self.table} AS t ON {self._match(CLOSED)}"
            f" AND t.{quote(VALID_TO)} IS NULL GROUP BY {names} HAVING count(*) > 1 LIMIT 1"
        )

    def altered(self) -> str:
        """Count the different rows that are in the table less often than among the kept ones."""
        kept = f"SELECT {self._text('h')} AS r, count(*) AS n FROM {self.place} AS h WHERE {self._of_run} GROUP BY 1"
        held = f"SELECT {self._text('t')} AS r, count(*) AS n FROM {self.table} AS t GROUP BY 1"
        return (
            f"SELECT count(*) FROM ({kept}) AS k LEFT JOIN ({held}) AS now ON now.r = k.r"
            " WHERE coalesce(now.n, 0) < k.n"
        )

    def forget(self) -> str:
        """Delete the kept rows of the run."""
        return f"DELETE FROM {self.place} AS h WHERE {self._of_run}"

    @property
    def _own(self) -> str:
        return f"t.{quote(LINEAGE)} = {self.run_id}"

    @property
    def _of_run(self) -> str:
        return f"h.{quote(CHANGED_BY)} = {self.run_id}"

    @property
    def _new(self) -> str:
        """The condition of rows that the run wrote and that were not there before.

        SQLite makes no passing index on columns without a type, but sorts a list.
        """
        if self.place is None or not self.keys:
            return self._own
        if self.dialect == "postgres":
            return f"{self._own} AND NOT EXISTS (SELECT 1 FROM {self.place} AS h WHERE {self._match(UPDATED)})"
        held, kept = (", ".join(f"{row}.{quote(key)}" for key in self.keys) for row in "th")
        return f"{self._own} AND ({held}) NOT IN (SELECT {kept} {self._kept(UPDATED)})"

    def _kept(self, change: str) -> str:
        return f"FROM {self.place} AS h WHERE {self._of_run} AND h.{quote(CHANGE)} = '{change}'"

    def _match(self, change: str, *more: str) -> str:
        """Join the kept rows of a change with the rows of their keys.

        SQLite would look kept rows up by what is the same in all of them, were it not for the plus sign.
        """
        plus = "+" if self.dialect == "sqlite" else ""
        change = f"{plus}h.{quote(CHANGED_BY)} = {self.run_id} AND {plus}h.{quote(CHANGE)} = '{change}'"
        keys = [f"t.{quote(key)} = h.{quote(key)}" for key in (*self.keys, *more)]
        return " AND ".join([change, *keys])

    def _same(self, columns: Sequence[str]) -> str:
        """Compare a row with the one that was kept, byte by byte in Postgres."""
        held, kept = (", ".join(f"{row}.{quote(name)}" for name in columns) for row in "th")
        if self.dialect == "sqlite":
            return f"({held}) IS ({kept})" if len(columns) > 1 else f"{held} IS {kept}"
        return f"ROW({held})::record *= ROW({kept})::record"

    def _text(self, row: str) -> str:
        """Write a row as one text that no other row has."""
        names = [f"{row}.{quote(name)}" for name in self.columns]
        if self.dialect == "postgres":
            return f"ROW({', '.join(names)})::text"
        parts = [f"quote({name})" for name in names]
        while len(parts) > 1:
            parts = [
                "(" + " || ',' || ".join(parts[start : start + _CHAIN]) + ")" for start in range(0, len(parts), _CHAIN)
            ]
        return parts[0]
