"""What replays and reloads make of entries: replayed by a run, or closed because their content is taken out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from etl_agent.run.quarantine import in_parts

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from etl_agent.load.ledger_tables import LedgerTables

__all__ = ["Replays", "close_open", "mark_replayed", "replays_of"]


def mark_replayed(connection: Connection, tables: LedgerTables, ids: Iterable[int], *, run_id: int) -> int:
    """Mark open entries as replayed, inside the transaction that loads their rows, and return how many were open."""
    entries = tables.quarantine
    marked = 0
    for part in in_parts(ids):
        change = entries.update().where(entries.c.id.in_(part), entries.c.status == "open")
        marked += connection.execute(change.values(status="replayed", replayed_by=run_id)).rowcount
    # what is rejected again is the corrected record, which stands at no byte of the file
    connection.execute(entries.update().where(entries.c.run_id == run_id).values(byte_offset=None))
    return marked


def close_open(
    connection: Connection, tables: LedgerTables, *, table: str, run_id: int, digests: Sequence[str] | None = None
) -> int:
    """Close the open entries of content that is about to be taken out of a table, and return how many.

    Its rows are read again, or are gone for good: what is open would count them twice. Entries that a replay left
    open belong to the content that they came from first.

    Args:
        connection: inside the load's transaction, before the content is marked as inactive.
        tables: the ledger.
        table: the target table.
        run_id: the run that takes it out.
        digests: which content; None means all of it, whatever its run.
    """
    import sqlalchemy as sa

    entries, files = tables.quarantine, tables.files.c
    waiting = (entries.c.table_name == table, entries.c.status == "open")
    close = entries.update().where(*waiting).values(status="closed", replayed_by=run_id)
    if digests is None:
        return int(connection.execute(close).rowcount)
    active = sa.select(files.run_id, files.file, files.sha256).where(
        files.table_name == table, files.active == sa.true()
    )
    wanted = set(digests)
    leaving = {(int(own), str(file)) for own, file, digest in connection.execute(active) if digest in wanted}
    closed = 0
    for rejecting, file in sorted(replays_of(connection, tables, leaving, table=table).rejected):
        here = (entries.c.run_id == rejecting, entries.c.file == file)
        closed += connection.execute(close.where(*here)).rowcount
    return closed


@dataclass(frozen=True, slots=True)
class Replays:
    """What came of the rejected rows of some content.

    Args:
        rejected: the runs and files under which its entries stand, the content's own and those of replays.
        runs: the runs that replayed any of them.
        others: other files of which these runs replayed rows.
    """

    rejected: frozenset[tuple[int, str]]
    runs: frozenset[int]
    others: frozenset[str]


def replays_of(
    connection: Connection, tables: LedgerTables, content: Iterable[tuple[int, str]], *, table: str
) -> Replays:
    """Follow the rejected rows of content through all their replays.

    Args:
        connection: to read with.
        tables: the ledger.
        content: the content, by the run that loaded it and the file's name.
        table: the target table.
    """
    import sqlalchemy as sa

    entries = tables.quarantine.c
    query = sa.select(entries.run_id, entries.file, entries.replayed_by).distinct()
    moved = connection.execute(query.where(entries.table_name == table, entries.status == "replayed")).all()
    rejected, ahead = set(content), True
    while ahead:
        onward = {(int(by), str(file)) for run_id, file, by in moved if (run_id, file) in rejected} - rejected
        rejected, ahead = rejected | onward, bool(onward)
    runs = {int(by) for run_id, file, by in moved if (run_id, file) in rejected}
    others = {str(file) for run_id, file, by in moved if by in runs and (run_id, file) not in rejected}
    return Replays(frozenset(rejected), frozenset(runs), frozenset(others))
