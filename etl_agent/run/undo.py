"""Undo: a run is taken back, in one transaction that is itself a run on record."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from etl_agent.errors import EtlAgentError, NoInput, UndoRefused, counted, near
from etl_agent.load.restore import Loaded, Restored, restore
from etl_agent.load.target import open_target
from etl_agent.run.balance import Balance
from etl_agent.run.doubt import after_doubt
from etl_agent.run.history import ledger_in, recent_runs
from etl_agent.run.later import dependents
from etl_agent.run.ledger import record_run
from etl_agent.run.result import RunResult
from etl_agent.run.run_id import new_run_id
from etl_agent.run.unloading import unload

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from etl_agent.load.ledger_tables import LedgerTables
    from etl_agent.load.record import Record
    from etl_agent.load.target import Target

__all__ = ["Undone", "undo"]

_NAMED = 3  # later runs that a refusal names


@dataclass(frozen=True, slots=True)
class Undone:
    """What became of a run that was to be taken back.

    Args:
        run_id: the run.
        status: whether it was taken back, had been before, or would have been.
        undone_by: the undo, which is a run of its own on record.
        pipeline: whose run it was.
        table: the table.
        removed: rows of the run that were taken out of the table.
        reverted: rows that are again what they were before the run.
        returned: rows that the run had taken out and that are there again.
        dropped: what the run had made and what is gone with it: the table, or columns of it.
        left: what the run had made and what stays, with the reason.
        seconds: wall time, in seconds.
        warning: what a person should look at, in one line, if anything.
    """

    run_id: int
    status: Literal["undone", "already undone", "dry run"]
    undone_by: int
    pipeline: str
    table: str
    removed: int = 0
    reverted: int = 0
    returned: int = 0
    dropped: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    seconds: float = 0.0
    warning: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data, for JSON."""
        return {**asdict(self), "seconds": round(self.seconds, 3)}

    @property
    def said(self) -> str:
        """What was done, in words."""
        if self.status == "already undone":
            return f"run {self.run_id} was undone before, by run {self.undone_by}"
        counts = (
            (self.removed, "taken out"),
            (self.reverted, "written back"),
            (self.returned, "put in again"),
        )
        told = [f"{counted(count)} {what}" for count, what in counts if count]
        rows = ", ".join(told) or "no row had to change"
        verb = "would be undone" if self.status == "dry run" else "undone"
        dropped = f"; {', '.join(self.dropped)} dropped" if self.dropped else ""
        left = "".join(f"; {each}" for each in self.left)
        return f"run {self.run_id} {verb}: {rows}{dropped}{left}"


def undo(
    run_id: int,
    *,
    to: str,
    schema: str | None = None,
    folder: str | Path | None = None,
    dry_run: bool = False,
    despite_sql: bool = False,
    wait: float = 0.0,
) -> Undone:
    """Take a run back: its table, quarantine and files are as they were before it, at once or not at all.

    The undo is a run of its own on record. Its files load again when their pipeline runs again.

    Args:
        run_id: the run, as the record in the target numbers it.
        to: the URL of the target.
        schema: the schema of the table in Postgres; the connection's own when absent.
        folder: where a relative path in the URL begins; the working folder when absent.
        dry_run: do it all, and roll back.
        despite_sql: take the rows back also where SQL files or triggers of the user's own ran with them; what these did
            stays.
        wait: how long to wait for another run that holds the table, in seconds.

    Returns:
        What was done. A run that was undone before is left as it is.

    Raises:
        NoInput: no such run is on record.
        UndoRefused: a later run depends on it, or the table cannot be brought back exactly; nothing was changed.
        EtlAgentError: of the class that says why nothing could be done.
    """
    began = time.monotonic()
    with ExitStack() as stack:
        target = stack.enter_context(open_target(to, folder=None if folder is None else Path(folder)))
        with target.reading() as connection:
            tables = ledger_in(connection, schema=schema)
            if connection is None or tables is None:
                raise NoInput("no run is on record there", where=str(target), next_command="etl-agent runs")
            past = _past(connection, tables, run_id)
        if past.status == "undone":
            with suppress(EtlAgentError), target.lock(past.table_name, schema=schema):
                pass  # what a killed undo left of its lock goes
            return _before(past)
        _check_status(past)
        stack.enter_context(target.lock(past.table_name, schema=schema, wait=wait))
        done = _undone(target, run_id, schema=schema, dry_run=dry_run, despite_sql=despite_sql)
        return replace(done, seconds=time.monotonic() - began)


