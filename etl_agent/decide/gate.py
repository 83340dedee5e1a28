"""The gate: measure a proposed step on the sample before it touches data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from etl_agent.clean.step import Step
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.proposal import Figure

__all__ = ["Ruling", "judge"]


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the gate says of a step.

    Args:
        accepted: whether the step may run.
        reason: one sentence: which rule decided.
        figures: what was measured.
    """

    accepted: bool
    reason: str
    figures: Mapping[str, Figure] = field(default_factory=dict)


def judge(step: Step, evidence: Evidence) -> Ruling:
    """Measure a pinned step on the sample.

    Args:
        step: the step, with nothing left open.
        evidence: the sample that it would be applied to.
    """
    before, after = evidence.sample, evidence.after(step).sample
    touched = [name for name in evidence.keys if name in step.writes(before.schema.names)]
    if touched and not all(before.column(name).equals(after.column(name)) for name in touched):
        return Ruling(accepted=False, reason="it changes cells of a key", figures={"columns": ", ".join(touched)})
    return Ruling(accepted=True, reason="no rule speaks against it")
