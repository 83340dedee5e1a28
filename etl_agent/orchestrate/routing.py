"""How routes are chosen: anew by their policy, or as a lock has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa

from etl_agent.clean.step import FittedStep, Step
from etl_agent.decide.auto import compose
from etl_agent.decide.decision import Decision, Dropped, profile_digest
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.gate import judge
from etl_agent.errors import AmbiguousFormat
from etl_agent.orchestrate.lock import Lock, LockedRoute
from etl_agent.orchestrate.router import Route
from etl_agent.orchestrate.sequential import Node
from etl_agent.orchestrate.settle import Choose, Chosen

__all__ = ["chosen_anew", "chosen_before", "route_of", "strategy_texts"]

Failures = Callable[[pa.RecordBatch], int]


def route_of(strategy: str) -> Route:
    """Make the route of somebody who has chosen a strategy already."""
    return Route(route="strategy", among=(strategy,), by="rule")


def strategy_texts(nodes: Sequence[Node], *, project: Path) -> dict[str, str]:
    """Return the user's own strategies that nodes may take, as text: part of what decides what a row becomes.

    Args:
        nodes: what stands in ``clean``.
        project: the folder that holds them.
    """
    return {}


def chosen_anew(*, project: Path, failures: Failures | None) -> Choose:
    """Return what decides routes by their own policy.

    Args:
        project: the folder that holds the user's own strategies.
        failures: counts the rows of a sample that the contract rejects.
    """

    def chosen(route: Route, evidence: Evidence) -> Chosen:
        made = compose(evidence, failures=failures) if route.among == ("auto",) else None
        kept = made.steps if made is not None else ()
        tried = made.tried if made is not None else ()
        dropped = tuple(
            Dropped.of(each.step, names=evidence.names, reason=each.ruling.reason, figures=each.ruling.figures)
            for each in tried
            if not each.ruling.accepted
        )
        decision = Decision(
            node=route.route,
            chosen=route.among[0],
            policy="rule",
            reason=f"{len(kept)} of {len(tried)} proposed steps passed the gate",
            profile_digest=profile_digest(evidence),
            dropped=dropped,
        )
        return Chosen(decision, kept)

    return chosen


def chosen_before(lock: Lock, choose: Choose, *, failures: Failures | None) -> Choose:
    """Return what decides routes as a lock has them.

    Args:
        lock: what was chosen before.
        choose: decides the routes that the lock does not know.
        failures: counts the rows of a sample that the contract rejects.
    """

    def replayed(route: Route, evidence: Evidence) -> Chosen:
        known = lock.route(route.route)
        return choose(route, evidence) if known is None else _replay(known, evidence, failures)

    return replayed


def _replay(known: LockedRoute, evidence: Evidence, failures: Failures | None) -> Chosen:
    """Take the steps of a lock; those that learn anew are measured anew, since what they learn is new."""
    steps: list[Step] = []
    dropped: list[Dropped] = []
    for step in known.steps:
        try:
            pinned = evidence.pinned(step)
        except AmbiguousFormat:
            steps.append(step)  # the survey of the whole dataset settles it, or says so
            continue
        if isinstance(step, FittedStep) and step.learns == "anew":
            ruling = judge(pinned, evidence, failures=failures)
            if not ruling.accepted:
                refused = Dropped.of(step, names=evidence.names, reason=ruling.reason, figures=ruling.figures)
                dropped.append(refused)
                continue
            step = pinned  # noqa: PLW2901  what was measured is what runs
        steps.append(step)
        evidence = evidence.after(pinned)
    decision = known.decision.model_copy(update={"policy": "lock", "dropped": tuple(dropped)})
    return Chosen(decision, tuple(steps))
