"""A model that fails changes no row: every decision that one could make, with every way in which it can fail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from etl_agent.ask import Ask
from etl_agent.decide.decision import Decision
from etl_agent.llm.chat import ChatAsk
from etl_agent.llm.endpoint import Endpoint
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.run.comparing import Compared, compare
from etl_agent.run.locking import make_lock
from etl_agent.run.options import RunOptions
from etl_agent.run.reading import open_files
from etl_agent.run.result import RunResult
from etl_agent.run.runner import run_pipeline
from etl_agent.run.sampling import evidence_of
from etl_agent.testing import FAILURES, FailingAsk
from tests.failing_endpoints import FAILING, HANGS, Failing
from tests.load.targets import query

US = "id,amount\n" + "".join(f'{n},"$1,{n}.50"\n' for n in range(200, 230))
DOUBTFUL = "id,amount\n" + "".join(f'{n},"1,{n}"\n' for n in range(200, 230))
ROUTE = {"route": "amounts", "columns": ["amount"], "among": ["eu_money", "us_money"]}

LOCKS = [(US, "model"), (DOUBTFUL, "auto")]

DOUBLES = [pytest.param(failure, id=failure) for failure in FAILURES]
ENDPOINTS = [pytest.param(failing, id=failing.name) for failing in FAILING]


def pipeline(folder: Path, *, content: str = US, by: str = "model") -> PipelineSpec:
    """Write the rows, and make a pipeline with one route."""
    (folder / "in.csv").write_text(content)
    sections: dict[str, Any] = {
        "version": 1,
        "name": "p",
        "extract": {"files": "in.csv", "delimiter": ","},
        "clean": [ROUTE | {"by": by}],
        "load": {"to": "sqlite:///t.db", "table": "t", "write_disposition": "replace"},
    }
    return PipelineSpec.model_validate(sections)


def failing_model(failing: Failing, server: HTTPServer, folder: Path) -> ChatAsk:
    """Make the real client of an endpoint that fails, in little time; what it learns of one model is not another's."""
    address = failing.serve(server)
    return ChatAsk(Endpoint(model=folder.name, base_url=address, timeout=HANGS / 3, retries=1, retry_wait=0.01))


@dataclass(frozen=True)
class Without:
    """What comes of the pipeline without a model: of a run, of locks by policy, and of a comparison."""

    ran: tuple[RunResult, list[tuple[Any, ...]]]
    locked: dict[str, tuple[Decision, list[str]]]
    compared: Compared


def run(folder: Path, ask: Ask | None, *, by: str = "model") -> tuple[RunResult, list[tuple[Any, ...]]]:
    """Run the pipeline, and read what it loaded."""
    result = run_pipeline(pipeline(folder, by=by), project=folder, options=RunOptions(ask=ask, reload=True))
    return result, query(f"sqlite:///{folder / 't.db'}", "SELECT id, amount FROM t ORDER BY id")


def locked(folder: Path, ask: Ask | None, *, content: str, by: str) -> tuple[Decision, list[str]]:
    """Make a lock, and return what it keeps of the route: the decision and the steps."""
    made = make_lock(pipeline(folder, content=content, by=by), project=folder, options=RunOptions(ask=ask))
    return made.routes[0].decision, [step.model_dump_json() for step in made.routes[0].steps]


def compared(folder: Path, ask: Ask | None) -> Compared:
    """Compare ways of cleaning, and return the one that asks a model; without a model, the one that stands in."""
    spec = pipeline(folder)
    with open_files(spec.extract, project=folder, as_of=date.today()) as (dataset, _):
        ways = compare(spec.clean, evidence_of(dataset), project=folder, ask=ask).ways
    return next(way for way in ways if way.pattern == ("rules" if ask is None else "model"))


@pytest.fixture(scope="module")
def without_model(tmp_path_factory: pytest.TempPathFactory) -> Without:
    """Do everything once without a model."""
    folder = tmp_path_factory.mktemp("without")
    return Without(
        run(folder, None),
        {by: locked(folder, None, content=content, by=by) for content, by in LOCKS},
        compared(folder, None),
    )


def said(decision: Decision, failure: str) -> None:
    """Check that a decision tells that it was made without the model, and why."""
    assert decision.fell_back == failure
    assert decision.policy in {"rule", "trial", "otherwise"}
    assert f"the model did not answer ({failure}: " in decision.reason
    assert "question" in decision.evidence


