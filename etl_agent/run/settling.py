"""Decide the keys over the whole dataset: what conflicts with the table, and what a snapshot does not lack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl_agent.rejects import Reason
from etl_agent.run.withdraw import withdraw

if TYPE_CHECKING:
    from etl_agent.extract.dataset import Dataset
    from etl_agent.load.tx import Tx
    from etl_agent.run.books import Books, HeldBack
    from etl_agent.run.outcome import Run

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


def settle_absent(run: Run, tx: Tx, *, books: Books) -> None:
    """Tell the load what a full snapshot holds beside the rows to load; nothing is gone where that is not known whole.

    Args:
        run: the run.
        tx: the load, before its transaction begins.
        books: what became of the rows.
    """
    load, untold = run.spec.load, books.withheld.untold
    if load.absent == "keep":
        return
    if not untold and all(tx.retain(keys, rows) for keys, rows in books.withheld.batches()):
        return
    tx.spare_absent()
    if tx.order.fit.exists:
        whose = f"{untold:,} rejected records" if untold > 1 else "a rejected record"
        run.warn(
            f"no row is {_GONE[load.absent]} as absent, since the key of {whose} cannot be told:"
            " a snapshot without such records does it"
        )
