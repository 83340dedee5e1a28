"""The SQL files of a user, run inside the load's transaction: before the rows, after them, and to check them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from etl_agent.errors import CheckFailed, ConfigurationError
from etl_agent.load.edge import mapped
from etl_agent.load.sql_files import read_queries, read_statements
from etl_agent.load.url import Location

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["check_files", "run_files"]

_MOST_FOUND = 1_000  # rows of a check that are counted


def run_files(connection: Connection, files: Sequence[PurePath], *, folder: Path, location: Location) -> None:
    """Run every statement of some files, in order.

    Args:
        connection: the transaction's connection.
        files: the files.
        folder: where their relative paths begin.
        location: the target, for messages.
    """
    for file in files:
        path = folder / file
        for statement in read_statements(path):
            with mapped(location, where=str(path)):
                connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def check_files(connection: Connection, files: Sequence[PurePath], *, folder: Path, location: Location) -> None:
    """Ask the queries of some files; what they find is counted and not kept, since it may be anything.

    Args:
        connection: the transaction's connection.
        files: the files.
        folder: where their relative paths begin.
        location: the target, for messages.

    Raises:
        CheckFailed: a query found a row.
        ConfigurationError: a statement asks for none.
    """
    for file in files:
        path = folder / file
        found = sum(_found_by(connection, query, path=path, location=location) for query in read_queries(path))
        if found:
            counted = f"{_MOST_FOUND:,} rows or more" if found >= _MOST_FOUND else f"{found:,} rows"
            said = "1 row" if found == 1 else counted
            raise CheckFailed(f"the check found {said}, and nothing was loaded", where=str(path))


def _found_by(connection: Connection, query: str, *, path: Path, location: Location) -> int:
    """Count the rows that a query finds; whatever it changes is taken back."""
    with mapped(location, where=str(path)):
        connection.exec_driver_sql("SAVEPOINT etl_check")
        with connection.exec_driver_sql(query, execution_options={"no_parameters": True}) as found:
            if not found.returns_rows:
                raise ConfigurationError("a check asks for rows, and this statement gives none", where=str(path))
            rows = len(found.fetchmany(_MOST_FOUND))
        connection.exec_driver_sql("ROLLBACK TO SAVEPOINT etl_check")
        return rows
