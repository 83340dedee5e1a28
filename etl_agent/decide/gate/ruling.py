"""What the gate says of a step, and what a rule of it has to object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from etl_agent.decide.proposal import Figure

__all__ = ["Objection", "Ruling"]


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the gate says of a step.

    Args:
        accepted: whether the step may run.
        reason: one sentence: which rule decided.
        figures: what was measured; never the text of a cell.
    """

    accepted: bool
    reason: str
    figures: Mapping[str, Figure] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a rule refuses a step.

    Args:
        reason: one sentence, without the text of any cell.
        figures: what was measured.
    """

    reason: str
    figures: Mapping[str, Figure] = field(default_factory=dict)
