"""The catalogue of repairs: one family a line. To add a repair, write its function and name it here."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from etl_agent.orchestrate.planner.revising.repairs import cleaning, keys, nodes, ordering, presence, promises
from etl_agent.orchestrate.planner.revising.repairs.case import Case, Possible

__all__ = ["REPAIRS", "Family"]

Family = Callable[[Case], Iterable[Possible]]
"""Looks at one finding, and suggests what could be changed; it changes nothing itself."""

REPAIRS: tuple[Family, ...] = (
    cleaning.cleaning,
    nodes.doubled,
    nodes.ambiguous,
    ordering.needs,
    ordering.references,
    keys.duplicates,
    keys.other_key,
    keys.newest,
    presence.misnamed,
    presence.missing_columns,
    presence.extra_columns,
    presence.table_columns,
    promises.types,
    promises.nulls,
    promises.constraints,
    promises.uniqueness,
    nodes.refused,
)
"""Every family, in the order in which repairs that give up as much come."""
