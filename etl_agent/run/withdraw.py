"""Take back the rows of earlier runs over the same content, so that a reload of an append doubles nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from etl_agent.errors import ConfigurationError
from etl_agent.load.statements import LINEAGE
from etl_agent.run.replays import replays_of

if TYPE_CHECKING:
    from etl_agent.load.spec import Load
    from etl_agent.load.tx import Tx
    from etl_agent.run.ledger import ActiveFile

__all__ = ["withdraw"]


def withdraw(tx: Tx, load: Load, *, active: Sequence[ActiveFile], digests: Sequence[str]) -> int:
    """Delete the rows that earlier runs appended from this content, inside the load's transaction.

    Args:
        tx: the load, its staging at an end.
        load: the table.
        active: the content that is in the table.
        digests: the content that is loaded again.

    Returns:
        How many rows were deleted, by the database's count.

    Raises:
        ConfigurationError: the table does not say which run a row came from, or such a run loaded other files too.
    """
    again = set(digests)
    runs = {file.run_id for file in active if file.sha256 in again}
    if not runs:
        return 0
    content = {(file.run_id, file.file) for file in active if file.sha256 in again}
    replayed = replays_of(tx.connection, tx.tables, content, table=load.table)  # using it ends the staging
    others = [file.file for file in active if file.run_id in runs and file.sha256 not in again]
    others += sorted(replayed.others)
    if others:
        raise ConfigurationError(
            f"a run that loaded or replayed rows of this content also loaded {', '.join(others[:5])}; "
            "its rows can only be replaced together",
            where=f"table {load.table}",
            next_command="the same command with --reload over all of these files",
        )
    if not tx.order.fit.lineage:
        raise ConfigurationError(
            f"the table has no column {LINEAGE}, so the rows of an earlier run cannot be told apart; "
            "reloading an append would double them",
            where=f"table {load.table}",
            next_command="delete the rows by hand, or use write_disposition: merge with a primary key",
        )
    return tx.withdraw(sorted(runs | replayed.runs))
