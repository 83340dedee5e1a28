"""``etl-agent run``: run pipelines, from a terminal or from cron."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from etl_agent.cli.context import command, json_option, print_json, project_of, quiet_option
from etl_agent.cli.model import asking, fallback_option, model_options
from etl_agent.cli.outcome import Outcomes, run_all
from etl_agent.cli.patience import Patience, patience_options, within
from etl_agent.cli.values import AS_OF, VARIABLE, WAIT
from etl_agent.cli.witness import log_option, witnessing

if TYPE_CHECKING:
    from etl_agent.orchestrate.sequential import PipelineSpec
    from etl_agent.run.options import RunOptions
    from etl_agent.run.result import RunResult

__all__ = ["run"]


@command(unattended=True)
@click.argument("pipelines", metavar="PIPELINE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Do everything but write; the target is never created.")
@click.option("--sample", type=click.IntRange(min=1), metavar="N", help="Stop after about N rows; implies --dry-run.")
@click.option("--reload", is_flag=True, help="Load files again whose content is in the table.")
@click.option("--locked", is_flag=True, help="Run only by a lock that is there and fits; see etl-agent lock.")
@click.option("--wait", type=WAIT, default="0s", metavar="TIME", help="Wait for another run, for example 5m.")
@click.option("--skip-if-running", is_flag=True, help="Exit with 0 and do nothing where another run holds the table.")
@click.option("--as-of", type=AS_OF, metavar="DAY", help="The day that {date} in paths stands for (YYYY-MM-DD).")
@click.option("--var", "variables", type=VARIABLE, multiple=True, metavar="NAME=VALUE", help="Fill {NAME} in paths.")
@click.option("--fail-on-rejects", is_flag=True, help="Exit with 1 if any row was quarantined.")
@patience_options
@log_option
@fallback_option
@model_options
@click.option("--balance", is_flag=True, help="Show where every row is.")
@json_option
@quiet_option
def run(
    pipelines: tuple[Path, ...],
    *,
    dry_run: bool,
    sample: int | None,
    reload: bool,
    locked: bool,
    wait: float,
    skip_if_running: bool,
    as_of: date | None,
    variables: tuple[tuple[str, str], ...],
    fail_on_rejects: bool,
    retries: int,
    retry_wait: float,
    timeout: float | None,
    log: Path | None,
    fail_on_fallback: bool,
    model: str | None,
    no_model: bool,
    balance: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Run pipelines: extract, validate, clean and load; all of it or nothing.

    With several files, pipelines run in the order of their needs; one that fails keeps those that need it from
    running. Without a terminal a success prints nothing. The exit code is the first failure's. A model is asked only
    for routes by: model, and never with --locked.
    """
    from etl_agent.orchestrate.file import read_pipelines
    from etl_agent.run.options import RunOptions
    from etl_agent.run.runner import run_pipeline

    project = project_of(pipelines[0])
    patience = Patience(retries, retry_wait)
    dry = dry_run or sample is not None
    with witnessing(pipelines, log=log, notify=not dry) as witness, within(timeout):
        specs = read_pipelines(pipelines)

        def fails(result: RunResult) -> bool:
            return bool((fail_on_rejects and result.balance.quarantined) or (fail_on_fallback and result.fell_back))

        outcomes = Outcomes(quiet=quiet, as_json=as_json, balance=balance, witness=witness, fails=fails)
        ask = asking(model, no_model=no_model, project=project)

        def options() -> RunOptions:
            return RunOptions(
                dry_run=dry_run,
                sample=sample,
                reload=reload,
                locked=locked,
                wait=wait,
                skip_if_running=skip_if_running,
                variables=dict(variables),
                as_of=as_of,
                progress=outcomes.progress,
                ask=ask,
            )

        def run_one(spec: PipelineSpec) -> RunResult:
            return patience.over(
                lambda: run_pipeline(spec, project=project, options=options()),
                told=lambda error, seconds: witness.waits(spec.name, error, seconds=seconds),
            )

        for spec in specs:
            patience.refuse(spec, reload=reload)
        code = run_all(specs, run_one, outcomes)
        if as_json:
            print_json([result.as_dict() for result in outcomes.results])
    return code or int(outcomes.failed_loaded)
