"""Delete what the ledger keeps of runs that are past: history, settled entries, changes, decisions and plans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etl_agent.errors import NoInput, UsageError, near
from etl_agent.load.target import open_target
from etl_agent.run.emptying import Emptying
from etl_agent.run.history import ledger_in
from etl_agent.run.past import Expendable, past_runs

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Table

    from etl_agent.load.ledger_tables import LedgerTables

__all__ = ["Pruned", "prune"]

_HISTORY = 3  # the version of the ledger that first keeps history


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was deleted, or would be.

    Args:
        before: what ended before this moment is past (UTC).
        dry_run: whether nothing was deleted.
        histories: runs that cannot be undone any more.
        kept_rows: rows as they were before these runs.
        kept_tables: tables of kept rows that were dropped, since nothing is left in them.
        quarantine: settled entries.
        changes: rows of ``_etl_changes``.
        decisions: rows of ``_etl_decisions``.
        plans: plans that no row of a table came by.
    """

    before: datetime
    dry_run: bool = False
    histories: int = 0
    kept_rows: int = 0
    kept_tables: int = 0
    quarantine: int = 0
    changes: int = 0
    decisions: int = 0
    plans: int = 0

    @property
    def figures(self) -> Mapping[str, int]:
        """What was deleted, by kind."""
        names = ("histories", "kept_rows", "kept_tables", "quarantine", "changes", "decisions", "plans")
        return {name: getattr(self, name) for name in names}

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data, for JSON."""
        return {"before": self.before.isoformat(), "dry_run": self.dry_run, **self.figures}


def prune(
    to: str,
    *,
    older_than: float,
    table: str | None = None,
    schema: str | None = None,
    dry_run: bool = False,
    folder: str | Path | None = None,
    now: datetime | None = None,
) -> Pruned | None:
    """Delete what the ledger in a target keeps of old runs, beside runs that are under way.

    The rows of the tables stay as they are, and so does what later runs, their undo, ``status`` and open entries need:
    the runs and files themselves, the newest load of each table, and the newest run of each pipeline.

    Args:
        to: the URL of the target.
        older_than: how long ago a run must have ended, in seconds.
        table: only runs into this table.
        schema: the schema of the ledger in Postgres; the connection's own when absent.
        dry_run: count, in one snapshot and without a lock, and delete nothing.
        folder: where a relative path in the URL begins; the working folder when absent.
        now: the moment from which the age counts (UTC); this one when absent.

    Returns:
        What was deleted; None where there is no ledger. Who breaks it off, or kills it, calls it again: each of its
        transactions leaves a ledger that is whole.

    Raises:
        UsageError: the age is negative.
        NoInput: no run into the table is on record.
        EtlAgentError: of the class that says why the database cannot be read or written.
    """
    if older_than < 0:
        raise UsageError("what is to be pruned must be older than nothing; for example 90 days")
    before = _moment(now or datetime.now(UTC), older_than)
    with open_target(to, read_only=dry_run, folder=None if folder is None else Path(folder)) as target:
        with target.reading() as connection:
            tables = ledger_in(connection, schema=schema)
            if connection is None or tables is None:
                return None
            if table is not None:
                _known(connection, tables, table)
            if dry_run:
                return _counted(connection, tables, before=before, table=table)
        emptied = Emptying(target, schema).run(before=before, table=table)
    return Pruned(
        before,
        dry_run=False,
        histories=emptied.histories,
        kept_rows=emptied.kept_rows,
        kept_tables=emptied.kept_tables,
        **_by_field(emptied.rows),
    )


def _moment(now: datetime, older_than: float) -> datetime:
    try:
        return now - timedelta(seconds=older_than)
    except OverflowError:  # before there were years
        return datetime.min.replace(tzinfo=UTC)


def _known(connection: Connection, tables: LedgerTables, table: str) -> None:
    import sqlalchemy as sa

    runs = tables.runs.c
    if connection.execute(sa.select(runs.run_id).where(runs.table_name == table).limit(1)).first() is None:
        names = [str(name) for (name,) in connection.execute(sa.select(runs.table_name).distinct())]
        raise NoInput(
            f"no run into a table {table!r} is on record",
            choices=near(table, names) or sorted(names)[:5],
            next_command="etl-agent runs",
        )


def _counted(connection: Connection, tables: LedgerTables, *, before: datetime, table: str | None) -> Pruned:
    """Count what would be deleted, by the conditions by which it would be."""
    import sqlalchemy as sa

    from etl_agent.load.kept_tables import list_kept
    from etl_agent.load.ledger_tables import version_of

    past = past_runs(tables, before=before, table=table)
    version = version_of(connection, tables=tables)
    expendable = Expendable(tables, past, version=version)

    def count(source: Table, *wanted: ColumnElement[bool]) -> int:
        return int(connection.execute(sa.select(sa.func.count()).select_from(source).where(*wanted)).scalar_one())

    figures = {each.name: count(each, condition) for each, condition in expendable.by_table().items()}
    histories = kept_rows = kept_tables = 0
    if version >= _HISTORY:
        history = tables.history.c
        histories = count(tables.history, history.run_id.in_(past))
        named = set(connection.execute(sa.select(history.kept_in).where(history.run_id.not_in(past))).scalars())
        for kept in list_kept(connection, schema=tables.meta.schema):
            rows = count(kept, expendable.kept_rows(kept))
            kept_rows += rows
            kept_tables += kept.name not in named and rows == count(kept)
    return Pruned(
        before,
        dry_run=True,
        histories=histories,
        kept_rows=kept_rows,
        kept_tables=kept_tables,
        **_by_field(figures),
    )


def _by_field(figures: Mapping[str, int]) -> dict[str, int]:
    return {name.removeprefix("_etl_"): rows for name, rows in figures.items()}
