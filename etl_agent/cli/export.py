"""``etl-agent quarantine export``: rejected rows as CSV files, one a table."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import click

from etl_agent.cli.context import command, quiet_option
from etl_agent.cli.entries import counted
from etl_agent.cli.entry_filters import STATUSES, filter_options, filters_of
from etl_agent.cli.failure import safe
from etl_agent.cli.runs import NOTHING_YET
from etl_agent.cli.target_of import ledger, target_of, target_options
from etl_agent.errors import UsageError

__all__ = ["export"]

_TABLE = "{table}"


@command()
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    help="The file to write; for several tables a folder, or a name with {table} in it.",
)
@click.option("--exact", is_flag=True, help="For programs: leave cells as they are that a spreadsheet would compute.")
@target_options
@filter_options
@click.option("--status", type=click.Choice(STATUSES), default="open", show_default=True, help="What became of them.")
@quiet_option
def export(
    *,
    output: Path,
    exact: bool,
    to: str | None,
    db_schema: str | None,
    table: str | None,
    run_id: int | None,
    status: str,
    reason: str | None,
    ids: tuple[int, ...],
    quiet: bool,
) -> None:
    """Write rejected rows to a CSV file, to be corrected.

    The columns _etl_id, _etl_file, _etl_line and _etl_reasons say which row it is and what is wrong; the row's own
    cells follow. Where a line cannot be split into cells it stands in _etl_raw: correct it there, or fill in the
    cells. A cell that a spreadsheet would take for a formula has an apostrophe before it, which replay takes off.
    Rows of several tables go to a file each.
    """
    from dataclasses import replace

    from etl_agent.run.correction import export_entries
    from etl_agent.run.quarantine import tables_of

    place = target_of(to, schema=db_schema)
    filters = filters_of(status, ids=ids, table=table, run_id=run_id, reason=reason)
    written: list[tuple[Path, int]] = []
    with ledger(place) as found:
        if found is None:
            click.echo(NOTHING_YET)
            return
        for name, path in _outputs(output, tables_of(*found, filters)):
            mine = filters if name is None else replace(filters, table=name)
            written.append((path, export_entries(*found, mine, path, exact=exact)))
    if quiet:
        return
    for path, rows in written:
        click.echo(f"wrote {counted(rows)} to {safe(str(path))}")
    path, rows = written[0] if written else (output, 0)
    if not written:
        click.echo("no such row in quarantine there: nothing was written")
    if rows:
        back = shlex.join(["etl-agent", "quarantine", "replay", str(path)])
        click.echo(safe(f"next: correct them, then: {back} PIPELINE.yaml"))


def _outputs(output: Path, tables: Sequence[str]) -> list[tuple[str | None, Path]]:
    """Say which file the rows of each table go to; one file is written also if there is no row.

    Raises:
        UsageError: rows of several tables would go to one file.
    """
    folder = output.is_dir()
    if not folder and _TABLE not in output.name:
        if len(tables) > 1:
            several = shlex.quote(f"{output.stem}-{_TABLE}{output.suffix}")
            raise UsageError(
                f"the rows are of {len(tables)} tables, whose columns differ: give a folder, or a name with {_TABLE}",
                choices=tables,
                next_command=f"the same command with --table, or -o {several}",
            )
        return [(None, output)]
    pattern = output / f"{_TABLE}.csv" if folder else output
    paths: list[tuple[str | None, Path]] = [
        (name, pattern.with_name(pattern.name.replace(_TABLE, _as_file_name(name)))) for name in tables
    ]
    alike = {str(path).casefold() for _, path in paths}
    if len(alike) < len(paths):
        raise UsageError(
            "two of the tables have names that are one where case does not count",
            choices=tables,
            next_command="the same command with --table",
        )
    return paths


def _as_file_name(table: str) -> str:
    """Write what no file may be called by as %XX, which keeps names apart; a table may have any name."""
    written = quote(table, safe=" ")
    return f"%2E{written[1:]}" if written.startswith(".") else written
