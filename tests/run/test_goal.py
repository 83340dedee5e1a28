"""Goals as they run: each pipeline that commits is final, and evidence revises the others within bounds."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from etl_agent.errors import UsageError
from etl_agent.orchestrate.file import read_pipeline
from etl_agent.orchestrate.planner.draft import PlanDraft
from etl_agent.run import goal
from etl_agent.run.goal import execute
from etl_agent.run.goal_guard import destructions
from etl_agent.run.goal_result import GoalOptions, GoalResult, Step
from etl_agent.run.plan_files import plan_files
from etl_agent.run.planning import Planned
from etl_agent.testing import FailingAsk
from tests.run.goals import Reviser, pipeline, planned, typed
from tests.run.project import Project

WORDS = {"id": "text", "n": "integer"}
Revise = Callable[..., Reviser]


@pytest.fixture
def revising(monkeypatch: pytest.MonkeyPatch) -> Revise:
    """Put a reviser in the place of the rules."""

    def put(*changes: Callable[[PlanDraft], PlanDraft]) -> Reviser:
        reviser = Reviser(changes)
        monkeypatch.setattr(goal, "revise", reviser)
        return reviser

    return put


def ran(project: Project, plan: Planned, **options: object) -> GoalResult:
    """Run a plan."""
    return execute(plan, project=project.folder, options=GoalOptions(**options))  # type: ignore[arg-type]  # by name


def outcomes(result: GoalResult) -> dict[str, str]:
    """Return what became of each pipeline."""
    return {step.pipeline: step.outcome for step in result.steps}


def test_pipelines_run_in_order_and_are_written_down(project: Project) -> None:
    """What ran stands in ``pipelines/`` as ordinary files, and each pipeline is told as soon as it is settled."""
    project.write("a.csv", "id\n1\n")
    project.write("b.csv", "id\n1\n2\n")
    told: list[Step] = []
    plan = planned(project, pipeline(project, "a"), pipeline(project, "b", needs=["a"]))
    result = execute(plan, project=project.folder, told=told.append)
    assert [(step.pipeline, step.outcome) for step in told] == [("a", "loaded"), ("b", "loaded")]
    assert result.exit_code == 0
    assert len(project.rows("id", table="b")) == 2
    for spec in plan.draft.pipelines:
        assert read_pipeline(project.folder / "pipelines" / f"{spec.name}.yaml") == spec


def test_the_same_goal_again_loads_nothing_new(project: Project) -> None:
    """Its files are in the tables; that is no failure."""
    project.write("a.csv", "id\n1\n")
    assert ran(project, planned(project, pipeline(project, "a"))).exit_code == 0
    again = ran(project, planned(project, pipeline(project, "a")))
    assert (outcomes(again), again.exit_code) == ({"a": "nothing new"}, 0)


def test_evidence_mends_a_faulty_plan(project: Project, revising: Revise) -> None:
    """A guessed type rejects too many rows, the revision takes it back, and the pipeline loads by the new plan."""
    project.write("a.csv", "id,n\n1,2\n2,x\n")
    reviser = revising(typed("a", "n", "text"))
    result = ran(project, planned(project, pipeline(project, "a", contract=WORDS)))
    ((finding,),) = reviser.asked
    assert (finding.kind, finding.column, finding.rows) == ("over_budget", "n", 1)
    assert (outcomes(result), result.exit_code, len(result.revisions)) == ({"a": "loaded"}, 0, 1)
    assert project.rows("id, n", table="a") == [("1", "2"), ("2", "x")]
    assert read_pipeline(project.folder / "pipelines" / "a.yaml") == result.draft.pipelines[0]


def test_a_revision_is_kept_with_the_run_that_uses_it(project: Project, revising: Revise) -> None:
    """Before, after and reason are in the record of decisions."""
    project.write("a.csv", "id,n\n1,2\n2,x\n")
    revising(typed("a", "n", "text"))
    ran(project, planned(project, pipeline(project, "a", contract=WORDS)))
    ((chosen, policy, reason, evidence),) = project.ask(
        "SELECT chosen, policy, reason, evidence FROM _etl_decisions d JOIN _etl_runs r ON r.run_id = d.run_id"
        " WHERE node = 'plan' AND status = 'loaded'"
    )
    assert (chosen, policy, reason) == ("validate.contract", "rule", "the values say so")
    assert json.loads(evidence) == {"revision": 1, "before": "a", "after": "b"}


def test_without_replans_the_first_plan_stands(project: Project, revising: Revise) -> None:
    """The refusal is the goal's, and nothing was asked."""
    project.write("a.csv", "id,n\n1,2\n2,x\n")
    reviser = revising(typed("a", "n", "text"))
    result = ran(project, planned(project, pipeline(project, "a", contract=WORDS)), max_replans=0)
    assert (outcomes(result), result.exit_code, reviser.asked) == ({"a": "refused"}, 65, [])
    assert "0 of 0 revisions" in (result.steps[0].message or "")


