"""``etl-agent prune``: delete what the ledger keeps of old runs."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from etl_agent.cli.context import command, json_option, print_json, quiet_option
from etl_agent.cli.failure import complain, explained
from etl_agent.cli.runs import NOTHING_YET
from etl_agent.cli.target_of import target_of, target_options
from etl_agent.cli.values import PAST
from etl_agent.cli.witness import log_option
from etl_agent.errors import EtlAgentError
from etl_agent.run.event import Event, EventKind
from etl_agent.run.run_log import RunLog

if TYPE_CHECKING:
    from etl_agent.run.prune import Pruned

__all__ = ["prune"]

_NAME = "etl-agent prune"
"""What stands in the log where a run has its pipeline."""

_KINDS = {
    "histories": ("history", "histories"),
    "kept_rows": ("kept row", "kept rows"),
    "kept_tables": ("table of kept rows", "tables of kept rows"),
    "quarantine": ("settled entry", "settled entries"),
    "changes": ("line of changes", "lines of changes"),
    "decisions": ("decision", "decisions"),
    "plans": ("plan", "plans"),
}


@command(unattended=True)
@click.option("--older-than", type=PAST, metavar="TIME", required=True, help="How long ago a run must have ended: 90d.")
@click.option("--table", help="Only runs into this table.")
@click.option("--dry-run", is_flag=True, help="Say what would be deleted, and delete nothing.")
@target_options
@log_option
@json_option
@quiet_option
def prune(
    *,
    older_than: float,
    table: str | None,
    dry_run: bool,
    to: str | None,
    db_schema: str | None,
    log: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Delete what is kept of old runs: their undo, settled quarantine entries, changes, decisions and unused plans.

    No row of a table is touched. The newest load of each table can still be undone, open entries stay, and so do the
    runs themselves and their files: for `runs`, `show`, `status` and `why`.
    """
    from etl_agent.run.prune import prune as pruned

    place = target_of(to, schema=db_schema)
    with _logged(None if dry_run else log) as told:
        found = pruned(
            place.url, older_than=older_than, table=table, schema=place.schema, dry_run=dry_run, folder=place.folder
        )
        told.append(found)
    if as_json:
        print_json(None if found is None else found.as_dict())
    elif dry_run or (not quiet and (sys.stdout.isatty() or sys.stderr.isatty())):
        click.echo(NOTHING_YET if found is None else _said(found))


def _said(found: Pruned) -> str:
    """Say what was deleted in one line.

    >>> from datetime import UTC, datetime
    >>> from etl_agent.run.prune import Pruned
    >>> _said(Pruned(datetime(2026, 8, 25, 2, tzinfo=UTC), histories=1, kept_rows=34_000))
    'pruned 1 history, 34,000 kept rows (of runs that ended before 2026-08-25 02:00 UTC)'
    """
    parts = [f"{count:,} {_KINDS[name][count != 1]}" for name, count in found.figures.items() if count]
    verb = "would prune" if found.dry_run else "pruned"
    when = found.before.strftime("%Y-%m-%d %H:%M UTC")
    return f"{verb} {', '.join(parts) or 'nothing'} (of runs that ended before {when})"


@contextmanager
def _logged(log: Path | None) -> Iterator[list[Pruned | None]]:
    """Write a line of the log when it is over, whatever came of it; what goes wrong with the log fails nothing."""
    told: list[Pruned | None] = []
    began = time.monotonic()
    try:
        yield told
    except EtlAgentError as error:
        message, code = explained(error)
        _write_down(log, "failure", message, exit_code=code, seconds=time.monotonic() - began)
        raise
    for found in told:
        if found is not None:
            _write_down(log, "success", _said(found), facts=found.as_dict(), seconds=time.monotonic() - began)


def _write_down(log: Path | None, kind: EventKind, message: str, **more: Any) -> None:
    if log is None:
        return
    written = RunLog(log)
    written.write(Event(kind, _NAME, message, **more))
    if written.failure is not None and kind == "success":  # a failure has its own line on stderr
        complain(written.failure)
