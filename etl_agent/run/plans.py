"""The plans that rows were loaded by, kept beside the record of the runs: without targets, once each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from etl_agent.orchestrate.lock import Lock
from etl_agent.orchestrate.sequential import PipelineSpec

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from etl_agent.load.ledger_tables import LedgerTables

__all__ = ["plan_on_record", "record_plan"]

_NOWHERE = "sqlite:///nowhere.db"  # a plan is kept without its target, which a pipeline must name
_FIRST_VERSION = 2  # of the ledger's tables that keeps plans


def record_plan(
    connection: Connection, tables: LedgerTables, spec: PipelineSpec, *, lock: Lock | None, plan_digest: str
) -> None:
    """Keep a plan, if it is not kept yet, inside the load's transaction.

    Where the target is, and with which password, is no part of it; nor is the lock's profile of the data.

    Args:
        connection: inside the load's transaction.
        tables: the ledger.
        spec: the pipeline.
        lock: the lock that it ran by.
        plan_digest: by which the run names it.
    """
    import sqlalchemy as sa

    plans = tables.plans
    # shared until the run is on record, so that nobody deletes a plan that none seems to need
    known = sa.select(sa.literal(1)).where(plans.c.plan_digest == plan_digest)
    if connection.execute(known.with_for_update(read=True, key_share=True)).first() is not None:
        return
    kept = {
        "pipeline": spec.model_dump(mode="json", by_alias=True, exclude={"load": {"to"}}),
        "lock": None if lock is None else lock.model_dump(mode="json", by_alias=True, exclude={"profile"}),
    }
    connection.execute(plans.insert().values(plan_digest=plan_digest, plan=json.dumps(kept)))


def plan_on_record(
    connection: Connection, tables: LedgerTables, plan_digest: str | None
) -> tuple[PipelineSpec, Lock | None] | None:
    """Read a plan back; None where it is not kept, or where this release cannot read it any more.

    Args:
        connection: to read with.
        tables: the ledger.
        plan_digest: by which a run names it.
    """
    import sqlalchemy as sa

    from etl_agent.load.ledger_tables import version_of

    if plan_digest is None or version_of(connection, tables=tables) < _FIRST_VERSION:
        return None
    query = sa.select(tables.plans.c.plan).where(tables.plans.c.plan_digest == plan_digest)
    text = connection.execute(query).scalar()
    if text is None:
        return None
    kept: dict[str, Any] = json.loads(text)
    pipeline = {**kept["pipeline"], "load": {**kept["pipeline"]["load"], "to": _NOWHERE}}
    try:
        spec = PipelineSpec.model_validate(pipeline)
        return spec, None if kept["lock"] is None else Lock.model_validate(kept["lock"])
    except ValidationError:
        return None
