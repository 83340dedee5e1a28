"""Repairs of the order of pipelines: what must be there before, and needs that cannot be met."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from etl_agent.orchestrate.planner.draft import PlanDraft
from etl_agent.orchestrate.planner.revising.editing import Edited, changed_needs, contract_of, moved_pipeline
from etl_agent.orchestrate.planner.revising.repairs.case import Case, Possible
from etl_agent.orchestrate.sequential import PipelineSpec

__all__ = ["needs", "references"]


def needs(case: Case) -> Iterator[Possible]:
    """Suggest to run a pipeline behind those that it needs, or to need no more what is not there or needs it."""
    if case.finding.kind != "invalid" or case.finding.key != "needs":
        return
    names = [spec.name for spec in case.draft.pipelines]
    for need in case.spec.needs:
        if need in names and not _needs(case.draft, need, case.name):
            if names.index(need) > names.index(case.name) and need not in case.committed:
                yield Possible(
                    "run behind what it needs",
                    f"Load {case.name!r} behind {need!r}, which it needs.",
                    "exact",
                    partial(_behind, case.name, need, f"{case.name!r} needs {need!r}"),
                )
        elif not case.said("needs"):
            yield Possible(
                "drop a need",
                f"Do not wait for {need!r}." if need in names else "Do not wait for a pipeline that is not there.",
                "loosened",
                partial(_free, case.name, need),
            )


def _needs(draft: PlanDraft, name: str, other: str) -> bool:
    """Tell whether a pipeline needs another one, itself or through those that it needs."""
    specs = {spec.name: spec for spec in draft.pipelines}
    seen: set[str] = set()
    ahead = [name]
    while ahead:
        here = ahead.pop()
        if here in seen or here not in specs:
            continue
        seen.add(here)
        if other in specs[here].needs:
            return True
        ahead += specs[here].needs
    return False


def references(case: Case) -> Iterator[Possible]:
    """Suggest to load first what rows refer to, where the database refuses references to rows that are not there."""
    if case.code != "foreign-key-error":
        return
    for other in case.draft.pipelines:
        if other.name == case.name or other.name in case.committed or other.name in case.spec.needs:
            continue
        if _refers(case.spec, other, case.column) and not _needs(case.draft, other.name, case.name):
            yield Possible(
                "load first what is referred to",
                f"Load {case.name!r} behind {other.name!r}, to whose rows it refers.",
                "exact",
                partial(_behind, case.name, other.name, f"rows of {case.name!r} refer to rows of {other.name!r}"),
            )


def _refers(spec: PipelineSpec, other: PipelineSpec, column: str | None) -> bool:
    """Tell whether a pipeline loads a column that is the key of another one's table, and not the key of its own."""
    if len(other.load.primary_key) != 1 or other.load.primary_key == spec.load.primary_key:
        return False
    key = other.load.primary_key[0]
    named = _singular(other.load.table)
    columns = (column,) if column is not None else tuple(contract_of(spec))
    return any(
        name == key or name.casefold() in (f"{named}_{key}".casefold(), f"{named}{key}".casefold()) for name in columns
    )


def _singular(table: str) -> str:
    """Return the name of one row of a table: ``customers`` are of a ``customer``, as names of references have it."""
    return table.removesuffix("s")


def _behind(name: str, other: str, reason: str, draft: PlanDraft) -> Edited:
    names = [spec.name for spec in draft.pipelines]
    needed = other in draft.pipeline(name).needs
    if (needed and names.index(other) < names.index(name)) or _needs(draft, other, name):
        return draft, ()
    return moved_pipeline(draft, name, behind=other, reason=reason)


def _free(name: str, need: str, draft: PlanDraft) -> Edited:
    left = tuple(each for each in draft.pipeline(name).needs if each != need)
    return changed_needs(draft, name, needs=left, reason="the pipelines that it needs cannot all be loaded before it")
