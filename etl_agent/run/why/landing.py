"""What became of a record in the table after its run had kept it: told by the table as it is, and by later runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from etl_agent.load.history import DELETED
from etl_agent.load.statements import LINEAGE, VALID_TO
from etl_agent.run.why.taken import closing, taken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from etl_agent.load.spec import Load
    from etl_agent.run.history import PastRun
    from etl_agent.run.why.account import Account, Outcome
    from etl_agent.run.why.archive import Archive
    from etl_agent.run.why.held import HeldRow, HeldTable
    from etl_agent.run.why.taken import Taken

__all__ = ["Landed", "landed"]

_MOST = 20  # versions of a row


@dataclass(frozen=True, slots=True)
class Landed:
    """A record that a run kept, and the rows of the table that it is about now.

    Args:
        account: the record, with what became of it.
        rows: the rows of its key, or of its values where the table has no key.
    """

    account: Account
    rows: tuple[HeldRow, ...]


def landed(account: Account, *, held: HeldTable | None, load: Load, archive: Archive) -> Landed:
    """Tell what became of a record that its run kept.

    Args:
        account: the record, as the files of its run tell it.
        held: the table; None if it is not there any more.
        load: how the run loaded.
        archive: where later runs are looked up.
    """
    run, loaded = account.run, account.loaded
    if run is None or loaded is None or account.outcome != "loaded":
        return Landed(account, ())
    if run.result.status == "undone":
        said = f"run {run.result.run_id}, which loaded it, is undone since, by run {run.undone_by}"
        return Landed(replace(account, outcome="removed", said=said), ())
    if held is None:
        return Landed(replace(account, outcome="removed", said="the table is not there any more"), ())
    key = load.primary_key or held.facts.primary_key
    wanted = {name: loaded[name] for name in key if name in loaded} or dict(loaded)
    rows = held.rows(wanted, most=_MOST)
    if not key and held.lineage:
        rows = [row for row in rows if row.run_id == run.result.run_id]
    changes = [each for each in taken(archive, held, wanted) if key or each.row.run_id == run.result.run_id]
    if not rows:
        gone = [each for each in changes if each.change == DELETED and each.run.result.run_id > run.result.run_id]
        return Landed(replace(account, outcome="removed", said=_removed(run, archive, gone)), ())
    outcome, said = _outcome(account, run, rows, held, load, changes)
    return Landed(replace(account, outcome=outcome, said=said), tuple(rows))


def _outcome(
    account: Account, run: PastRun, rows: Sequence[HeldRow], held: HeldTable, load: Load, changes: Sequence[Taken]
) -> tuple[Outcome, str]:
    loaded, own = account.loaded or {}, run.result.run_id
    mine = next((row for row in rows if row.run_id == own), None)
    if mine is not None:
        differing = held.differing(loaded, mine)
        if differing:
            return "loaded", f"loaded by run {own}, and {', '.join(differing)} changed since by other means than a run"
        if mine.values.get(VALID_TO) is not None and load.merge_strategy == "scd2":
            closed = closing(mine, changes)
            by = "" if closed is None else f", {closed.said}"
            return "updated", f"loaded by run {own}; this version was closed at {mine.values[VALID_TO]}{by}"
        return "loaded", f"loaded by run {own}, and the table holds these values"
    same = next((row for row in rows if held.same(loaded, row)), None)
    if not held.lineage:
        if same is not None:
            return "loaded", f"the table holds these values; it has no column {LINEAGE} to tell by which run"
        return "updated", f"the table holds other values of this key; it has no column {LINEAGE} to tell by which run"
    newest = max(rows, key=lambda row: row.run_id or 0)
    if newest.run_id is not None and newest.run_id > own:
        return "updated", f"loaded by run {own}, and written over by run {newest.run_id}"
    if load.write_disposition == "merge" and load.merge_strategy == "insert-only":
        return "filtered", f"the table held this key already, by run {newest.run_id} (insert-only)"
    if same is not None and load.write_disposition == "append":
        return "deduplicated", f"the table held this row already, by run {same.run_id}"
    if same is not None:
        return "unchanged", f"the table held this row already, by run {same.run_id}, and nothing had to be written"
    return "updated", f"the table holds other values of this key, written by run {newest.run_id} or by other means"


def _removed(run: PastRun, archive: Archive, gone: Sequence[Taken]) -> str:
    """Say which later run took a row out, or may have, by the files that are not in the table any more."""
    import sqlalchemy as sa

    if gone:
        return f"loaded by run {run.result.run_id}; {gone[-1].said}"
    files, runs = archive.tables.files.c, archive.tables.runs.c
    query = sa.select(sa.func.count()).where(files.run_id == run.result.run_id, files.active == sa.true())
    active = int(archive.connection.execute(query).scalar_one())
    later = [
        int(number)
        for (number,) in archive.connection.execute(
            sa.select(runs.run_id)
            .where(runs.table_name == run.result.table, runs.status == "loaded", runs.run_id > run.result.run_id)
            .order_by(runs.run_id)
            .limit(1)
        )
    ]
    own = run.result.run_id
    if not active and later:
        return f"loaded by run {own}; its file was taken out of the table by run {later[0]}"
    if later:
        return f"loaded by run {own}; the row was taken out since, by run {later[0]} or a later one, or by other means"
    return f"loaded by run {own}; the row was deleted since by other means than a run"
