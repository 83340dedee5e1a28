"""Branches: a condition on what was measured picks one of two lists of nodes, in every run anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import model_validator

from etl_agent.decide.conditions import Condition, holds
from etl_agent.decide.decision import Decision
from etl_agent.decide.measures import Measures
from etl_agent.frozen import Frozen

if TYPE_CHECKING:
    from etl_agent.orchestrate.sequential import Node

__all__ = ["Branch", "decide_branch"]


class Branch(Frozen):
    """Take one of two lists of nodes, by a condition."""

    when: Condition
    """What must hold at this place of the pipeline: a measure with a bound, or ``all``, ``any`` or ``not`` of some.
    Shares are those of the whole dataset where it is small, else of a sample."""
    then: tuple[Node, ...] = ()
    """The nodes where the condition holds."""
    otherwise: tuple[Node, ...] = ()
    """The nodes where it does not, or where there is nothing to measure."""

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if not self.nodes:
            raise ValueError("a branch needs nodes under then or otherwise")
        return self

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes of both arms."""
        return (*self.then, *self.otherwise)


def decide_branch(branch: Branch, measures: Measures, *, node: str, digest: str) -> tuple[tuple[Node, ...], Decision]:
    """Choose an arm.

    Args:
        branch: the branch.
        measures: what the dataset measures at this place.
        node: what to call the branch in the record.
        digest: of the profile that the measures come from.

    Raises:
        ConfigurationError: the condition is about a column that is not there.
    """
    outcome = holds(branch.when, measures)
    decision = Decision(
        node=node,
        chosen="then" if outcome.holds else "otherwise",
        policy="condition",
        reason=outcome.reason,
        evidence=outcome.figures,
        profile_digest=digest,
    )
    return (branch.then if outcome.holds else branch.otherwise), decision
