"""What became of a load whose commit was not answered: the record that commits with it tells."""

from __future__ import annotations

from dataclasses import replace

from etl_agent.errors import EtlAgentError
from etl_agent.load.target import Target
from etl_agent.run.history import ledger_in, one_run
from etl_agent.run.result import RunResult

__all__ = ["after_doubt"]


def after_doubt(result: RunResult, error: EtlAgentError, *, target: Target, schema: str | None) -> RunResult:
    """Return the result if the run is on record, with a warning; its rows are there then, and it must not run again.

    Args:
        result: the run, as it is if the commit went through.
        error: how the commit failed.
        target: where the record is.
        schema: the schema of the record.

    Raises:
        EtlAgentError: the run is not on record, or the record cannot be read. A server that was cut off may be at it
            still: the next run waits for its lock, and then knows.
    """
    found = _on_record(target, schema=schema, run_id=result.run_id)
    if found is False and target.location.dialect == "sqlite":
        raise error  # nobody else works on it: it was rolled back
    if not found:
        doubt = "; it is not known whether the load was committed; the next run sees, and loads only what is missing"
        raise type(error)(error.what + doubt, where=error.where, next_command="the same command again") from None
    said = f"the commit was answered with an error, but it is on record: {error}"
    return replace(result, warning="; ".join(filter(None, (result.warning, said))))


def _on_record(target: Target, *, schema: str | None, run_id: int) -> bool | None:
    """Look for a run in the record; None where it cannot be read."""
    try:
        if target.location.dialect == "sqlite":
            target.close()  # what a disk has taken of a commit whose sync failed is seen by who opens the file anew
        with target.reading() as connection:
            tables = ledger_in(connection, schema=schema)
            return connection is not None and tables is not None and one_run(connection, tables, run_id) is not None
    except EtlAgentError:
        return None