class TestRun:
    """A run with a route ``by: model``."""

    @staticmethod
    def check(folder: Path, without: Without, ask: Ask, failure: str) -> None:
        """Hold a run with a model that fails against one without a model."""
        base, rows = without.ran
        result, loaded = run(folder, ask)
        assert loaded == rows
        assert (200, "1200.50") in {(int(key), amount) for key, amount in loaded}
        assert (result.status, result.exit_code, result.balance) == ("loaded", 0, base.balance)
        assert result.changes == base.changes
        said(result.decisions[0], failure)
        assert result.warning == f"decided without a model: amounts ({failure.replace('_', ' ')})"
        assert [decision.node for decision in result.fell_back] == result.as_dict()["fell_back"] == ["amounts"]

    @pytest.mark.parametrize("failure", DOUBLES)
    def test_every_kind_of_failure(self, tmp_path: Path, without_model: Without, failure: Any) -> None:
        """Each typed failure leaves the rows as they are without a model, and is said."""
        self.check(tmp_path, without_model, FailingAsk(failure), failure)

    @pytest.mark.parametrize("failing", ENDPOINTS)
    def test_every_endpoint_that_fails(
        self, tmp_path: Path, without_model: Without, failing: Failing, httpserver: HTTPServer
    ) -> None:
        """So does each failure of a real endpoint, by the real client."""
        self.check(tmp_path, without_model, failing_model(failing, httpserver, tmp_path), failing.failure)

    def test_an_endpoint_that_keeps_failing_is_left_alone(self, tmp_path: Path, httpserver: HTTPServer) -> None:
        """After three questions that it did not answer no more are sent, and each route says what became of it."""
        spec = pipeline(tmp_path)
        routes = tuple(spec.clean[0].model_copy(update={"route": f"r{n}"}) for n in range(5))
        ask = failing_model(FAILING[0], httpserver, tmp_path)
        many = spec.model_copy(update={"clean": routes})
        result = run_pipeline(many, project=tmp_path, options=RunOptions(ask=ask))
        assert [each.fell_back for each in result.decisions] == ["transport"] * 3 + ["circuit_open"] * 2
        assert (ask.used.calls, result.exit_code) == (3, 0)  # the server's log may hold late answers to other tests

    def test_no_model(self, tmp_path: Path) -> None:
        """Where none is configured, that is said in the same way."""
        result, _ = run(tmp_path, None)
        assert (result.decisions[0].fell_back, result.exit_code) == ("no_model", 0)
        assert result.warning == "decided without a model: amounts (no model)"

    def test_auto_asks_no_model(self, tmp_path: Path) -> None:
        """In a run, auto means rules and trial, whether a model is there or not."""
        ask = FailingAsk()
        result, _ = run(tmp_path, ask, by="auto")
        assert (ask.questions, result.fell_back, result.warning) == ([], (), None)


class TestLock:
    """A lock, whose routes ``by: auto`` may ask as well."""

    @staticmethod
    def check(folder: Path, without: Without, ask: Ask, failure: str, *, content: str, by: str) -> None:
        """Hold a lock with a model that fails against one without a model."""
        base, steps = without.locked[by]
        decision, kept = locked(folder, ask, content=content, by=by)
        assert (decision.chosen, decision.policy, kept) == (base.chosen, base.policy, steps)
        said(decision, failure)

    @pytest.mark.parametrize(("content", "by"), LOCKS)
    @pytest.mark.parametrize("failure", DOUBLES)
    def test_every_kind_of_failure(
        self, tmp_path: Path, without_model: Without, failure: Any, content: str, by: str
    ) -> None:
        """Each typed failure gives the choice and the steps that there are without a model."""
        self.check(tmp_path, without_model, FailingAsk(failure), failure, content=content, by=by)

    @pytest.mark.parametrize(("content", "by"), LOCKS)
    @pytest.mark.parametrize("failing", ENDPOINTS)
    def test_every_endpoint_that_fails(
        self, tmp_path: Path, without_model: Without, failing: Failing, httpserver: HTTPServer, content: str, by: str
    ) -> None:
        """So does each failure of a real endpoint."""
        self.check(
            tmp_path,
            without_model,
            failing_model(failing, httpserver, tmp_path),
            failing.failure,
            content=content,
            by=by,
        )

    def test_auto_asks_only_what_rules_and_trial_cannot_tell(self, tmp_path: Path) -> None:
        """Where a rule is sure, no question is asked, and nothing fell back."""
        ask = FailingAsk()
        decision, _ = locked(tmp_path, ask, content=US, by="auto")
        assert (ask.questions, decision.fell_back, decision.policy) == ([], None, "rule")


class TestCompare:
    """A comparison, in which a model is one of the ways."""

    @staticmethod
    def check(folder: Path, without: Without, ask: Ask, failure: str) -> None:
        """Hold the way of a model that fails against the one that stands in for it."""
        base, way = without.compared, compared(folder, ask)
        assert way.fell_back == (f"amounts ({failure.replace('_', ' ')})",)
        assert (way.chosen, way.steps, way.changed) == (base.chosen, base.steps, base.changed)

    @pytest.mark.parametrize("failure", DOUBLES)
    def test_every_kind_of_failure(self, tmp_path: Path, without_model: Without, failure: Any) -> None:
        """Each typed failure gives what rules give, and the way says so."""
        self.check(tmp_path, without_model, FailingAsk(failure), failure)

    @pytest.mark.parametrize("failing", ENDPOINTS)
    def test_every_endpoint_that_fails(
        self, tmp_path: Path, without_model: Without, failing: Failing, httpserver: HTTPServer
    ) -> None:
        """So does each failure of a real endpoint."""
        self.check(tmp_path, without_model, failing_model(failing, httpserver, tmp_path), failing.failure)
