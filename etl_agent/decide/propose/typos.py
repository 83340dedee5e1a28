"""Typos: rare values that are surely a slip of the keyboard away from a frequent one of the same column."""

from __future__ import annotations

from collections.abc import Iterable

from etl_agent.clean.typos import RepairTypos
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.proposal import Proposal

__all__ = ["propose"]


def propose(evidence: Evidence) -> Iterable[Proposal]:
    """Propose the repair for each column in which values near to frequent ones are surely slips."""
    names = tuple(name for name in evidence.names if name not in evidence.keys)
    if not names:
        return
    step = RepairTypos(columns=names)
    for learned in step.fit(step.observe(evidence.sample)).learned or ():
        if found := learned.vocabulary.slips:
            yield Proposal(
                RepairTypos(columns=(learned.column,), learned=(learned,)),
                "rare values are slips of frequent ones: values that are meant are not so near to each other",
                {
                    "column": learned.column,
                    "values": len(learned.vocabulary.words),
                    "near": learned.vocabulary.near,
                    "repaired": found,
                    "left": learned.vocabulary.near - found,
                    "far": learned.vocabulary.far,
                    "error_rate": round(found / (found + sum(learned.vocabulary.counts)), 4),
                },
            )
