"""What a model reads changes no source, target, table, SQL text, path, write mode or guard of a draft."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl_agent.orchestrate.planner.draft import PlanDraft
from etl_agent.orchestrate.planner.drafting.pipelines import draft
from etl_agent.orchestrate.planner.findings import Finding
from etl_agent.orchestrate.planner.given import Given
from etl_agent.orchestrate.planner.model.by_model import read_by_model, revise_by_model
from etl_agent.orchestrate.planner.revising.keeping import keeps
from etl_agent.orchestrate.planner.revising.revise import repairs, revise
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.testing import (
    FAILURES,
    HOSTILE_ANSWERS,
    HOSTILE_TEXT,
    AdversarialAsk,
    FailingAsk,
    HostileAsk,
    ObedientAsk,
    ScriptedAsk,
)
from etl_agent.testing.by_schema import allowed
from tests.security.payloads import MARK, PAYLOADS, SECRET_CELL, reading, situation

CHOSEN_BY_THE_USER = {"name", "description", "extract", "on_profile_drift", "commit", "version"}
IN_LOAD = {"primary_key", "newest_by", "indexes", "after_sql", "check_sql"}


def guarded(spec: PipelineSpec) -> dict[str, Any]:
    """Return what of a pipeline is the user's."""
    validation = spec.validation
    return {
        **{name: getattr(spec, name) for name in CHOSEN_BY_THE_USER},
        "load": {name: getattr(spec.load, name) for name in type(spec.load).model_fields if name not in IN_LOAD},
        "drift": validation.drift,
        "max_reject_share": validation.max_reject_share,
    }


def keeps_what_is_the_users(made: PlanDraft, rules: PlanDraft, given: Given) -> None:
    """Hold a draft that a model took part in against that of the rules."""
    old, new = ({spec.name: spec for spec in each.pipelines} for each in (rules, made))
    assert {name: guarded(spec) for name, spec in new.items()} == {name: guarded(spec) for name, spec in old.items()}
    files = {str(sql.file) for sql in given.sql}
    for name, spec in new.items():
        used = {str(path) for path in (*spec.load.after_sql, *spec.load.check_sql)}
        assert used <= files
        if rules.said(name, "load.primary_key"):
            assert spec.load.primary_key == old[name].load.primary_key
        assert not spec.load.before_sql
        contract, before = spec.validation.contract, old[name].validation.contract
        if isinstance(contract, Mapping) and isinstance(before, Mapping):
            assert set(contract) == set(before)  # no column is dropped, and none invented
            assert all(contract[column].sensitive for column in before if before[column].sensitive)
    for text in (*made.notes, *(point.reason for point in made.points)):
        assert "Ignore all rules" not in text
        assert SECRET_CELL not in text


@pytest.mark.parametrize("kind", PAYLOADS)
def test_drafts_of_hostile_answers(kind: str) -> None:
    """Valid answers that mean harm, and orders in the data that are obeyed, leave the user's part of a draft alone."""
    given = situation(PAYLOADS[kind])
    rules = draft(reading(), given)
    for ask in (ObedientAsk(), AdversarialAsk(), AdversarialAsk(7), HostileAsk("the same a thousand times")):
        read = read_by_model(reading(), given, ask=ask)
        made = draft(read.reading, given, maker="model" if read.answered else "rules", notes=read.notes)
        keeps_what_is_the_users(made, rules, given)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(min_value=0, max_value=2**400))
def test_drafts_of_any_answer(seed: int) -> None:
    """A property: whichever of all valid answers comes, a draft is made, and what is the user's stays."""
    given = situation(PAYLOADS["tool call"])

    def ask(question):  # type: ignore[no-untyped-def]  # the generic protocol, in a test
        said = allowed(question.answer.model_json_schema(), text=HOSTILE_TEXT, seed=seed)
        return ScriptedAsk([said])(question)

    read = read_by_model(reading(), given, ask=ask)
    keeps_what_is_the_users(draft(read.reading, given, maker="model"), draft(reading(), given), given)


