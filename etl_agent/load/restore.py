"""A table as it was before a run: what the run wrote is taken out, and the rows that it had changed are put back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from etl_agent.errors import UndoRefused, counted
from etl_agent.load.attached import Follower, followers, has_triggers, pointing
from etl_agent.load.facts import TableFacts
from etl_agent.load.history import CHANGE, CHANGED_BY, CLOSED, DELETED, UPDATED, kept_in
from etl_agent.load.identifiers import Dialect, quote
from etl_agent.load.record import Record
from etl_agent.load.reversal import Reversal
from etl_agent.load.statements import LINEAGE
from etl_agent.load.unmaking import Unmade, unmake

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["Loaded", "Restored", "restore"]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the record says of a run that is to be taken back.

    Args:
        run_id: the run.
        table: name of its table.
        written: rows that it wrote, new ones and others.
        changed: rows of before that it wrote over or closed.
        deleted: rows of before that it took out.
        kept: name of the table of the rows as they were before; None where none were kept.
        keys: the columns that tell rows apart.
        built: how it left the table, if it created it.
        added: columns that it added to the table.
        alone: whether its rows are wanted back even where triggers of the user's own did more.
    """

    run_id: int
    table: str
    written: int
    changed: int
    deleted: int
    kept: str | None
    keys: tuple[str, ...]
    built: str | None
    added: tuple[str, ...]
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Restored:
    """What was done to a table, by the database's own row counts.

    Args:
        removed: rows of the run that were taken out.
        reverted: rows that are again what they were before it.
        returned: rows that it had taken out and that are there again.
        unmade: what became of the table and the columns that it had made.
    """

    removed: int = 0
    reverted: int = 0
    returned: int = 0
    unmade: Unmade = field(default_factory=Unmade)


