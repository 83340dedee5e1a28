"""Run a pipeline from Python: the same objects and the same run as the command line's."""

from __future__ import annotations

from collections.abc import Mapping
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
    from etl_agent.run.result import RunResult

__all__ = ["run"]


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
        variables=variables or {},
        as_of=as_of,
        progress=progress or NoProgress(),
        ask=ask,
    )
    return run_pipeline(spec, project=folder if project is None else Path(project), options=options, frame=frame)
