"""What no revision may change: what the user said, what guards the table, and what has run."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from etl_agent.orchestrate.planner.draft import PlanDraft
from etl_agent.orchestrate.planner.revising.editing import contract_of
from etl_agent.orchestrate.sequential import PipelineSpec

__all__ = ["keeps"]

_MAY_CHANGE = frozenset({"needs", "validation", "clean", "load"})
_MAY_CHANGE_IN_LOAD = frozenset({"primary_key", "newest_by", "indexes"})
_MAY_CHANGE_IN_VALIDATE = frozenset({"contract", "checks", "unique"})


def keeps(before: PlanDraft, after: PlanDraft, *, committed: Collection[str] = ()) -> bool:
    """Tell whether a draft keeps all of another one that no revision may change.

    That is: which pipelines there are, what they read, the target with its table, write mode and SQL, the budget of
    rejected rows and the policies of drift and shrinking, which columns are sensitive, what the user said, and the
    committed pipelines as a whole.

    Args:
        before: the draft.
        after: the draft as it would be.
        committed: pipelines that have run, by name.
    """
    old, new = ({spec.name: spec for spec in draft.pipelines} for draft in (before, after))
    if old.keys() != new.keys() or len(before.pipelines) != len(after.pipelines) or before.goal != after.goal:
        return False
    ran = [[spec.name for spec in draft.pipelines if spec.name in committed] for draft in (before, after)]
    if ran[0] != ran[1] or any(old[name] != new[name] for name in ran[0]):
        return False
    return all(_keeps(old[name], new[name]) for name in old) and _said(before) == _said(after)


def _keeps(old: PipelineSpec, new: PipelineSpec) -> bool:
    same = all(getattr(old, name) == getattr(new, name) for name in _others(old, _MAY_CHANGE))
    same &= all(getattr(old.load, name) == getattr(new.load, name) for name in _others(old.load, _MAY_CHANGE_IN_LOAD))
    validations = old.validation, new.validation
    same &= all(
        getattr(validations[0], name) == getattr(validations[1], name)
        for name in _others(old.validation, _MAY_CHANGE_IN_VALIDATE)
    )
    if isinstance(old.validation.contract, str) or isinstance(new.validation.contract, str):
        same &= old.validation.contract == new.validation.contract
    return same and _sensitive(old) <= _sensitive(new)


def _others(spec: Any, names: Collection[str]) -> list[str]:
    return [name for name in type(spec).model_fields if name not in names]


def _sensitive(spec: PipelineSpec) -> int:
    """Count the sensitive columns: one may get another name, and none may cease to be one."""
    return sum(column.sensitive for column in contract_of(spec).values())


def _said(draft: PlanDraft) -> list[tuple[str, str, Any]]:
    """Return what stands at the keys that the user settled, wherever a node that the user asked for stands by now."""
    said = [
        (point.pipeline, point.reason, _at(draft.pipeline(point.pipeline), point.key))
        for point in draft.points
        if point.by == "goal" and any(spec.name == point.pipeline for spec in draft.pipelines)
    ]
    return sorted(said, key=repr)


def _at(spec: PipelineSpec, key: str) -> Any:
    """Return what stands at a key; None for a key that is none of a pipeline file."""
    value: Any = spec
    rest = key
    while rest:
        if hasattr(value, "keys"):  # columns by name, and a name may hold dots
            name = max((each for each in value if rest == each or rest.startswith(f"{each}.")), key=len, default=None)
            if name is None:
                return None
            value, rest = value[name], rest[len(name) + 1 :]
            continue
        first, _, rest = rest.partition(".")
        if isinstance(value, tuple):
            value = value[int(first)] if first.isdecimal() and int(first) < len(value) else None
        else:
            value = getattr(value, {"validate": "validation", "schema": "db_schema"}.get(first, first), None)
    return value