def restore(record: Record, run: Loaded, *, schema: str | None, dialect: Dialect) -> Restored:
    """Bring a table back to before a run, inside a transaction, or raise; the caller rolls back then.

    Args:
        record: the transaction; no other run may write to the table meanwhile.
        run: the run; no later one depends on it.
        schema: the schema of the table in Postgres.
        dialect: the kind of database.

    Raises:
        UndoRefused: the table is not as the run left it, so it cannot be brought back exactly.
    """
    where = f"table {run.table}"
    connection = record.connection
    own = _schema(connection, schema, dialect)
    facts = _facts(connection, run.table, own, dialect)
    if facts is None:
        if not (run.written or run.changed or run.deleted):
            return Restored()
        raise UndoRefused("the table is not there any more", where=where)
    table = f"{quote(own)}.{quote(facts.name)}"
    if dialect == "postgres":
        record.run(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")  # nobody else writes; everybody may read
    if facts.column(LINEAGE, dialect=dialect) is None:
        raise UndoRefused(f"the table has no column {LINEAGE}, so the rows of a run cannot be told apart", where=where)
    triggers = has_triggers(connection, facts.name, schema=own, dialect=dialect)
    if triggers and not run.alone and (run.written or run.changed or run.deleted):
        raise UndoRefused(
            "the table has triggers, and what these did elsewhere cannot be taken back; its rows alone can be",
            where=where,
            next_command=f"etl-agent undo {run.run_id} --despite-sql",
        )
    sql = _reversal(connection, run, facts, table, own, dialect)
    if sql.place is not None:
        if dialect == "postgres":
            for lately in (table, sql.place):  # else the planner knows nothing of rows that came lately
                record.run(f"ANALYZE {lately}")
        _check_kept(record, sql, run)
    follow = followers(connection, facts.name, schema=own, dialect=dialect)
    _check_followed(run, follow)
    follow_up = [sql.following(each.table, each.columns) for each in follow if each.deleted]
    rows = _reverse(record, sql, run, follow_up=follow_up)
    if sql.place is not None and triggers:
        changed = record.ask(sql.altered())
        if changed:
            raise UndoRefused(
                f"a trigger of the table changed {counted(changed)} of those that were put back", where=where
            )
    if sql.place is not None:
        record.run(sql.forget())
    unmade = unmake(record, facts.name, built=run.built, added=run.added, schema=own, dialect=dialect)
    return Restored(*rows, unmade)


def _reversal(
    connection: Connection, run: Loaded, facts: TableFacts, table: str, schema: str, dialect: Dialect
) -> Reversal:
    """Make the SQL, once it is sure that the kept rows fit the table as it is now."""
    where = f"table {run.table}"
    if not (run.changed or run.deleted):
        return Reversal(dialect, table, run.run_id)
    if run.kept is None:
        raise UndoRefused(
            f"it wrote over or took out {counted(run.changed + run.deleted)}, and none was kept"
            f" (history: none, more columns than can be kept, or one called {CHANGE} or {CHANGED_BY})",
            where=where,
        )
    kept = _facts(connection, run.kept, schema, dialect)
    if kept is None:
        raise UndoRefused(f"the table of kept rows, {run.kept}, is not there any more", where=where)
    names = [column.name for column in kept.columns if column.name not in (CHANGED_BY, CHANGE)]
    now = {column.name: column for column in facts.writable}
    gone = [name for name in names if name not in now]
    if gone:
        raise UndoRefused(f"the table has no column {', '.join(map(repr, gone[:5]))} any more", where=where)
    if kept_in(run.table, [now[name] for name in names], dialect=dialect) != run.kept:
        raise UndoRefused("a column of the table has another type by now", where=where)
    return Reversal(
        dialect,
        table,
        run.run_id,
        place=f"{quote(schema)}.{quote(run.kept)}",
        columns=tuple(names),
        fixed=frozenset(column.name for column in facts.columns if column.numbered),
        keys=run.keys,
        added=tuple(name for name in run.added if facts.column(name, dialect=dialect) is not None),
    )


def _check_kept(record: Record, sql: Reversal, run: Loaded) -> None:
    """Make sure that the rows were all kept, and none was taken away since."""
    changed = sum(record.ask(sql.count(change)) or 0 for change in (UPDATED, CLOSED))
    deleted = record.ask(sql.count(DELETED)) or 0
    if (changed, deleted) != (run.changed, run.deleted):
        raise UndoRefused(
            f"{counted(changed + deleted)} of before can be found in {run.kept}, and the run changed "
            f"{run.changed + run.deleted:,}",
            where=f"table {run.table}",
        )


def _check_followed(run: Loaded, follow: Sequence[Follower]) -> None:
    """Refuse where the database may have deleted or changed rows that pointed to rows which the run changed.

    A load updates no key, but others may point to another column.
    """
    lost = {
        each.table
        for each in follow
        if (run.deleted and each.deleted)
        or (run.changed and each.updated and any(to not in run.keys for _, to in each.columns))
    }
    if lost:
        raise UndoRefused(
            "the database may have deleted or changed rows that pointed to those which the run took out or wrote over"
            f" (foreign keys of {', '.join(sorted(lost))}), and they are not kept",
            where=f"table {run.table}",
        )


def _reverse(record: Record, sql: Reversal, run: Loaded, *, follow_up: list[str]) -> tuple[int, int, int]:
    """Take out, write back and put in again; every count must be the one on record."""
    where = f"table {run.table}"
    updated, closed = (
        (record.ask(sql.count(change)) or 0) if sql.place is not None else 0 for change in (UPDATED, CLOSED)
    )
    for query in follow_up:
        if rows := record.ask(query):
            raise UndoRefused(
                f"the database would delete or change {counted(rows)} of others that point to rows of the run",
                where=where,
            )
    removed = record.ask(sql.count_new()) or 0
    if _remove(record, sql, run) != removed:  # SQLite counts no row that went with the one it points to
        removed -= record.ask(sql.count_new()) or 0
    reverted = record.run(sql.write_back()) if updated else 0
    reopened = record.run(sql.open_again()) if closed else 0
    if (removed, reverted, reopened) != (run.written - updated, updated, closed):
        raise UndoRefused(
            f"the run wrote {counted(run.written)} and closed {closed:,}, and {removed + reverted:,} and {reopened:,}"
            " of them are in the table: others changed it since",
            where=where,
        )
    returned = 0
    if run.deleted:
        if run.keys and (taken := record.ask(sql.count_taken())):
            raise UndoRefused(f"{counted(taken)} of the table have a key of those that would come back", where=where)
        returned = record.run(sql.put_back())
        if returned != run.deleted:
            raise UndoRefused(f"{returned:,} of {counted(run.deleted)} could be put back", where=where)
    if closed and record.ask(sql.current_twice()):
        raise UndoRefused("a version that would be current again has a later one by now", where=where)
    return removed, reverted + reopened, returned


def _remove(record: Record, sql: Reversal, run: Loaded) -> int:
    from sqlalchemy.exc import DBAPIError

    if sql.dialect == "sqlite" and not run.deleted:  # no row comes back that others could point to: say so at once
        record.run("PRAGMA defer_foreign_keys = off")
    try:
        return record.run(sql.remove())
    except DBAPIError as error:
        others = pointing(record.connection, run.table, error)
        if others is None:
            raise
        raise UndoRefused(
            f"rows of {' or '.join(others) or 'another table'} point to rows of the run, and the database does not let"
            " these go; take those out first",
            where=f"table {run.table}",
            next_command=f"etl-agent undo {run.run_id}",
        ) from None


def _schema(connection: Connection, schema: str | None, dialect: Dialect) -> str:
    if dialect == "sqlite":
        return "main"
    from etl_agent.load.postgres_facts import resolve_schema

    return resolve_schema(connection, schema)


def _facts(connection: Connection, table: str, schema: str, dialect: Dialect) -> TableFacts | None:
    if dialect == "sqlite":
        from etl_agent.load.sqlite import read_facts

        return read_facts(connection, table)
    from etl_agent.load.postgres_facts import read_facts as read_postgres

    return read_postgres(connection, table, schema=schema)
