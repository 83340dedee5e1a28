"""The write modes: how staged rows come into a table, with every count taken from the database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from etl_agent.errors import DataRefused, EtlAgentError, ShrinkRefused, Unfit
from etl_agent.load.spec import Load, Strategy
from etl_agent.load.statements import Statements

__all__ = ["Counts", "Database", "append_unmatched", "check_keys", "refuse_shrinking", "run_all", "write"]


@dataclass(frozen=True, slots=True)
class Counts:
    """What a load did, in rows, by the database's own row counts.

    ``staged = dropped + inserted + updated + unchanged + deduplicated + filtered``.

    Args:
        staged: rows that were staged.
        dropped: rows that were taken out of the stage again, by ``Tx.drop``.
        inserted: rows that are new in the table.
        updated: rows that replaced another content of their key.
        unchanged: rows that the table held already, in a merge or a replace.
        deduplicated: rows that the table held already, in an append with a primary key.
        filtered: rows whose key the table held already, in an insert-only merge.
        deleted: rows of the table that were taken out, or closed in scd2; they are none of the staged ones.
    """

    staged: int = 0
    dropped: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    deduplicated: int = 0
    filtered: int = 0
    deleted: int = 0


class Database(Protocol):
    """Where statements run."""

    def run(self, statement: str) -> int:
        """Run a statement and return how many rows it wrote."""

    def ask(self, query: str) -> int | None:
        """Return the number that a query finds, None if it finds nothing."""


def run_all(database: Database, statements: Sequence[str]) -> int:
    """Run statements and return how many rows the last one wrote; 0 where there is none."""
    written = 0
    for statement in statements:
        written = database.run(statement)
    return written


def write(database: Database, *, load: Load, sql: Statements, kept: int, empty: bool, unique: bool) -> Counts:
    """Bring the staged rows into the table.

    Args:
        database: the open transaction.
        load: the write mode.
        sql: the statements between stage and table.
        kept: rows of the stage.
        empty: whether the table holds no row.
        unique: whether the database keeps the key unique, so that a repeated key cannot slip through.

    Raises:
        DataRefused: the table holds a key more than once, so that rows cannot be told apart.
        ShrinkRefused: the table would lose too many rows that are absent from a snapshot.
        EtlAgentError: a key is staged twice, or a conflict was not dropped: a bug of the caller.
    """
    if load.write_disposition == "replace":
        return _replace(database, sql, kept=kept, empty=empty or not sql.keys, unique=unique)
    if load.write_disposition == "append":
        return Counts(inserted=database.run(sql.insert_all()))
    strategy = load.merge_strategy
    if strategy != "delete-insert" and not unique:
        check_keys(database, sql, empty=empty, current=strategy == "scd2")
    gone = 0 if empty or load.absent == "keep" else _remove_absent(database, load, sql, kept=kept)
    counts = _MERGES[strategy](database, sql, kept, empty)
    return replace(counts, deleted=counts.deleted + gone)


def refuse_shrinking(load: Load, *, before: int, after: int) -> None:
    """Guard a replace against an input that is suddenly empty or small.

    Args:
        load: the limits.
        before: rows of the table.
        after: rows that would take their place.

    Raises:
        ShrinkRefused: the table would be emptied, or lose more than ``max_shrink`` of its rows.
    """
    where = f"table {load.table}"
    if after == 0 and not load.allow_empty:
        raise ShrinkRefused(
            f"the input has no row to replace the {before} of the table with; allow_empty: true would empty it",
            where=where,
        )
    if load.max_shrink is not None and before > 0 and (before - after) / before > load.max_shrink:
        raise ShrinkRefused(
            f"{after} rows would replace {before}, a loss of {(before - after) / before:.1%};"
            f" max_shrink allows {load.max_shrink:.1%}",
            where=where,
        )


def append_unmatched(database: Database, *, sql: Statements, matched: str, kept: int) -> Counts:
    """Append the rows whose key is new, and count those that are there already.

    Args:
        database: the open transaction.
        sql: the statements between stage and table.
        matched: the table of matches: which staged rows have a key that is there, and whether they are the same.
        kept: rows of the stage.

    Raises:
        EtlAgentError: a row of a known key with other content was not dropped: a bug of the caller.
    """
    same = database.ask(sql.count_same(matched)) or 0
    inserted = database.run(sql.insert_unmatched(matched))
    if inserted + same != kept:
        raise EtlAgentError(f"{kept - inserted - same} staged rows conflict with the table and were not dropped")
    return Counts(inserted=inserted, deduplicated=same)


def _replace(database: Database, sql: Statements, *, kept: int, empty: bool, unique: bool) -> Counts:
    if empty:
        return Counts(deleted=run_all(database, sql.delete_all()), inserted=database.run(sql.insert_all()))
    if not unique:
        check_keys(database, sql, empty=empty)
    deleted = run_all(database, sql.delete_null_keys()) + run_all(database, sql.delete_missing())
    merged = _upsert(database, sql, kept, False)  # noqa: FBT003  the modes share one shape
    return Counts(deleted=deleted, inserted=merged.inserted, updated=merged.updated, unchanged=merged.unchanged)


def _remove_absent(database: Database, load: Load, sql: Statements, *, kept: int) -> int:
    """Delete or close what a snapshot lacks; what is refused here is rolled back with the transaction."""
    closing = load.absent == "close"
    limit = load.max_shrink
    before = 0 if limit is None else database.ask(sql.count_held(current=closing)) or 0
    gone = run_all(database, sql.close_missing() if closing else sql.delete_missing())
    what, done = ("current versions", "closed") if closing else ("rows", "deleted")
    if gone and not kept and not load.allow_empty:
        raise ShrinkRefused(
            f"no row of the snapshot can be loaded, and {gone} {what} would be {done}; allow_empty: true would do it",
            where=f"table {load.table}",
        )
    if limit is not None and before and gone / before > limit:
        raise ShrinkRefused(
            f"the snapshot lacks {gone} of the {before} {what}, a loss of {gone / before:.1%};"
            f" max_shrink allows {limit:.1%}",
            where=f"table {load.table}",
        )
    return gone


def _upsert(database: Database, sql: Statements, kept: int, empty: bool) -> Counts:  # noqa: FBT001  see _MERGES
    if empty:
        return Counts(inserted=database.run(sql.insert_all()))
    updated = run_all(database, sql.update_changed())
    inserted = database.run(sql.insert_new())
    return Counts(inserted=inserted, updated=updated, unchanged=kept - inserted - updated)


def _delete_insert(database: Database, sql: Statements, _kept: int, empty: bool) -> Counts:  # noqa: FBT001  see _MERGES
    deleted = 0 if empty else run_all(database, sql.delete_matching())
    return Counts(deleted=deleted, inserted=database.run(sql.insert_all()))


def _insert_only(database: Database, sql: Statements, kept: int, empty: bool) -> Counts:  # noqa: FBT001  see _MERGES
    inserted = database.run(sql.insert_all() if empty else sql.insert_new())
    return Counts(inserted=inserted, filtered=kept - inserted)


def _versions(database: Database, sql: Statements, kept: int, empty: bool) -> Counts:  # noqa: FBT001  see _MERGES
    closed = 0 if empty else run_all(database, sql.close_versions())
    written = database.run(sql.insert_versions())
    return Counts(inserted=written - closed, updated=closed, unchanged=kept - written, deleted=closed)


_MERGES: Mapping[Strategy, Callable[[Database, Statements, int, bool], Counts]] = {
    "upsert": _upsert,
    "delete-insert": _delete_insert,
    "insert-only": _insert_only,
    "scd2": _versions,
}


def check_keys(database: Database, sql: Statements, *, empty: bool, current: bool = False) -> None:
    """Make sure that no key stands twice in the stage or in the table.

    Args:
        database: the open transaction.
        sql: the statements between stage and table.
        empty: whether the table holds no row.
        current: whether only the current versions of a scd2 table count.

    Raises:
        DataRefused: the table holds a key more than once.
        EtlAgentError: a key is staged more than once: a bug of the caller.
    """
    if database.ask(sql.repeated(staged=True)):
        raise EtlAgentError("a key is staged more than once")
    if not empty and database.ask(sql.repeated(staged=False, current=current)):
        raise DataRefused(
            f"the table holds a key more than once, so its rows cannot be told apart by {', '.join(sql.key_names)}",
            where=f"table {sql.table}",
            unfit=[Unfit(name, "key", of="table") for name in sql.key_names],
        )
