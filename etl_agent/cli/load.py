"""``etl-agent load``: CSV files into a table without a pipeline file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from etl_agent.cli.context import command, json_option, print_json, quiet_option
from etl_agent.cli.outcome import Outcomes, run_all
from etl_agent.cli.values import WAIT

__all__ = ["load"]


@command(unattended=True)
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "--to", required=True, metavar="URL", help="SQLite file or Postgres database: sqlite:///w.db, postgresql://..."
)
@click.option("--table", required=True, help="The table; it is made if it does not exist.")
@click.option("--schema", "db_schema", help="The table's schema in Postgres.")
@click.option(
    "--write-disposition", type=click.Choice(["append", "replace", "merge"]), default="append", show_default=True
)
@click.option("--primary-key", multiple=True, metavar="COLUMN", help="A column of the key; repeat for several.")
@click.option(
    "--absent",
    type=click.Choice(["keep", "delete"]),
    default="keep",
    show_default=True,
    help="What a merge does with rows of the table whose key is in no record of the files.",
)
@click.option(
    "--types",
    type=click.Choice(["text", "infer"]),
    default="text",
    show_default=True,
    help="Keep every column as text, or infer types where every value fits.",
)
@click.option("--encoding", help="Text encoding of the files; detected by default.")
@click.option("--delimiter", help="Character between cells; detected by default.")
@click.option(
    "--max-reject-share", type=click.FloatRange(0, 1, max_open=True), help="Share of rows that may be rejected."
)
@click.option("--dry-run", is_flag=True, help="Do everything but write.")
@click.option("--reload", is_flag=True, help="Load files again whose content is in the table.")
@click.option("--wait", type=WAIT, default="0s", metavar="TIME", help="Wait for another run, for example 5m.")
@click.option("--balance", is_flag=True, help="Show where every row is.")
@json_option
@quiet_option
def load(
    files: tuple[str, ...],
    *,
    to: str,
    table: str,
    db_schema: str | None,
    write_disposition: str,
    primary_key: tuple[str, ...],
    absent: str,
    types: str,
    encoding: str | None,
    delimiter: str | None,
    max_reject_share: float | None,
    dry_run: bool,
    reload: bool,
    wait: float,
    balance: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Load CSV files into a table, without a pipeline file.

    Every column is kept as text unless --types infer. FILE may be a glob or - for the standard input; a password
    for the database belongs in the environment: --to '${DATABASE_URL}'.
    """
    from etl_agent.orchestrate.adhoc import pipeline_of
    from etl_agent.run.options import RunOptions
    from etl_agent.run.runner import run_pipeline

    sections: dict[str, dict[str, Any]] = {
        "extract": {"files": files, "encoding": encoding, "delimiter": delimiter},
        "validate": {"types": types, "max_reject_share": max_reject_share},
        "load": {
            "to": to,
            "table": table,
            "schema": db_schema,
            "write_disposition": write_disposition,
            "primary_key": primary_key,
            "absent": absent,
        },
    }
    spec = pipeline_of(table, sections)
    outcomes = Outcomes(quiet=quiet, as_json=as_json, balance=balance)
    options = RunOptions(has_file=False, dry_run=dry_run, reload=reload, wait=wait, progress=outcomes.progress)
    code = run_all([spec], lambda one: run_pipeline(one, project=Path.cwd(), options=options), outcomes)
    if as_json:
        print_json([result.as_dict() for result in outcomes.results])
    return code
