"""Looking back: what the ledger in a target says of earlier runs, read without writing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from etl_agent.decide.decision import Decision
from etl_agent.rejects import Reason
from etl_agent.run.balance import Balance
from etl_agent.run.changes import ChangeRow
from etl_agent.run.result import FileLayout, FileOutcome, RunResult

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from etl_agent.load.ledger_tables import LedgerTables

__all__ = ["PastRun", "changes_of", "layout_of", "ledger_in", "one_run", "recent_runs", "result_of"]


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run as its record tells it.

    Args:
        result: what it returned.
        started_at: when it began.
        finished_at: when its record was written, or None if that is not known.
        plan_digest: the plan it ran by.
        error: why it was refused, if it was.
        undone_by: the run that took it back, if one did.
    """

    result: RunResult
    started_at: datetime
    finished_at: datetime | None
    plan_digest: str | None
    error: str | None
    undone_by: int | None = None

    @property
    def seconds(self) -> float:
        """Wall time from its beginning to its record, in seconds."""
        return 0.0 if self.finished_at is None else (self.finished_at - self.started_at).total_seconds()

    def as_dict(self) -> dict[str, Any]:
        """Return the run as plain data, for JSON."""
        return {
            **self.result.as_dict(),
            "seconds": round(self.seconds, 3),
            "started_at": self.started_at.isoformat(),
            "finished_at": None if self.finished_at is None else self.finished_at.isoformat(),
            "plan_digest": self.plan_digest,
            "error": self.error,
            "undone_by": self.undone_by,
        }


def ledger_in(connection: Connection | None, *, schema: str | None) -> LedgerTables | None:
    """Describe the tables ``_etl_*`` of a database; None where it has none, or is not there yet.

    Raises:
        ConfigurationError: a newer release made them.
    """
    from etl_agent.load.ledger_tables import LedgerTables, version_of

    if connection is None:
        return None
    version = version_of(connection, tables=LedgerTables.within(schema))
    return LedgerTables.within(schema, version=version) if version else None


def recent_runs(
    connection: Connection,
    tables: LedgerTables,
    *,
    pipelines: Sequence[str] = (),
    table: str | None = None,
    limit: int | None = None,
) -> tuple[PastRun, ...]:
    """Read the newest runs, the newest first.

    Args:
        connection: to read with.
        tables: the ledger.
        pipelines: names of the pipelines to look for; all when empty.
        table: the table to look for; any when absent.
        limit: the most runs to return.
    """
    import sqlalchemy as sa

    runs = tables.runs
    query = sa.select(runs).order_by(runs.c.run_id.desc()).limit(limit)
    if pipelines:
        query = query.where(runs.c.pipeline.in_(pipelines))
    if table is not None:
        query = query.where(runs.c.table_name == table)
    return tuple(_past(row) for row in connection.execute(query))


def one_run(connection: Connection, tables: LedgerTables, run_id: int) -> PastRun | None:
    """Read one run; None where there is none of that number."""
    import sqlalchemy as sa

    row = connection.execute(sa.select(tables.runs).where(tables.runs.c.run_id == run_id)).one_or_none()
    return None if row is None else _past(row)


def changes_of(connection: Connection, tables: LedgerTables, run_id: int, *, most: int) -> tuple[ChangeRow, ...]:
    """Read the most frequent changes of a run, at most so many for each step and column, and what is beyond them.

    Args:
        connection: to read with.
        tables: the ledger.
        run_id: the run.
        most: pairs or patterns of each step and column; the rows of the others are added up in one row ``rest``.
    """
    import sqlalchemy as sa

    changes = tables.changes.c
    place = sa.func.row_number().over(
        partition_by=(changes.step, changes.column_name, changes.kind == "rest"),
        order_by=(changes.rows.desc(), changes.before, changes.after),
    )
    columns = (changes.step, changes.column_name, changes.kind, changes.before, changes.after, changes.rows)
    ranked = sa.select(*columns, changes.example_before, changes.example_after, place.label("place"))
    inner = ranked.where(changes.run_id == run_id).subquery()
    shown = sa.and_(inner.c.place <= most, inner.c.kind != "rest")
    kept = sa.select(inner).where(shown).order_by(inner.c.step, inner.c.column_name, inner.c.place)
    found = [ChangeRow(*row[:8]) for row in connection.execute(kept)]
    rest = sa.select(inner.c.step, inner.c.column_name, sa.func.sum(inner.c.rows)).where(~shown)
    grouped = rest.group_by(inner.c.step, inner.c.column_name).order_by(inner.c.step, inner.c.column_name)
    found += [
        ChangeRow(step, column, "rest", None, None, int(rows)) for step, column, rows in connection.execute(grouped)
    ]
    return tuple(found)


def result_of(outcome: Mapping[str, Any]) -> RunResult:
    """Read what a run returned back from its record; what an older release did not write is left out."""
    rows = outcome.get("rows", {})
    return RunResult(
        pipeline=outcome["pipeline"],
        run_id=outcome["run_id"],
        status=outcome["status"],
        table=outcome["table"],
        balance=Balance(
            **{
                name: rows.get(name, 0)
                for name in ("read", "inserted", "updated", "unchanged", "quarantined", "removed")
            },
            deduplicated=rows.get("deduplicated", {}),
            filtered=rows.get("filtered", {}),
        ),
        files=tuple(_file(file) for file in outcome.get("files", ())),
        reasons={
            Reason(each["code"], each.get("column"), each.get("check")): each["rows"]
            for each in outcome.get("reasons", ())
        },
        changed_cells=outcome.get("changed_cells", 0),
        changes={(each["step"], each["column"]): each["cells"] for each in outcome.get("changes", ())},
        decisions=tuple(Decision.model_validate(each) for each in outcome.get("decisions", ())),
        seconds=outcome.get("seconds", 0.0),
        sensitive=tuple(outcome.get("sensitive", ())),
        message=outcome.get("message"),
        exit_code=outcome.get("exit_code", 0),
    )


def layout_of(file: Mapping[str, Any]) -> FileLayout | None:
    """Read how a file's records are written from the record of its run; None where that was not kept."""
    layout = file.get("layout")
    return None if layout is None else FileLayout(tuple(layout["header"]), layout["delimiter"], layout["quote"])


def _file(file: Mapping[str, Any]) -> FileOutcome:
    return FileOutcome(
        file["file"],
        file["status"],
        rows=file.get("rows"),
        sha256=file.get("sha256"),
        run_id=file.get("run_id"),
        layout=layout_of(file),
    )


def _past(row: Row[Any]) -> PastRun:
    """Read a run; its columns count where its outcome was not kept."""
    outcome = json.loads(row.outcome) if row.outcome else {}
    counts = {name: row._mapping[name] or 0 for name in ("inserted", "updated", "unchanged")}
    known = {
        "pipeline": row.pipeline,
        "run_id": row.run_id,
        "status": row.status,
        "table": row.table_name,
        "message": row.error,
        "rows": {**counts, "read": row.rows_read or 0, "quarantined": row.rows_quarantined or 0},
    }
    told = result_of({**known, **outcome, "status": row.status})  # its status may have changed since
    undone_by = row._mapping.get("undone_by")  # older ledgers know nothing of it
    return PastRun(told, row.started_at, row.finished_at, row.plan_digest, row.error, undone_by)
