"""Repairs and revisions: what can be changed in the uncommitted rest of a draft, what was, and on what evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from etl_agent.decide.decision import Decision
from etl_agent.frozen import Frozen
from etl_agent.orchestrate.planner.draft import PlanDraft
from etl_agent.orchestrate.planner.findings import Finding

__all__ = ["Change", "Repair", "Revision", "decisions_of"]


class Change(Frozen):
    """One change of a pipeline."""

    pipeline: str
    """The name of the pipeline."""
    key: str
    """The key of the pipeline file that was changed, as in ``Point``."""
    before: str
    """The value before, as in a pipeline file in flow style; empty where there was none."""
    after: str
    """The value after; empty where it was taken away."""
    reason: str
    """Why, as one sentence without text of cells."""


@dataclass(frozen=True)
class Repair:
    """A change that answers evidence, and that nobody has made yet. It never touches what the user said.

    Args:
        name: tells it from the other repairs of the same evidence; made of closed words, numbers and nothing else.
        description: what it does, as one sentence without text of cells.
        answers: the evidence.
        apply: makes the change in a draft in which other repairs may have been made before.
    """

    name: str
    description: str
    answers: tuple[Finding, ...]
    apply: Callable[[PlanDraft], tuple[PlanDraft, tuple[Change, ...]]]


class Revision(Frozen):
    """A better draft."""

    draft: PlanDraft
    """The draft as it is now."""
    changes: tuple[Change, ...]
    """What differs; at least one change."""
    findings: tuple[Finding, ...]
    """The evidence."""
    by: Literal["rules", "model"] = "rules"
    """Who chose among the changes that were possible."""
    note: str = ""
    """What a person should know: that a model did not answer, for example."""


def decisions_of(revisions: Iterable[Revision], *, pipeline: str) -> tuple[Decision, ...]:
    """Return what revisions changed in a pipeline, as it is kept with the pipeline's run.

    Args:
        revisions: all revisions so far, the first one first.
        pipeline: the name of the pipeline.
    """
    return tuple(
        Decision(
            node="plan",
            chosen=change.key or "pipeline",
            policy="model" if revision.by == "model" else "rule",
            reason=change.reason,
            evidence={"revision": number, "before": change.before, "after": change.after},
        )
        for number, revision in enumerate(revisions, start=1)
        for change in revision.changes
        if change.pipeline == pipeline
    )
