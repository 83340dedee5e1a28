"""Shapes: codes, dates and numbers that broke the shape of their column by one slip of the keyboard."""

from __future__ import annotations

from collections.abc import Iterable

from etl_agent.clean.misshapen import RepairShapes
from etl_agent.clean.tally import tally_of
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.proposal import Proposal

__all__ = ["propose"]


def propose(evidence: Evidence) -> Iterable[Proposal]:
    """Propose the repair for each column in which some values have a single way back to its shape."""
    names = tuple(name for name in evidence.names if name not in evidence.keys)
    if not names:
        return
    step = RepairShapes(columns=names).fit({name: tally_of(evidence.coded.columns[name]) for name in names})
    for learned in step.learned or ():
        if learned.repaired:
            yield Proposal(
                RepairShapes(columns=(learned.column,), learned=(learned,)),
                "some values broke the shape of the column by one slip, and have one way back to it",
                {
                    "column": learned.column,
                    "shapes": len(learned.shapes),
                    "misshapen": learned.misshapen,
                    "repaired": learned.repaired,
                    "left": learned.misshapen - learned.repaired,
                },
            )
