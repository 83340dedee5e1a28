"""The strategy ``auto``: ask every proposer in turn, and keep the steps that the gate accepts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from etl_agent.clean.step import FittedStep, Step
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.gate import Ruling, judge
from etl_agent.decide.proposal import Proposal
from etl_agent.decide.propose import PROPOSERS, Proposer
from etl_agent.errors import AmbiguousFormat

__all__ = ["Composed", "Tried", "compose"]


@dataclass(frozen=True, slots=True)
class Tried:
    """A proposal and what became of it.

    Args:
        proposal: what was proposed.
        step: the step that runs if it was accepted.
        ruling: what the gate said.
    """

    proposal: Proposal
    step: Step
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class Composed:
    """A strategy made for one dataset.

    Args:
        tried: every proposal, in the order in which they were made.
        evidence: the sample as the accepted steps leave it.
    """

    tried: tuple[Tried, ...]
    evidence: Evidence

    @property
    def steps(self) -> tuple[Step, ...]:
        """The accepted steps, in the order in which they run."""
        return tuple(tried.step for tried in self.tried if tried.ruling.accepted)


def compose(
    evidence: Evidence,
    *,
    proposers: Sequence[Proposer] = PROPOSERS,
    failures: Callable[[pa.RecordBatch], int] | None = None,
) -> Composed:
    """Compose steps for a dataset: each proposer sees the sample as the steps accepted before leave it.

    Args:
        evidence: the sample.
        proposers: who is asked, in this order.
        failures: counts the rows of a sample that the contract rejects.
    """
    tried: list[Tried] = []
    for propose in proposers:
        for proposal in propose(evidence):
            try:
                pinned = evidence.pinned(proposal.step)
            except AmbiguousFormat as error:
                tried.append(Tried(proposal, proposal.step, Ruling(accepted=False, reason=str(error))))
                continue
            ruling = judge(pinned, evidence, failures=failures)
            tried.append(Tried(proposal, _kept(proposal.step, pinned), ruling))
            if ruling.accepted:
                evidence = evidence.after(pinned)
    return Composed(tuple(tried), evidence)


def _kept(proposed: Step, pinned: Step) -> Step:
    """Return what runs: formats are settled on each whole file, what was learned of values is what was measured."""
    return proposed if isinstance(proposed, FittedStep) and proposed.per == "file" else pinned
