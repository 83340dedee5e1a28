"""Rows that runs took out of the table, closed or wrote over, as they were kept, whatever became of the files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from etl_agent.load.history import CHANGE, CHANGED_BY, CLOSED, DELETED, PREFIX
from etl_agent.load.statements import VALID_FROM, VALID_TO
from etl_agent.run.why.account import Account

if TYPE_CHECKING:
    import pyarrow as pa

    from etl_agent.run.history import PastRun
    from etl_agent.run.why.archive import Archive
    from etl_agent.run.why.held import HeldRow, HeldTable

__all__ = ["Taken", "closing", "ended", "taken"]

_MOST = 100  # kept rows of one key that are looked at, the newest first


@dataclass(frozen=True, slots=True)
class Taken:
    """A row as it was before a run changed it.

    Args:
        run: the run that changed it.
        change: what it did: ``deleted``, ``closed`` or ``updated``.
        row: the row before.
        said: what the run did, and by which of its settings.
        sensitive: columns whose values are not shown.
    """

    run: PastRun
    change: str
    row: HeldRow
    said: str
    sensitive: frozenset[str]

    def account(self) -> Account:
        """Tell of the row without the record that made it."""
        written = "" if self.row.run_id is None else f"the row that run {self.row.run_id} wrote was "
        return Account(
            outcome="removed" if self.change == DELETED else "updated",
            said=written + self.said,
            run=self.run,
            held=self.row.values,
            sensitive=self.sensitive,
        )


def taken(archive: Archive, held: HeldTable, key: Mapping[str, pa.Scalar]) -> list[Taken]:
    """Find what was kept of the rows of a key, the last change first; of an undone or pruned run nothing is kept.

    Args:
        archive: where answers are looked up.
        held: the table.
        key: typed values by column.
    """
    found: list[Taken] = []
    for name in _kept(archive, held.facts.name):
        beside = held.beside(name, columns=(CHANGED_BY, CHANGE))
        if beside is None or not beside.has(key, like=held):
            continue
        for row in beside.rows(key, most=_MOST, newest_by=CHANGED_BY):
            run = archive.run(int(row.values[CHANGED_BY]))
            if run is not None and run.result.status == "loaded":
                found.append(_told(archive, run, row))
    return sorted(found, key=lambda each: each.run.result.run_id, reverse=True)


def closing(row: HeldRow, among: Sequence[Taken]) -> Taken | None:
    """Find the change that closed a version; None where it is not on record.

    Args:
        row: the version, as the table holds it.
        among: the changes of its key.
    """
    since = row.values.get(VALID_FROM)
    same = (each for each in among if each.change == CLOSED and each.row.run_id == row.run_id)
    return next((each for each in same if each.row.values.get(VALID_FROM) == since), None)


def ended(rows: Sequence[HeldRow], among: Sequence[Taken]) -> str:
    """Say that no version of a key is current, when the last one ended and which run closed it; else nothing.

    Args:
        rows: its versions, as the table holds them; rows of a table without versions are none.
        among: the changes of the key.
    """
    known = [(row, closed) for row in rows if (closed := closing(row, among)) is not None]
    if not known or any(row.values.get(VALID_TO) is None for row in rows):
        return ""
    last, closed = max(known, key=lambda each: str(each[0].values[VALID_TO]))
    return f"; no version is current, the last one ended at {last.values[VALID_TO]}, {closed.said}"


def _kept(archive: Archive, table: str) -> list[str]:
    """Name the tables of kept rows that runs into a table wrote."""
    import sqlalchemy as sa

    if "undone_by" not in archive.tables.runs.c:  # ledgers older than kept rows
        return []
    history = archive.tables.history.c
    query = sa.select(history.kept_in).where(history.table_name == table, history.kept_in.is_not(None)).distinct()
    return sorted(str(name) for (name,) in archive.connection.execute(query) if str(name).startswith(PREFIX))


def _told(archive: Archive, run: PastRun, row: HeldRow) -> Taken:
    change = str(row.values[CHANGE])
    values = {name: value for name, value in row.values.items() if name not in (CHANGED_BY, CHANGE)}
    before = None if row.run_id is None else archive.run(row.run_id)
    newest = next(archive.runs_of(run.result.table, statuses=("loaded",)), None)
    known = (each for each in (run, before, newest) if each is not None)
    sensitive = frozenset(name for each in known for name in each.result.sensitive)
    said = _said(archive, run, change)
    return Taken(run, change, type(row)(values, row.run_id), said, sensitive)


def _said(archive: Archive, run: PastRun, change: str) -> str:
    """Say what a run did to a row, and by which setting, where its plan leaves but one."""
    own = f"by run {run.result.run_id}"
    spec = archive.recalled(run).spec
    load = None if spec is None else spec.load
    if change == CLOSED:
        snapshot = load is not None and load.absent == "close"
        return f"closed {own}" + (", whose files hold no record of its key or another one (absent: close)" * snapshot)
    if change != DELETED:
        return f"written over {own}"
    if load is not None and load.write_disposition == "replace":
        return f"taken out {own}, which replaced the table"
    if load is not None and load.absent == "delete" and load.merge_strategy != "delete-insert":
        return f"taken out {own}, whose files hold no record of its key (absent: delete)"
    if load is not None and load.absent == "keep" and load.merge_strategy == "delete-insert":
        return f"taken out {own}, which deleted the rows of the keys in its files (delete-insert)"
    return f"taken out {own}"
