"""Settling: branches and routes become steps, each by a decision that is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pyarrow as pa

from etl_agent.clean.step import FittedStep, Step, missing_columns
from etl_agent.decide.decision import Decision, profile_digest
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.measures import Measures
from etl_agent.errors import AmbiguousFormat
from etl_agent.orchestrate.branch import Branch, decide_branch
from etl_agent.orchestrate.resolve import runnable
from etl_agent.orchestrate.router import Route
from etl_agent.orchestrate.sequential import Node

__all__ = ["Choose", "Chosen", "Settled", "settle"]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a route became.

    Args:
        decision: the choice.
        steps: the steps it brings, all accepted by the gate.
    """

    decision: Decision
    steps: tuple[Step, ...]

    @property
    def declared(self) -> tuple[Step, ...]:
        """The steps as a lock keeps them: without what they learn anew in every run."""
        return tuple(
            step.forgotten() if isinstance(step, FittedStep) and step.learns == "anew" else step for step in self.steps
        )


Choose = Callable[[Route, Evidence], Chosen]
"""Decide a route by the evidence that stands at its place."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What a pipeline's nodes became.

    Args:
        steps: the flat list of steps, in order.
        decisions: what was decided on the way.
        chosen: what each route became, by its name.
    """

    steps: tuple[Step, ...]
    decisions: tuple[Decision, ...] = ()
    chosen: Mapping[str, Chosen] = field(default_factory=dict)


def settle(
    nodes: Sequence[Node],
    measures: Measures,
    *,
    choose: Choose,
    rejects: Callable[[pa.RecordBatch], float] | None,
    project: Path,
    every_arm: bool = False,
) -> Settled:
    """Walk the nodes in order, with the sample as the steps so far leave it.

    Args:
        nodes: what stands in ``clean``.
        measures: what is known of the dataset before the first node.
        choose: decides the routes.
        rejects: the share of a sample's rows that the contract rejects; None without a contract.
        project: the folder where the user's own modules are looked for.
        every_arm: whether to decide the routes in the arms that are not taken too, as a lock wants them.

    Raises:
        ConfigurationError: a condition is about a column that is not there, or a step cannot be loaded.
    """
    walk = _Walk(measures, choose, rejects, project, every_arm)
    walk.take(nodes, "clean")
    return Settled(tuple(walk.steps), tuple(walk.decisions), walk.chosen)


@dataclass(slots=True)
class _Walk:
    """The way through the nodes: the sample as it stands, and what was found so far."""

    measures: Measures
    choose: Choose
    rejects: Callable[[pa.RecordBatch], float] | None
    project: Path
    every_arm: bool
    steps: list[Step] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    chosen: dict[str, Chosen] = field(default_factory=dict)
    behind: list[Step] = field(default_factory=list)
    """Steps that the sample has not gone through yet: it only does where a node looks at it."""

    def take(self, nodes: Sequence[Node], path: str) -> None:
        for place, node in enumerate(nodes):
            match node:
                case Branch():
                    self._branch(node, f"{path}[{place}]")
                case Route():
                    self._route(node)
                case _:
                    self._step(node)

    def _branch(self, branch: Branch, name: str) -> None:
        measures = self._measured()
        if self.rejects is not None:
            measures = replace(measures, rejects=partial(self.rejects, measures.evidence.sample))
        arm, decision = decide_branch(branch, measures, node=name, digest=profile_digest(measures.evidence))
        if self.every_arm:
            aside = replace(self, steps=[], decisions=[], behind=[])
            aside.take(branch.otherwise if decision.chosen == "then" else branch.then, name)
        self.decisions.append(decision)
        self.take(arm, f"{name}.{decision.chosen}")

    def _route(self, route: Route) -> None:
        chosen = self.choose(route, self._measured().evidence)
        self.chosen[route.route] = chosen
        self.decisions.append(chosen.decision)
        for step in chosen.steps:
            self._step(step)

    def _step(self, step: Step) -> None:
        self.steps.append(step)
        self.behind.append(step)

    def _measured(self) -> Measures:
        """Take the sample through the steps that it is behind."""
        evidence = self.measures.evidence
        for step in runnable(self.behind, project=self.project):
            if missing_columns(step, evidence.names):
                continue  # the plan will say so, with the near names
            try:
                evidence = evidence.after(evidence.pinned(step))
            except AmbiguousFormat:
                continue  # the sample does not settle it; the survey of the whole dataset will, or say so
        if self.behind:
            self.measures = replace(self.measures, evidence=evidence, facts=None)
            self.behind.clear()
        return self.measures
