"""Putting steps and other nodes into a pipeline, and taking them out, wherever they stand by then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from etl_agent.clean.step import KeyStep, Step
from etl_agent.orchestrate.planner.draft import PlanDraft
from etl_agent.orchestrate.planner.revising.editing import Edited, put_node, replaced_nodes
from etl_agent.orchestrate.planner.revising.repairs.case import is_said
from etl_agent.orchestrate.planner.revising.walking import walk
from etl_agent.orchestrate.planner.revision import Change
from etl_agent.orchestrate.sequential import Node, PipelineSpec

__all__ = ["narrowed", "swapped", "with_steps", "without_column", "without_node"]


def with_steps(draft: PlanDraft, pipeline: str, *, steps: Sequence[Step], column: str, reason: str) -> Edited:
    """Put steps on a column before the contract: before duplicates are looked for, where that is done by the column.

    Steps that stand there already are not put there again.
    """
    changes: list[Change] = []
    for step in steps:
        spec = draft.pipeline(pipeline)
        if step in spec.clean:
            continue
        draft, made = put_node(draft, pipeline, at=_place(spec, column), node=step, reason=reason)
        changes += made
    return draft, tuple(changes)


def _place(spec: PipelineSpec, column: str) -> int:
    """Return the place behind all that writes a column, and before what looks for equal values in it."""
    walked = walk(spec.clean, ())
    for at, node in enumerate(spec.clean):
        later = [each for each in spec.clean[at:] if not isinstance(each, KeyStep)]
        if isinstance(node, KeyStep) and not later and column in node.reads((*walked.before[at], column)):
            return at
    return len(spec.clean)


def without_node(draft: PlanDraft, pipeline: str, *, node: Node, reason: str) -> Edited:
    """Take a node out of ``clean``, wherever it stands and the user did not ask for it."""
    return swapped(draft, pipeline, node=node, other=None, reason=reason)


def without_column(
    draft: PlanDraft, pipeline: str, *, node: Node, column: str, reason: str, names: Sequence[str] = ()
) -> Edited:
    """Let a node leave a column alone, which may leave nothing of it; for ``names`` see ``narrowed``."""
    return swapped(draft, pipeline, node=node, other=narrowed(node, without=column, names=names), reason=reason)


def swapped(draft: PlanDraft, pipeline: str, *, node: Node, other: Node | None, reason: str) -> Edited:
    """Put another node, or none, into the places of a node where the user did not ask for it."""
    clean = draft.pipeline(pipeline).clean
    places = [at for at, each in enumerate(clean) if each == node and not is_said(draft, pipeline, f"clean.{at}")]
    if not places:
        return draft, ()
    return replaced_nodes(draft, pipeline, nodes=dict.fromkeys(places, other), reason=reason)


def narrowed(node: Node, *, without: str, names: Sequence[str] = ()) -> Node | None:
    """Return a node that leaves a column alone; None where nothing of it would be left.

    Args:
        node: a step or route; one that works on all columns is given the names of the others.
        without: the column.
        names: the columns that are there, for a node that works on all.
    """
    columns = getattr(node, "columns", None)
    if isinstance(columns, Mapping):
        kept = {name: value for name, value in columns.items() if name != without}
        return node.model_copy(update={"columns": kept}) if kept else None
    if columns == "all" and names:
        columns = tuple(names)
    if not isinstance(columns, tuple):
        return None
    left = tuple(name for name in columns if name != without)
    return node.model_copy(update={"columns": left}) if left else None
