"""The ledger of a run that is taken back: its files, its entries in quarantine, and its own row."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from etl_agent.load.ledger_tables import LedgerTables

__all__ = ["unload"]


def unload(connection: Connection, tables: LedgerTables, run_id: int, *, table: str, by: int) -> None:
    """Write down that a run is undone, inside the transaction that restores its table.

    Its files are out of the table, and those that it took out are in it again. Its open entries are closed, since
    their content is read again; those that it replayed or closed are what they were before it.

    Args:
        connection: the transaction's.
        tables: the ledger.
        run_id: the run.
        table: its table.
        by: the undo.
    """
    import sqlalchemy as sa

    files, entries, runs = tables.files, tables.quarantine, tables.runs
    own = (files.c.table_name == table, files.c.run_id == run_id, files.c.active == sa.true())
    connection.execute(files.update().where(*own).values(active=False, deactivated_by=by))
    gone = (files.c.table_name == table, files.c.deactivated_by == run_id)
    connection.execute(files.update().where(*gone).values(active=True, deactivated_by=None))

    waiting = (entries.c.run_id == run_id, entries.c.status == "open")
    connection.execute(entries.update().where(*waiting).values(status="closed", replayed_by=by))
    refused = sa.select(runs.c.run_id).where(runs.c.table_name == table, runs.c.status == "refused")
    settled = (entries.c.replayed_by == run_id, entries.c.status.in_(("closed", "replayed")))
    before = sa.case((entries.c.run_id.in_(refused), "refused"), else_="open")
    connection.execute(entries.update().where(*settled).values(status=before, replayed_by=None))

    connection.execute(tables.history.delete().where(tables.history.c.run_id == run_id))
    connection.execute(runs.update().where(runs.c.run_id == run_id).values(status="undone", undone_by=by))
