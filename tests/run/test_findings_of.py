"""What runs and errors say about a plan: typed, counted, and without text of cells."""

from __future__ import annotations

from dataclasses import replace

import pytest

from etl_agent.decide.decision import Decision, Dropped
from etl_agent.errors import (
    CheckFailed,
    ConfigurationError,
    DatabaseUnavailable,
    DataRefused,
    EtlAgentError,
    FileRefused,
    NoInput,
    ShrinkRefused,
    TryLater,
)
from etl_agent.orchestrate.planner.findings import Finding
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.run.findings_of import findings_of_error, findings_of_result
from etl_agent.run.options import RunOptions
from etl_agent.run.runner import run_pipeline
from tests.run.project import Project

SECRET = "s3cr3t-cell"


def found(project: Project, spec: PipelineSpec, *, dry_run: bool = False) -> tuple[Finding, ...]:
    """Run a pipeline and turn what comes of it into findings, none of which may repeat a planted cell."""
    try:
        result = run_pipeline(spec, project=project.folder, options=RunOptions(dry_run=dry_run))
        findings = findings_of_result(result, spec=spec)
    except EtlAgentError as error:
        findings = findings_of_error(error, spec=spec)
    assert SECRET not in repr(findings)
    return findings


def test_rejects_over_the_budget_are_counted_by_reason_and_column(project: Project) -> None:
    """Each reason is one finding, with its rows and their share of all rows."""
    project.write("in.csv", f"id,n\n1,{SECRET}\n2,{SECRET}\n3,-4\n4,5\n")
    spec = project.spec(contract={"id": "text", "n": {"type": "integer", "min": 0}})
    first, second = found(project, spec)
    assert (first.kind, first.key, first.column, first.code) == (
        "over_budget",
        "validate.contract.n.type",
        "n",
        "type-error",
    )
    assert (first.rows, first.share) == (2, 0.5)
    assert (second.key, second.code, second.rows) == ("validate.contract.n.min", "constraint-error", 1)


def test_rejects_within_the_budget_are_no_reason_to_stop(project: Project) -> None:
    """They are told, and the pipeline loads."""
    project.write("in.csv", f"id,n\n1,{SECRET}\n2,2\n")
    spec = project.spec(contract={"id": "text", "n": "integer"}, validate={"max_reject_share": 0.5})
    (finding,) = found(project, spec)
    assert (finding.kind, finding.rows, finding.share) == ("rejected", 1, 0.5)


def test_rows_without_a_key_are_a_conflict_of_keys(project: Project) -> None:
    """A guessed key that rows lack is told apart from other rejects."""
    project.write("in.csv", f"id,n\n,{SECRET}\n,2\n3,3\n")
    (finding,) = found(project, project.spec(write_disposition="merge", primary_key=["id"]))
    assert (finding.kind, finding.key, finding.column) == ("key_conflict", "load.primary_key", "id")


def test_a_missing_column_is_named(project: Project) -> None:
    """A column of the contract that no file brings."""
    project.write("in.csv", f"id\n{SECRET}\n")
    (finding,) = found(project, project.spec(contract={"id": "text", "gone": "text"}))
    assert (finding.kind, finding.column, finding.key) == ("missing_column", "gone", "validate.contract.gone")


def test_an_extra_column_is_drift(project: Project) -> None:
    """A column that the contract does not know, where columns are frozen."""
    project.write("in.csv", f"id,more\n{SECRET},{SECRET}\n")
    (finding,) = found(project, project.spec(contract={"id": "text"}, validate={"drift": {"columns": "freeze"}}))
    assert (finding.kind, finding.column, finding.key) == ("drifted", "more", "validate.drift.columns")


def test_an_ambiguous_column_is_named_without_its_cells(project: Project) -> None:
    """The error quotes a cell; the finding has the place of the step and the column only."""
    project.write("in.csv", "id,d\n1,03/04/2025\n2,05/06/2025\n")
    spec = project.spec(clean=[{"step": "strip", "columns": ["id"]}, {"step": "dates", "columns": ["d"]}])
    (finding,) = found(project, spec)
    assert (finding.kind, finding.column, finding.step, finding.key) == ("ambiguous", "d", "dates", "clean.1")
    assert "03/04" not in repr(finding)