def test_no_improvement_twice_in_a_row_ends_with_the_best_plan(project: Project, revising: Revise) -> None:
    """The best is what stands in the file, and the report says how often it was tried."""
    project.write("a.csv", "id,n,m\n1,2,x\n2,x,y\n")
    first = pipeline(project, "a", contract={"id": "text", "n": "integer", "m": "integer"})
    revising(typed("a", "m", "text"), typed("a", "n", "date"), typed("a", "n", "boolean"), typed("a", "n", "text"))
    result = ran(project, planned(project, first), max_replans=9)
    assert len(result.revisions) == 3
    assert "given up after 4 attempts: 2 revisions in a row" in (result.steps[0].message or "")
    best = typed("a", "m", "text")(PlanDraft(goal="", pipelines=(first,))).pipelines[0]
    assert result.draft.pipelines[0] == best
    assert read_pipeline(project.folder / "pipelines" / "a.yaml") == best


def test_what_is_committed_is_final(project: Project, revising: Revise) -> None:
    """Whoever revises is told so, and a revision that touches it all the same is not taken."""
    project.write("a.csv", "id,n\n1,2\n")
    project.write("b.csv", "id,n\n1,x\n")
    reviser = revising(typed("a", "n", "text"))
    plan = planned(project, pipeline(project, "a", contract=WORDS), pipeline(project, "b", contract=WORDS))
    result = ran(project, plan)
    assert reviser.committed == [frozenset({"a"})]
    assert (outcomes(result), result.revisions) == ({"a": "loaded", "b": "refused"}, ())
    assert result.draft == plan.draft
    assert "would change what only the user may" in result.notes[0]


@pytest.mark.parametrize("key", ["table", "to", "write_disposition", "after_sql"])
def test_a_revision_never_changes_where_and_how_rows_go(project: Project, revising: Revise, key: str) -> None:
    """Whatever made it: target, table, write mode and SQL are the user's."""
    project.write("a.csv", "id,n\n1,x\n")
    project.write("drop.sql", "DROP TABLE a;")
    other = {"table": "x", "to": "sqlite:///x.db", "write_disposition": "replace", "after_sql": ("drop.sql",)}

    def hostile(draft: PlanDraft) -> PlanDraft:
        (spec,) = draft.pipelines
        load = spec.load.model_copy(update={key: other[key]})
        return draft.model_copy(update={"pipelines": (spec.model_copy(update={"load": load}),)})

    revising(hostile)
    plan = planned(project, pipeline(project, "a", contract=WORDS))
    result = ran(project, plan)
    assert (result.draft, result.revisions, result.exit_code) == (plan.draft, (), 65)


def test_what_needs_a_failed_pipeline_does_not_run_and_the_others_do(project: Project, revising: Revise) -> None:
    """The exit code is the first failure's."""
    revising()
    project.write("a.csv", "id,n\n1,x\n")
    for name in "bcd":
        project.write(f"{name}.csv", f"id\n{name}\n")
    plan = planned(
        project,
        pipeline(project, "a", contract=WORDS),
        pipeline(project, "b", needs=["a"]),
        pipeline(project, "c", needs=["b"]),
        pipeline(project, "d"),
    )
    result = ran(project, plan)
    assert outcomes(result) == {"a": "refused", "b": "not run", "c": "not run", "d": "loaded"}
    assert result.exit_code == 65


