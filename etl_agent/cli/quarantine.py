"""``etl-agent quarantine``: look at rejected rows, correct them, load them, or decide that they stay out."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import click

from etl_agent.cli.commands import Listed
from etl_agent.cli.context import command, json_option, print_json, project_of, quiet_option, shared_options
from etl_agent.cli.entries import counted, show_entries
from etl_agent.cli.entry_filters import STATUSES, filter_options, filters_of
from etl_agent.cli.failure import safe
from etl_agent.cli.group import LazyGroup
from etl_agent.cli.model import asking, model_options
from etl_agent.cli.runs import NOTHING_YET
from etl_agent.cli.target_of import ledger, target_of, target_options
from etl_agent.cli.values import WAIT
from etl_agent.errors import UsageError
from etl_agent.rejects import reason_codes

__all__ = ["COMMANDS", "discard", "list_command", "quarantine", "replay"]

_HERE = "etl_agent.cli.quarantine"

COMMANDS: Mapping[str, Listed] = {
    "list": Listed(f"{_HERE}:list_command", "List rejected rows with all their reasons."),
    "export": Listed("etl_agent.cli.export:export", "Write rejected rows to a CSV file, to be corrected."),
    "replay": Listed(f"{_HERE}:replay", "Take rejected rows through their pipeline again, corrected or as they are."),
    "discard": Listed(f"{_HERE}:discard", "Mark rejected rows as never to be loaded."),
}
"""The commands of the group."""


@click.group(cls=LazyGroup, listed=COMMANDS)
@shared_options
def quarantine() -> None:
    """List, export, replay or discard rejected rows."""


@command()
@target_options
@filter_options
@click.option(
    "--status", type=click.Choice(STATUSES), help="What became of them; by default open, or all of one run or of --id."
)
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="The most rows to list.")
@json_option
def list_command(
    *,
    to: str | None,
    db_schema: str | None,
    table: str | None,
    run_id: int | None,
    status: str | None,
    reason: str | None,
    ids: tuple[int, ...],
    limit: int,
    as_json: bool,
) -> None:
    """List rejected rows with all their reasons.

    The reasons of all of them come first, with how many rows have each; then the rows, by file and line. Stars stand
    for cells of sensitive columns, or for the whole line where its cells cannot be told apart; an export is exact.
    """
    from dataclasses import replace

    from etl_agent.run.concealing import concealed_entries
    from etl_agent.run.quarantine import count_entries, find_entries, reasons_of, statuses_of

    place = target_of(to, schema=db_schema)
    status = status or ("open" if run_id is None and not ids else "all")
    filters = filters_of(status, ids=ids, table=table, run_id=run_id, reason=reason)
    with ledger(place) as found:
        if found is None:
            if as_json:
                print_json({"total": 0, "reasons": [], "entries": []})
            else:
                click.echo(NOTHING_YET)
            return
        total = count_entries(*found, filters)
        reasons = reasons_of(*found, filters)
        entries = concealed_entries(*found, list(find_entries(*found, filters, limit=limit)))
        others = {} if total else statuses_of(*found, replace(filters, status=()))
    if as_json:
        by_reason = [{**reason.as_dict(), "rows": rows} for reason, rows in reasons.items()]
        print_json({"total": total, "reasons": by_reason, "entries": [entry.as_dict() for entry in entries]})
    elif total:
        show_entries(total, reasons, entries, status=status, place=place)
    else:
        told = ", ".join(f"{rows:,} {safe(name)}" for name, rows in others.items())
        more = f"; {told}: --status all lists them" if told else ""
        click.echo(f"no {'' if status == 'all' else status + ' '}row in quarantine there{more}")


@command()
@click.argument("files", metavar="[FILE.csv] PIPELINE.yaml", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--id", "ids", type=click.IntRange(min=1), multiple=True, help="This entry; repeat for several.")
@click.option("--reason", type=click.Choice(reason_codes()), help="Only rows with this reason.")
@click.option("--run", "run_id", type=click.IntRange(min=0), help="Only rows that this run rejected.")
@click.option(
    "--as-written", is_flag=True, help="Take each cell of the file as it stands, also if only its spelling differs."
)
@click.option("--dry-run", is_flag=True, help="Do everything but write.")
@click.option("--wait", type=WAIT, default="0s", metavar="TIME", help="Wait for another run, for example 5m.")
@click.option("--balance", is_flag=True, help="Show where every row is.")
@model_options
@json_option
@quiet_option
def replay(
    files: tuple[Path, ...],
    *,
    ids: tuple[int, ...],
    reason: str | None,
    run_id: int | None,
    as_written: bool,
    dry_run: bool,
    wait: float,
    balance: bool,
    model: str | None,
    no_model: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Take rejected rows through their pipeline again, corrected or as they are.

    FILE.csv is an export with corrections; without it, the pipeline's open rows are replayed as they were, which
    helps when the pipeline has changed. Each row is loaded once, however often it is replayed. A row that is rejected
    again is open again, with its new reasons. A number or date that a spreadsheet spelled otherwise, in a cell that
    nothing was wrong with, is taken as it was exported.
    """
    from etl_agent.cli.outcome import Outcomes, run_all
    from etl_agent.cli.report import summary_line
    from etl_agent.orchestrate.file import read_pipeline
    from etl_agent.run.options import RunOptions
    from etl_agent.run.replay import KEPT, LEFT, replay_quarantine

    corrected, pipeline = _arguments(files)
    if corrected is not None and (reason is not None or run_id is not None):
        raise UsageError("--reason and --run choose rows of the database; a file is replayed whole, or by --id")
    spec = read_pipeline(pipeline)
    project = project_of(pipeline)
    # what a person corrected, and is rejected again, is said whatever budget the pipeline has
    outcomes = Outcomes(
        quiet=quiet, as_json=as_json, balance=balance, fails=lambda result: bool(result.balance.quarantined)
    )
    ask = asking(model, no_model=no_model, project=project)
    options = RunOptions(dry_run=dry_run, wait=wait, progress=outcomes.progress, ask=ask)
    filters = filters_of("open", ids=ids, reason=reason, run_id=run_id)
    code = run_all(
        [spec],
        lambda one: replay_quarantine(
            one, project=project, options=options, filters=filters, corrected=corrected, as_written=as_written
        ),
        outcomes,
    )
    if as_json:
        print_json([result.as_dict() for result in outcomes.results])
    elif not (quiet or outcomes.shown):
        for result in outcomes.results:
            told = any(word in (result.message or "") for word in (LEFT, KEPT))
            if result.status != "refused" and not result.balance.quarantined and told:
                click.echo(f"etl-agent: {safe(summary_line(result))}", err=True)
    return code


