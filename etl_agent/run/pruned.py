"""What of a run's record is not there any more: told by what the run itself counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from etl_agent.load.ledger_tables import LedgerTables
    from etl_agent.run.history import PastRun

__all__ = ["Gone", "gone_of"]

_PLANS, _HISTORY = 2, 3  # versions of the ledger's tables that first keep them


@dataclass(frozen=True, slots=True)
class Gone:
    """What is missing of a run's record; a prune took it, or the release that loaded it did not keep it yet.

    Args:
        entries: rows of the quarantine, of those that it rejected.
        of: how many it put there.
        changes: cells that steps changed, without their values before and after.
        history: whether it cannot be undone for want of its history.
        plan: whether the plan that it went by is missing.
    """

    entries: int = 0
    of: int = 0
    changes: int = 0
    history: bool = False
    plan: bool = False

    @property
    def said(self) -> str | None:
        """Say it in one sentence; None where nothing is missing.

        >>> Gone(entries=5, of=8, plan=True).said
        'not on record any more, or never was: 5 of its 8 entries of the quarantine; its plan'
        """
        parts = (
            (self.history, "its history, so it cannot be undone"),
            (self.entries, f"{self.entries:,} of its {self.of:,} entries of the quarantine"),
            (self.changes, f"the values of {self.changes:,} cells that its steps changed"),
            (self.plan, "its plan"),
        )
        told = [text for missing, text in parts if missing]
        return f"not on record any more, or never was: {'; '.join(told)}" if told else None

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data, for JSON."""
        return {"history": self.history, "entries": self.entries, "changes": self.changes, "plan": self.plan}


def gone_of(connection: Connection, tables: LedgerTables, run: PastRun) -> Gone:
    """Compare what is on record of a run with what it counted.

    Args:
        connection: to read with.
        tables: the ledger.
        run: the run.
    """
    import sqlalchemy as sa

    from etl_agent.load.ledger_tables import version_of

    result, entries, changes = run.result, tables.quarantine.c, tables.changes.c
    own = result.run_id

    def found(query: sa.Select[Any]) -> int:
        return int(connection.execute(query).scalar() or 0)

    refused, put = result.status == "refused", result.balance.quarantined
    there = found(sa.select(sa.func.count()).where(entries.run_id == own))
    values = found(sa.select(sa.func.sum(changes.rows)).where(changes.run_id == own))
    loaded, version = result.status == "loaded", version_of(connection, tables=tables)
    history = tables.history.c.run_id == own
    plan = tables.plans.c.plan_digest == run.plan_digest
    return Gone(
        entries=0 if refused and there else max(0, put - there),  # the first ones of a refusal are kept, or none
        of=put,
        changes=0 if refused else max(0, result.changed_cells - values),
        history=loaded and (version < _HISTORY or not found(sa.select(sa.func.count()).where(history))),
        plan=loaded and (version < _PLANS or not found(sa.select(sa.func.count()).where(plan))),
    )
