"""All phrases that goals are read by, and the words in them."""

from __future__ import annotations

from functools import cache

from etl_agent.orchestrate.planner.language import phrases_of_loading, phrases_of_values
from etl_agent.orchestrate.planner.language.patterns import literals
from etl_agent.orchestrate.planner.language.phrase import Phrase

__all__ = ["phrases", "vocabulary"]


@cache
def phrases() -> tuple[Phrase, ...]:
    """Return all phrases, in the order in which they compete."""
    families = (*phrases_of_loading.FAMILIES, *phrases_of_values.FAMILIES)
    return tuple(phrase for family in families for phrase in family.phrases())


@cache
def vocabulary() -> frozenset[str]:
    """Return all words that stand in a phrase."""
    return frozenset(word for phrase in phrases() for word in literals(phrase.pattern.nodes))
