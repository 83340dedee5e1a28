"""Spilled values: a column is empty where its value stands in the cell of its neighbour."""

from __future__ import annotations

from collections.abc import Iterable

from etl_agent.clean.spilled import LearnedSpill, MoveSpilled
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.proposal import Proposal
from etl_agent.profile.spills import spills

__all__ = ["propose"]


def propose(evidence: Evidence) -> Iterable[Proposal]:
    """Propose the move of the values of each column that spills."""
    for spill in spills(evidence.coded):
        columns = (spill.column, spill.into)
        if evidence.keys.isdisjoint(columns):
            yield Proposal(
                MoveSpilled(columns=columns, learned=(LearnedSpill.of(spill),)),
                "a column is empty where its neighbour's cell holds one of its values besides its own",
                {
                    "column": spill.column,
                    "into": spill.into,
                    "rows": spill.rows,
                    "empty": spill.empty,
                    "known_elsewhere": spill.known,
                    "agreeing_elsewhere": spill.agreeing,
                },
            )
