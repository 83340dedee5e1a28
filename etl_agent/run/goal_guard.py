"""What a plan would destroy: known before anything runs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from etl_agent.errors import EtlAgentError, UsageError, counted
from etl_agent.load.target import open_target
from etl_agent.orchestrate.file import read_pipeline
from etl_agent.orchestrate.planner.draft import PlanDraft
from etl_agent.orchestrate.planner.explanation import destroys
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.run.options import RunOptions
from etl_agent.run.plan_files import PlanFile, PlanFiles
from etl_agent.run.runner import run_pipeline

__all__ = ["Destruction", "destructions", "refuse_destruction", "refuse_unclear", "without_files"]


@dataclass(frozen=True, slots=True)
class Destruction:
    """What a pipeline would destroy.

    Args:
        pipeline: its name.
        what: as one sentence.
        file: whether it is a file of the pipeline's own, and no row.
    """

    pipeline: str
    what: str
    file: bool = False


def destructions(
    draft: PlanDraft, files: PlanFiles, *, project: Path, ours: Collection[PipelineSpec] = ()
) -> Mapping[str, tuple[Destruction, ...]]:
    """Find what running a plan would destroy, by pipeline; the target is looked at and not written.

    That is: rows of a table that others take the place of, whatever SQL of the user's own does beside the load, and a
    file in ``pipelines/`` that says something else. A pipeline whose files are in the table already destroys no row.

    Args:
        draft: the plan.
        files: what it would write.
        project: the folder that its paths are relative to.
        ours: pipelines that an earlier part of the same run wrote.
    """
    found: dict[str, tuple[Destruction, ...]] = {}
    for spec in draft.pipelines:
        written = () if _is_ours(spec, project, ours) else _of_files(spec, files)
        if listed := (*written, *_of_table(spec, project)):
            found[spec.name] = listed
    return found


def refuse_unclear(draft: PlanDraft) -> None:
    """Refuse to run past words that may mean the opposite of what the plan does.

    Raises:
        UsageError: the goal has such words.
    """
    if draft.unclear:
        words = ", ".join(map(repr, draft.unclear))
        raise UsageError(
            f"nothing was run: {words} may say what is destroyed, what is loaded or where rows go, and is not clear",
            next_command="say it in other words",
        )


def refuse_destruction(found: Mapping[str, tuple[Destruction, ...]]) -> None:
    """Refuse to destroy what nobody agreed to.

    Args:
        found: what would be destroyed, by pipeline.

    Raises:
        UsageError: there is anything.
    """
    listed = [f"{each.pipeline}: {each.what}" for dangers in found.values() for each in dangers]
    if listed:
        raise UsageError(
            f"this would destroy something, and nothing was run: {'; '.join(listed)}",
            next_command="say the same again with --execute --yes if that is meant",
        )


def without_files(files: PlanFiles, *, pipelines: Collection[str]) -> PlanFiles:
    """Leave out the files of some pipelines."""
    return PlanFiles(tuple(file for file in files.files if _pipeline_of(file) not in pipelines), files.notes)


def _is_ours(spec: PipelineSpec, project: Path, ours: Collection[PipelineSpec]) -> bool:
    """Tell whether the file of a pipeline was written by an earlier part of the same run."""
    try:
        return bool(ours) and read_pipeline(project / "pipelines" / f"{spec.name}.yaml") in ours
    except EtlAgentError:
        return False


def _pipeline_of(file: PlanFile) -> str:
    """Return the name of the pipeline that a file or a lock is of; names of pipelines hold no dot."""
    return file.path.name.partition(".")[0]


def _of_files(spec: PipelineSpec, files: PlanFiles) -> Iterator[Destruction]:
    for file in files.overwritten:
        if _pipeline_of(file) == spec.name:
            yield Destruction(spec.name, f"{file.name} says something else and would be overwritten", file=True)


def _of_table(spec: PipelineSpec, project: Path) -> Iterator[Destruction]:
    load = spec.load
    gone = destroys(spec)
    listed = [f"{file} may change or delete anything in the target" for file in (*load.before_sql, *load.after_sql)]
    if gone is not None and (rows := _rows(spec, project)) != 0:
        holds = "cannot be looked at" if rows is None else f"has {counted(rows)}"
        listed.append(f"it takes away {gone}, and the table {holds}")
    if listed and not _nothing_new(spec, project):
        yield from (Destruction(spec.name, what) for what in listed)


def _rows(spec: PipelineSpec, project: Path) -> int | None:
    """Count the rows of a pipeline's table; None where it cannot be looked at."""
    try:
        with open_target(spec.load.to, read_only=True, folder=project) as target:
            facts = target.table_facts(spec.load.table, schema=spec.load.db_schema, count=True)
    except EtlAgentError:
        return None
    return 0 if facts is None else facts.rows or 0


def _nothing_new(spec: PipelineSpec, project: Path) -> bool:
    """Tell whether a run would find all its files in the table already."""
    try:
        return run_pipeline(spec, project=project, options=RunOptions(sample=1)).status == "nothing new"
    except EtlAgentError:
        return False
