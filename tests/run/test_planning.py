"""Plans from goals in words: drafted, rehearsed and repaired once, with a model and without, and nothing written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from etl_agent.ask import Answered, Asked, Question, Unanswered, Usage
from etl_agent.errors import NoInput, SpecInvalid, UsageError
from etl_agent.orchestrate.planner.draft import PlanDraft
from etl_agent.orchestrate.planner.findings import severity
from etl_agent.run import planning
from etl_agent.run.goal import execute
from etl_agent.run.goal_result import GoalOptions
from etl_agent.run.planning import Planned, make_plan
from etl_agent.testing import AdversarialAsk, FailingAsk
from tests.run.goals import typed
from tests.run.project import Project

GOAL = "load people and visits, and flurbify the wumples"
"""Rules read all of it but the words that mean nothing, about which a model is asked."""


def people(rows: int = 20) -> str:
    """Write people: a key, and an age that is a number."""
    return "person_id,name,age\n" + "".join(f"P{n:03},Name {n},{20 + n}\n" for n in range(rows))


def visits(rows: int = 20) -> str:
    """Write visits of people."""
    days = (f"V{n:04},P{n % 9:03},2026-01-{n % 28 + 1:02}\n" for n in range(rows))
    return "visit_id,person_id,day\n" + "".join(days)


@pytest.fixture
def here(tmp_path: Path, sqlite_url: str) -> Project:
    """Give a project with two datasets, for what does not depend on the kind of database."""
    folder = tmp_path / "project"
    folder.mkdir()
    return filled(Project(folder, sqlite_url))


def filled(project: Project) -> Project:
    """Write two datasets."""
    project.write("people.csv", people())
    project.write("visits.csv", visits())
    return project


FILES = ("people.csv", "visits.csv")


def plan(project: Project, files: Sequence[str] = FILES, goal: str = GOAL, **known: Any) -> Planned:
    """Plan a goal."""
    return make_plan(goal, files, to=project.url, project=project.folder, **known)


class Silent:
    """Has nothing to add to any question, in a valid answer."""

    def __init__(self) -> None:
        self.questions: list[Question[Any]] = []

    def __call__(self, question: Question[Any]) -> Answered[Any] | Unanswered:
        """Answer with empty lists."""
        self.questions.append(question)
        empty = {name: [] for name in question.answer.model_fields}
        return Answered(question.answer.model_validate(empty), Asked("test", "silent"), Usage(calls=1))


def faulty(monkeypatch: pytest.MonkeyPatch, *changes: Any) -> None:
    """Let the first draft be wrong."""
    rightly = planning.draft

    def wrongly(*given: Any, **known: Any) -> PlanDraft:
        made = rightly(*given, **known)
        for change in changes:
            made = change(made)
        return made

    monkeypatch.setattr(planning, "draft", wrongly)


def test_a_goal_becomes_tables(project: Project) -> None:
    """Planned, rehearsed and run, with the dependency between the datasets."""
    planned = plan(filled(project), FILES, "load the people and their visits")
    assert [spec.name for spec in planned.draft.pipelines] == ["people", "visits"]
    assert severity(planned.findings)[0] == 0
    result = execute(planned, project=project.folder)
    assert result.exit_code == 0
    assert project.ask("SELECT count(*) FROM people") == [(20,)]
    assert project.ask("SELECT count(*) FROM visits") == [(20,)]


def test_planning_writes_nothing(here: Project) -> None:
    """No pipeline, no journal, no database, no table."""
    before = sorted(here.folder.parent.rglob("*"))
    plan(here)
    assert sorted(here.folder.parent.rglob("*")) == before


def test_words_that_nothing_was_made_of_are_named(here: Project) -> None:
    """They are in the draft for whoever reads it."""
    said = " ".join(plan(here).draft.not_understood)
    assert "flurbify" in said
    assert "wumples" in said


def test_a_faulty_draft_is_repaired_before_anything_runs(here: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rehearsal finds that a guessed type is wrong, and the one repair round takes it back."""
    faulty(monkeypatch, typed("people", "name", "integer"))
    planned = plan(here)
    assert len(planned.revisions) == 1
    assert severity(planned.findings)[0] == 0
    assert execute(planned, project=here.folder).exit_code == 0
    assert here.ask("SELECT count(*) FROM people") == [(20,)]