@command()
@target_options
@filter_options
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@quiet_option
def discard(
    *,
    to: str | None,
    db_schema: str | None,
    table: str | None,
    run_id: int | None,
    reason: str | None,
    ids: tuple[int, ...],
    yes: bool,
    quiet: bool,
) -> None:
    """Mark rejected rows as never to be loaded.

    They stay on record with the status discarded. Only open rows can be discarded.
    """
    from dataclasses import replace

    from etl_agent.run.quarantine import count_entries, newest_entry
    from etl_agent.run.quarantine import discard as discard_entries

    if not (ids or table or run_id is not None or reason):
        raise UsageError("say which rows: --id, --table, --run or --reason", next_command="etl-agent quarantine list")
    place = target_of(to, schema=db_schema)
    filters = filters_of("open", ids=ids, table=table, run_id=run_id, reason=reason)
    with ledger(place) as found:
        if found is None:
            click.echo(NOTHING_YET)
            return
        filters = replace(filters, newest=newest_entry(*found))  # what comes while we ask is not meant
        rows = count_entries(*found, filters)
    if rows and not yes:
        _confirm(rows)
    if rows:
        with place.open(read_only=False) as target, target.record(schema=place.schema) as record:
            rows = discard_entries(record, filters)
            record.commit()
    if not quiet:
        click.echo(f"discarded {counted(rows)}" if rows else "no open row is meant by that")


def _confirm(rows: int) -> None:
    if not sys.stdin.isatty():
        raise UsageError(f"that would discard {counted(rows)}", next_command="the same command with --yes")
    click.confirm(f"Discard {counted(rows)}?", abort=True, err=True)


def _arguments(files: tuple[Path, ...]) -> tuple[Path | None, Path]:
    """Tell the file of corrections, if any, from the pipeline file."""
    pipelines = [path for path in files if path.suffix.lower() in (".yaml", ".yml")]
    others = [path for path in files if path not in pipelines]
    if len(pipelines) != 1 or len(others) > 1:
        raise UsageError(
            "give one pipeline file (.yaml), and before it at most one file of corrected rows",
            next_command="etl-agent quarantine replay --help",
        )
    return (others[0] if others else None), pipelines[0]
