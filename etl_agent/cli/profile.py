"""``etl-agent profile``: what the columns of files hold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import click

from etl_agent.cli.context import command, json_option, print_json
from etl_agent.errors import UsageError, near

__all__ = ["profile"]


@command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--encoding", help="Text encoding of the files; detected by default.")
@click.option("--delimiter", help="Character between cells; detected by default.")
@click.option("--values/--no-values", default=True, help="Show what is a cell's value: frequent values, ranges, units.")
@click.option(
    "--sensitive", metavar="COLUMN", multiple=True, help="Column of which no value is shown. May be repeated."
)
@click.option(
    "--html",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write the profile as one HTML page that needs nothing else.",
)
@json_option
def profile(
    files: tuple[str, ...],
    *,
    encoding: str | None,
    delimiter: str | None,
    values: bool,
    sensitive: tuple[str, ...],
    html: Path | None,
    as_json: bool,
) -> int:
    """Show what CSV files hold: kinds, nulls, values, patterns and ranges of columns, keys, duplicates, dependencies.

    One pass over the data, in bounded memory. Figures of columns are exact or marked with ~; what rows and columns
    have to do with each other is found on a sample, which is the whole of a small file.
    """
    from etl_agent.cli.profile_table import print_profile
    from etl_agent.orchestrate.adhoc import extract_of
    from etl_agent.profile.page import page
    from etl_agent.run.profiling import profile_dataset
    from etl_agent.run.reading import open_files
    from etl_agent.run.writing import write_text

    spec = extract_of(files, encoding=encoding, delimiter=delimiter)
    with open_files(spec, project=Path.cwd(), as_of=date.today()) as (dataset, _):
        _check_columns(sensitive, among=dataset.names)
        inputs = [*map(Path, files), *(file.path for file in dataset.files)]
        names = [file.name for file in dataset.files]
        told = profile_dataset(dataset).as_dict(values=values, sensitive=sensitive)
    if html is not None:
        write_text(html, page(told, title=", ".join(names)), inputs=inputs)
    if as_json:
        print_json({"files": names, **told})
    else:
        print_profile(told)
    return 0


def _check_columns(named: Sequence[str], *, among: Sequence[str]) -> None:
    """Refuse a column that the files do not have: its values would be shown under another name."""
    for name in named:
        if name not in among:
            raise UsageError(f"no column {name!r}", where="--sensitive", choices=near(name, among) or tuple(among)[:10])
