"""The ladder of policies: the cheapest whose result passes the gate wins."""

from __future__ import annotations

from etl_agent.ask import Ask
from etl_agent.decide.by_model import by_model
from etl_agent.decide.by_rule import by_rule
from etl_agent.decide.by_trial import by_trial
from etl_agent.decide.choice import Choice, Routing
from etl_agent.decide.policies import RoutePolicy

__all__ = ["choose"]


def choose(routing: Routing, *, by: RoutePolicy, ask: Ask | None = None) -> Choice:
    """Choose a strategy.

    Args:
        routing: what is asked.
        by: the policy.
        ask: whoever answers questions. Under ``auto`` it is asked only where it is given, and only what rules and
            trial cannot tell.
    """
    if by == "rule":
        return by_rule(routing)
    if by == "trial":
        return by_trial(routing)
    if by == "model":
        if ask is None:
            return _deterministic(routing).instead("no_model", said="no model is at hand")
        return by_model(routing, ask=ask, fallback=_deterministic)
    choice = _deterministic(routing)
    if choice.sure or ask is None:
        return choice
    return by_model(routing, ask=ask, fallback=lambda _: choice)


def _deterministic(routing: Routing) -> Choice:
    """Take the first strategy that suits, if the gate has nothing against it; else the one that does best."""
    ruled = by_rule(routing)
    if ruled.sure and ruled.passes:
        return ruled
    trial = by_trial(routing)
    return trial.because(f"{ruled.chosen} suits, but the gate refused a step of it") if ruled.sure else trial