def test_no_plan_mends_what_is_broken(project: Project, revising: Revise) -> None:
    """A file that cannot be read is no reason to plan anew."""
    project.write("a.csv", "id\n1\n")
    reviser = revising(typed("a", "n", "text"))
    plan = planned(project, pipeline(project, "a"))
    project.write("a.csv", b"\xff\xfe\x00\xd8" * 9)
    result = ran(project, plan)
    assert result.exit_code != 0
    assert reviser.asked == []


def test_when_the_time_is_over_nothing_more_begins(project: Project) -> None:
    """The exit code says to try later, and the same goal goes on where it was."""
    for name in "ab":
        project.write(f"{name}.csv", f"id\n{name}\n")
    plan = planned(project, pipeline(project, "a"), pipeline(project, "b"))
    late = ran(project, plan, max_seconds=-1.0)
    assert (set(outcomes(late).values()), late.exit_code) == ({"not run"}, 75)
    again = planned(project, pipeline(project, "a"), pipeline(project, "b"))
    assert again.resumed is not None
    assert ran(project, again).exit_code == 0


def filled(project: Project) -> Planned:
    """Plan a replace of a table that holds rows."""
    project.write("old.csv", "id\nold\n")
    project.run("old.csv", table="a")
    project.write("a.csv", "id\nnew\n")
    return planned(project, pipeline(project, "a", write_disposition="replace"))


def test_rows_are_not_replaced_without_a_yes(project: Project) -> None:
    """The call is refused before anything is run or written, and names what would be lost."""
    plan = filled(project)
    with pytest.raises(UsageError, match="the table has 1 row") as refused:
        ran(project, plan)
    assert refused.value.exit_code == 2
    assert "--yes" in (refused.value.next_command or "")
    assert project.rows("id", table="a") == [("old",)]
    assert not (project.folder / "pipelines").exists()
    assert not (project.folder / ".etl_agent").exists()


def test_rows_are_replaced_with_a_yes(project: Project) -> None:
    """What the user agreed to is done; the same goal again destroys nothing and needs no yes."""
    assert ran(project, filled(project), yes=True).exit_code == 0
    assert project.rows("id", table="a") == [("new",)]
    again = planned(project, pipeline(project, "a", write_disposition="replace"))
    assert outcomes(ran(project, again)) == {"a": "nothing new"}


def test_absent_rows_are_not_deleted_without_a_yes(project: Project) -> None:
    """A pipeline that takes out what a snapshot lacks destroys, and names what."""
    snapshot = {"write_disposition": "merge", "primary_key": ("id",), "absent": "delete"}
    project.write("a.csv", "id\nold\n")
    assert ran(project, planned(project, pipeline(project, "a", **snapshot))).exit_code == 0
    project.write("a.csv", "id\nnew\n")
    with pytest.raises(UsageError, match="whose key is not in the new data, and the table has 1 row"):
        ran(project, planned(project, pipeline(project, "a", **snapshot)))
    assert project.rows("id", table="a") == [("old",)]


def test_a_replace_of_nothing_needs_no_yes(project: Project) -> None:
    """There is no table yet."""
    project.write("a.csv", "id\nnew\n")
    assert ran(project, planned(project, pipeline(project, "a", write_disposition="replace"))).exit_code == 0


def test_sql_that_changes_the_target_needs_a_yes(project: Project) -> None:
    """Nobody knows what it does; a check does nothing."""
    project.write("a.csv", "id\n1\n")
    project.write("more.sql", "UPDATE a SET id = 'x';")
    project.write("check.sql", "SELECT 1 FROM a WHERE id = 'y';")
    spec = pipeline(project, "a", after_sql=["more.sql"])
    with pytest.raises(UsageError, match=r"more\.sql may change or delete anything"):
        ran(project, planned(project, spec))
    assert ran(project, planned(project, spec), yes=True).exit_code == 0
    checked = pipeline(project, "b", check_sql=["check.sql"])
    project.write("b.csv", "id\n1\n")
    assert ran(project, planned(project, checked)).exit_code == 0


