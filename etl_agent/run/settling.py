"""Decide the keys over the whole dataset: what conflicts with the table, and what a snapshot does not lack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl_agent.rejects import Reason
from etl_agent.run.withdraw import withdraw

if TYPE_CHECKING:
    from etl_agent.extract.dataset import Dataset
    from etl_agent.extract.spec import Extract
    from etl_agent.load.tx import Tx
    from etl_agent.run.books import Books, HeldBack
    from etl_agent.run.outcome import Run
    from etl_agent.run.selection import Selection
    from etl_agent.run.withheld import WithheldKeys

__all__ = ["CONFLICT", "settle_absent", "settle_keys"]

CONFLICT = Reason("primary-key-error", None, "the table holds another row with this key")
"""Why a row of an append is rejected whose key the table holds with other content."""


_GONE = {"delete": "deleted", "close": "closed"}


def settle_keys(run: Run, dataset: Dataset, tx: Tx, *, books: Books, held: HeldBack | None) -> None:
    """Take the rows that lose their key out of the load, or stage those that were held back and keep it.

    Args:
        run: the run.
        dataset: its files, read to their end.
        tx: the load, with the other rows staged.
        books: what became of the rows.
        held: the rows that wait for this, where rows go straight into the table.
    """
    losers = books.losers(dataset.raw_at)
    if held is not None:
        for batch in held.release(losers):
            tx.stage(batch)
    else:
        for rows in losers:
            tx.drop(rows)
    if run.options.reload and run.spec.load.write_disposition == "append":
        digests = [tally.sha256 for tally in dataset.tallies() if tally.sha256]
        books.withdrawn = withdraw(tx, run.spec.load, active=run.active, digests=digests)
    for rows in tx.conflicts():
        books.reject_late(rows, CONFLICT, dataset.raw_at, stage="load")
        tx.drop(rows)


def settle_absent(run: Run, tx: Tx, *, books: Books, selection: Selection) -> None:
    """Tell the load what a full snapshot holds beside the rows to load; nothing is gone where that is not known whole.

    Args:
        run: the run.
        tx: the load, before its transaction begins.
        books: what became of the rows.
        selection: the files that are not read, among others.
    """
    load = run.spec.load
    if load.absent == "keep":
        return
    doubt = _copied(run.spec.extract, selection) or _untold(books.withheld, tx)
    if doubt is None:
        return
    tx.spare_absent()
    if tx.order.fit.exists:
        run.warn(f"no row is {_GONE[load.absent]} as absent, since {doubt}")


def _copied(extract: Extract, selection: Selection) -> str | None:
    """Name a copy of another file that is not read although its rows would be others, by the file's name."""
    if all(column.from_ is None for column in extract.add.values()):
        return None
    copies = [each.file for each in selection.left_out if each.status == "same content as another file"]
    return f"{copies[0]} has the same content as another file and is not read" if copies else None


def _untold(withheld: WithheldKeys, tx: Tx) -> str | None:
    """Hand over the keys of the records that are not loaded; where one cannot be told, say of how many."""
    untold = withheld.untold
    if not untold and all(tx.retain(keys, rows) for keys, rows in withheld.batches()):
        return None
    whose = f"{untold:,} rejected records" if untold > 1 else "a rejected record"
    return f"the key of {whose} cannot be told: a snapshot without such records does it"
