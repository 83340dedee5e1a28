"""The ledger: which content is in a table, and what every run did, read and written in the load's transaction."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from etl_agent.run.run_id import run_started
from etl_agent.shape import ColumnType, Shape, parse_type

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from etl_agent.decide.decision import Decision
    from etl_agent.load.history import Kept
    from etl_agent.load.ledger_tables import LedgerTables
    from etl_agent.run.changes import ChangeRow
    from etl_agent.run.result import RunResult
    from etl_agent.run.spool import RejectSpool

__all__ = [
    "ActiveFile",
    "LoadedFile",
    "active_files",
    "change_batches",
    "close_refused",
    "deactivate",
    "decision_batch",
    "loaded_types",
    "quarantine_batches",
    "record_files",
    "record_history",
    "record_run",
    "types_of",
]

_ROWS_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class ActiveFile:
    """Content that is in a table.

    Args:
        sha256: digest (hex) of its decompressed bytes.
        file: the name it was loaded under.
        size: decompressed bytes.
        run_id: the run that loaded it.
        plan_digest: the plan it was loaded by.
        position: its place in that run's dataset, counted from 0.
    """

    sha256: str
    file: str
    size: int
    run_id: int
    plan_digest: str | None
    position: int | None


@dataclass(frozen=True, slots=True)
class LoadedFile:
    """A file that the run at hand loads; see ``ActiveFile``. ``rows`` counts its records, good and malformed."""

    sha256: str
    file: str
    size: int
    rows: int
    position: int


def active_files(connection: Connection, *, table: str, schema: str | None) -> tuple[ActiveFile, ...]:
    """Read which content is in a table, in the order it was loaded; none where there is no ledger yet."""
    import sqlalchemy as sa

    from etl_agent.load.ledger_tables import LedgerTables

    tables = LedgerTables.within(schema)
    if not sa.inspect(connection).has_table(tables.files.name, schema=schema):
        return ()
    files = tables.files.c
    wanted = sa.select(files.sha256, files.file, files.size, files.run_id, files.plan_digest, files.position)
    active = wanted.where(files.table_name == table, files.active == sa.true())
    rows = connection.execute(active.order_by(files.run_id, files.position))
    return tuple(ActiveFile(*row) for row in rows)


def close_refused(
    connection: Connection, tables: LedgerTables, *, table: str, digests: Sequence[str], run_id: int
) -> None:
    """Close the quarantine entries of refused runs over content that a run loads now."""
    import sqlalchemy as sa

    runs, entries = tables.runs.c, tables.quarantine
    refused = sa.select(runs.run_id, runs.outcome).where(runs.table_name == table, runs.status == "refused")
    loaded = set(digests)
    for refusing, outcome in connection.execute(refused).all():
        files = {file["sha256"]: file["file"] for file in json.loads(outcome or "{}").get("files", [])}
        names = [name for digest, name in files.items() if digest in loaded]
        if names:
            here = (entries.c.run_id == refusing, entries.c.status == "refused", entries.c.file.in_(names))
            connection.execute(entries.update().where(*here).values(status="closed", replayed_by=run_id))


def deactivate(
    connection: Connection, tables: LedgerTables, *, table: str, run_id: int, digests: Sequence[str] | None = None
) -> None:
    """Mark content as no longer in a table.

    Args:
        connection: inside the load's transaction.
        tables: the ledger.
        table: the target table.
        run_id: the run that takes it out.
        digests: which content; None means all of it.
    """
    files = tables.files.c
    change = tables.files.update().where(files.table_name == table, files.active)
    if digests is not None:
        change = change.where(files.sha256.in_(digests))
    connection.execute(change.values(active=False, deactivated_by=run_id))


def record_files(
    connection: Connection,
    tables: LedgerTables,
    files: Sequence[LoadedFile],
    *,
    table: str,
    run_id: int,
    plan_digest: str,
) -> None:
    """Write down the content that this run brings into the table."""
    common = {"table_name": table, "active": True, "run_id": run_id, "plan_digest": plan_digest}
    rows = [{**common, **asdict(file)} for file in files]
    if rows:
        connection.execute(tables.files.insert(), rows)


def record_history(connection: Connection, tables: LedgerTables, kept: Kept, *, table: str, run_id: int) -> None:
    """Write down what an undo of the run must know, and its place among the runs, whatever the clocks of hosts say."""
    position = tables.history.c.position
    newest = connection.execute(tables.history.select().with_only_columns(position).order_by(position.desc()).limit(1))
    connection.execute(
        tables.history.insert().values(
            run_id=run_id,
            table_name=table,
            position=(newest.scalar() or 0) + 1,  # under the lock of the table
            kept_in=kept.table,
            rows_updated=kept.updated,
            rows_deleted=kept.deleted,
            built=kept.built,
            added=json.dumps(kept.added, ensure_ascii=False),
            keys=json.dumps(kept.keys, ensure_ascii=False),
            own_sql=kept.own_sql,
        )
    )


def record_run(
    connection: Connection,
    tables: LedgerTables,
    result: RunResult,
    *,
    plan_digest: str | None,
    shape: Shape | None = None,
) -> None:
    """Write the run's own row, inside the load's transaction.

    Args:
        connection: the transaction's.
        tables: the ledger.
        result: what the run is about to be.
        plan_digest: the plan it ran by, if it ran by one.
        shape: the loaded columns, so that inferred types can be kept.
    """
    balance = result.balance
    connection.execute(
        tables.runs.insert().values(
            run_id=result.run_id,
            pipeline=result.pipeline,
            table_name=result.table,
            status=result.status,
            started_at=run_started(result.run_id),
            finished_at=datetime.now(UTC),
            rows_read=balance.read,
            rows_loaded=balance.loaded,
            inserted=balance.inserted,
            updated=balance.updated,
            unchanged=balance.unchanged,
            rows_quarantined=balance.quarantined,
            rows_deduplicated=balance.rows_deduplicated,
            rows_filtered=balance.rows_filtered,
            plan_digest=plan_digest,
            error=result.message if result.status == "refused" else None,
            outcome=json.dumps({**result.as_dict(), "shape": _written(shape)}, ensure_ascii=False),
        )
    )


def loaded_types(connection: Connection, *, table: str, schema: str | None) -> dict[str, ColumnType] | None:
    """Read the types that the newest run loaded into a table; None where there is no such run."""
    import sqlalchemy as sa

    from etl_agent.load.ledger_tables import LedgerTables

    tables = LedgerTables.within(schema)
    if not sa.inspect(connection).has_table(tables.runs.name, schema=schema):
        return None
    runs = tables.runs.c
    loaded = sa.select(runs.outcome).where(runs.table_name == table, runs.status == "loaded")
    return _types(connection.execute(loaded.order_by(runs.run_id.desc()).limit(1)).scalar())


def types_of(connection: Connection, tables: LedgerTables, run_id: int) -> dict[str, ColumnType] | None:
    """Read the types of the columns that a run loaded; None where it loaded none, or is not on record."""
    import sqlalchemy as sa

    runs = tables.runs.c
    return _types(connection.execute(sa.select(runs.outcome).where(runs.run_id == run_id)).scalar())


def _types(outcome: str | None) -> dict[str, ColumnType] | None:
    columns = json.loads(outcome or "{}").get("shape")
    if not columns:
        return None
    return {column["name"]: parse_type(column["type"], zoned=column["zoned"]) for column in columns}


def _written(shape: Shape | None) -> list[dict[str, Any]]:
    return [
        {"name": c.name, "type": "timestamp" if c.type.zoned else str(c.type), "zoned": c.type.zoned}
        for c in shape or ()
    ]


def quarantine_batches(
    spool: RejectSpool, *, run_id: int, table: str, status: str, most: int | None = None
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of ``_etl_quarantine`` for spooled rejects, at most ``most`` of them."""
    left = spool.rows if most is None else most
    for batch in spool.batches():
        part = batch.slice(0, left)
        size = len(part)
        left -= size
        if not size:
            return
        columns = {
            "run_id": pa.array([run_id] * size, pa.int64()),
            "table_name": pa.array([table] * size, pa.string()),
            **{name: part.column(name) for name in part.schema.names},
            "status": pa.array([status] * size, pa.string()),
        }
        yield pa.RecordBatch.from_pydict(columns)


