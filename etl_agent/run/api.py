"""Run pipelines and goals from Python: the same objects and the same runs as the command line's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from etl_agent.orchestrate.file import read_pipeline
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.paths import project_folder
from etl_agent.run.options import NoProgress, Progress, RunOptions
from etl_agent.run.runner import run_pipeline

if TYPE_CHECKING:
    import pandas as pd

    from etl_agent.ask import Ask
    from etl_agent.run.goal_result import GoalResult
    from etl_agent.run.planning import Planned
    from etl_agent.run.result import RunResult

__all__ = ["execute", "plan", "run"]


def run(
    pipeline: PipelineSpec | str | Path,
    *,
    project: str | Path | None = None,
    frame: pd.DataFrame | None = None,
    dry_run: bool = False,
    sample: int | None = None,
    reload: bool = False,
    locked: bool = False,
    wait: float = 0.0,
    skip_if_running: bool = False,
    variables: Mapping[str, str] | None = None,
    as_of: date | None = None,
    progress: Progress | None = None,
    ask: Ask | None = None,
) -> RunResult:
    """Run one pipeline: extract, validate, clean and load; all of it or nothing.

    Args:
        pipeline: a ``Pipeline``, or the path of its file.
        project: the folder that its paths are relative to; by default that of the file, else the working folder.
        frame: rows to take instead of the pipeline's files; values are taken as exact text, missing ones as null.
        dry_run: do everything but write; the target is opened to read only and never created.
        sample: stop after about this many rows; implies a dry run.
        reload: load content again that is in the table.
        locked: run only by a lock that is there and fits the pipeline.
        wait: how long to wait for another run that holds the table, in seconds.
        skip_if_running: do nothing, with status ``skipped``, where another run holds the table; the message
            names it.
        variables: values for ``{name}`` in paths.
        as_of: the day that ``{date}`` in paths stands for; today by default.
        progress: is told how far the run is.
        ask: answers the questions of routes that a model chooses; without, rules and trial stand in.

    Returns:
        What became of every row. A run that is refused for its data returns too: its ``status`` is ``refused`` and
        its ``exit_code`` is not 0.

    Raises:
        EtlAgentError: of the class that says why nothing could be done.
    """
    if isinstance(pipeline, PipelineSpec):
        spec, folder = pipeline, Path.cwd()
    else:
        spec, folder = read_pipeline(Path(pipeline)), project_folder(Path(pipeline))
    options = RunOptions(
        dry_run=dry_run,
        sample=sample,
        reload=reload,
        locked=locked,
        wait=wait,
        skip_if_running=skip_if_running,
        variables=variables or {},
        as_of=as_of,
        progress=progress or NoProgress(),
        ask=ask,
    )
    return run_pipeline(spec, project=folder if project is None else Path(project), options=options, frame=frame)


def plan(
    goal: str,
    files: Sequence[str],
    *,
    to: str,
    project: str | Path | None = None,
    sql: Sequence[str] = (),
    sensitive: Sequence[str] = (),
    ask: Ask | None = None,
) -> Planned:
    """Make pipelines from a goal in words, and rehearse them; nothing is written.

    Args:
        goal: what is wanted, in words.
        files: files and globs, relative to the project folder.
        to: the URL of the target, as it is to stand in the pipeline files.
        project: the folder that holds ``pipelines/``, or will; by default the working folder.
        sql: SQL files of your own that may run after a load; one that holds queries only is a check.
        sensitive: columns of which no value may be shown, stored or told.
        ask: a model that may be asked; by default rules alone plan.

    Returns:
        The plan, with what the rehearsal found; give it to ``execute`` to run it.

    Raises:
        EtlAgentError: of the class that says why nothing could be planned.
    """
    from etl_agent.run.planning import make_plan  # late: who runs pipelines need not wait for the planner

    folder = Path.cwd() if project is None else Path(project)
    return make_plan(goal, files, to=to, project=folder, sql=sql, sensitive=sensitive, ask=ask)


def execute(
    planned: Planned,
    *,
    project: str | Path | None = None,
    yes: bool = False,
    max_replans: int = 3,
    max_seconds: float | None = None,
    wait: float = 0.0,
    ask: Ask | None = None,
    progress: Progress | None = None,
) -> GoalResult:
    """Write the pipelines of a plan and run them in order, revising what is left when the evidence says so.

    Args:
        planned: the plan.
        project: the folder that its paths are relative to; by default the working folder.
        yes: whether you agree to what the plan overwrites or destroys.
        max_replans: revisions while it runs at most.
        max_seconds: after so many seconds no further pipeline and no revision is begun.
        wait: how long to wait for another run that holds a table, in seconds.
        ask: a model that may be asked for revisions; by default rules alone revise.
        progress: is told how far each run is.

    Returns:
        What became of each pipeline; the ``exit_code`` is 0 if everything is loaded or was.

    Raises:
        UsageError: the plan destroys something and you did not agree; nothing was run.
        EtlAgentError: of the class that says why nothing could be done.
    """
    from etl_agent.run.goal import execute as execute_goal  # late, like the planner
    from etl_agent.run.goal_result import GoalOptions

    options = GoalOptions(yes=yes, max_replans=max_replans, max_seconds=max_seconds, wait=wait)
    folder = Path.cwd() if project is None else Path(project)
    return execute_goal(planned, project=folder, options=options, ask=ask, progress=progress)
