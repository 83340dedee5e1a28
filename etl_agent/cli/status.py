"""``etl-agent status``: whether the pipelines loaded when they should, and what they should."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from etl_agent.cli.context import command, json_option, print_json, project_of, quiet_option
from etl_agent.cli.failure import safe
from etl_agent.cli.target_of import Place, ledger, target_of, target_options
from etl_agent.cli.values import AGE
from etl_agent.errors import EtlAgentError, UsageError
from etl_agent.paths import pipeline_files

if TYPE_CHECKING:
    from rich.table import Table

    from etl_agent.orchestrate.sequential import PipelineSpec
    from etl_agent.run.status import PipelineStatus

__all__ = ["status"]


@command()
@click.argument("pipelines", metavar="[PIPELINE]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--max-age", type=AGE, metavar="TIME", help="How old the last load may be, for example 26h or 8d.")
@click.option(
    "--max-quarantined", type=click.IntRange(min=0), metavar="N", help="How many rows may be open in quarantine."
)
@target_options
@json_option
@quiet_option
def status(
    pipelines: tuple[Path, ...],
    *,
    max_age: float | None,
    max_quarantined: int | None,
    to: str | None,
    db_schema: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Tell whether pipelines loaded when they should, and what they should; the exit code is 1 if not.

    Without PIPELINE all of the project are judged; with --to alone, all on record there. A load that is missing and a
    volume that is odd are told by a pipeline's own past, from eight loads on. With --quiet only what is amiss is said.
    """
    found = _found(pipelines, to, db_schema, max_age=max_age, max_quarantined=max_quarantined)
    if as_json:
        print_json([each.as_dict() for each in found])
    else:
        _show(found, quiet=quiet)
    return int(any(each.problems for each in found))


def _found(
    pipelines: tuple[Path, ...],
    to: str | None,
    schema: str | None,
    *,
    max_age: float | None,
    max_quarantined: int | None,
) -> list[PipelineStatus]:
    if to is not None and not pipelines:
        return _on_record(target_of(to, schema=schema), max_age=max_age, max_quarantined=max_quarantined)
    project = project_of(pipelines[0] if pipelines else None)
    files = pipelines or pipeline_files(project)
    if not files:
        raise UsageError(
            "there is no pipeline here to judge", next_command="etl-agent status PIPELINE..., or status --to URL"
        )

    def place_of(spec: PipelineSpec) -> Place:
        return Place(to or spec.load.to, schema or spec.load.db_schema, Path.cwd() if to else project)

    return [_judged(file, place_of, project, max_age=max_age, max_quarantined=max_quarantined) for file in files]


def _on_record(place: Place, *, max_age: float | None, max_quarantined: int | None) -> list[PipelineStatus]:
    from etl_agent.run.status import pipelines_in, status_in

    with ledger(place) as found:
        if found is None:
            raise UsageError("no run is on record there yet", next_command="etl-agent run pipelines/*.yaml")
        return [
            status_in(*found, pipeline=name, table=table, max_age=max_age, max_quarantined=max_quarantined)
            for name, table in sorted(pipelines_in(*found))
        ]


def _judged(
    file: Path,
    place_of: Callable[[PipelineSpec], Place],
    project: Path,
    *,
    max_age: float | None,
    max_quarantined: int | None,
) -> PipelineStatus:
    """Judge one pipeline; one that cannot be read, or whose target is away, keeps none of the others from it."""
    from etl_agent.orchestrate.file import read_pipeline
    from etl_agent.run.locking import current_lock
    from etl_agent.run.status import PipelineStatus, Problem, judge_history, status_in

    try:
        spec = read_pipeline(file)
    except EtlAgentError as error:
        return PipelineStatus(str(file), "", problems=(Problem("broken", _line(error)),))
    name, table = spec.name, spec.load.table
    try:
        with ledger(place_of(spec)) as found:
            judged = (
                judge_history((), pipeline=name, table=table, max_age=max_age, now=datetime.now(UTC))
                if found is None
                else status_in(*found, pipeline=name, table=table, max_age=max_age, max_quarantined=max_quarantined)
            )
    except EtlAgentError as error:
        judged = PipelineStatus(name, table, problems=(Problem("unreachable", _line(error)),))
    try:
        _, stale = current_lock(spec, project=project, required=False)
    except EtlAgentError as error:
        stale = _line(error)
    return judged if stale is None else replace(judged, problems=(*judged.problems, Problem("lock", stale)))


def _line(error: EtlAgentError) -> str:
    return "; ".join(part.strip() for part in str(error).splitlines())


def _show(found: Sequence[PipelineStatus], *, quiet: bool) -> None:
    from etl_agent.cli.report import print_table

    if not quiet:
        print_table(_table(found))
    for each in found:
        for text in [problem.text for problem in each.problems] + ([] if quiet else list(each.notes)):
            click.echo(safe(f"{each.pipeline}: {text}"))


def _table(found: Sequence[PipelineStatus]) -> Table:
    from rich.markup import escape
    from rich.table import Table

    from etl_agent.run.status import duration

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("pipeline", "table", "state", "last load"):
        table.add_column(name, no_wrap=True)
    for name in ("age", "usually every", "usual rows", "quarantined"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in found:
        table.add_row(
            escape(safe(each.pipeline)),
            escape(safe(each.table)),
            ", ".join(dict.fromkeys(problem.kind for problem in each.problems)) or "ok",
            "" if each.last_success is None else each.last_success.astimezone().strftime("%Y-%m-%d %H:%M:%S"),
            "" if each.age is None else duration(max(0.0, each.age)),
            "" if each.usual_interval is None else duration(each.usual_interval),
            "" if each.usual_rows is None else f"{each.usual_rows:,.0f}",
            f"{each.quarantined:,}",
        )
    return table
