"""The cheapest policy: the first strategy whose own conditions hold."""

from __future__ import annotations

from etl_agent.decide.choice import Choice, Routing, attempt, settled_otherwise, taken
from etl_agent.decide.strategy import suited

__all__ = ["by_rule"]


def by_rule(routing: Routing) -> Choice:
    """Choose the first strategy that suits the columns, in the order in which they are named.

    Args:
        routing: what is asked.
    """
    for strategy in routing.among:
        if found := suited(strategy, routing.measures, columns=routing.columns):
            return taken(
                attempt(strategy, routing),
                policy="rule",
                reason=found.reason,
                figures={"columns": ", ".join(found.columns)},
            )
    if routing.among == (routing.otherwise,):
        only = attempt(routing.otherwise, routing)
        return taken(only, policy="rule", reason=f"{routing.otherwise.name} is the only one to choose from")
    return settled_otherwise(routing, reason="no strategy suits the columns")
