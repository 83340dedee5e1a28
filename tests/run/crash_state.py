"""What is in a target, told so that two runs of the same work tell the same; and whether its ledger is consistent."""

from __future__ import annotations

import contextlib
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.load.targets import plain

__all__ = [
    "NOTHING",
    "Busy",
    "State",
    "difference",
    "look_at_copy",
    "look_at_postgres",
    "look_at_sqlite",
    "look_through",
]

_MOMENT = re.compile(r"20\d\d-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?(?:[+-]\d\d(?::?\d\d)?)?")
_RUN = re.compile(r"(?<![\w.])\d{15,19}(?![\w.])")
_SECONDS = re.compile(r'"seconds": [\d.e+-]+')
_BY_CHANCE = {"_etl_quarantine": {"id"}}  # a server's numbers have gaps where a transaction rolled back
_RUNS = ("run_id", "_etl_run_id", "replayed_by", "undone_by", "deactivated_by", "_etl_changed_by")


class Busy(Exception):
    """A reader has to wait: the writer is in the middle of its commit."""


@dataclass(frozen=True)
class State:
    """What a reader sees in one snapshot.

    Args:
        tables: of each table that there is, the name and its rows, sorted; runs are numbered in their order, moments
            and durations left out.
        faults: what contradicts itself in the ledger; nothing.
    """

    tables: tuple[tuple[str, tuple[str, ...]], ...]
    faults: tuple[str, ...] = field(default=(), compare=False)

    def rows(self, table: str) -> tuple[str, ...]:
        """Return the rows of a table; none if it is not there."""
        return dict(self.tables).get(table, ())

    def __str__(self) -> str:
        return ", ".join(f"{table}: {len(rows)}" for table, rows in self.tables) or "nothing"


NOTHING = State(())
"""A database without tables."""

_Found = Mapping[str, list[dict[str, Any]]]


def look_at_copy(database: Path, *, beside: Path) -> State:
    """Look at an SQLite database that nobody uses, without touching it: what was left half done stays as it is.

    Args:
        database: the file.
        beside: a folder for a copy; it is written over.
    """
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    for end in ("", "-journal", "-wal"):  # the -shm is an index of the -wal, and is made anew
        part = database.with_name(database.name + end)
        if part.exists():
            shutil.copyfile(part, beside / part.name)
    return look_at_sqlite(beside / database.name)


def look_at_sqlite(database: Path, *, patience: float = 30) -> State:
    """Look at an SQLite database.

    Args:
        database: the file.
        patience: seconds to wait for a writer.

    Raises:
        Busy: the writer took longer.
    """
    if not database.exists():
        return NOTHING
    address = f"file:{database}?mode=rw"
    with contextlib.closing(sqlite3.connect(address, uri=True, timeout=patience, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        try:
            connection.execute("BEGIN")
            names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
            return _told({name: _dicts(connection, name) for (name,) in connection.execute(names).fetchall()})
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname.startswith(("SQLITE_BUSY", "SQLITE_PROTOCOL")):
                raise Busy from error
            raise


def look_at_postgres(url: str) -> State:
    """Look at all tables of a Postgres database's first schema."""
    with psycopg.connect(plain(url)) as connection:
        return look_through(connection)


def look_through(connection: psycopg.Connection) -> State:
    """Look at all tables of a Postgres database's first schema, through a connection that is in no transaction.

    Raises:
        Busy: a table is about to be dropped, and its readers wait.
    """
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    names = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    with connection.transaction(force_rollback=True), connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
        cursor.execute("SET LOCAL lock_timeout = '100ms'")
        found = [row["tablename"] for row in cursor.execute(names).fetchall()]
        try:
            return _told({name: cursor.execute(f'SELECT * FROM "{name}"'.encode()).fetchall() for name in found})
        except psycopg.errors.LockNotAvailable as error:
            raise Busy from error


def _dicts(connection: sqlite3.Connection, table: str) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(f'SELECT * FROM "{table}"')]


def _told(found: _Found) -> State:
    runs = sorted(row["run_id"] for row in found.get("_etl_runs", ()))
    names = {str(run): f"run {number}" for number, run in enumerate(runs)}

    def tell(cell: Any) -> str:
        if isinstance(cell, (bool, int)) or cell is None:
            text = "" if cell is None else str(int(cell))
        else:
            text = _SECONDS.sub("seconds", _MOMENT.sub("moment", f"'{cell}'"))
        return _RUN.sub(lambda match: names.get(match[0], "no run"), text)

    tables = {table: _lines(rows, tell, leave_out=_BY_CHANCE.get(table, set())) for table, rows in found.items()}
    return State(tuple(sorted(tables.items())), tuple(_faults(found)))


def _lines(rows: list[dict[str, Any]], tell: Callable[[Any], str], *, leave_out: set[str]) -> tuple[str, ...]:
    kept = [{name: cell for name, cell in row.items() if name not in leave_out and cell is not None} for row in rows]
    return tuple(sorted("; ".join(f"{name} {tell(cell)}" for name, cell in row.items()) for row in kept))


def _faults(found: _Found) -> list[str]:
    """Name what does not fit together: runs that are not there, entries, plans and files that do not count up."""
    runs = {row["run_id"]: row for row in found.get("_etl_runs", ())}
    wrong = [
        f"{table}.{column} names no run"
        for table, rows in found.items()
        for row in rows
        for column in _RUNS
        if row.get(column) is not None and row[column] not in runs
    ]
    entries = Counter(row["run_id"] for row in found.get("_etl_quarantine", ()))
    plans = {row["plan_digest"] for row in found.get("_etl_plans", ())}
    for run_id, run in runs.items():
        if entries[run_id] != (run["rows_quarantined"] or 0):
            wrong.append(f"a run says {run['rows_quarantined']} rows in quarantine, and {entries[run_id]} are there")
        if run["status"] == "loaded" and run["plan_digest"] is not None and run["plan_digest"] not in plans:
            wrong.append("the plan of a run is not there")
    active = Counter((row["table_name"], row["sha256"]) for row in found.get("_etl_files", ()) if row["active"])
    return wrong + [f"a file is active {times} times" for times in active.values() if times > 1]


def difference(found: State, wanted: State) -> str:
    """Tell what is in one state and not in the other, in at most five pieces."""
    pieces = []
    for table in sorted({name for name, _ in (*found.tables, *wanted.tables)}):
        have, want = Counter(found.rows(table)), Counter(wanted.rows(table))
        pieces += [f"{table} has too many: {row}" for row in (have - want).elements()]
        pieces += [f"{table} lacks: {row}" for row in (want - have).elements()]
        if bool(have) == bool(want) and (table in dict(found.tables)) != (table in dict(wanted.tables)):
            pieces.append(f"{table} is {'' if table in dict(found.tables) else 'not '}there")
    return "; ".join(pieces[:5])
