"""Which runs are past, and what of the ledger nothing needs once they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, FromClause, Select, Table

    from etl_agent.load.ledger_tables import LedgerTables

__all__ = ["Expendable", "past_runs"]

_SETTLED = ("closed", "discarded", "refused", "replayed")
"""States of an entry that no command changes any more; open is the only other one."""

_HISTORY = 3
"""The version of the ledger that first tells which run took content out of a table."""


def past_runs(tables: LedgerTables, *, before: datetime, table: str | None = None) -> Select[tuple[int]]:
    """Select the runs that ended before a moment, without those that speak of today.

    The newest load of a table can be undone however old it is, and the newest run of a pipeline, refused or not, is
    what ``status`` judges.

    Args:
        tables: the ledger.
        before: the moment.
        table: only runs into this table.
    """
    import sqlalchemy as sa

    runs = tables.runs.c
    newest_loads = sa.select(sa.func.max(runs.run_id)).where(runs.status == "loaded").group_by(runs.table_name)
    newest_runs = sa.select(sa.func.max(runs.run_id)).group_by(runs.pipeline, runs.table_name)
    chosen = sa.select(runs.run_id).where(
        sa.func.coalesce(runs.finished_at, runs.started_at) < before,
        runs.run_id.not_in(newest_loads),
        runs.run_id.not_in(newest_runs),
    )
    return chosen if table is None else chosen.where(runs.table_name == table)


@dataclass(frozen=True, slots=True)
class Expendable:
    """Conditions that say which rows of the ledger may go.

    Args:
        tables: the ledger.
        past: the runs that are past.
        version: of the ledger's tables.
    """

    tables: LedgerTables
    past: Select[tuple[int]]
    version: int

    def by_table(self) -> Mapping[Table, ColumnElement[bool]]:
        """Say which rows of each table may go, in the order in which they go."""
        tables = self.tables
        found = {
            tables.quarantine: self._entries(),
            tables.changes: tables.changes.c.run_id.in_(self.past),
            tables.decisions: tables.decisions.c.run_id.in_(self.past),
        }
        return found if self.version == 1 else {**found, tables.plans: self._plans()}

    def _entries(self) -> ColumnElement[bool]:
        """Settled by runs that are past.

        Of the entries of a file that went through one replay, the first stays: it is what tells that the run replayed
        them, and so which rows a reload of the file must take back. So does the newest entry of all: SQLite would give
        its number to another one, and a corrected file that names it would mean that one.
        """
        import sqlalchemy as sa

        table = self.tables.quarantine
        entries, first, last = table.c, table.alias("first").c, table.alias("last").c
        earlier = (
            sa.select(sa.literal(1))
            .where(
                first.run_id == entries.run_id,
                first.file == entries.file,
                first.replayed_by == entries.replayed_by,
                first.status == "replayed",
                first.id < entries.id,
            )
            .correlate(table)
            .exists()
        )
        return sa.and_(
            entries.run_id.in_(self.past),
            entries.status.in_(_SETTLED),
            sa.or_(entries.replayed_by.is_(None), entries.replayed_by.in_(self.past)),
            sa.or_(entries.status != "replayed", earlier),
            entries.id < sa.select(sa.func.max(last.id)).scalar_subquery(),
        )

    def _plans(self) -> ColumnElement[bool]:
        """Named only by past runs of which nothing is in a table, or could be again."""
        import sqlalchemy as sa

        files, runs = self.tables.files.c, self.tables.runs.c
        returns = [files.active == sa.true()]
        if self.version >= _HISTORY:  # an undo of a run that is not past brings back what it took out
            returns.append(sa.and_(files.deactivated_by.is_not(None), files.deactivated_by.not_in(self.past)))
        needed = sa.or_(
            runs.run_id.not_in(self.past),
            runs.run_id.in_(sa.select(files.run_id).where(sa.or_(*returns))),
            # a replay brings rows without a file
            sa.and_(runs.status == "loaded", runs.run_id.not_in(sa.select(files.run_id))),
        )
        named = sa.select(runs.plan_digest).where(runs.plan_digest.is_not(None), needed)
        return self.tables.plans.c.plan_digest.not_in(named)

    def kept_rows(self, kept: FromClause) -> ColumnElement[bool]:
        """Rows that past runs changed, as they were before."""
        from etl_agent.load.history import CHANGED_BY

        return kept.c[CHANGED_BY].in_(self.past)
