"""The catalogue of proposers: each looks at the evidence for one family of dirt; asked in this order."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from etl_agent.decide.evidence import Evidence
from etl_agent.decide.proposal import Proposal
from etl_agent.decide.propose import (
    affixes,
    booleans,
    cases,
    clusters,
    conflicts,
    constants,
    dates,
    dependencies,
    markers,
    misshapen,
    numbers,
    rounding,
    signs,
    spilled,
    strays,
    text,
    times,
    typos,
)

__all__ = ["PROPOSERS", "Proposer", "family_of"]

Proposer = Callable[[Evidence], Iterable[Proposal]]
"""Propose steps for what the evidence shows; nothing where it is thin."""

PROPOSERS: tuple[Proposer, ...] = (
    text.propose,
    markers.propose,
    strays.propose,
    cases.propose,
    conflicts.propose,
    clusters.propose,
    affixes.propose,
    rounding.propose,
    numbers.propose,
    times.propose,
    booleans.propose,
    signs.propose,
    spilled.propose,
    misshapen.propose,
    typos.propose,
    dates.propose,
    dependencies.propose,
    constants.propose,
)
"""Every proposer. A later one sees the sample as the accepted steps of those before leave it."""


def family_of(proposer: Proposer) -> str:
    """Name the family of dirt that a proposer looks for: that of its module."""
    return proposer.__module__.rpartition(".")[2]