def test_a_pipeline_file_that_says_something_else_needs_a_yes(project: Project) -> None:
    """Somebody's work is not overwritten by the way."""
    project.write("a.csv", "id\n1\n")
    path = project.folder / "pipelines" / "a.yaml"
    path.parent.mkdir()
    path.write_text("# mine\n")
    with pytest.raises(UsageError, match=r"pipelines/a\.yaml says something else"):
        ran(project, planned(project, pipeline(project, "a")))
    assert path.read_text() == "# mine\n"
    assert ran(project, planned(project, pipeline(project, "a")), yes=True).exit_code == 0
    assert read_pipeline(path) == pipeline(project, "a")


def test_a_plan_that_a_model_failed_at_destroys_nothing(project: Project) -> None:
    """Even with a yes: the draft is written, the table untouched, the exit code not 0, and the next command named."""
    plan = filled(project)
    project.write("b.csv", "id\n1\n")
    both = planned(project, *plan.draft.pipelines, pipeline(project, "b"), fell_back=True)
    result = ran(project, both, yes=True)
    assert (outcomes(result), result.exit_code) == ({"a": "held back", "b": "loaded"}, 1)
    assert "etl-agent run pipelines/a.yaml" in (result.steps[0].message or "")
    assert project.rows("id", table="a") == [("old",)]
    assert read_pipeline(project.folder / "pipelines" / "a.yaml") == plan.draft.pipelines[0]


def test_a_plan_that_a_model_failed_at_overwrites_no_file(project: Project) -> None:
    """What stands there stays, and what it is for does not run."""
    project.write("a.csv", "id\n1\n")
    path = project.folder / "pipelines" / "a.yaml"
    path.parent.mkdir()
    path.write_text("# mine\n")
    result = ran(project, planned(project, pipeline(project, "a"), fell_back=True), yes=True)
    assert (outcomes(result), result.exit_code, path.read_text()) == ({"a": "held back"}, 1, "# mine\n")
    assert "--no-model" in (result.steps[0].message or "")


def test_what_would_be_destroyed_is_found_for_a_target_that_is_away(project: Project) -> None:
    """A table that cannot be looked at may hold rows."""
    project.write("a.csv", "id\n1\n")
    away = Project(project.folder, "postgresql://nobody@127.0.0.1:9/none")
    draft = planned(away, pipeline(away, "a", write_disposition="replace")).draft
    found = destructions(draft, plan_files(draft, project=project.folder), project=project.folder)
    assert "cannot be looked at" in found["a"][0].what


def test_nothing_is_destroyed_any_more_after_a_model_failed_at_a_revision(project: Project) -> None:
    """What was agreed to was agreed to for a plan that a model was to revise."""
    project.write("old.csv", "id\nold\n")
    project.run("old.csv", table="b")
    project.write("a.csv", "id,n,m\n1,2,x\n2,x,3\n")
    project.write("b.csv", "id\nnew\n")
    contract = {"id": "text", "n": "integer", "m": "integer"}
    plan = planned(
        project, pipeline(project, "a", contract=contract), pipeline(project, "b", write_disposition="replace")
    )
    result = execute(plan, project=project.folder, options=GoalOptions(yes=True), ask=FailingAsk())
    assert (outcomes(result), result.exit_code) == ({"a": "loaded", "b": "held back"}, 1)
    assert project.rows("id", table="b") == [("old",)]


def test_a_plan_that_was_tried_is_not_tried_again(project: Project, revising: Revise) -> None:
    """A revision that leads back finds what was found before."""
    project.write("a.csv", "id,n\n1,2\n2,x\n")
    reviser = revising(typed("a", "n", "date"), typed("a", "n", "integer"))
    result = ran(project, planned(project, pipeline(project, "a", contract=WORDS)))
    assert len(reviser.asked) == 2
    assert (len(result.revisions), result.steps[0].attempts) == (1, 2)


def test_nothing_runs_past_words_that_are_not_clear(project: Project) -> None:
    """Words that may say what is destroyed, and that nothing was made of, stop a run, whatever was agreed to."""
    project.write("a.csv", "id\n1\n")
    plan = planned(project, pipeline(project, "a"))
    doubtful = replace(plan, draft=plan.draft.model_copy(update={"unclear": ("forbid overwriting",)}))
    with pytest.raises(UsageError, match="'forbid overwriting' may say"):
        ran(project, doubtful, yes=True)
    assert not (project.folder / "pipelines").exists()
