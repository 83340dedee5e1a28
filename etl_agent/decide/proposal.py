"""A step that a policy proposes, with the reason and the figures that speak for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from etl_agent.clean.step import Step

__all__ = ["Figure", "Proposal"]

Figure = int | float | str
"""A number, or a word of a closed vocabulary or a column's name; never the text of a cell."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A step that might do good here.

    Args:
        step: the step; it may leave parameters to the data.
        reason: one sentence that says what was seen.
        evidence: the figures behind it.
    """

    step: Step
    reason: str
    evidence: Mapping[str, Figure] = field(default_factory=dict)
