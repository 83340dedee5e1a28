"""Which later runs into a table depend on an earlier one, so that it cannot be taken back before them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from etl_agent.errors import counted
from etl_agent.load.identifiers import Dialect, known_as
from etl_agent.run.balance import KEY_HELD, ROW_HELD
from etl_agent.run.plans import plan_on_record
from etl_agent.run.settling import CONFLICT

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from etl_agent.load.ledger_tables import LedgerTables

__all__ = ["Dependent", "dependents"]


@dataclass(frozen=True, slots=True)
class Dependent:
    """A later run that would have done something else without an earlier one, or may have.

    Args:
        run_id: the run.
        why: what it did, in words.
    """

    run_id: int
    why: str


def dependents(connection: Connection, tables: LedgerTables, run: Row[Any], *, dialect: Dialect) -> Iterator[Dependent]:
    """Find the later runs in effect that depend on a run, the newest first.

    Runs into one table commit one after the other, and the database numbers them; one without a number, of an older
    release or pruned, counts by its time. One that only added rows, and asked nothing of those that were there, would
    have done the same without the run; all others may not.

    Args:
        connection: to read with.
        tables: the ledger.
        run: the run's row in ``_etl_runs``.
        dialect: the kind of database.
    """
    import sqlalchemy as sa

    runs, history = tables.runs.c, tables.history.c
    here = known_as(run.table_name, dialect=dialect)
    moment = sa.func.coalesce(runs.finished_at, runs.started_at, type_=runs.finished_at.type)
    own = connection.execute(sa.select(history.position).where(history.run_id == run.run_id)).scalar()
    by_time = moment >= (run.finished_at or run.started_at)
    after = by_time if own is None else sa.or_(history.position > own, sa.and_(history.position.is_(None), by_time))
    query = (
        sa.select(runs.run_id, runs.table_name, runs.plan_digest, runs.outcome)
        .outerjoin_from(tables.runs, tables.history, history.run_id == runs.run_id)
        .where(runs.status == "loaded", after, runs.run_id != run.run_id)
        .order_by(history.position.is_(None), history.position.desc(), moment.desc(), runs.run_id.desc())
    )
    for later in connection.execute(query).all():
        if known_as(later.table_name, dialect=dialect) != here:
            continue
        if why := _why(connection, tables, later, run.run_id):
            yield Dependent(int(later.run_id), why)


def _why(connection: Connection, tables: LedgerTables, later: Any, run_id: int) -> str | None:
    """Say what a later run did that it may not have done without an earlier one."""
    import sqlalchemy as sa

    found = _by_its_rows(json.loads(later.outcome or "{}"))
    if found:
        return found
    history, files, entries = tables.history.c, tables.files.c, tables.quarantine.c
    own_sql = connection.execute(sa.select(history.own_sql).where(history.run_id == later.run_id)).scalar()
    if own_sql is None:
        return "what it did to the table is not on record any more"
    if own_sql:
        return "ran SQL of your own"
    if connection.execute(sa.select(files.run_id).where(files.deactivated_by == later.run_id).limit(1)).first():
        return "took content out of the table"
    taken_out = sa.select(files.sha256).where(files.deactivated_by == run_id)
    again = sa.select(files.file).where(files.run_id == later.run_id, files.sha256.in_(taken_out), files.active)
    if (file := connection.execute(again.limit(1)).scalar()) is not None:
        return f"loaded {file}, which it had taken out"
    of_both = sa.select(sa.func.count()).where(entries.run_id == run_id, entries.replayed_by == later.run_id)
    if settled := connection.execute(of_both).scalar():
        return f"replayed or closed {counted(settled, 'entry', 'entries')} of its quarantine"
    plan = plan_on_record(connection, tables, later.plan_digest)
    if plan is None:
        return "the plan that it ran by is not on record any more"
    if plan[0].load.is_snapshot:
        return "made its rows the whole table"
    return None


def _by_its_rows(outcome: dict[str, Any]) -> str | None:
    rows = outcome.get("rows", {})
    conflicts = sum(each["rows"] for each in outcome.get("reasons", ()) if _is_conflict(each))
    for count, said in (
        (rows.get("updated"), "wrote over {}"),
        (rows.get("removed"), "took out {}"),
        (rows.get("unchanged"), "found {} unchanged"),
        (rows.get("deduplicated", {}).get(ROW_HELD), "found {} there already"),
        (rows.get("filtered", {}).get(KEY_HELD), "left {} out whose key was there"),
        (conflicts, "rejected {} whose key was there"),
    ):
        if count:
            return said.format(counted(int(count)))
    return None


def _is_conflict(reason: dict[str, Any]) -> bool:
    return {name: reason.get(name) for name in ("code", "check")} == {"code": CONFLICT.code, "check": CONFLICT.check}