def change_batches(rows: Iterator[ChangeRow], *, run_id: int, table: str) -> Iterator[pa.RecordBatch]:
    """Yield the rows of ``_etl_changes`` for the change ledger."""
    waiting: list[ChangeRow] = []
    for row in rows:
        waiting.append(row)
        if len(waiting) == _ROWS_AT_ONCE:
            yield _changes(waiting, run_id, table)
            waiting = []
    if waiting:
        yield _changes(waiting, run_id, table)


def _changes(rows: Sequence[ChangeRow], run_id: int, table: str) -> pa.RecordBatch:
    texts = {
        "step": [row.step for row in rows],
        "column_name": [row.column for row in rows],
        "before": [row.before for row in rows],
        "after": [row.after for row in rows],
        "kind": [row.kind for row in rows],
        "example_before": [row.example_before for row in rows],
        "example_after": [row.example_after for row in rows],
    }
    return pa.RecordBatch.from_pydict(
        {
            "run_id": pa.array([run_id] * len(rows), pa.int64()),
            "table_name": pa.array([table] * len(rows), pa.string()),
            **{name: pa.array(values, pa.string()) for name, values in texts.items()},
            "rows": pa.array([row.rows for row in rows], pa.int64()),
        }
    )


def decision_batch(decisions: Sequence[Decision], *, run_id: int) -> pa.RecordBatch:
    """Make the rows of ``_etl_decisions`` for a run."""
    rows = [decision.row() for decision in decisions]
    names = ("node", "chosen", "policy", "reason", "evidence", "profile_digest")
    columns = {name: pa.array([row[name] for row in rows], pa.string()) for name in names}
    return pa.RecordBatch.from_pydict({"run_id": pa.array([run_id] * len(rows), pa.int64()), **columns})
