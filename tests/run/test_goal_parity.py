"""A model that fails changes no plan and no row: each decision of the planner, with every way in which it can fail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from etl_agent.ask import Ask, Failure
from etl_agent.llm.chat import ChatAsk
from etl_agent.llm.endpoint import Endpoint
from etl_agent.orchestrate.planner.draft import PlanDraft
from etl_agent.run import planning
from etl_agent.run.goal import execute
from etl_agent.run.goal_result import GoalResult
from etl_agent.run.planning import Planned, make_plan
from etl_agent.testing import FAILURES, FailingAsk
from tests.failing_endpoints import FAILING, HANGS, Failing
from tests.load.targets import query
from tests.run.goals import typed

GOAL = "load people, and flurbify the wumples"
PEOPLE = "person_id,name,born\n" + "".join(f"P{n:03},Name {n},2001-02-{n % 28 + 1:02}\n" for n in range(30))
WAYS = [pytest.param(way, id=way if isinstance(way, str) else way.name) for way in (*FAILURES, *FAILING)]


@dataclass(frozen=True)
class Came:
    """What came of a goal: how it was planned, how it was run after a wrong guess, and the rows."""

    planned: Planned
    result: GoalResult
    rows: list[tuple[Any, ...]]


def wrong(draft: PlanDraft) -> PlanDraft:
    """Guess two types wrongly, so that there is more than one repair to choose from."""
    return typed("people", "born", "integer")(typed("people", "name", "integer")(draft))


def came_of(folder: Path, ask: Ask | None) -> Came:
    """Plan the goal from a wrong draft, then run it from one: the draft, the repair and the revision are decided."""
    (folder / "people.csv").write_text(PEOPLE)
    planned = make_plan(GOAL, ["people.csv"], to="sqlite:///w.db", project=folder, ask=ask)
    result = execute(replace(planned, draft=wrong(planned.draft)), project=folder, ask=ask)
    return Came(planned, result, query(f"sqlite:///{folder / 'w.db'}", "SELECT person_id, name, born FROM people"))


@pytest.fixture(scope="module", autouse=True)
def wrong_drafts() -> Iterator[None]:
    """Let every first draft be wrong."""
    rightly = planning.draft
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(planning, "draft", lambda *given, **known: wrong(rightly(*given, **known)))
        yield


@pytest.fixture(scope="module")
def alone(wrong_drafts: None, tmp_path_factory: pytest.TempPathFactory) -> Came:
    """Tell what comes of the goal without a model."""
    return came_of(tmp_path_factory.mktemp("alone"), None)


def test_without_a_model_wrong_guesses_are_mended(alone: Came) -> None:
    """What the others are compared with is a goal that was reached, by a repair and by a revision."""
    assert alone.result.exit_code == 0
    assert len(alone.rows) == 30
    assert len(alone.planned.revisions) == 1
    assert len(alone.result.revisions) == 2


@pytest.mark.parametrize("way", WAYS)
def test_a_model_that_fails_changes_nothing(
    alone: Came, way: Failure | Failing, tmp_path: Path, httpserver: HTTPServer
) -> None:
    """The same draft, repair, revision, rows and exit code; that it fell back is known and said."""
    ask: Ask
    if isinstance(way, Failing):
        endpoint = Endpoint(
            model=tmp_path.name, base_url=way.serve(httpserver), timeout=HANGS / 3, retries=0, retry_wait=0.01
        )
        ask = ChatAsk(endpoint)
    else:
        ask = FailingAsk(way)
    came = came_of(tmp_path, ask)
    assert came.planned.draft.pipelines == alone.planned.draft.pipelines
    assert came.planned.findings == alone.planned.findings
    assert [step.outcome for step in came.result.steps] == ["loaded"]
    assert came.result.draft.pipelines == alone.result.draft.pipelines
    assert (came.rows, came.result.exit_code) == (alone.rows, 0)
    assert came.planned.fell_back
    said = [*came.planned.draft.notes, *(revision.note for revision in came.planned.revisions)]
    assert sum("did not answer" in each for each in said) == 2
    assert any("did not answer" in note for note in came.result.notes)
