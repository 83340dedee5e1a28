"""Holding a draft against the facts that a plan for its goal must have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from etl_agent.clean.duplicates import Deduplicate
from etl_agent.orchestrate.planner.draft import PlanDraft
from etl_agent.orchestrate.planner.given import Given
from etl_agent.orchestrate.sequential import PipelineSpec, routes_of, steps_of

__all__ = ["needless", "wrong"]


def wrong(draft: PlanDraft, goal: Mapping[str, Any], given: Given) -> tuple[str, ...]:
    """Say in which facts a draft is not what its goal asks for; empty if it is.

    Args:
        draft: the draft.
        goal: an entry of goals.yaml.
        given: what the draft was made from.
    """
    return tuple(_wrong(draft, goal, given))


def _wrong(draft: PlanDraft, goal: Mapping[str, Any], given: Given) -> Iterator[str]:
    expected = goal["expect"]
    made = [spec.name for spec in draft.pipelines]
    if sorted(made) != sorted(expected):
        yield f"pipelines {made}, not {sorted(expected)}"
        return
    if (order := goal.get("order")) and made != order:
        yield f"order {made}, not {order}"
    if sorted(draft.left_out) != sorted(goal.get("left_out", ())):
        yield f"left out {draft.left_out}, not {goal.get('left_out', ())}"
    named = Counter(words([*draft.not_understood, *draft.notes]))  # a note says which words a model has read
    if missing := Counter(words(goal.get("not_understood", ()))) - named:
        yield f"not named as not understood: {sorted(missing)}"
    for name, facts in expected.items():
        spec, columns = draft.pipeline(name), given.source(name).columns
        for what in _wrong_in(spec, facts, columns):
            yield f"{name}: {what}"


def needless(draft: PlanDraft, goal: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the words that a plan names as not understood though they ask for nothing."""
    return tuple((Counter(words(draft.not_understood)) - Counter(words(goal.get("not_understood", ())))).elements())


def words(phrases: Sequence[str]) -> list[str]:
    """Return the words of phrases, so that it does not count how they are grouped."""
    return [word for phrase in phrases for word in phrase.lower().split()]


def _wrong_in(spec: PipelineSpec, facts: Mapping[str, Any], columns: Sequence[str]) -> Iterator[str]:
    load, validation = spec.load, spec.validation
    plain = {
        "mode": load.write_disposition,
        "table": load.table,
        "strategy": load.merge_strategy,
        "newest_by": load.newest_by,
        "key": list(load.primary_key),
        "needs": list(spec.needs),
        "max_reject_share": validation.max_reject_share,
        "after_sql": [file.name for file in load.after_sql],
        "check_sql": [file.name for file in load.check_sql],
    }
    for fact, value in facts.items():
        if fact in plain and plain[fact] != value:
            yield f"{fact} {plain[fact]!r}, not {value!r}"
    contract = validation.contract if isinstance(validation.contract, Mapping) else {}
    for column, fields in facts.get("contract", {}).items():
        if column not in contract:
            yield f"no {column} in the contract"
            continue
        told = {name: getattr(contract[column], name) for name in fields}
        if not all(_same(told[name], value) for name, value in fields.items()):
            yield f"contract of {column} {told}, not {fields}"
    for column in facts.get("absent", ()):
        if column in contract:
            yield f"{column} is loaded"
    cleaned = set(_cleaned(spec, columns))
    if missing := set(facts.get("cleans", ())) - cleaned:
        yield f"nothing cleans {sorted(missing)}"
    if "steps" in facts and not set(facts["steps"]) & set(_cleaning(spec)):
        yield f"none of the steps {facts['steps']}"
    if "dedupe_on" in facts and facts["dedupe_on"] not in _deduplicated(spec):
        yield f"not deduplicated on {facts['dedupe_on']}"


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, tuple):
        return sorted(one) == sorted(map(str, other))
    try:
        return Decimal(str(one)) == Decimal(str(other))
    except InvalidOperation:
        return str(one) == str(other)


def _cleaned(spec: PipelineSpec, columns: Sequence[str]) -> Iterator[str]:
    for step in steps_of(spec.clean):
        yield from step.writes(columns)
    for route in routes_of(spec.clean):
        yield from columns if route.columns == "all" else route.columns


def _cleaning(spec: PipelineSpec) -> Iterator[str]:
    yield from (step.name for step in steps_of(spec.clean))
    for route in routes_of(spec.clean):
        yield from route.among


def _deduplicated(spec: PipelineSpec) -> list[list[str]]:
    return [list(step.columns) for step in steps_of(spec.clean) if isinstance(step, Deduplicate)]
