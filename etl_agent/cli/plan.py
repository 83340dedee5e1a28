"""``etl-agent plan``: from a goal in words to pipelines, and if told to, through to the loaded tables."""

from __future__ import annotations

import os
import time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from etl_agent.cli.context import command, json_option, print_json, project_of, quiet_option
from etl_agent.cli.model import asking, fallback_option, model_options
from etl_agent.cli.values import MONEY, WAIT
from etl_agent.errors import EtlAgentError

if TYPE_CHECKING:
    from etl_agent.ask import Ask
    from etl_agent.cli.plan_report import Report
    from etl_agent.run.goal_result import GoalOptions
    from etl_agent.run.planning import Planned

__all__ = ["plan"]


@command()
@click.argument("goal")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "--to",
    required=True,
    metavar="URL",
    help="SQLite file or Postgres database, as pipeline files are to name it: sqlite:///w.db, '${DATABASE_URL}'.",
)
@click.option(
    "--sql",
    multiple=True,
    metavar="FILE",
    help="SQL of yours that may run after a load. A file of queries only is a check: they must find no row.",
)
@click.option("--sensitive", multiple=True, metavar="COL", help="A column of which nothing is shown, kept or told.")
@click.option(
    "--header/--no-header",
    default=None,
    help="Whether the first line of every file names its columns. Detected by default; refused where it looks a row.",
)
@click.option("--execute", is_flag=True, help="Run the pipelines, and revise what is left when the evidence says so.")
@click.option("--yes", is_flag=True, help="Agree to what would be overwritten or destroyed.")
@click.option(
    "--max-replans", type=click.IntRange(min=0), default=3, show_default=True, help="Revisions while it runs at most."
)
@click.option("--max-calls", type=click.IntRange(min=0), help="Requests to a model at most.")
@click.option("--max-tokens", type=click.IntRange(min=0), help="Tokens of questions and answers at most.")
@click.option("--max-cost", type=MONEY, metavar="MONEY", help="What the model may cost, in the currency of its prices.")
@click.option("--max-time", type=WAIT, metavar="TIME", help="Ask nothing and begin no pipeline later, for example 10m.")
@click.option("--wait", type=WAIT, default="0s", metavar="TIME", help="Wait for another run, for example 5m.")
@fallback_option
@model_options
@json_option
@quiet_option
def plan(
    goal: str,
    files: tuple[str, ...],
    *,
    to: str,
    sql: tuple[str, ...],
    sensitive: tuple[str, ...],
    header: bool | None,
    execute: bool,
    yes: bool,
    max_replans: int,
    max_calls: int | None,
    max_tokens: int | None,
    max_cost: Decimal | None,
    max_time: float | None,
    wait: float,
    fail_on_fallback: bool,
    model: str | None,
    no_model: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Make pipelines from a GOAL in words and FILEs, rehearse them, and write them into pipelines/.

    Nothing runs without --execute, and nothing is overwritten or destroyed without --yes. Words of the goal that
    nothing was made of are named. Files, target, tables and SQL come from you: a model, where one is configured, only
    chooses among closed answers. The same call again goes on with a run that was broken off.
    """
    from etl_agent.cli.plan_report import Report
    from etl_agent.run.goal_result import GoalOptions
    from etl_agent.run.plan_files import refuse_password
    from etl_agent.run.planning import make_plan

    refuse_password(to)
    if not goal.strip():
        raise click.UsageError("the goal is empty; say what you want, for example 'load the orders by order_id'")
    if "-" in files:
        raise click.UsageError("a plan reads its files more than once; name files instead of the standard input")
    began = time.monotonic()
    project = project_of()
    ask = asking(
        model,
        no_model=no_model,
        project=project,
        calls=max_calls,
        tokens=max_tokens,
        cost=max_cost,
        seconds=max_time,
    )
    planned = make_plan(
        goal,
        [_within(file, project) for file in files],
        to=to,
        project=project,
        sql=[_within(file, project) for file in sql],
        sensitive=sensitive,
        header=header,
        ask=ask,
        resume=execute,
    )
    report = Report(planned, project=project, quiet=quiet, as_json=as_json)
    report.tell_plan()
    try:
        if execute:
            left = None if max_time is None else max(max_time - (time.monotonic() - began), 0.0)
            options = GoalOptions(yes=yes, max_replans=max_replans, max_seconds=left, wait=wait)
            code = _executed(planned, report, project=project, options=options, ask=ask)
        else:
            code = _written(report, overwrite=yes)
    except EtlAgentError as error:
        if as_json:  # what would be overwritten or destroyed is in it
            print_json(report.as_dict(exit_code=error.exit_code))
        raise
    report.tell_fallback()
    code = code or int(fail_on_fallback and report.fell_back)
    if as_json:
        print_json(report.as_dict(exit_code=code))
    return code


def _written(report: Report, *, overwrite: bool) -> int:
    """Write the files of the plan; one that is known not to load, or of a goal that is not clear, is a no."""
    from etl_agent.run.plan_files import save_plan

    save_plan(report.files, overwrite=overwrite)
    report.tell_files()
    return int(report.is_doubtful)


def _executed(planned: Planned, report: Report, *, project: Path, options: GoalOptions, ask: Ask | None) -> int:
    """Run the plan, and tell what became of each pipeline."""
    from etl_agent.run.goal import execute

    report.result = execute(
        planned,
        project=project,
        options=options,
        ask=ask,
        progress=report.progress,
        told=report.tell_step,
        files=report.files,
    )
    report.tell_end()
    return report.result.exit_code


def _within(file: str, project: Path) -> str:
    """Write a path as it stands in a pipeline file: relative to the project folder, wherever it was typed."""
    try:
        file.encode()
    except UnicodeEncodeError:
        raise click.UsageError(f"{file!a} cannot stand in a pipeline file: its name is not UTF-8; rename it") from None
    path = Path(file).expanduser()
    here = Path.cwd()
    if path.is_absolute() or here == project.resolve():
        return str(path)
    return os.path.relpath(here / path, project.resolve())
