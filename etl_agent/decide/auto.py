"""The strategy ``auto``: ask every proposer in turn, and keep the steps that the gate accepts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

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
        broken: families that failed while they were asked, with the name of the error: they proposed nothing more.
    """

    tried: tuple[Tried, ...]
    evidence: Evidence
    broken: Mapping[str, str] = field(default_factory=dict)

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
    broken: dict[str, str] = {}
    for propose in proposers:
        try:
            for proposal in propose(evidence):
                found = _tried(proposal, evidence, failures)
                tried.append(found[0])
                evidence = found[1]
        except Exception as error:
            # A family that fails proposes nothing more; the others go on, and the record says so.
            broken[_family(propose)] = type(error).__name__
    return Composed(tuple(tried), evidence, broken)


def _tried(
    proposal: Proposal, evidence: Evidence, failures: Callable[[pa.RecordBatch], int] | None
) -> tuple[Tried, Evidence]:
    """Hold a proposal against the gate, and return the evidence as it stands then."""
    try:
        pinned = evidence.pinned(proposal.step)
    except AmbiguousFormat:
        ruling = Ruling(accepted=False, reason="the sample allows several readings")
        return Tried(proposal, proposal.step, ruling), evidence
    ruling = judge(pinned, evidence, failures=failures)
    after = evidence.after(pinned) if ruling.accepted else evidence
    return Tried(proposal, _kept(proposal.step, pinned), ruling), after


def _family(propose: Proposer) -> str:
    """Name the module of a proposer, also of one that is bound to columns."""
    bound = propose.args[0] if isinstance(propose, partial) else propose
    return str(getattr(bound, "__module__", type(bound).__module__)).rpartition(".")[2]


def _kept(proposed: Step, pinned: Step) -> Step:
    """Return what runs: formats are settled on each whole file, what was learned of values is what was measured."""
    return proposed if isinstance(proposed, FittedStep) and proposed.per == "file" else pinned
