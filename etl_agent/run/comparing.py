"""Comparing the ways to clean a dataset on the user's own rows: what each costs and what it gives."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from etl_agent.ask import Ask, Usage
from etl_agent.decide.choice import Routing, decision_of, settled_otherwise
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.inject import Injected, inject
from etl_agent.decide.measures import Measures
from etl_agent.decide.merit import merit_of
from etl_agent.decide.policies import RoutePolicy
from etl_agent.decide.score import Score, score
from etl_agent.decide.strategy import AUTO, LEAVE, Strategy
from etl_agent.metering import Metered
from etl_agent.orchestrate.resolve import runnable
from etl_agent.orchestrate.router import Route
from etl_agent.orchestrate.routing import chosen_anew
from etl_agent.orchestrate.sequential import Node, routes_of
from etl_agent.orchestrate.settle import Choose, Chosen, Settled, settle
from etl_agent.orchestrate.strategies import strategies_in

__all__ = ["Compared", "Comparison", "Pattern", "compare"]

Pattern = Literal["nothing", "fixed", "rules", "trial", "auto", "model"]
"""nothing: no step. fixed: the steps of the pipeline, and what its routes fall back on; for files the strategy
text_hygiene. rules: routes choose by rule. trial: routes choose by trial. auto: steps are composed for the dataset.
model: routes ask a model. Where a pipeline has no route, one among all strategies is put behind its steps."""

_TIDY = "text_hygiene"
_GOOD_ENOUGH = 0.95  # of what the best gives: a dearer way must give more than a twentieth more to be worth it
_HARM = 0.005  # share of right cells made wrong from which on a way is not recommended, however much it repairs

Failures = Callable[[pa.RecordBatch], int]


@dataclass(frozen=True, slots=True)
class Compared:
    """What one way of cleaning costs and gives, on the sample.

    Args:
        pattern: the way.
        chosen: the strategies that its routes took.
        steps: steps that ran.
        refused: steps that the gate refused.
        seconds: wall time to decide and clean.
        cpu_seconds: processor time to decide and clean.
        model_calls: questions to a model.
        fell_back: what a model was to choose and did not, with why.
        tokens: tokens of these.
        cost: money for these.
        changed: cells that differ afterwards.
        rejected: rows that the contract rejects afterwards; None without a contract.
        readable: share (0 to 1) of the cells that are written as the others of their column afterwards.
        score: precision, recall and damage on injected errors; None where none were injected.
    """

    pattern: Pattern
    chosen: tuple[str, ...]
    steps: int
    refused: int
    seconds: float
    cpu_seconds: float
    changed: int
    rejected: int | None
    readable: float
    score: Score | None = None
    model_calls: int = 0
    tokens: int = 0
    cost: float = 0.0
    fell_back: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data, for JSON."""
        told = {name: getattr(self, name) for name in self.__slots__ if name != "score"}
        if self.score is None:
            return told
        total = self.score.total
        measured = ("precision", "recall", "f1", "damage", "errors", "right", "damaged")
        found = {name: getattr(total, name) for name in measured}
        kinds = {kind: {"errors": each.errors, "right": each.right} for kind, each in self.score.kinds.items()}
        return {**told, "injected": {**found, "kinds": kinds}}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Ways of cleaning, the cheapest first.

    Args:
        rows: rows of the dataset.
        sample: rows that were cleaned: all of a small dataset.
        rejected: rows of the sample that the contract rejects before cleaning; None without a contract.
        ways: what each way did.
        recommended: the cheapest way that is good enough.
        why: the reason, as one sentence.
    """

    rows: int
    sample: int
    rejected: int | None
    ways: tuple[Compared, ...]
    recommended: Pattern
    why: str


def compare(
    nodes: Sequence[Node] | None,
    evidence: Evidence,
    *,
    project: Path,
    failures: Failures | None = None,
    share: float | None = None,
    seed: int = 1,
    ask: Ask | None = None,
    sensitive: Collection[str] = (),
) -> Comparison:
    """Clean a sample in every way that there is, and recommend the cheapest that is good enough.

    Args:
        nodes: what stands in a pipeline's ``clean``; None for files without a pipeline.
        evidence: the sample.
        project: the folder that holds the user's own modules and strategies.
        failures: counts the rows of a sample that the contract rejects; None without a contract.
        share: of the clean-looking cells of each column, how many (0 to 1) are made wrong; None to inject no error.
        seed: another one makes other errors.
        ask: a model, if one is configured.
        sensitive: columns of which nothing is told to it.

    Raises:
        ConfigurationError: a strategy or a column that a node names is not there.
    """
    known = strategies_in(project)
    injected = None if share is None else inject(evidence.sample, seed=seed, share=share, keys=evidence.keys)
    dirty = evidence if injected is None else replace(evidence, sample=injected.data)
    metered = None if ask is None else Metered(ask)
    ways = [
        _Way(listed, choose, project=project, failures=failures).compared(
            pattern, dirty, injected, of=evidence, used=lambda: Usage() if metered is None else metered.used
        )
        for pattern, listed, choose in _ways(nodes, known, failures, metered, sensitive)
    ]
    before = None if failures is None else failures(dirty.sample)
    recommended, why = _recommended(ways)
    return Comparison(evidence.rows, evidence.sample.num_rows, before, tuple(ways), recommended, why)


def _ways(
    nodes: Sequence[Node] | None,
    known: Mapping[str, Strategy],
    failures: Failures | None,
    ask: Ask | None,
    sensitive: Collection[str],
) -> Iterator[tuple[Pattern, Sequence[Node], Choose]]:
    """Name every way with its nodes and with what decides its routes, the cheapest first."""
    otherwise = _otherwise(known, failures)
    yield "nothing", (), otherwise
    own = tuple(nodes or ())
    tidy = (Route(route="strategy", among=(_TIDY,), otherwise=_TIDY),) if nodes is None else ()
    yield "fixed", (*own, *tidy), otherwise
    anyone = tuple(name for name in known if name not in (LEAVE.name, AUTO.name))
    free = () if any(routes_of(own)) else (Route(route="strategy", among=anyone),)
    yield "rules", (*own, *free), _always("rule", known, failures)
    yield "trial", (*own, *free), _always("trial", known, failures)
    yield "auto", (*own, Route(route="auto", among=(AUTO.name,))), chosen_anew(known, failures=failures)
    if ask is not None:
        yield "model", (*own, *free), _always("model", known, failures, ask, sensitive)


def _always(
    by: RoutePolicy,
    known: Mapping[str, Strategy],
    failures: Failures | None,
    ask: Ask | None = None,
    sensitive: Collection[str] = (),
) -> Choose:
    """Decide every route by one policy."""
    choose = chosen_anew(known, failures=failures, ask=ask, sensitive=sensitive)
    return lambda route, evidence: choose(route.model_copy(update={"by": by}), evidence)


def _otherwise(known: Mapping[str, Strategy], failures: Failures | None) -> Choose:
    """Take of every route what it falls back on."""

    def chosen(route: Route, evidence: Evidence) -> Chosen:
        columns = evidence.names if route.columns == "all" else route.columns
        routing = Routing(
            node=route.route,
            columns=columns,
            among=(),
            evidence=evidence,
            otherwise=known[route.otherwise],
            failures=failures,
        )
        choice = settled_otherwise(routing, reason="nobody chose")
        return Chosen(decision_of(choice, routing), choice.steps)

    return chosen


@dataclass(frozen=True, slots=True)
class _Way:
    """A list of nodes, and what decides its routes."""

    nodes: Sequence[Node]
    choose: Choose
    project: Path
    failures: Failures | None

    def compared(
        self, pattern: Pattern, dirty: Evidence, injected: Injected | None, *, of: Evidence, used: Callable[[], Usage]
    ) -> Compared:
        """Clean the sample, and measure what that cost and what it gave."""
        calls = used()
        cpu, wall = time.process_time(), time.perf_counter()
        settled = self._settled(dirty)
        after = self._cleaned(settled, dirty)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        columns = [name for name in dirty.names if name in after.schema.names]
        merit = merit_of(
            after,
            before=dirty.sample,
            kinds=dirty.kinds,
            columns=columns,
            rejected=0 if self.failures is None else self.failures(after),
        )
        return Compared(
            pattern=pattern,
            chosen=tuple(chosen.decision.chosen for chosen in settled.chosen.values()),
            steps=len(settled.steps),
            refused=sum(len(decision.dropped) for decision in settled.decisions),
            seconds=wall,
            cpu_seconds=cpu,
            changed=merit.changed,
            rejected=None if self.failures is None else merit.rejected,
            readable=merit.readable_share,
            score=None if injected is None else score(injected, after, reference=self._cleaned(settled, of)),
            model_calls=used().calls - calls.calls,
            tokens=used().tokens - calls.tokens,
            cost=float(used().cost - calls.cost),
            fell_back=tuple(
                f"{each.node} ({each.fell_back.replace('_', ' ')})" for each in settled.decisions if each.fell_back
            ),
        )

    def _settled(self, evidence: Evidence) -> Settled:
        failures = self.failures

        def rejects(sample: pa.RecordBatch) -> float:
            return failures(sample) / sample.num_rows if failures is not None and sample.num_rows else 0.0

        return settle(
            self.nodes,
            Measures(evidence),
            choose=self.choose,
            rejects=None if failures is None else rejects,
            project=self.project,
        )

    def _cleaned(self, settled: Settled, evidence: Evidence) -> pa.RecordBatch:
        for step in runnable(settled.steps, project=self.project):
            evidence = evidence.after(evidence.pinned(step))
        return evidence.sample


def _recommended(ways: Sequence[Compared]) -> tuple[Pattern, str]:
    """Choose the cheapest way that gives nearly as much as the best; ways come the cheapest first."""
    nothing = ways[0]
    harmless = [way for way in ways if way.score is None or way.score.total.damage <= _HARM]
    unit, gain = _gain(nothing)
    best = max(map(gain, harmless))
    if best <= 0:
        return nothing.pattern, "no way gives more than doing nothing"
    for way in harmless:
        if gain(way) >= _GOOD_ENOUGH * best:
            dearer = "nothing gives more" if gain(way) == best else f"the best of all gives {best:,.0f}"
            return way.pattern, f"the cheapest that is good enough: {gain(way):,.0f} {unit}, and {dearer}"
    raise AssertionError("the best way is good enough")


def _gain(nothing: Compared) -> tuple[str, Callable[[Compared], float]]:
    """Return what is counted, and how: injected errors first, then the contract, then readable cells."""
    if nothing.score is not None:
        return (
            "wrong cells fewer",
            lambda way: 0 if way.score is None else way.score.total.right - way.score.total.damaged,
        )
    if nothing.rejected:
        rejected = nothing.rejected
        return "rows fewer that break the contract", lambda way: rejected - (way.rejected or 0)
    return "percent more of the cells are readable", lambda way: 100 * (way.readable - nothing.readable)
