"""The choice of a strategy at a node: what is asked, what a candidate does to the sample, and the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import pyarrow as pa

from etl_agent.clean.step import FittedStep, Step
from etl_agent.decide.auto import Tried, compose
from etl_agent.decide.decision import Decision, Dropped, FellBack, Policy, profile_digest
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.measures import Measures
from etl_agent.decide.proposal import Figure
from etl_agent.decide.strategy import LEAVE, Strategy, proposers_of

__all__ = ["Attempt", "Choice", "Routing", "attempt", "decision_of", "settled_otherwise", "taken"]


@dataclass(frozen=True)
class Routing:
    """What is asked of a policy: which of some strategies to use on some columns.

    Args:
        node: the name of the node.
        columns: the columns to clean, all of them there.
        among: the strategies to choose from, in the order in which they are named.
        otherwise: what is used where nobody can choose.
        evidence: the sample at the node.
        failures: counts the rows of a sample that the contract rejects; None without a contract.
        sensitive: columns of which nothing is told to a model.
    """

    node: str
    columns: tuple[str, ...]
    among: tuple[Strategy, ...]
    evidence: Evidence
    otherwise: Strategy = LEAVE
    failures: Callable[[pa.RecordBatch], int] | None = None
    sensitive: frozenset[str] = frozenset()

    @cached_property
    def measures(self) -> Measures:
        """What conditions may ask of the sample."""
        rows = max(self.evidence.sample.num_rows, 1)
        failures = self.failures
        share = None if failures is None else lambda: failures(self.evidence.sample) / rows
        return Measures(self.evidence, rejects=share)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a strategy does to the sample.

    Args:
        strategy: the strategy.
        tried: every step it proposed, with what the gate said.
        evidence: the sample as the accepted steps leave it.
        broken: families that failed while they were asked, with the name of the error.
    """

    strategy: Strategy
    tried: tuple[Tried, ...]
    evidence: Evidence
    broken: Mapping[str, str] = field(default_factory=dict)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The accepted steps in order, those that do the same to several columns as one."""
        return _merged([tried.step for tried in self.tried if tried.ruling.accepted])

    @property
    def refused(self) -> int:
        """How many steps the gate refused."""
        return sum(not tried.ruling.accepted for tried in self.tried)


@dataclass(frozen=True, slots=True)
class Choice:
    """The answer of a policy.

    Args:
        chosen: the name of the strategy.
        policy: who decided.
        reason: why, as one sentence.
        steps: the steps that it brings, all accepted by the gate.
        tried: every step that it proposed, with what the gate said.
        figures: what speaks for the choice.
        fell_back: why a model that was to choose did not.
    """

    chosen: str
    policy: Policy
    reason: str
    steps: tuple[Step, ...] = ()
    tried: tuple[Tried, ...] = ()
    figures: Mapping[str, Figure] = field(default_factory=dict)
    fell_back: FellBack | None = None

    @property
    def sure(self) -> bool:
        """Whether somebody could tell; else it is the node's ``otherwise``."""
        return self.policy != "otherwise"

    @property
    def passes(self) -> bool:
        """Whether the gate had nothing against any step."""
        return all(tried.ruling.accepted for tried in self.tried)

    def because(self, before: str) -> Choice:
        """Return the choice with what led to it put before its reason."""
        return replace(self, reason=f"{before}; {self.reason}")

    def instead(self, why: FellBack, *, said: str, figures: Mapping[str, Figure] | None = None) -> Choice:
        """Return the choice as one that stands in for a model's.

        Args:
            why: what became of the model's.
            said: the same as a clause for the reason.
            figures: what was asked of the model, and what that took.
        """
        return replace(self.because(said), fell_back=why, figures={**self.figures, **(figures or {})})


def attempt(strategy: Strategy, routing: Routing) -> Attempt:
    """Take the sample through a strategy, each step through the gate."""
    proposers = proposers_of(strategy, columns=routing.columns)
    composed = compose(routing.evidence, proposers=proposers, failures=routing.failures)
    return Attempt(strategy, composed.tried, composed.evidence, composed.broken)


def taken(made: Attempt, *, policy: Policy, reason: str, figures: Mapping[str, Figure] | None = None) -> Choice:
    """Choose a strategy that was tried.

    Args:
        made: what it does.
        policy: who decided.
        reason: why.
        figures: what speaks for it.
    """
    counts: dict[str, Figure] = {"steps": len(made.tried) - made.refused, "steps refused": made.refused}
    if made.broken:
        failed = ", ".join(f"{family} ({error})" for family, error in made.broken.items())
        reason = f"{reason}; families that failed and were left out: {failed}"
    return Choice(made.strategy.name, policy, reason, made.steps, made.tried, {**(figures or {}), **counts})


def settled_otherwise(routing: Routing, *, reason: str, figures: Mapping[str, Figure] | None = None) -> Choice:
    """Choose what the node falls back on, since nobody can tell."""
    return taken(attempt(routing.otherwise, routing), policy="otherwise", reason=reason, figures=figures)


def decision_of(choice: Choice, routing: Routing) -> Decision:
    """Return the record of a choice."""
    return Decision(
        node=routing.node,
        chosen=choice.chosen,
        policy=choice.policy,
        reason=choice.reason,
        evidence=choice.figures,
        profile_digest=profile_digest(routing.evidence),
        dropped=tuple(_dropped(choice.tried, names=routing.evidence.names)),
        fell_back=choice.fell_back,
    )


def _dropped(tried: Iterable[Tried], *, names: Sequence[str]) -> Iterable[Dropped]:
    for each in tried:
        if not each.ruling.accepted:
            yield Dropped.of(each.step, names=names, reason=each.ruling.reason, figures=each.ruling.figures)


def _merged(steps: Iterable[Step]) -> tuple[Step, ...]:
    """Join neighbours that differ in their columns alone; what was learned of a column stays with its own step."""
    merged: list[Step] = []
    for step in steps:
        joined = _joined(merged[-1], step) if merged else None
        if joined is None:
            merged.append(step)
        else:
            merged[-1] = joined
    return tuple(merged)


def _joined(one: Step, other: Step) -> Step | None:
    if type(one) is not type(other) or (isinstance(other, FittedStep) and other.fitted):
        return None
    first, second = getattr(one, "columns", None), getattr(other, "columns", None)
    if not isinstance(first, tuple) or not isinstance(second, tuple) or set(first) & set(second):
        return None
    together = {"columns": (*first, *second)}
    joined = one.model_copy(update=together)
    return joined if joined == other.model_copy(update=together) and _cell_by_cell(joined) else None


def _cell_by_cell(step: Step) -> bool:
    columns = set(getattr(step, "columns"))  # noqa: B009  only steps that have them come here
    return set(step.reads(tuple(columns))) == set(step.writes(tuple(columns))) == columns
