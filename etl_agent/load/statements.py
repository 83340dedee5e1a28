"""The SQL of every write mode, made apart from running it: one form that both databases understand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from etl_agent.load.history import History
from etl_agent.load.identifiers import Dialect, quote

__all__ = ["LINEAGE", "ROW", "VALID_FROM", "VALID_TO", "Statements", "stage_column"]

LINEAGE = "_etl_run_id"
"""Column that names the run which wrote a row."""

ROW = "_etl_row"
"""Column of the stage: the record number in the dataset."""

VALID_FROM, VALID_TO = "valid_from", "valid_to"
"""Columns of a scd2 table: from when, and until when, a version holds; the current one has no end."""

_CHAIN = 100  # conditions


def stage_column(index: int) -> str:
    """Name a column of the stage by its place, so that no name of the user's is repeated there."""
    return f"c{index}"


@dataclass(frozen=True, slots=True)
class Statements:
    """Write the statements between a stage and its table.

    Args:
        dialect: the kind of database.
        table: the table, quoted and qualified.
        stage: the stage, quoted and qualified.
        columns: the columns to write, unquoted, in the stage's order.
        keys: which of them are the key, by place.
        as_text: which of them must be compared as text, because the server's own comparison is coarser or absent.
        run_id: what to write into the lineage column, or None where the table has none.
        at: SQL literal of the moment of the load, for scd2.
        emptied: other columns of the table, unquoted, that an update makes null.
        present: a table of keys, in the stage's columns, that count as staged although no row of theirs is, quoted and
            qualified; None where there are none.
        history: keeps the rows that are changed or deleted; None where they are not kept.
    """

    dialect: Dialect
    table: str
    stage: str
    columns: tuple[str, ...]
    keys: tuple[int, ...] = ()
    as_text: frozenset[int] = frozenset()
    run_id: int | None = None
    at: str = "NULL"
    emptied: tuple[str, ...] = ()
    present: str | None = None
    history: History | None = None

    @property
    def key_names(self) -> tuple[str, ...]:
        """The names of the key's columns."""
        return tuple(self.columns[key] for key in self.keys)

    def insert_all(self) -> str:
        """Insert every staged row."""
        return self._insert(f"FROM {self.stage} AS s", order=self.dialect == "sqlite")

    def insert_new(self) -> str:
        """Insert the staged rows whose key the table does not hold."""
        return self._insert(self._unmatched(), order=True)

    def update_changed(self) -> tuple[str, ...]:
        """Update the rows of the table that differ from the staged row of their key; none if only keys are loaded."""
        return self._update(self._assignments()) if self._values() or self.emptied else ()

    def delete_all(self) -> tuple[str, ...]:
        """Delete every row of the table."""
        return self._delete("")

    def delete_missing(self) -> tuple[str, ...]:
        """Delete the rows of the table whose key is not staged; those without a whole key stay."""
        plain = ", ".join(quote(self.columns[key]) for key in self.keys)
        names = ", ".join(f"t.{quote(self.columns[key])}" for key in self.keys)
        return self._delete(f" WHERE ({plain}) IN (SELECT {names} {self._missing()})")

    def delete_null_keys(self) -> tuple[str, ...]:
        """Delete the rows of the table whose key is null in part: no staged row can match them."""
        nulls = " OR ".join(f"{quote(self.columns[key])} IS NULL" for key in self.keys)
        return self._delete(f" WHERE {nulls}")

    def delete_matching(self) -> tuple[str, ...]:
        """Delete all rows of the table whose key is staged."""
        plain = ", ".join(quote(self.columns[key]) for key in self.keys)
        staged = ", ".join(f"s.{stage_column(key)}" for key in self.keys)
        return self._delete(f" WHERE ({plain}) IN (SELECT {staged} FROM {self.stage} AS s)")

    def delete_runs(self, runs: Sequence[int]) -> tuple[str, ...]:
        """Delete the rows of the table that some runs wrote, as its lineage column tells."""
        return self._delete(f" WHERE {quote(LINEAGE)} IN ({', '.join(str(int(run)) for run in runs)})")

    def match(self) -> str:
        """Select the staged rows whose key the table holds, and whether all else is the same too."""
        return (
            f"SELECT s.{ROW} AS row, CASE WHEN {self._differs() or '1 = 0'} THEN 0 ELSE 1 END AS same"
            f" FROM {self.stage} AS s JOIN {self.table} AS t ON {self._match()}"
        )

    def insert_unmatched(self, matched: str) -> str:
        """Insert the staged rows that a table of matches does not list."""
        known = f"LEFT JOIN {matched} AS m ON m.row = s.{ROW} WHERE m.row IS NULL"
        return self._insert(f"FROM {self.stage} AS s {known}", order=True)

    def count_same(self, matched: str) -> str:
        """Count the staged rows that the table holds already, the same in every column."""
        return f"SELECT count(*) FROM {self.stage} AS s JOIN {matched} AS m ON m.row = s.{ROW} WHERE m.same = 1"

    def close_versions(self) -> tuple[str, ...]:
        """End the current versions that differ from the staged row of their key; nothing if only keys are loaded."""
        return self._update(f"{quote(VALID_TO)} = {self.at}", current=True) if self._values() else ()

    def close_missing(self) -> tuple[str, ...]:
        """End the current versions whose key is not staged; those without a whole key stay."""
        names = ", ".join(f"t.{quote(self.columns[key])}" for key in self.keys)
        ended = f"t.{quote(VALID_TO)} IS NULL AND ({names}) IN (SELECT {names} {self._missing(current=True)})"
        update = f"UPDATE {self.table} AS t SET {quote(VALID_TO)} = {self.at} WHERE {ended}"
        if self.history is None:
            return (update,)
        return self.history.create(), self.history.keep_closed(f"FROM {self.table} AS t WHERE {ended}"), update

    def count_held(self, *, current: bool = False) -> str:
        """Count the rows of the table, or the current versions of a scd2 table."""
        return f"SELECT count(*) FROM {self.table}" + (f" WHERE {quote(VALID_TO)} IS NULL" if current else "")

    def insert_versions(self) -> str:
        """Insert a current version of every staged row whose key has none."""
        return self._insert(self._unmatched(current=True), order=True, version=True)

    def repeated(self, *, staged: bool, current: bool = False) -> str:
        """Select a row if any key stands twice in the stage, or in the table."""
        if staged:
            names = ", ".join(f"s.{stage_column(key)}" for key in self.keys)
            source = f"{self.stage} AS s"
        else:
            names = ", ".join(f"t.{quote(self.columns[key])}" for key in self.keys)
            source = f"{self.table} AS t" + (f" WHERE t.{quote(VALID_TO)} IS NULL" if current else "")
        return f"SELECT 1 FROM {source} GROUP BY {names} HAVING count(*) > 1 LIMIT 1"

    def _insert(self, source: str, *, order: bool, version: bool = False) -> str:
        names = [quote(name) for name in self.columns]
        values = [f"s.{stage_column(index)}" for index in range(len(self.columns))]
        if version:
            names += [quote(VALID_FROM), quote(VALID_TO)]
            values += [self.at, "NULL"]
        if self.run_id is not None:
            names.append(quote(LINEAGE))
            values.append(str(self.run_id))
        ordered = f" ORDER BY s.{ROW}" if order else ""
        return f"INSERT INTO {self.table} ({', '.join(names)}) SELECT {', '.join(values)} {source}{ordered}"

    def _update(self, assignments: str, *, current: bool = False) -> tuple[str, ...]:
        changed = f"{self._match(current=current)} AND ({self._differs()})"
        update = f"UPDATE {self.table} AS t SET {assignments} FROM {self.stage} AS s WHERE {changed}"
        if self.history is None:
            return (update,)
        source = f"FROM {self.table} AS t JOIN {self.stage} AS s ON {changed}"
        keep = self.history.keep_closed if current else self.history.keep_updated
        return self.history.create(), keep(source), update

    def _delete(self, where: str) -> tuple[str, ...]:
        if self.history is None:
            return (f"DELETE FROM {self.table}{where}",)
        return self.history.create(), *self.history.delete(where)

    def _assignments(self) -> str:
        parts = [f"{quote(self.columns[index])} = s.{stage_column(index)}" for index in self._values()]
        parts += [f"{quote(name)} = NULL" for name in self.emptied]
        if self.run_id is not None:
            parts.append(f"{quote(LINEAGE)} = {self.run_id}")
        return ", ".join(parts)

    def _unmatched(self, *, current: bool = False) -> str:
        key = quote(self.columns[self.keys[0]])
        return (
            f"FROM {self.stage} AS s LEFT JOIN {self.table} AS t ON {self._match(current=current)}"
            f" WHERE t.{key} IS NULL"
        )

    def _missing(self, *, current: bool = False) -> str:
        """Find the rows of the table whose key is not staged, and is not in ``present``."""
        source = f"FROM {self.table} AS t LEFT JOIN {self.stage} AS s ON {self._match()}"
        key = stage_column(self.keys[0])  # never null there: by a column of the join, Postgres sees an anti-join
        where = [f"s.{key} IS NULL"]
        if self.present is not None:
            source += f" LEFT JOIN {self.present} AS p ON {self._match(staged='p')}"
            where.append(f"p.{key} IS NULL")
        if current:
            where.append(f"t.{quote(VALID_TO)} IS NULL")
        return f"{source} WHERE {' AND '.join(where)}"

    def _match(self, *, current: bool = False, staged: str = "s") -> str:
        parts = [f"t.{quote(self.columns[key])} = {staged}.{stage_column(key)}" for key in self.keys]
        if current:
            parts.append(f"t.{quote(VALID_TO)} IS NULL")
        return " AND ".join(parts)

    def _values(self) -> Sequence[int]:
        return [index for index in range(len(self.columns)) if index not in self.keys]

    def _differs(self) -> str:
        filled = [f"t.{quote(name)} IS NOT NULL" for name in self.emptied]
        return _any([self._differ(index) for index in self._values()] + filled)

    def _differ(self, index: int) -> str:
        held, staged = f"t.{quote(self.columns[index])}", f"s.{stage_column(index)}"
        if self.dialect == "sqlite":
            return f"{held} IS NOT {staged} COLLATE BINARY"  # whatever collation the column was declared with
        if index in self.as_text:
            return f"{held}::text IS DISTINCT FROM {staged}::text"
        return f"{held} IS DISTINCT FROM {staged}"


def _any(conditions: list[str]) -> str:
    """Join conditions by OR, nested: SQLite refuses a chain of more than 1,000."""
    if len(conditions) <= _CHAIN:
        return " OR ".join(conditions)
    chains = [conditions[start : start + _CHAIN] for start in range(0, len(conditions), _CHAIN)]
    return " OR ".join(f"({' OR '.join(chain)})" for chain in chains)
