"""``etl-agent profile``: what the columns of files hold."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click

from etl_agent.cli.context import command, json_option, print_json
from etl_agent.cli.failure import safe

__all__ = ["profile"]

_SHOWN = 24  # characters of a value or pattern in the table
_WIDE = 120  # characters of a terminal that has room for the patterns


@command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--encoding", help="Text encoding of the files; detected by default.")
@click.option("--delimiter", help="Character between cells; detected by default.")
@click.option("--values/--no-values", default=True, help="Show frequent values and quantiles, which are cell values.")
@json_option
def profile(files: tuple[str, ...], *, encoding: str | None, delimiter: str | None, values: bool, as_json: bool) -> int:
    """Show what the columns of CSV files hold: kinds, nulls, distinct and frequent values, patterns, ranges.

    One pass over the data, in bounded memory. The type is the one that every value fits and is written back as it
    stood; text otherwise.
    """
    from etl_agent.orchestrate.adhoc import extract_of
    from etl_agent.profile.render import as_dict
    from etl_agent.run.profiling import profile_dataset
    from etl_agent.run.reading import open_files

    spec = extract_of(files, encoding=encoding, delimiter=delimiter)
    with open_files(spec, project=Path.cwd(), as_of=date.today()) as (dataset, _):
        facts, malformed = profile_dataset(dataset)
    told = {**as_dict(facts, frequent=10 if values else 0), "malformed": malformed}
    if as_json:
        print_json(told)
        return 0
    click.echo(f"{told['rows']:,} rows, {len(told['columns'])} columns, {malformed:,} malformed records")
    _print(told["columns"])
    return 0


def _print(columns: list[dict[str, Any]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    wide = console.width >= _WIDE
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("column", no_wrap=True)
    table.add_column("type", no_wrap=True)
    for name in ("nulls", "empty", "distinct", "length"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("range", overflow="fold")
    table.add_column("most frequent")
    if wide:
        table.add_column("patterns")
    for column in columns:
        row = (
            Text(safe(column["name"])),
            column["type"],
            f"{column['nulls']:,}",
            f"{column['empties']:,}",
            f"{'' if column['distinct_exact'] else '~'}{column['distinct']:,}",
            _span(column["length"]),
            _span(column.get("numbers", {})),
            Text(_listed(column.get("frequent", ()), "value")),
            Text(_listed(column["patterns"], "pattern")),
        )
        table.add_row(*row if wide else row[:-1])
    console.print(table)


def _span(values: dict[str, Any]) -> str:
    least, most = values.get("min"), values.get("max")
    if least is None:
        return ""
    return f"{least:,g}" if least == most else f"{least:,g} to {most:,g}"


def _listed(counted: Any, key: str) -> str:
    return ", ".join(
        f"{_short(item[key])} ({'' if item['exact'] else '≥'}{item['rows']:,})" for item in list(counted)[:3]
    )


def _short(text: str) -> str:
    shown = safe(text).replace("\n", "\\n")
    return shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 1]}…"
