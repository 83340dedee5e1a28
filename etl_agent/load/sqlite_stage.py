"""A private SQLite file that rows are staged in, so that the target is locked for the last statements only."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.batch import Positions
from etl_agent.load.sqlite_types import storage, stored
from etl_agent.load.statements import ROW, stage_column
from etl_agent.shape import Shape

__all__ = ["PRESENT", "TABLE", "SqliteStage", "keep_keys"]

TABLE = "stage"
"""Name of the table in the stage file."""

PRESENT = "present"
"""Name of the table, in the stage file, of keys that count as staged although no row of theirs is."""


class SqliteStage:
    """A stage file, filled by ADBC, which is three times as fast as Python's own module.

    ADBC brings an SQLite library of its own; two libraries on one file break each other's locks, so it never opens the
    target, and this file is closed before the target's connection attaches it.

    Args:
        path: the file, which must not exist.
        shape: the columns of the rows.
        keys: places of the columns whose values are kept in ``PRESENT`` of rows that are dropped; none if empty.
    """

    def __init__(self, path: Path, *, shape: Shape, keys: tuple[int, ...] = ()) -> None:
        self.path = path
        self._shape = shape
        self._keys = keys
        self._handles: list[Any] = []
        self._connection: Any = None

    def add(self, data: pa.RecordBatch, rows: Positions) -> int:
        """Append rows and return how many were written."""
        return self._add(TABLE, data, rows, places=range(len(self._shape)))

    def retain(self, keys: pa.RecordBatch, rows: Positions) -> None:
        """Append keys to ``PRESENT``."""
        self._add(PRESENT, keys, rows, places=self._keys)

    def drop(self, rows: Positions) -> int:
        """Delete rows and return how many there were."""
        if self._connection is None:
            return 0
        if self._keys:
            self._bound(keep_keys(self._keys), rows)
        return self._bound(f"DELETE FROM {TABLE} WHERE {ROW} = ?1", rows)

    def close(self) -> None:
        """Finish the file; without rows, an empty one is left."""
        if self._connection is None:
            self._create()
        self._execute("COMMIT")
        self._release()

    def remove(self) -> None:
        """Delete the file; one that cannot be deleted is swept by the next run that holds the table's lock."""
        with contextlib.suppress(Exception):  # a stage is thrown away, whatever state it is in
            self._release()
        with contextlib.suppress(OSError):
            self.path.unlink()

    def _create(self) -> None:
        from adbc_driver_manager import AdbcConnection, AdbcDatabase
        from adbc_driver_sqlite import _driver_path

        os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        database = AdbcDatabase(driver=_driver_path(), uri=str(self.path))
        self._handles.append(database)
        self._connection = AdbcConnection(database)
        self._handles.append(self._connection)
        for pragma in ("page_size=32768", "journal_mode=off", "synchronous=off", "locking_mode=exclusive"):
            self._execute(f"PRAGMA {pragma}")
        self._execute("BEGIN")
        columns = [f"{stage_column(index)} {storage(column.type)}" for index, column in enumerate(self._shape)]
        self._execute(f"CREATE TABLE {TABLE} ({ROW} INTEGER PRIMARY KEY, {', '.join(columns)})")
        if self._keys:
            kept = ", ".join(columns[key] for key in self._keys)
            self._execute(f"CREATE TABLE {PRESENT} ({ROW} INTEGER PRIMARY KEY, {kept})")

    def _add(self, table: str, data: pa.RecordBatch, rows: Positions, *, places: Sequence[int]) -> int:
        if self._connection is None:
            self._create()
        kinds = [self._shape.columns[place].type for place in places]
        columns = [stored(column, kind=kind) for column, kind in zip(data.columns, kinds, strict=True)]
        names = [stage_column(place) for place in places]
        written = self._ingest(table, pa.record_batch([pa.array(rows), *columns], names=[ROW, *names]))
        for name, column in zip(names, columns, strict=True):
            if pa.types.is_floating(column.type):
                self._keep_nan(table, name, column, rows)
        return written

    def _keep_nan(self, table: str, name: str, column: pa.Array, rows: Positions) -> None:
        """Write NaN as text: SQLite itself makes null of it."""
        nan = pc.fill_null(pc.is_nan(column), False).to_numpy(zero_copy_only=False)  # noqa: FBT003  Arrow's order
        if nan.any():
            self._bound(f"UPDATE {table} SET {name} = 'NaN' WHERE {ROW} = ?1", rows[np.flatnonzero(nan)])

    def _ingest(self, table: str, data: pa.RecordBatch) -> int:
        with self._statement() as statement:
            options = {"adbc.ingest.target_table": table, "adbc.ingest.mode": "adbc.ingest.mode.append"}
            statement.set_options(**options)
            statement.bind(data)
            return int(statement.execute_update())

    def _bound(self, query: str, rows: Positions) -> int:
        with self._statement() as statement:
            statement.set_sql_query(query)
            statement.bind(pa.record_batch([pa.array(rows)], names=["row"]))
            return int(statement.execute_update())

    def _execute(self, query: str) -> None:
        with self._statement() as statement:
            statement.set_sql_query(query)
            statement.execute_update()

    def _statement(self) -> Any:
        from adbc_driver_manager import AdbcStatement

        return contextlib.closing(AdbcStatement(self._connection))

    def _release(self) -> None:
        self._connection = None
        while self._handles:
            self._handles.pop().close()


def keep_keys(keys: Sequence[int], *, schema: str = "main") -> str:
    """Write the statement that keeps the key of a staged row, by its number, in ``PRESENT``.

    Args:
        keys: places of the key's columns.
        schema: by what name the file is attached.
    """
    columns = ", ".join(map(stage_column, keys))
    source = f"SELECT {ROW}, {columns} FROM {schema}.{TABLE} WHERE {ROW} = ?1"
    return f"INSERT INTO {schema}.{PRESENT} ({ROW}, {columns}) {source}"
