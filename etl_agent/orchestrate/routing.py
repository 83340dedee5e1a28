"""How routes are chosen: anew by their policy, or as a lock has them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import pyarrow as pa

from etl_agent.ask import Ask
from etl_agent.clean.step import Step, unknown_column
from etl_agent.decide.choice import Routing, decision_of
from etl_agent.decide.decision import Dropped, profile_digest
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.gate import judge
from etl_agent.decide.ladder import choose
from etl_agent.decide.strategies import strategy_named
from etl_agent.decide.strategy import Strategy
from etl_agent.errors import AmbiguousFormat
from etl_agent.orchestrate.lock import Lock, LockedRoute, learns_here
from etl_agent.orchestrate.router import Route
from etl_agent.orchestrate.settle import Choose, Chosen

__all__ = ["chosen_anew", "chosen_before", "chosen_by_model", "route_of"]

Failures = Callable[[pa.RecordBatch], int]


def route_of(strategy: str) -> Route:
    """Make the route of somebody who has chosen a strategy already."""
    return Route(route="strategy", among=(strategy,), by="rule", otherwise=strategy)


def chosen_anew(
    known: Mapping[str, Strategy],
    *,
    failures: Failures | None,
    rules_alone: bool = False,
    sensitive: Collection[str] = (),
    ask: Ask | None = None,
    climbs: bool = True,
) -> Choose:
    """Return what decides routes by their own policy.

    Args:
        known: every strategy by name.
        failures: counts the rows of a sample that the contract rejects.
        rules_alone: whether nothing but rules decides, whatever the routes say.
        sensitive: columns of which nothing is told to a model.
        ask: whoever answers the questions of routes that a model chooses; without, rules and trial stand in.
        climbs: whether ``auto`` may ask too, where rules and trial cannot tell.
    """

    def chosen(route: Route, evidence: Evidence) -> Chosen:
        columns = evidence.names if route.columns == "all" else route.columns
        for name in columns:
            if name not in evidence.names:
                raise unknown_column(name, evidence.names, where=f"route {route.route}")
        where = f"route {route.route}"
        routing = Routing(
            node=route.route,
            columns=columns,
            among=tuple(strategy_named(name, known, where=where) for name in route.among),
            evidence=evidence,
            otherwise=strategy_named(route.otherwise, known, where=where),
            failures=failures,
            sensitive=frozenset(sensitive),
        )
        by = "rule" if rules_alone else route.by
        choice = choose(routing, by=by, ask=ask if climbs or by == "model" else None)
        return Chosen(decision_of(choice, routing), choice.steps)

    return chosen


def chosen_before(lock: Lock, anew: Choose, *, failures: Failures | None) -> Choose:
    """Return what decides routes as a lock has them.

    Args:
        lock: what was chosen before.
        anew: decides the routes that the lock does not know.
        failures: counts the rows of a sample that the contract rejects.
    """

    def replayed(route: Route, evidence: Evidence) -> Chosen:
        known = lock.route(route.route)
        return anew(route, evidence) if known is None else _replay(known, evidence, failures)

    return replayed


def chosen_by_model(lock: Lock, anew: Choose, *, failures: Failures | None) -> Choose:
    """Return what keeps a model's choices where the data are as they were, for a new lock without a model at hand.

    So a lock that a model helped to make can be checked, and made again, without one.

    Args:
        lock: the lock so far; it fits the pipeline.
        anew: decides the routes.
        failures: counts the rows of a sample that the contract rejects.
    """

    def kept(route: Route, evidence: Evidence) -> Chosen:
        known = lock.route(route.route)
        if (
            known is None
            or known.decision.policy != "model"
            or known.decision.profile_digest != profile_digest(evidence)
        ):
            return anew(route, evidence)
        return Chosen(known.decision, _replay(known, evidence, failures).steps)

    return kept


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
        if learns_here(step):
            ruling = judge(pinned, evidence, failures=failures)
            if not ruling.accepted:
                refused = Dropped.of(step, names=evidence.names, reason=ruling.reason, figures=ruling.figures)
                dropped.append(refused)
                continue
            step = pinned  # noqa: PLW2901  what was measured is what runs
        steps.append(step)
        evidence = evidence.after(pinned)
    decision = known.decision.model_copy(update={"policy": "lock", "dropped": tuple(dropped), "fell_back": None})
    return Chosen(decision, tuple(steps))
