"""``etl-agent why``: which file, line, run and steps made a row, or why it is not in the table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from etl_agent.cli.context import command, json_option, print_json, project_of
from etl_agent.cli.failure import safe
from etl_agent.cli.runs import NOTHING_YET
from etl_agent.cli.target_of import Place, pipelines_at_hand, target_of, target_options
from etl_agent.errors import NoInput, UsageError, near

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from etl_agent.load.target import Target
    from etl_agent.run.history import PastRun
    from etl_agent.run.why.account import Why
    from etl_agent.run.why.archive import Archive
    from etl_agent.run.why.held import HeldTable

__all__ = ["why"]

_LINE = re.compile(r"(?P<file>.+):(?P<line>[0-9]{1,12})", re.DOTALL)
_LONGEST = 60  # characters of a value on a terminal
_RUNS = 100  # newest runs whose tables are named
_RAW = 200  # characters of a record on a terminal


@command()
@click.argument("what", metavar="TABLE|FILE:LINE")
@click.argument("key", metavar="[KEY]...", nargs=-1)
@target_options
@click.option("--table", help="With FILE:LINE: only runs into this table.")
@click.option(
    "--file",
    "given",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Where the file that was loaded lies now; it is used if it holds the same bytes.",
)
@click.option("--last", is_flag=True, help="Read the files of the newest run only, not of those before it.")
@json_option
def why(
    what: str,
    key: tuple[str, ...],
    *,
    to: str | None,
    db_schema: str | None,
    table: str | None,
    given: Path | None,
    last: bool,
    as_json: bool,
) -> None:
    """Tell which run, file, line and steps made a row, or why it is not in the table.

    `why TABLE KEY...` asks for a row by its key: values in the order of the primary key, or COLUMN=VALUE.
    `why FILE:LINE` asks what became of a record. The file is found by its content and read again by the plan of the
    run; nothing is written. --to takes a pipeline file too. Stars stand for values of sensitive columns. A key that
    begins with a dash stands behind --, or as COLUMN=-5.
    """
    pipelines = (Path(to),) if to is not None and to.endswith((".yaml", ".yml")) else ()
    place = target_of(None if pipelines else to, schema=db_schema, pipelines=pipelines)
    project = project_of(pipelines[0] if pipelines else None)
    specs = pipelines_at_hand(pipelines)
    found = _LINE.fullmatch(what) if not key else None
    if not key and found is None:
        raise UsageError(
            "say which row: a key behind the table, or a file and a line",
            choices=("why TABLE KEY", "why TABLE COLUMN=VALUE", "why FILE:LINE"),
        )
    with place.open(read_only=True) as target, target.reading() as connection:
        from etl_agent.run.history import ledger_in
        from etl_agent.run.why.archive import Archive

        tables = ledger_in(connection, schema=place.schema)
        if connection is None or tables is None:
            click.echo("null" if as_json else NOTHING_YET)
            return
        archive = Archive(connection, tables, project, specs, given)
        if found is not None:
            answer = _of_line(archive, target, place, found, table)
        else:
            answer = _of_row(archive, target, place, what, key, history=not last)
    told = answer.as_dict()
    if told["next"] and not told["next"].startswith("etl-agent run "):  # which takes its target from the pipeline
        told["next"] += place.options
    if as_json:
        print_json(told)
    else:
        _show(told)


def _of_line(archive: Archive, target: Target, place: Place, found: re.Match[str], table: str | None) -> Why:
    from etl_agent.run.why.by_line import why_line

    def held(name: str) -> HeldTable | None:
        return _held(archive.connection, target, place, name)

    return why_line(archive, file=found["file"], line=int(found["line"]), table=table, held=held)


def _of_row(archive: Archive, target: Target, place: Place, table: str, key: Sequence[str], *, history: bool) -> Why:
    from etl_agent.run.history import recent_runs
    from etl_agent.run.why.by_key import why_row

    held = _held(archive.connection, target, place, table)
    if held is None:
        runs = recent_runs(archive.connection, archive.tables, limit=_RUNS)
        known = [
            name
            for name in sorted({run.result.table for run in runs})
            if target.table_facts(name, schema=place.schema) is not None
        ]
        mine = [run for run in runs if run.result.table == table]
        raise NoInput(
            f"there is no table {table!r}{_why_no_table(mine)}",
            choices=near(table, known) or known[:10],
            next_command=f"etl-agent runs{place.options}",
        )
    declared = next((spec.load.primary_key for spec in archive.specs if spec.load.table == table), ())
    return why_row(archive, held, held.texts(key, primary_key=declared), history=history)


def _why_no_table(runs: Sequence[PastRun]) -> str:
    """Say what its runs, the newest first, tell of a table that is not there."""
    if not runs:
        return ""
    newest = runs[0].result
    if newest.status != "undo":
        return f"; run {newest.run_id} into it was {newest.status}"
    undone = next((run.result.run_id for run in runs if run.undone_by == newest.run_id), None)
    if undone is None or f"; table {newest.table} dropped" not in (newest.message or ""):
        return f"; the newest run of it, {newest.run_id}, is an undo"
    return f": it was dropped when run {undone}, which had created it, was undone by run {newest.run_id}"


def _held(connection: Connection, target: Target, place: Place, table: str) -> HeldTable | None:
    from etl_agent.run.ledger import loaded_types
    from etl_agent.run.why.held import HeldTable

    facts = target.table_facts(table, schema=place.schema)
    if facts is None:
        return None
    return HeldTable(connection, facts, loaded_types(connection, table=table, schema=place.schema) or {})


def _show(told: dict[str, Any]) -> None:
    click.echo(safe(f"{told['asked']}: {told['verdict']}"))
    for record in told["records"]:
        click.echo()
        _show_record(record, said=told["verdict"])
    if told["rows"] and not any(record["loaded"] for record in told["records"]):
        for row in told["rows"]:
            click.echo()
            _print_rows(("column", "in the table"), row["values"].items())
    if told["notes"]:
        click.echo()
    for note in told["notes"]:
        click.echo(safe(f"note: {note}"))
    if told["next"]:
        click.echo(safe(f"next: {told['next']}"))


def _show_record(record: dict[str, Any], *, said: str) -> None:
    """Show one record, from its file to the table; what the verdict says of it is not said again."""
    parts = [] if record["file"] is None else [f"{record['file']}:{record['line']}"]
    if record["run"] is not None:
        parts.append(f"run {record['run']['run_id']} of pipeline {record['run']['pipeline']}")
    head = ", ".join(parts)
    more = "" if record["said"] in said else record["said"]
    if head or more:
        click.echo(safe(": ".join(part for part in (head, more) if part)))
    if record["raw"] is not None:
        raw = record["raw"].replace("\r", "\\r").replace("\n", "\\n")
        click.echo(safe(raw if len(raw) <= _RAW else raw[:_RAW] + "…"))
    if record["changes"]:
        click.echo()
        cells = [
            (each["step"], each["column"], _value(each["before"]), _value(each["after"])) for each in record["changes"]
        ]
        _print_table(("step", "column", "before", "after"), cells)
    if record["loaded"]:
        click.echo()
        _print_rows(("column", "loaded as"), record["loaded"].items())
    if record["held"]:
        click.echo()
        _print_rows(("column", "held before"), record["held"].items())


def _print_rows(names: tuple[str, str], values: Iterable[tuple[str, Any]]) -> None:
    _print_table(names, [(name, _value(value)) for name, value in values])


def _print_table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    from rich.table import Table

    from etl_agent.cli.report import print_table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(name, no_wrap=True)
    for row in rows:
        table.add_row(*map(_shown, row))
    print_table(table)


def _value(value: Any) -> str:
    """Show a value so that null, '' and blanks can be told apart."""
    if value is None:
        return "null"
    return repr(value) if isinstance(value, str) else str(value)


def _shown(text: str) -> str:
    from rich.markup import escape

    cut = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return escape(safe(cut))