def test_a_table_that_does_not_fit_says_which_type_it_has(project: Project) -> None:
    """Column and wanted type are there for a repair to take, also in a dry run."""
    project.write("first.csv", "id,n\n1,2\n")
    project.run("first.csv", contract={"id": "text", "n": "integer"})
    project.write("in.csv", f"id,n,new\n1,{SECRET},{SECRET}\n")
    spec = project.spec(contract={"id": "text", "n": "text", "new": "text"})
    findings = found(project, spec, dry_run=True)
    wanted = {(finding.kind, finding.column): finding.wanted for finding in findings}
    if project.url.startswith("sqlite"):  # any text may stand in a column of SQLite that is declared INTEGER
        assert wanted[("target_conflict", "new")] == "absent"
    else:
        assert wanted == {("target_conflict", "n"): "integer", ("target_conflict", "new"): "absent"}


def test_a_key_that_the_table_holds_twice_is_a_conflict_of_keys(project: Project) -> None:
    """Rows of the table cannot be told apart by a guessed key."""
    project.write("first.csv", f"id,n\n{SECRET},1\n{SECRET},2\n")
    project.run("first.csv")
    project.write("in.csv", f"id,n\n{SECRET},3\n")
    (finding,) = found(project, project.spec(write_disposition="merge", primary_key=["id"]))
    assert (finding.kind, finding.column) == ("key_conflict", "id")


def test_a_day_that_cannot_be_ranked_is_of_newest_by(project: Project) -> None:
    """The column that says which row is newest has values that say nothing."""
    project.write("in.csv", f"id,seen\n1,{SECRET}\n1,2025-01-01\n")
    spec = project.spec(write_disposition="merge", primary_key=["id"], newest_by="seen")
    (finding,) = found(project, spec)
    assert (finding.kind, finding.key, finding.column) == ("invalid", "load.newest_by", "seen")


def test_an_empty_replace_is_an_empty_input(project: Project) -> None:
    """Nothing came to take the place of the rows that are there."""
    project.write("first.csv", "id\n1\n")
    project.run("first.csv", write_disposition="replace")
    project.write("in.csv", "id\n")
    (finding,) = found(project, project.spec(write_disposition="replace"))
    assert finding.kind == "empty_input"


def test_steps_that_the_gate_refused_are_told(project: Project) -> None:
    """They name the step, its one column, and the place of the route that proposed it."""
    project.write("in.csv", "id,d\n1,x\n")
    route = {"route": "days", "columns": ["d"], "among": ["iso_dates"], "by": "auto", "otherwise": "leave"}
    spec = project.spec(clean=[{"step": "strip", "columns": ["id"]}, route])
    dropped = Dropped(step="dates", columns=("d",), reason="no column shows it")
    decision = Decision(node="days", chosen="leave", policy="otherwise", reason="r", dropped=(dropped,))
    result = run_pipeline(spec, project=project.folder, options=RunOptions(dry_run=True))
    (finding,) = findings_of_result(replace(result, decisions=(decision,)), spec=spec)
    assert (finding.kind, finding.key, finding.column, finding.step) == ("gate_refused", "clean.1", "d", "dates")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (CheckFailed(SECRET), "check_failed"),
        (ShrinkRefused(SECRET), "empty_input"),
        (NoInput(SECRET), "empty_input"),
        (FileRefused(SECRET), "broken"),
        (DataRefused(SECRET), "target_conflict"),
        (ConfigurationError(SECRET), "invalid"),
        (DatabaseUnavailable(SECRET), "broken"),
        (TryLater(SECRET), "broken"),
        (EtlAgentError(SECRET), "broken"),
    ],
)
def test_the_sentence_of_an_error_is_never_repeated(error: EtlAgentError, kind: str) -> None:
    """It may quote a cell: the finding has a sentence of its own."""
    spec = PipelineSpec.model_validate(
        {"version": 1, "name": "p", "extract": {"files": "in.csv"}, "load": {"to": "sqlite:///x.db", "table": "t"}}
    )
    (finding,) = findings_of_error(error, spec=spec)
    assert finding.kind == kind
    assert finding.detail
    assert SECRET not in repr(finding)
