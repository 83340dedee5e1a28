"""``etl-agent undo``: take a run back."""

from __future__ import annotations

import sys

import click

from etl_agent.cli.context import command, json_option, print_json, quiet_option
from etl_agent.cli.failure import complain, safe
from etl_agent.cli.target_of import target_of, target_options
from etl_agent.cli.values import WAIT
from etl_agent.errors import NoInput, UndoRefused

__all__ = ["undo"]


@command()
@click.argument("run_id", metavar="RUN", type=click.IntRange(min=0))
@click.option("--dry-run", is_flag=True, help="Do it all, say what was done, and roll back.")
@click.option(
    "--despite-sql", is_flag=True, help="Take back the rows although SQL files or triggers of your own ran with them."
)
@click.option("--wait", type=WAIT, default="0s", metavar="TIME", help="Wait for another run, for example 5m.")
@target_options
@json_option
@quiet_option
def undo(
    run_id: int,
    *,
    dry_run: bool,
    despite_sql: bool,
    wait: float,
    to: str | None,
    db_schema: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Take a run back: its table, quarantine and files are again as they were before it.

    RUN is a number from `etl-agent runs`. It is all done in one transaction, which is itself a run on record. A run on
    which a later one depends is refused: undo the later one first. The files of the run load again when their pipeline
    runs again. Without a terminal a success prints nothing.
    """
    from etl_agent.run.undo import undo as take_back

    place = target_of(to, schema=db_schema)
    try:
        done = take_back(
            run_id,
            to=place.url,
            schema=place.schema,
            folder=place.folder,
            dry_run=dry_run,
            despite_sql=despite_sql,
            wait=wait,
        )
    except (NoInput, UndoRefused) as error:
        if error.next_command and error.next_command.startswith("etl-agent "):
            error.next_command += place.options  # the same database again
        raise
    line = f"{done.pipeline}: {done.said}, in {done.seconds:.1f} s"
    if as_json:
        print_json(done.as_dict())
    elif not quiet and (dry_run or sys.stdout.isatty() or sys.stderr.isatty()):
        click.echo(safe(line))
    if done.warning:
        complain(f"{line}; {done.warning}")