def test_there_is_one_repair_round_and_the_better_plan_stays(here: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repair that makes nothing better is not taken."""
    faulty(monkeypatch, typed("people", "name", "integer"))
    rounds = []

    def worse(made: PlanDraft, findings: Any, given: Any) -> Any:
        rounds.append(findings)
        after = typed("people", "person_id", "integer")(made)
        return planning.Revision(draft=after, changes=(), findings=tuple(findings))

    monkeypatch.setattr(planning, "revise", worse)
    planned = plan(here)
    assert len(rounds) == 1
    assert planned.revisions == ()
    assert severity(planned.findings)[0] > 0


def test_a_model_with_nothing_to_add_is_no_failure(here: Project) -> None:
    """Its answer is valid: the plan is that of rules, and nothing was held back for it."""
    ask = Silent()
    planned = plan(here, ask=ask)
    assert ask.questions
    assert not planned.fell_back
    assert planned.draft.pipelines == plan(here).draft.pipelines


@pytest.mark.parametrize("failure", ["invalid", "transport", "hostile"])
def test_garbage_for_everything_with_a_replace_leaves_the_table_untouched(here: Project, failure: Any) -> None:
    """The exit code is not 0 with a yes and without, and the next command is named."""
    here.write("old.csv", "person_id,name,age\nX,Old,99\n")
    here.run("old.csv", table="people", contract={"person_id": "text", "name": "text", "age": "integer"})
    before = here.rows(table="people")
    goal = "replace people with the new ones, and flurbify the wumples"
    ask = AdversarialAsk() if failure == "hostile" else FailingAsk(failure)
    planned = plan(here, FILES[:1], goal, ask=ask)
    assert planned.draft.pipelines[0].load.write_disposition == "replace"
    with pytest.raises(UsageError):
        execute(planned, project=here.folder, ask=ask)
    assert here.rows(table="people") == before
    if failure != "hostile":
        result = execute(planned, project=here.folder, options=GoalOptions(yes=True), ask=ask)
        assert result.exit_code == 1
        assert "etl-agent run pipelines/people.yaml" in (result.steps[0].message or "")
        assert here.rows(table="people") == before
        assert (here.folder / "pipelines" / "people.yaml").exists()


def test_a_column_that_is_not_there_cannot_be_sensitive(here: Project) -> None:
    """The near matches are named."""
    with pytest.raises(UsageError, match="no file has the column 'nmae'") as refused:
        plan(here, sensitive=["nmae"])
    assert refused.value.choices == ("name",)


def test_a_file_that_is_not_there_is_an_error(here: Project) -> None:
    """Before anything else is done."""
    with pytest.raises(NoInput):
        plan(here, ["nothing.csv"])
    with pytest.raises(UsageError, match="no file to plan for"):
        plan(here, [])


def test_a_broken_pipeline_file_matters_only_where_it_would_be_written(here: Project) -> None:
    """A file of the same name with mistakes is an error that lists them; others are none of the plan's business."""
    folder = here.folder / "pipelines"
    folder.mkdir()
    (folder / "other.yaml").write_text("version: 9\n")
    assert len(plan(here).draft.pipelines) == 2
    (folder / "people.yaml").write_text("version: 9\n")
    with pytest.raises(SpecInvalid):
        plan(here)


def test_files_with_queries_only_are_checks(here: Project) -> None:
    """Any other SQL file is a transform."""
    here.write("few.sql", "SELECT 1 FROM people WHERE age < 0;")
    here.write("more.sql", "UPDATE people SET age = 1;")
    given = plan(here, sql=["few.sql", "more.sql"]).given
    assert [(each.name, each.check) for each in given.sql] == [("few", True), ("more", False)]


def test_a_target_that_is_away_is_noted_and_planned_for(here: Project) -> None:
    """That it cannot be reached shows when the plan runs, by the exit code of that."""
    away = Project(here.folder, "postgresql://nobody@127.0.0.1:9/none")
    planned = plan(away)
    assert len(planned.draft.pipelines) == 2
    assert any("cannot be looked at" in note for note in planned.notes)
    result = execute(planned, project=here.folder)
    assert result.exit_code == 69
    assert {step.outcome for step in result.steps} <= {"failed", "not run"}