def _undone(target: Target, run_id: int, *, schema: str | None, dry_run: bool, despite_sql: bool) -> Undone:
    own = new_run_id()
    result: RunResult | None = None
    record = target.record(schema=schema)
    try:
        with record:
            past = _past(record.connection, record.tables, run_id, lock=True)
            if past.status == "undone":  # while we waited for the table
                return _before(past)
            _check_status(past)
            restored = _restored(record, past, target=target, schema=schema, despite_sql=despite_sql)
            done = _told(past, restored, own=own)
            if dry_run:
                return replace(done, status="dry run")
            unload(record.connection, record.tables, run_id, table=past.table_name, by=own)
            result = RunResult(
                past.pipeline, own, "undo", past.table_name, Balance(removed=done.removed), message=done.said
            )
            record_run(record.connection, record.tables, result, plan_digest=None)
            record.commit()
    except EtlAgentError as error:
        if result is None or not record.in_doubt:
            raise
        return replace(done, warning=after_doubt(result, error, target=target, schema=schema).warning)
    return done


def _restored(record: Record, past: Row[Any], *, target: Target, schema: str | None, despite_sql: bool) -> Restored:
    """Bring the table back, once it is sure that nothing stands in the way."""
    import sqlalchemy as sa

    history = record.tables.history
    query = sa.select(history).where(history.c.run_id == past.run_id).with_for_update()
    kept = record.connection.execute(query).one_or_none()
    where = f"run {past.run_id}"
    if kept is None:
        raise UndoRefused(
            "what it did to the table is not on record: an older release loaded it, or it was pruned", where=where
        )
    if kept.own_sql and not despite_sql:
        raise UndoRefused(
            "SQL files of your own ran with it, and what they did cannot be taken back; its rows alone can be",
            where=where,
            next_command=f"etl-agent undo {past.run_id} --despite-sql",
        )
    _check_later(record, past, target)
    run = Loaded(
        run_id=past.run_id,
        table=past.table_name,
        written=past.inserted + past.updated,
        changed=kept.rows_updated,
        deleted=kept.rows_deleted,
        kept=kept.kept_in,
        keys=tuple(json.loads(kept.keys)),
        built=kept.built,
        added=tuple(json.loads(kept.added)),
        alone=despite_sql,
    )
    return restore(record, run, schema=schema, dialect=target.location.dialect)


def _check_later(record: Record, past: Row[Any], target: Target) -> None:
    later = list(dependents(record.connection, record.tables, past, dialect=target.location.dialect))
    if later:
        told = "; ".join(f"run {each.run_id} {each.why}" for each in later[:_NAMED])
        more = f"; and {len(later) - _NAMED:,} more" if len(later) > _NAMED else ""
        raise UndoRefused(
            f"later runs into table {past.table_name} depend on it: {told}{more}",
            where=f"run {past.run_id}",
            next_command=f"etl-agent undo {later[0].run_id}",
        )


def _past(connection: Connection, tables: LedgerTables, run_id: int, *, lock: bool = False) -> Row[Any]:
    """Read a run's own row.

    Raises:
        NoInput: there is none.
    """
    import sqlalchemy as sa

    query = sa.select(tables.runs).where(tables.runs.c.run_id == run_id)
    found = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if found is None:
        known = [str(run.result.run_id) for run in recent_runs(connection, tables, limit=50)]
        raise NoInput(
            f"no run {run_id} is on record",
            choices=near(str(run_id), known) or known[:3],
            next_command="etl-agent runs",
        )
    return found


def _check_status(past: Row[Any]) -> None:
    where = f"run {past.run_id}"
    if past.status == "refused":
        raise UndoRefused("it was refused and loaded nothing, so there is nothing to take back", where=where)
    if past.status == "undo":
        pipeline = f"pipelines/{past.pipeline}.yaml"  # there is none of a file that was loaded without
        raise UndoRefused(
            "it is an undo itself; run the pipeline again, or load the file again, and it loads what was taken back",
            where=where,
            next_command=f"etl-agent run {pipeline}" if Path(pipeline).is_file() else None,
        )
    if past.status != "loaded":
        raise UndoRefused(f"it is {past.status}, and only a run that loaded rows can be taken back", where=where)


def _before(past: Row[Any]) -> Undone:
    return Undone(past.run_id, "already undone", past.undone_by, past.pipeline, past.table_name)


def _told(past: Row[Any], restored: Restored, *, own: int) -> Undone:
    made = restored.unmade
    table = (f"table {past.table_name}",) if made.table else ()
    return Undone(
        past.run_id,
        "undone",
        own,
        past.pipeline,
        past.table_name,
        removed=restored.removed,
        reverted=restored.reverted,
        returned=restored.returned,
        dropped=(*table, *(f"column {name}" for name in made.columns)),
        left=made.left,
    )
