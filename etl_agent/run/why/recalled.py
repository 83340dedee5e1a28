"""The plan that an earlier run went by, as far as it can be had again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from etl_agent.errors import EtlAgentError
from etl_agent.run.locking import current_lock
from etl_agent.run.plans import plan_on_record
from etl_agent.run.prepare import digest_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from etl_agent.load.ledger_tables import LedgerTables
    from etl_agent.orchestrate.lock import Lock
    from etl_agent.orchestrate.sequential import PipelineSpec
    from etl_agent.run.history import PastRun

__all__ = ["Recalled", "recalled"]


@dataclass(frozen=True, slots=True)
class Recalled:
    """What is at hand of a run's plan.

    Args:
        spec: the pipeline; None if there is none of the run's name.
        lock: the lock that it went by.
        same: whether they are what the run went by, by the digest that is on record.
        kept: whether the plan itself is on record.
    """

    spec: PipelineSpec | None
    lock: Lock | None
    same: bool
    kept: bool = True

    def said(self, run: PastRun) -> str | None:
        """Say why the run's plan cannot be repeated; None if it can."""
        if self.same:
            return None
        if not self.kept:
            return f"the plan of run {run.result.run_id} was pruned, or not kept yet when it ran; {self._at_hand(run)}"
        return self._at_hand(run)

    def _at_hand(self, run: PastRun) -> str:
        if self.spec is None:
            return (
                f"the pipeline {run.result.pipeline!r} of run {run.result.run_id} is not at hand (--to PIPELINE.yaml)"
            )
        return (
            f"the pipeline {self.spec.name!r}, or a file that it names, was changed since run {run.result.run_id}, "
            "so no step can be shown"
        )


def recalled(
    run: PastRun, specs: Sequence[PipelineSpec], *, connection: Connection, tables: LedgerTables, project: Path
) -> Recalled:
    """Find the pipeline that has the digest of a run's plan: among those at hand, or on record.

    Args:
        run: the run.
        connection: to read with.
        tables: the ledger.
        specs: the pipelines at hand.
        project: the folder that their paths are relative to.
    """
    named = [spec for spec in specs if spec.name == run.result.pipeline]
    for spec in named:
        for lock in _locks(spec, project=project):
            if digest_of(spec, project=project, lock=lock) == run.plan_digest:
                return Recalled(spec, lock, same=True)
    kept = plan_on_record(connection, tables, run.plan_digest)
    if kept is not None:
        same = digest_of(kept[0], project=project, lock=kept[1]) == run.plan_digest
        return Recalled(*kept, same=same)
    return Recalled(next(iter(named), None), None, same=False, kept=run.result.status == "refused")  # it keeps none


def _locks(spec: PipelineSpec, *, project: Path) -> Iterator[Lock | None]:
    """Give the lock that is there, and none: a run may have been before it."""
    try:
        lock, _ = current_lock(spec, project=project, required=False)
    except EtlAgentError:  # a file that is no lock now says nothing of the run
        lock = None
    if lock is not None:
        yield lock
    yield None
