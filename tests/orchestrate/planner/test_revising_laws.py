"""Laws of repairs: whatever the draft, the words of the user and the evidence, what must stay stays."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from etl_agent.orchestrate.planner.draft import PlanDraft
from etl_agent.orchestrate.planner.findings import Finding, FindingKind
from etl_agent.orchestrate.planner.revising.keeping import keeps
from etl_agent.orchestrate.planner.revising.revise import combined, repairs, revise
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.rejects import ReasonCode
from tests.orchestrate.planner.drafts import draft_of, given_of, pipeline, said, source

CELLS = {
    "id": [f"I{number}" for number in range(20)],
    "day": ["13.04.2025", "3.4.2025", "N/A", None] * 5,
    "fee": ["1.234,50", "7,5", "x", "-"] * 5,
    "mail": ["Ann@X.ORG ", "nobody", None, "b@y.de"] * 5,
    "a.b": ["1", "1", "2", "Secret"] * 5,
}
GIVEN = given_of(source("ships", CELLS), source("crews", CELLS), source("ports", CELLS))
COLUMNS = (*CELLS, "dya", "ghost")
ATTRIBUTES = ("type", "nullable", "unique", "format", "one_of", "min", "max_length", "")

CONTRACTS: dict[str, list[dict[str, Any]]] = {
    "id": [{}, {"unique": True}, {"type": "integer"}],
    "day": [{"type": "date"}, {"type": "date", "min": "2020-01-01"}, {"type": "timestamp"}, {"nullable": True}],
    "fee": [{"type": "decimal(8,2)"}, {"type": "integer", "max": 7}, {"sensitive": True}],
    "mail": [{"format": "email"}, {"one_of": ["Secret"]}, {"sensitive": True}],
    "a.b": [{"type": "integer"}, {"type": "boolean"}],
    "ghost": [{}, {"required": False, "nullable": True}],
}
NODES: list[dict[str, Any]] = [
    {"step": "strip"},
    {"step": "strip", "columns": ["mail", "ghost"]},
    {"step": "dates", "columns": ["day"]},
    {"step": "numbers", "columns": ["fee", "a.b"]},
    {"step": "deduplicate", "columns": ["id"]},
    {"step": "map_values", "columns": ["mail"], "values": {"Secret": "x"}},
    {"route": "tidy", "among": ["people", "auto"]},
    {"when": {"measure": "null_share", "column": "day", "gt": 0}, "then": [{"step": "strip", "columns": ["ghost"]}]},
]
GUARDS: dict[str, Any] = {"max_reject_share": 0.02, "max_rejects": 9, "drift": {"columns": "freeze", "types": "freeze"}}


@st.composite
def specs(draw: st.DrawFn, name: str, others: list[str]) -> PipelineSpec | None:
    """Draw a pipeline; None where what was drawn contradicts itself."""
    named = draw(st.lists(st.sampled_from(list(CONTRACTS)), min_size=1, unique=True))
    contract = {column: draw(st.sampled_from(CONTRACTS[column])) for column in named}
    key = draw(st.lists(st.sampled_from(named), max_size=2, unique=True))
    mode = draw(st.sampled_from(["append", "replace", "merge"]))
    load: dict[str, Any] = {"primary_key": key, "write_disposition": mode}
    if key and draw(st.booleans()):
        load["newest_by"] = draw(st.sampled_from(named))
    if mode == "replace":
        load |= {"max_shrink": 0.1}
    nodes = draw(st.lists(st.sampled_from(NODES), max_size=4))
    routes = [node for node in nodes if "route" in node]
    clean = [node for node in nodes if "route" not in node] + routes[:1]
    needs = draw(st.lists(st.sampled_from([*others, "nobody"]), max_size=2, unique=True))
    more: dict[str, Any] = {"unique": [named[:2]]} if draw(st.booleans()) else {}
    try:
        return pipeline(name, contract, clean=clean, needs=needs, validate={**GUARDS, **more}, **load)
    except ValidationError:
        return None


def keys(spec: PipelineSpec) -> list[str]:
    """Return keys at which a user may have said something."""
    contract = spec.validation.contract
    assert contract is not None
    assert not isinstance(contract, str)
    columns = [f"validate.contract.{name}" + (f".{each}" if each else "") for name in contract for each in ATTRIBUTES]
    nodes = [f"clean.{at}" for at in range(len(spec.clean))]
    needs = [f"needs.{at}" for at in range(len(spec.needs))]
    return [*columns, *nodes, *needs, "load.primary_key", "load.newest_by", "load.table", "validate.unique"]


CODES: dict[str, ReasonCode] = {"type": "type-error", "nullable": "required-value", "unique": "unique-error"}


@st.composite
def likely(draw: st.DrawFn, draft: PlanDraft) -> Finding:
    """Draw evidence as runs and checks give it."""
    spec = draw(st.sampled_from(draft.pipelines))
    column = draw(st.sampled_from(list(spec.validation.contract or ())))
    promise = draw(st.sampled_from(ATTRIBUTES))
    about = f"validate.contract.{column}"
    place = f"clean.{draw(st.integers(0, max(len(spec.clean) - 1, 0)))}"
    stopping = st.sampled_from(["over_budget", "invalid", "rejected"])
    evidence: list[dict[str, Any]] = [
        {
            "kind": draw(stopping),
            "key": f"{about}.{promise}".rstrip("."),
            "column": column,
            "code": CODES.get(promise, "constraint-error"),
        },
        {"kind": "drifted", "key": about, "column": column},
        {"kind": "drifted", "key": "validate.drift.columns", "column": "elsewhere"},
        {"kind": "missing_column", "key": about, "column": column},
        {
            "kind": "target_conflict",
            "key": about,
            "column": column,
            "wanted": draw(st.sampled_from(["absent", "text"])),
        },
        {"kind": "key_conflict", "key": "load.primary_key", "column": column, "code": "primary-key-error"},
        {"kind": "invalid", "key": "load.newest_by", "column": column},
        {"kind": "invalid", "key": "needs"},
        {"kind": "invalid", "key": place, "column": "ghost"},
        {"kind": "invalid", "key": place},
        {"kind": "gate_refused", "key": place, "column": draw(st.sampled_from([None, column]))},
        {"kind": "ambiguous", "key": place, "column": draw(st.sampled_from(["day", "fee"]))},
        {"kind": "over_budget", "key": "validate", "code": "foreign-key-error"},
        {"kind": "over_budget", "key": "validate", "code": "unique-error"},
    ]
    return Finding(pipeline=spec.name, **draw(st.sampled_from(evidence)))


@st.composite
def unlikely(draw: st.DrawFn, draft: PlanDraft) -> Finding:
    """Draw evidence that makes no sense."""
    spec = draw(st.sampled_from(draft.pipelines))
    column = draw(st.sampled_from([*COLUMNS, None]))
    places = [f"clean.{at}" for at in range(len(spec.clean) + 1)]
    promises = [f"validate.contract.{column}.{each}".rstrip(".") for each in ATTRIBUTES]
    others = ["", "needs", "load.primary_key", "load.newest_by", "validate.drift.columns", "validate", "clean"]
    return Finding(
        kind=draw(st.sampled_from(get_args(FindingKind))),
        pipeline=draw(st.sampled_from([spec.name, spec.name, "nobody"])),
        key=draw(st.sampled_from([*places, *promises, *others])),
        column=column,
        code=draw(st.sampled_from([None, *get_args(ReasonCode)])),
        step=draw(st.sampled_from([None, "strip", "dates", "numbers", "tidy"])),
        wanted=draw(st.sampled_from([None, "absent", "integer", "text", "float", "'; drop table x"])),
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[PlanDraft, tuple[Finding, ...], tuple[str, ...]]:
    """Draw a draft, evidence, and what has run."""
    names = ["ships", "crews", "ports"]
    drawn = [draw(specs(name, [other for other in names if other != name])) for name in names]
    pipelines = [spec for spec in drawn if spec is not None] or [pipeline("ships", {"id": {}})]
    points = [
        said(spec.name, key)
        for spec in pipelines
        for key in draw(st.lists(st.sampled_from(keys(spec)), max_size=2, unique=True))
    ]
    draft = draft_of(*pipelines, points=points)
    findings = st.one_of(likely(draft), likely(draft), likely(draft), unlikely(draft))
    evidence = draw(st.lists(findings, min_size=1, max_size=6))
    committed = draw(st.lists(st.sampled_from([spec.name for spec in pipelines]), max_size=1))
    return draft, tuple(evidence), tuple(committed)


def guards(draft: PlanDraft) -> dict[str, Any]:
    """Return what no revision may touch, pipeline by pipeline."""
    return {
        spec.name: (
            spec.extract,
            spec.load.to,
            spec.load.table,
            spec.load.db_schema,
            spec.load.write_disposition,
            spec.load.strategy,
            spec.load.max_shrink,
            spec.load.allow_empty,
            spec.load.before_sql,
            spec.load.after_sql,
            spec.validation.drift,
            spec.validation.max_reject_share,
            spec.validation.max_rejects,
            spec.on_profile_drift,
        )
        for spec in draft.pipelines
    }


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases())
def test_every_repair_keeps_what_must_stay(case: tuple[PlanDraft, tuple[Finding, ...], tuple[str, ...]]) -> None:
    """Repairs make valid drafts, touch no guard, no words of the user and nothing that has run, and are made once."""
    draft, evidence, committed = case
    listed = repairs(draft, evidence, GIVEN, committed=committed)
    again = repairs(draft, evidence, GIVEN, committed=committed)
    assert [(each.name, each.description) for each in listed] == [(each.name, each.description) for each in again]
    assert len({each.name for each in listed}) == len(listed)
    for repair in listed:
        after, changes = repair.apply(draft)
        assert changes
        assert guards(after) == guards(draft)
        assert keeps(draft, after, committed=committed)
        for name in committed:
            assert after.pipeline(name) == draft.pipeline(name)
        for spec in after.pipelines:
            assert PipelineSpec.model_validate(spec.model_dump(by_alias=True)) == spec
        assert repair.apply(after) == (after, ())
        assert "Secret" not in "".join(change.before + change.after + change.reason for change in changes)
        assert [point for point in after.points if point.by == "goal"] or not draft.points


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases(), st.randoms())
def test_every_choice_of_repairs_keeps_what_must_stay(case: Any, random: Any) -> None:
    """So do any repairs that somebody chooses, in any order, and those that rules choose."""
    draft, evidence, committed = case
    listed = list(repairs(draft, evidence, GIVEN, committed=committed))
    random.shuffle(listed)
    for revision in (
        combined(draft, listed, evidence, by="model"),
        revise(draft, evidence, GIVEN, committed=committed),
    ):
        if revision is not None:
            assert revision.changes
            assert guards(revision.draft) == guards(draft)
            assert keeps(draft, revision.draft, committed=committed)


@pytest.mark.parametrize(
    "harm",
    [
        {"to": "sqlite:///else.db"},
        {"table": "else"},
        {"write_disposition": "replace"},
        {"before_sql": ["x.sql"]},
        {"after_sql": ["x.sql"]},
    ],
)
def test_harm_is_told(harm: dict[str, Any]) -> None:
    """A draft with another target, table, mode or SQL keeps not what must stay."""
    assert not keeps(draft_of(pipeline("ships")), draft_of(pipeline("ships", **harm)))


def test_loosened_guards_are_told() -> None:
    """So does one with another budget, policy or file, and one that forgets what is sensitive."""
    draft = draft_of(pipeline("ships", {"id": {"sensitive": True}}))
    for other in (
        pipeline("ships", {"id": {"sensitive": True}}, validate={"max_reject_share": 0.5}),
        pipeline("ships", {"id": {"sensitive": True}}, validate={"drift": {"columns": "evolve"}}),
        pipeline("ships", {"id": {"sensitive": True}}, files=["else.csv"]),
        pipeline("ships", {"id": {}}),
    ):
        assert not keeps(draft, draft_of(other))


def test_lost_pipelines_and_words_are_told() -> None:
    """A pipeline may not go, nor what the user said of one."""
    ships, crews = pipeline("ships", {"id": {}}, primary_key="id"), pipeline("crews")
    draft = draft_of(ships, crews, points=[said("ships", "load.primary_key")])
    assert keeps(draft, draft)
    assert not keeps(draft, draft_of(ships, points=draft.points))
    assert not keeps(draft, draft_of(ships, crews))
    assert not keeps(draft, draft_of(pipeline("ships", {"id": {}}), crews, points=draft.points))
    assert not keeps(draft, draft_of(crews, ships, points=draft.points), committed=["ships", "crews"])
