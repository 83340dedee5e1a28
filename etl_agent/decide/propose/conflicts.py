"""Propose to weigh sources against each other, where a table holds what several of them report of the same entities."""

from __future__ import annotations

from collections.abc import Iterable

from etl_agent.clean.conflicts import FillFromSources, ResolveConflicts
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.proposal import Figure, Proposal
from etl_agent.profile.entities import EntityStructure, entities

__all__ = ["propose"]


def propose(evidence: Evidence) -> Iterable[Proposal]:
    """Propose for the source-by-entity structure with the most claims, if its rows surely are reports.

    That values mostly agree within an entity is not enough: the buses of a route leave at the same time on all days
    but Sunday, and rightly so. Rows are reports where their column of sources says that it is one, or where some
    source writes in a form of its own what the others say, too: a table that one hand made has one form.
    """
    for structure in entities(evidence.coded):
        names = tuple(claim.column for claim in structure.claims if claim.column not in evidence.keys)
        if names and (structure.named or structure.own_forms):
            yield from _weighing(evidence, structure, names=names)
            return


def _weighing(evidence: Evidence, structure: EntityStructure, *, names: tuple[str, ...]) -> Iterable[Proposal]:
    figures: dict[str, Figure] = {
        "source": structure.source,
        "entity": ", ".join(structure.entity),
        "sources": structure.sources,
        "entities": structure.entities,
        "sources with a form of their own": structure.own_forms,
        "least agreement": round(min(claim.agreement for claim in structure.claims), 4),
    }
    for name in names:
        beside = tuple(claim.column for claim in structure.claims if claim.column != name)
        resolve = ResolveConflicts(source=structure.source, entity=structure.entity, columns=(name,), beside=beside)
        fill = FillFromSources(source=structure.source, entity=structure.entity, columns=(name,), beside=beside)
        yield Proposal(evidence.pinned(resolve), "sources contradict each other on the same entity", figures)
        yield Proposal(evidence.pinned(fill), "some sources are silent where others surely know", figures)
