"""Rehearse a pipeline: run all of it but the load on what was sampled, and say what was found."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from etl_agent.clean.step import FittedStep, RowStep, missing_columns
from etl_agent.errors import CannotCreate, CannotWrite, DatabaseUnavailable, EtlAgentError, PermissionRefused, TryLater
from etl_agent.extract.spec import Extract
from etl_agent.load.target import open_target
from etl_agent.orchestrate.planner.findings import Finding
from etl_agent.orchestrate.planner.given import Given, Source
from etl_agent.orchestrate.planner.revising.editing import contract_of
from etl_agent.orchestrate.planner.revising.walking import source_of
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.profile.sample import SAMPLE_ROWS
from etl_agent.run.failures import contract_failures
from etl_agent.run.findings_of import findings_of_error, findings_of_result
from etl_agent.run.options import RunOptions
from etl_agent.run.runner import run_pipeline

if TYPE_CHECKING:
    import pyarrow as pa

    from etl_agent.run.result import RunResult

__all__ = ["measured_steps", "rehearse", "target_away"]

_AWAY = (CannotCreate, DatabaseUnavailable, PermissionRefused, TryLater)
"""What it means that a target cannot be looked at now."""


def target_away(url: str, *, project: Path) -> str | None:
    """Look at a target without writing, and say why it cannot be read; None if it can, or is not there yet.

    Args:
        url: the target, as in a pipeline file.
        project: the folder that relative paths are relative to.
    """
    try:
        with open_target(url, read_only=True, folder=project) as target, target.reading():
            return None
    except _AWAY as error:
        return f"the target cannot be looked at, so it is not known whether its tables fit: {error.what}"


def rehearse(spec: PipelineSpec, *, project: Path, given: Given, reachable: bool = True) -> tuple[Finding, ...]:
    """Run a pipeline dry, with the gate and the same stages as a real run; nothing is written or created.

    A small dataset is taken whole. Of a large one the profile's sample is taken rather than the head: rows from
    everywhere, and with them a few of every pattern of every column, so that what stands in few rows is met too. That
    makes rare rows look more frequent than they are. So where the sample breaks a budget, the rows in it that were
    chosen by their numbers alone are asked again: their shares are shares of the dataset.

    Args:
        spec: the pipeline.
        project: the folder that its paths are relative to.
        given: the datasets and what is known of them.
        reachable: whether the target can be looked at; else its tables are left aside.
    """
    if not reachable:
        spec = _without_target(spec)
    source = source_of(spec, given)
    if source is None or source.profile.rows <= SAMPLE_ROWS:
        return _found(spec, project, RunOptions(dry_run=True))
    sample = source.profile.sample
    if sample.data is None or not _is_plain(spec.extract, source):
        return _found(spec, project, RunOptions(sample=SAMPLE_ROWS))
    found = _found(spec, project, RunOptions(dry_run=True), sample.data)
    if any(finding.kind in ("over_budget", "key_conflict") for finding in found) and sample.fair is not None:
        found = _found(spec, project, RunOptions(dry_run=True), sample.fair)
    return found


def measured_steps(spec: PipelineSpec, *, project: Path, given: Given, places: Collection[int]) -> tuple[Finding, ...]:
    """Let the gate measure steps that somebody guessed; those of routes pass it in every run.

    Steps behind a route or a branch are not measured, since the rows that they meet are not known before these choose.
    Nor are steps that only bring columns into the form of their types: the contract judges each of these values.

    Args:
        spec: the pipeline.
        project: the folder that its paths are relative to.
        given: the datasets and what is known of them.
        places: where in ``clean`` the steps stand, counted from 0.
    """
    source = source_of(spec, given)
    if source is None or not len(source.profile.sample) or not _is_plain(spec.extract, source):
        return ()
    from etl_agent.decide.gate import judge  # late: measuring costs more to import than most plans need

    evidence = replace(source.evidence, keys=frozenset(spec.load.primary_key))
    failures = contract_failures(spec.validation, project=project)
    typed = {name for name, column in contract_of(spec).items() if column.type != "text"}
    found: list[Finding] = []
    for place, node in enumerate(spec.clean):
        if not isinstance(node, RowStep | FittedStep):
            break
        try:
            pinned = evidence.pinned(node)
        except EtlAgentError:
            continue  # the dry run says what is the matter
        columns = pinned.writes(evidence.names)
        measured = place in places and not typed.issuperset(columns)
        ruling = judge(pinned, evidence, failures=failures) if measured else None
        if ruling is not None and not ruling.accepted:
            found.append(
                Finding(
                    kind="gate_refused",
                    pipeline=spec.name,
                    key=f"clean.{place}",
                    column=columns[0] if len(columns) == 1 else None,
                    step=node.name,
                    detail=f"the step {node.name} would do damage: {ruling.reason}",
                )
            )
        elif not missing_columns(pinned, evidence.names):
            evidence = evidence.after(pinned)
    return tuple(found)


def _found(
    spec: PipelineSpec, project: Path, options: RunOptions, rows: pa.RecordBatch | None = None
) -> tuple[Finding, ...]:
    try:
        result = _run(spec, project, options, rows)
    except _AWAY:
        return ()  # the plan may be right all the same: it is said once for the target, and met when it runs
    except CannotWrite:
        raise  # a full or broken disk says nothing of the plan
    except EtlAgentError as error:
        return findings_of_error(error, spec=spec)
    return findings_of_result(result, spec=spec)


def _run(spec: PipelineSpec, project: Path, options: RunOptions, rows: pa.RecordBatch | None) -> RunResult:
    frame = None if rows is None else rows.to_pandas()
    return run_pipeline(spec, project=project, options=options, frame=frame)


def _is_plain(extract: Extract, source: Source) -> bool:
    """Tell whether the columns of the profile are those that the pipeline reads."""
    return extract == Extract(files=extract.files, header=source.header)


def _without_target(spec: PipelineSpec) -> PipelineSpec:
    """Let a pipeline go to a database that is not there, and that a dry run does not create."""
    nowhere = {"to": "sqlite:///no such folder/absent.db", "db_schema": None}
    return spec.model_copy(update={"load": spec.load.model_copy(update=nowhere)})
