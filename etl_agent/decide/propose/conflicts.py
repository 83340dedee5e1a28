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
    claims = tuple(claim.column for claim in structure.claims)
    resolve = ResolveConflicts(source=structure.source, entity=structure.entity, columns=claims)
    fill = FillFromSources(source=structure.source, entity=structure.entity, columns=claims)
    # One look at all columns serves every step, and what one has settled is no testimony for the next.
    resolve, fill = resolve.fit(resolve.observe(evidence.sample)), fill.fit(fill.observe(evidence.sample))
    for name in names:
        if (part := _of(resolve, name)).learned:
            yield Proposal(part, "sources contradict each other on the same entity", figures)
        if (part := _of(fill, name)).learned:
            yield Proposal(part, "some sources are silent where others surely know", figures)


def _of(step: ResolveConflicts | FillFromSources, name: str) -> ResolveConflicts | FillFromSources:
    """Return the part of a step that changes one column; the gate judges each column by itself."""
    learned = tuple(settled for settled in step.learned or () if settled.column == name)
    beside = tuple(column for column in step.columns if column != name)
    return step.model_copy(update={"columns": (name,), "beside": beside, "learned": learned})
