"""Rehearsals: a run in all but the load, on the rows that were sampled, that writes nothing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from etl_agent.extract.spec import Extract
from etl_agent.orchestrate.planner.given import Given, Source
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.profile.sample import SAMPLE_ROWS
from etl_agent.run.profiling import profile_dataset
from etl_agent.run.reading import open_files
from etl_agent.run.rehearsal import measured_steps, rehearse, target_away
from tests.run.project import Project


def given(project: Project, *files: str) -> Given:
    """Profile files, each a dataset of its own."""
    sources = []
    for file in files or ("in.csv",):
        with open_files(Extract(files=(file,)), project=project.folder, as_of=date(2026, 1, 1)) as (dataset, _):
            sources.append(Source(Path(file).stem, (file,), profile_dataset(dataset)))
    return Given(goal="load it", sources=tuple(sources), to=project.url)


def large(project: Project, *, wrong: int, budget: float = 0.0005) -> PipelineSpec:
    """Write more rows than a sample holds, some of which have a word for a number: a pattern of their own."""
    rows = 3 * SAMPLE_ROWS
    step = rows // wrong
    lines = [f"{n},{'none' if n % step == 0 else n}" for n in range(rows)]
    project.write("in.csv", "\n".join(["id,n", *lines, ""]))
    spec = project.spec(contract={"id": "text", "n": "integer"}, validate={"max_reject_share": budget})
    return spec.model_copy(update={"extract": Extract(files=("in.csv",))})


def test_a_plan_that_works_has_no_findings_and_leaves_no_trace(project: Project, tmp_path: Path) -> None:
    """Nothing is created: no table, no file, no record of a run."""
    project.write("in.csv", "id,n\n1,2\n")
    before = sorted(tmp_path.rglob("*"))
    assert rehearse(project.spec(), project=project.folder, given=given(project)) == ()
    assert sorted(tmp_path.rglob("*")) == before


def test_a_small_dataset_is_rehearsed_whole(project: Project) -> None:
    """The counts are those of all rows."""
    project.write("in.csv", "id,n\n" + "".join(f"{n},{n}\n" for n in range(99)) + "100,x\n")
    spec = project.spec(contract={"id": "text", "n": "integer"})
    (finding,) = rehearse(spec, project=project.folder, given=given(project))
    assert (finding.kind, finding.rows, finding.share) == ("rejected", 1, 0.01)


def test_rare_rows_of_a_large_dataset_are_met(sqlite_url: str, tmp_path: Path) -> None:
    """A few rows of a hundred thousand have a pattern of their own, and so the sample has some of them."""
    project = Project(tmp_path, sqlite_url)
    spec = large(project, wrong=4)
    (finding,) = rehearse(spec, project=project.folder, given=given(project))
    assert (finding.kind, finding.column) == ("rejected", "n")


def test_a_budget_is_judged_on_rows_that_were_chosen_fairly(sqlite_url: str, tmp_path: Path) -> None:
    """Rare patterns are taken in more often than they occur; that alone breaks no budget."""
    project = Project(tmp_path, sqlite_url)
    spec = large(project, wrong=4, budget=0.0001)  # the dataset has 4 in 98,304 rows, the sample 4 in 32,771
    (finding,) = rehearse(spec, project=project.folder, given=given(project))
    assert finding.kind == "rejected"
    assert finding.share < 0.0001


def test_a_budget_that_is_broken_is_found_on_a_large_dataset(sqlite_url: str, tmp_path: Path) -> None:
    """A share that is broken among rows chosen by their numbers alone is broken."""
    project = Project(tmp_path, sqlite_url)
    (finding,) = rehearse(large(project, wrong=3000), project=project.folder, given=given(project))
    assert finding.kind == "over_budget"
    assert 0.02 < finding.share < 0.04


def test_a_table_that_does_not_fit_is_found_before_the_run(project: Project) -> None:
    """The target is looked at where it can be."""
    project.write("first.csv", "id\n1\n")
    project.run("first.csv")
    project.write("in.csv", "id,n\n1,2\n")
    spec = project.spec(contract={"id": "text", "n": "text"})
    (finding,) = rehearse(spec, project=project.folder, given=given(project))
    assert (finding.kind, finding.column) == ("target_conflict", "n")


def test_a_target_that_is_away_is_said_and_rehearsed_without(tmp_path: Path) -> None:
    """What can be found in the data is found all the same."""
    project = Project(tmp_path, "postgresql://nobody@127.0.0.1:9/none")
    project.write("in.csv", "id,n\n1,x\n2,3\n")
    spec = project.spec(contract={"id": "text", "n": "integer"})
    assert "cannot be looked at" in (target_away(project.url, project=tmp_path) or "")
    found = rehearse(spec, project=tmp_path, given=given(project), reachable=False)
    assert [finding.kind for finding in found] == ["over_budget"]


def test_a_target_that_is_not_there_yet_is_not_away(sqlite_url: str, tmp_path: Path) -> None:
    """It is made by the first load."""
    assert target_away(sqlite_url, project=tmp_path) is None


def test_a_guessed_step_that_would_do_damage_is_found(sqlite_url: str, tmp_path: Path) -> None:
    """The gate measures the steps at the places that were guessed, and no others."""
    project = Project(tmp_path, sqlite_url)
    project.write("in.csv", "id,name\n" + "".join(f"{n},Name {n}\n" for n in range(99)))
    step = {"step": "constant", "column": "name", "value": "x"}
    spec = project.spec(clean=[{"step": "strip", "columns": "all"}, step]).model_copy(
        update={"extract": Extract(files=("in.csv",))}
    )
    known = given(project)
    (finding,) = measured_steps(spec, project=tmp_path, given=known, places=(0, 1))
    assert (finding.kind, finding.key, finding.step, finding.column) == ("gate_refused", "clean.1", "constant", "name")
    assert measured_steps(spec, project=tmp_path, given=known, places=(0,)) == ()


def test_steps_that_bring_a_column_into_the_form_of_its_type_are_left_to_the_contract(
    sqlite_url: str, tmp_path: Path
) -> None:
    """Every value of theirs is judged there."""
    project = Project(tmp_path, sqlite_url)
    project.write("in.csv", "id,n\n" + "".join(f"{n},{n % 7}.00 kg\n" for n in range(99)))
    clean = [{"step": "constant", "column": "n", "value": "1"}]
    spec = project.spec(contract={"id": "text", "n": "integer"}, clean=clean)
    spec = spec.model_copy(update={"extract": Extract(files=("in.csv",))})
    assert measured_steps(spec, project=tmp_path, given=given(project), places=(0,)) == ()
