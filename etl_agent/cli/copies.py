"""``etl-agent extract`` and ``etl-agent clean``: CSV in, CSV out."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from etl_agent.cli.context import command, json_option, print_json, project_of, quiet_option
from etl_agent.cli.failure import safe
from etl_agent.errors import counted

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from etl_agent.extract.dataset import Dataset
    from etl_agent.run.copying import Copied

__all__ = ["clean", "extract"]

_OUTPUT = click.Path(dir_okay=False, path_type=Path)


def _reading_options(function: Callable[..., Any]) -> Callable[..., Any]:
    encoding = click.option("--encoding", help="Text encoding of the files; detected by default.")
    delimiter = click.option("--delimiter", help="Character between cells; detected by default.")
    return encoding(delimiter(function))


@command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("-o", "--output", type=_OUTPUT, metavar="OUT.csv", help="Where to write the copy.")
@click.option("--explain", is_flag=True, help="Show how each file is understood: encoding, delimiter, header, lines.")
@_reading_options
@json_option
@quiet_option
def extract(
    files: tuple[str, ...],
    *,
    output: Path | None,
    explain: bool,
    encoding: str | None,
    delimiter: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Write what the reader makes of CSV files, as plain RFC 4180; nothing is invented.

    Malformed records are counted and shown with their place; they are not in the copy. An unquoted empty cell
    stays unquoted, a quoted one stays quoted.
    """
    if output is None and not explain:
        raise click.UsageError("name an output with -o OUT.csv, or ask with --explain")
    from etl_agent.run.copying import extract_copy, read_through

    with _opened(files, encoding, delimiter) as (dataset, _):
        copied = extract_copy(dataset, output) if output is not None else read_through(dataset)
        told = _told(dataset, copied)
    if as_json:
        print_json(told)
    elif not quiet:
        if explain:
            _explain(told)
        _say(copied, output)
    return 0


@command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("-o", "--output", type=_OUTPUT, metavar="OUT.csv", required=True, help="Where to write the copy.")
@click.option(
    "--steps",
    "steps_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="YAML list of cleaning steps, as under clean: in a pipeline file.",
)
@click.option(
    "--strategy",
    metavar="auto|NAME",
    help="A named cleaning strategy, or auto: steps that are made for these files and that do no harm.",
)
@_reading_options
@json_option
@quiet_option
def clean(
    files: tuple[str, ...],
    *,
    output: Path,
    steps_file: Path | None,
    strategy: str | None,
    encoding: str | None,
    delimiter: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Write a cleaned copy of CSV files: the same rows in the same order.

    Say how with --steps or --strategy. Every step of a strategy is measured on the data first, and dropped where it
    would do harm. Steps that take rows out are not carried out; how many rows each would take is said.
    """
    if (steps_file is None) == (strategy is None):
        raise click.UsageError("say how to clean: --strategy auto, --strategy NAME or --steps FILE")
    from etl_agent.orchestrate.file import read_steps
    from etl_agent.orchestrate.routing import route_of
    from etl_agent.run.copying import clean_copy

    nodes = read_steps(steps_file) if steps_file is not None else (route_of(str(strategy)),)
    project = project_of()
    with _opened(files, encoding, delimiter) as (dataset, scratch):
        copied = clean_copy(dataset, nodes, output, scratch=scratch, project=project)
        told = _told(dataset, copied)
    if as_json:
        print_json(told)
    elif not quiet:
        for decision in copied.decisions:
            click.echo(safe(f"{decision.node}: {decision.chosen}, by {decision.policy}: {decision.reason}"))
            for dropped in decision.dropped:
                click.echo(safe(f"  dropped {dropped.step} on {', '.join(dropped.columns)}: {dropped.reason}"))
        for (label, column), cells in copied.changes.by_column().items():
            click.echo(safe(f"{label}: {column}: {cells:,} {'cell' if cells == 1 else 'cells'} changed"))
        for proposal in copied.suggested:
            click.echo(safe(f"suggested: {proposal.step.name} on {proposal.evidence['column']}: {proposal.reason}"))
        for label, rows in copied.removable.items():
            if rows:
                click.echo(safe(f"{label}: would take out {counted(rows)} in a run, kept in the copy"))
        _say(copied, output)
    return 0


def _opened(
    files: tuple[str, ...], encoding: str | None, delimiter: str | None
) -> AbstractContextManager[tuple[Dataset, Path]]:
    from etl_agent.orchestrate.adhoc import extract_of
    from etl_agent.run.reading import open_files

    spec = extract_of(files, encoding=encoding, delimiter=delimiter)
    return open_files(spec, project=Path.cwd(), as_of=date.today())


def _told(dataset: Dataset, copied: Copied) -> dict[str, Any]:
    tallies = {tally.file: tally for tally in dataset.tallies()}
    return {
        "rows": copied.rows,
        "malformed": copied.malformed,
        "columns": list(copied.columns),
        "changes": [{"step": s, "column": c, "cells": n} for (s, c), n in copied.changes.by_column().items()],
        "removable": copied.removable,
        "decisions": [decision.model_dump(mode="json") for decision in copied.decisions],
        "suggested": [
            {
                "step": {"step": proposal.step.name, **proposal.step.model_dump(mode="json", exclude_defaults=True)},
                "reason": proposal.reason,
            }
            for proposal in copied.suggested
        ],
        "files": [
            {
                "file": file.name,
                "encoding": file.dialect.encoding.name,
                "delimiter": file.dialect.delimiter,
                "quote": file.dialect.quote,
                "columns": list(file.header),
                "lines": {
                    "all": tally.lines,
                    "preamble": tally.preamble,
                    "header": tally.header,
                    "blank": tally.blank,
                    "comment": tally.comment,
                    "footer": tally.footnote,
                    "records": tally.record_lines,
                },
                "good": tally.good,
                "malformed": tally.bad,
            }
            for file in dataset.files
            if (tally := tallies.get(file.name)) is not None
        ],
    }


def _explain(told: dict[str, Any]) -> None:
    for file in told["files"]:
        lines = ", ".join(f"{count:,} {kind}" for kind, count in file["lines"].items() if count and kind != "all")
        quote = "none" if file["quote"] is None else repr(file["quote"])
        click.echo(safe(f"{file['file']}: {file['encoding']}, delimiter {file['delimiter']!r}, quote {quote}"))
        click.echo(safe(f"  {file['lines']['all']:,} lines: {lines}"))
        click.echo(safe(f"  {file['good']:,} good records, {file['malformed']:,} malformed"))
        click.echo(safe(f"  columns: {', '.join(file['columns'])}"))


def _say(copied: Copied, output: Path | None) -> None:
    import json

    for bad in copied.first_malformed:
        codes = ", ".join(reason["code"] for reason in json.loads(bad.reasons))
        click.echo(safe(f"{bad.file}:{bad.line}: {codes}"), err=True)
    if copied.malformed > len(copied.first_malformed):
        click.echo(f"and {copied.malformed - len(copied.first_malformed):,} more malformed records", err=True)
    if output is not None:
        click.echo(safe(f"{output}: {counted(copied.rows)}, {counted(len(copied.columns), 'column')}"))
