"""``etl-agent lock``: keep what a pipeline's routes chose and its steps learned, for review and for locked runs."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from etl_agent.cli.context import command, json_option, print_json, project_of, quiet_option
from etl_agent.cli.failure import safe, safe_lines
from etl_agent.cli.model import asking, fallback_option, model_options
from etl_agent.cli.values import AS_OF, VARIABLE

if TYPE_CHECKING:
    from etl_agent.orchestrate.sequential import PipelineSpec
    from etl_agent.run.options import RunOptions

__all__ = ["lock"]


@command()
@click.argument("pipelines", metavar="PIPELINE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--diff", is_flag=True, help="Show what a new lock would change, and write nothing.")
@click.option("--check", is_flag=True, help="Exit with 1 if a lock is missing, stale or would change; write nothing.")
@click.option("--as-of", type=AS_OF, metavar="DAY", help="The day that {date} in paths stands for (YYYY-MM-DD).")
@click.option("--var", "variables", type=VARIABLE, multiple=True, metavar="NAME=VALUE", help="Fill {NAME} in paths.")
@fallback_option
@model_options
@json_option
@quiet_option
def lock(
    pipelines: tuple[Path, ...],
    *,
    diff: bool,
    check: bool,
    as_of: date | None,
    variables: tuple[tuple[str, str], ...],
    fail_on_fallback: bool,
    model: str | None,
    no_model: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Write pipelines/NAME.lock.json: what each route chose and why, what steps learned, what the data looked like.

    Keep it in version control and review it like code. A run goes by a lock that fits the pipeline; with
    run --locked it refuses to go without one. A model may be asked for routes by: model, and for those by: auto where
    rules and trial cannot tell.
    """
    from etl_agent.orchestrate.file import read_pipelines
    from etl_agent.run.options import RunOptions

    specs = read_pipelines(pipelines)
    project = project_of(pipelines[0])
    ask = asking(model, no_model=no_model, project=project)
    options = RunOptions(variables=dict(variables), as_of=as_of, ask=ask)
    told = [_locked(spec, project, options, write=not (diff or check)) for spec in specs]
    if as_json:
        print_json(told)
    elif not quiet:
        for each in told:
            _say(each, diff=diff)
    for each in told:
        if each["warning"]:
            click.echo(safe(f"etl-agent: {each['pipeline']}: {each['warning']}"), err=True)
    failed = (check and any(each["changed"] for each in told)) or (
        fail_on_fallback and any(each["fell_back"] for each in told)
    )
    return int(failed)


def _locked(spec: PipelineSpec, project: Path, options: RunOptions, *, write: bool) -> dict[str, Any]:
    from etl_agent.orchestrate.lock import difference, write_lock
    from etl_agent.run.locking import lock_file, make_lock, read_current, save_lock
    from etl_agent.run.outcome import without_model

    file = lock_file(spec, project=project)
    before, after = read_current(spec, project=project), make_lock(spec, project=project, options=options)
    decisions = [route.decision for route in after.routes]
    changed = before is None or write_lock(before) != write_lock(after)
    if write and changed:
        save_lock(after, file)
    name = file.relative_to(project).as_posix()
    return {
        "pipeline": spec.name,
        "lock": name,
        "changed": changed,
        "written": write and changed,
        "warning": without_model(decisions),
        "fell_back": [decision.node for decision in decisions if decision.fell_back is not None],
        "routes": [decision.model_dump(mode="json") for decision in decisions],
        "formats": [known.label for known in after.formats],
        "diff": difference(before, after, name=name),
    }


def _say(told: dict[str, Any], *, diff: bool) -> None:
    if diff and told["diff"]:
        click.echo(safe_lines(told["diff"]))
        return
    state = "written" if told["written"] else "would change" if told["changed"] else "up to date"
    known = [f"{len(told[kind])} {kind[:-1] if len(told[kind]) == 1 else kind}" for kind in ("routes", "formats")]
    click.echo(safe(f"{told['lock']}: {state} ({', '.join(known)})"))
    for decision in told["routes"]:
        click.echo(safe(f"  {decision['node']}: {decision['chosen']}, by {decision['policy']}: {decision['reason']}"))