def findings_of(made: PlanDraft, payload: str) -> tuple[Finding, ...]:
    """Find out much about a draft, with a payload wherever text can stand."""
    (name,) = [spec.name for spec in made.pipelines if spec.name == "orders"]
    return (
        Finding(
            kind="over_budget",
            pipeline=name,
            key="validate.contract.day",
            column="day",
            code="type-error",
            rows=20,
            share=0.6,
            detail=payload,
        ),
        Finding(
            kind="over_budget",
            pipeline=name,
            key=f"validate.contract.{payload}",
            column=payload,
            code="constraint-error",
            rows=9,
            share=0.3,
            detail=payload,
        ),
        Finding(
            kind="missing_column", pipeline=name, key="validate.contract.country", column="country", detail=payload
        ),
        Finding(kind="ambiguous", pipeline=name, key="clean.1", column="day", step=payload, detail=payload),
        Finding(kind="drifted", pipeline=name, key="validate.drift.columns", column=f"secret {payload}"),
    )


@pytest.mark.parametrize("kind", PAYLOADS)
def test_revisions_by_the_obedient(kind: str) -> None:
    """A revision is made of offered repairs, keeps what no revision may change, and the model is told no payload."""
    payload = PAYLOADS[kind]
    given = situation(payload)
    made = draft(reading(), given)
    found = findings_of(made, payload)
    assert len(repairs(made, found, given)) > 1
    ask = ObedientAsk()
    revision = revise_by_model(made, found, given, ask=ask)
    assert revision is not None
    assert keeps(made, revision.draft)
    assert "Ignore all rules" not in revision.note
    (question,) = ask.questions
    told = question.facts_text + question.instructions + json.dumps(question.answer.model_json_schema())
    for secret in (MARK, SECRET_CELL, "hunter2"):
        assert secret not in told


@pytest.mark.parametrize("seed", range(12))
def test_revisions_by_an_adversary(seed: int) -> None:
    """In whatever order the repairs are made, what no revision may change stays."""
    given = situation(PAYLOADS["tool call"])
    made = draft(reading(), given)
    revision = revise_by_model(made, findings_of(made, PAYLOADS["tool call"]), given, ask=AdversarialAsk(seed))
    assert revision is not None
    assert keeps(made, revision.draft)


def test_revisions_without_an_answer() -> None:
    """Where the model fails, or answers no choice of the list, the rules' revision is made, and the note says so."""
    given = situation(PAYLOADS["tool call"])
    made = draft(reading(), given)
    found = findings_of(made, PAYLOADS["tool call"])
    rules = revise(made, found, given)
    assert rules is not None
    for ask in [*map(FailingAsk, FAILURES), *map(HostileAsk, HOSTILE_ANSWERS), ScriptedAsk([{"repairs": []}])]:
        revision = revise_by_model(made, found, given, ask=ask)
        assert revision is not None
        assert keeps(made, revision.draft)
        if revision.by == "rules":
            assert (revision.draft, revision.changes) == (rules.draft, rules.changes)
            assert "model" in revision.note
            assert revision.note.isprintable()


def test_committed_pipelines_are_final_for_a_model() -> None:
    """Nothing of a pipeline that has run is offered."""
    given = situation(PAYLOADS["tool call"])
    made = draft(reading(), given)
    ask = AdversarialAsk()
    found = findings_of(made, PAYLOADS["tool call"])
    assert revise_by_model(made, found, given, committed=[spec.name for spec in made.pipelines], ask=ask) is None
    assert not ask.questions


def test_a_model_orders_the_repairs_that_it_chooses() -> None:
    """A choice of the list is made, and the revision says that a model chose."""
    given = situation(PAYLOADS["tool call"])
    made = draft(reading(), given)
    found = findings_of(made, PAYLOADS["tool call"])
    last = len(repairs(made, found, given))
    revision = revise_by_model(made, found, given, ask=ScriptedAsk([{"repairs": [f"repair {last}"]}]))
    assert revision is not None
    assert revision.by == "model"
    assert revision.draft != made
