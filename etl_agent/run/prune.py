"""Delete what the ledger keeps of runs that are past: history, settled entries, changes, decisions and plans."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etl_agent.errors import NoInput, UsageError, near
from etl_agent.load.target import open_target
from etl_agent.run.history import ledger_in
from etl_agent.run.past import Expendable, past_runs

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Select, Table

    from etl_agent.load.ledger_tables import LedgerTables
    from etl_agent.load.record import Record
    from etl_agent.load.target import Target

__all__ = ["Pruned", "prune"]

_LOT = 10_000  # rows of a transaction: well below a second in either database
_PLANS = 500  # of a transaction; each may be as long as its lock
_TURN = 0.12  # seconds: a writer that waits for an SQLite file looks again within 0.1
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
        return _Pruning(target, schema, before=before, table=table).run()


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


class _Pruning:
    """Delete in the order in which a kill does no harm: who cannot be undone is settled first, then what that took."""

    def __init__(self, target: Target, schema: str | None, *, before: datetime, table: str | None) -> None:
        import sqlalchemy as sa

        self._target = target
        self._schema = schema
        self._before = before
        self._table = table
        self._sqlite = target.location.dialect == "sqlite"
        # what is past must not change on the way, when a load becomes the newest of its table
        own = "temp" if self._sqlite else "pg_temp"
        self._past = sa.Table("_etl_past", sa.MetaData(schema=own), sa.Column("run_id", sa.BigInteger))

    def run(self) -> Pruned:
        """Delete everything, in transactions that are short."""
        import sqlalchemy as sa

        from etl_agent.load.kept_tables import list_kept
        from etl_agent.load.ledger_tables import VERSION

        histories = self._settle()
        with self._record() as record:
            connection, tables = record.connection, record.tables
            kept = list_kept(connection, schema=self._schema)
        expendable = Expendable(tables, sa.select(self._past.c.run_id), version=VERSION)
        kept_rows = sum(self._empty(each, expendable.kept_rows(each)) for each in kept)
        figures = {
            each.name: (self._drop_plans if each is tables.plans else self._empty)(each, condition)
            for each, condition in expendable.by_table().items()
        }
        return Pruned(
            self._before,
            dry_run=False,
            histories=histories,
            kept_rows=kept_rows,
            kept_tables=self._drop_tables() if kept else 0,
            **_by_field(figures),
        )

    def _settle(self) -> int:
        """Note which runs are past, and delete their histories at once: from here on none of them can be undone."""
        import sqlalchemy as sa

        with self._record() as record:
            connection, tables, past = record.connection, record.tables, self._past
            record.run('CREATE TEMPORARY TABLE "_etl_past" (run_id BIGINT PRIMARY KEY)')
            chosen = past_runs(tables, before=self._before, table=self._table)
            connection.execute(past.insert().from_select(["run_id"], chosen))
            mine = tables.history.c.run_id.in_(sa.select(past.c.run_id))
            histories = connection.execute(self._lot(tables.history, mine, most=None)).rowcount
            # what is locked is being undone just now
            connection.execute(past.delete().where(past.c.run_id.in_(sa.select(tables.history.c.run_id))))
            if not self._sqlite:
                record.run("ANALYZE pg_temp._etl_past")  # else the planner knows nothing of it
        return histories

    def _empty(self, table: Table, condition: ColumnElement[bool]) -> int:
        """Delete the rows of a table that meet a condition, in lots."""
        deleted = 0
        while True:
            with self._record() as record:
                rows = record.connection.execute(self._lot(table, condition, most=_LOT)).rowcount
            deleted += rows
            if rows < _LOT:
                return deleted
            self._give_way()

    def _drop_plans(self, table: Table, condition: ColumnElement[bool]) -> int:
        """Delete plans, in lots: each is locked and then looked at again, for a load may just have come by it."""
        import sqlalchemy as sa

        deleted = 0
        digest = table.c.plan_digest
        while True:
            with self._record() as record:
                chosen = sa.select(digest).where(condition).limit(_PLANS).with_for_update(skip_locked=True)
                digests = list(record.connection.execute(chosen).scalars())
                if digests:
                    gone = table.delete().where(digest.in_(digests), condition)
                    deleted += record.connection.execute(gone).rowcount
            if len(digests) < _PLANS:
                return deleted
            self._give_way()

    def _drop_tables(self) -> int:
        """Drop the tables of kept rows that have none; 0 where that has to wait for a load or a reader."""
        import sqlalchemy as sa

        from etl_agent.load.kept_tables import drop_empty

        with self._record() as record:
            kept_in = record.tables.history.c.kept_in
            named = set(record.connection.execute(sa.select(kept_in).distinct()).scalars())
            return drop_empty(record.connection, schema=self._schema, named=named) or 0

    def _lot(self, table: Table, condition: ColumnElement[bool], *, most: int | None) -> Any:
        """Write the statement that deletes some of the rows that meet a condition.

        On Postgres rows that another session has locked are passed over: nothing waits, so nothing can wait in a ring.
        """
        import sqlalchemy as sa

        address: ColumnElement[Any] = sa.literal_column("rowid" if self._sqlite else "ctid")
        chosen: Select[Any] = sa.select(address).select_from(table).where(condition).limit(most).correlate(None)
        if self._sqlite:
            return table.delete().where(address.in_(chosen))
        locked = chosen.with_for_update(skip_locked=True).scalar_subquery()
        return table.delete().where(address == sa.func.any(sa.func.array(locked)))

    def _give_way(self) -> None:
        if self._sqlite:
            time.sleep(_TURN)

    @contextmanager
    def _record(self) -> Iterator[Record]:
        """Give a transaction, and commit it."""
        with self._target.record(schema=self._schema) as record:
            yield record
            record.commit()
