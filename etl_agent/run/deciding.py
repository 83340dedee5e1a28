"""Deciding what a pipeline's branches and routes become, on a sample of its dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from etl_agent.clean.step import missing_columns
from etl_agent.decide.decision import Decision, profile_digest
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.measures import Measures
from etl_agent.orchestrate.branch import Branch
from etl_agent.orchestrate.lock import Lock, learns_here, lock_command
from etl_agent.orchestrate.plan import kindred
from etl_agent.orchestrate.resolve import runnable
from etl_agent.orchestrate.sequential import Node, PipelineSpec, routes_of, steps_of, waits_for_evidence
from etl_agent.orchestrate.settle import Settled, settle
from etl_agent.profile.fingerprint import Difference, differences
from etl_agent.run.drifting import Watch, drifted
from etl_agent.run.sampling import evidence_of
from etl_agent.validate.spec import Validate

if TYPE_CHECKING:
    from etl_agent.ask import Ask
    from etl_agent.extract.dataset import Dataset

__all__ = ["Decided", "decide", "decide_nodes", "sensitive_in"]


@dataclass(frozen=True, slots=True)
class Decided:
    """What a pipeline does with this dataset.

    Args:
        settled: the steps, and the decisions behind them.
        evidence: what was looked at; None where nothing had to be decided.
        lock: what is gone by; None where there is no lock, or the data have drifted from it.
        watch: holds the rows against the lock's profile while they flow; None where that is done, or not asked for.
    """

    settled: Settled
    evidence: Evidence | None = None
    lock: Lock | None = None
    watch: Watch | None = None


def decide(
    spec: PipelineSpec,
    dataset: Dataset,
    *,
    project: Path,
    lock: Lock | None = None,
    ask: Ask | None = None,
    climbs: bool = False,
    earlier: Lock | None = None,
) -> Decided:
    """Settle the nodes of a pipeline; the dataset is read only if one of them must look at it.

    Args:
        spec: the pipeline.
        dataset: its files.
        project: the folder that its paths are relative to.
        lock: what was chosen before; routes that it knows are not decided again, unless the data have drifted.
        ask: a model, for the routes that one chooses.
        climbs: whether routes by ``auto`` may ask it too, where rules and trial cannot tell.
        earlier: a lock whose choices by a model hold on where the data are the same.

    Raises:
        ConfigurationError: a strategy or a column that a node names is not there.
        Drifted: the data no longer look as they did when the lock was made, and that refuses the run.
    """
    asked = Asked(
        validation=spec.validation,
        keys=frozenset(spec.load.primary_key),
        absent=_absent(spec, dataset.names, project=project) if waits_for_evidence(spec.clean) else (),
        sensitive=sensitive_in(spec, dataset.names) if waits_for_evidence(spec.clean) else frozenset(),
        ask=ask,
        climbs=climbs,
        earlier=earlier,
    )
    profile = None if lock is None else lock.profile
    must_know = profile is not None and spec.on_profile_drift != "fail"
    evidence = _evidence(dataset, asked) if must_know or _must_look(spec.clean, lock) else None
    decisions: list[Decision] = []
    if dataset.fell_back is not None:
        decisions.append(_fell_back(dataset.fell_back))
    watch, rules_alone = None, False
    if profile is not None and evidence is not None:
        found = differences(profile, evidence.sample.select(list(dataset.names)))
        if found and spec.on_profile_drift == "fail":
            raise drifted(found, pipeline=spec.name, command=lock_command(spec.name))
        if found:
            decisions.append(_gave_up(spec.on_profile_drift, found, evidence))
            lock, rules_alone = None, spec.on_profile_drift == "rules"
    elif profile is not None:
        watch = Watch(profile, pipeline=spec.name, command=lock_command(spec.name))
    settled = _settled(
        spec.clean,
        dataset,
        evidence,
        asked,
        project=project,
        lock=lock,
        rules_alone=rules_alone,
        every_arm=lock is None,
    )
    settled = replace(settled, decisions=(*decisions, *settled.decisions))
    return Decided(settled, evidence, lock, watch)


def decide_nodes(nodes: Sequence[Node], dataset: Dataset, *, project: Path) -> Decided:
    """Settle a list of nodes that belongs to no pipeline.

    Args:
        nodes: the cleaning steps, and the routes and branches that become steps.
        dataset: the files.
        project: the folder that holds the user's own modules and strategies.

    Raises:
        ConfigurationError: a strategy or a column that a node names is not there.
    """
    asked = Asked()
    evidence = _evidence(dataset, asked) if waits_for_evidence(nodes) else None
    return Decided(_settled(nodes, dataset, evidence, asked, project=project), evidence)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a pipeline asks of the rows beside its nodes.

    Args:
        validation: what the rows must fulfil, by which proposed steps are measured too.
        keys: columns of which no proposed step may change a cell.
        absent: columns that no file brings and that are null.
        sensitive: columns of which nothing is told to a model.
        ask: a model, if one may be asked.
        climbs: whether routes by ``auto`` may ask it too.
        earlier: a lock whose choices by a model hold on where the data are the same.
    """

    validation: Validate = Validate()  # noqa: RUF009  frozen
    keys: frozenset[str] = frozenset()
    absent: tuple[str, ...] = ()
    sensitive: frozenset[str] = frozenset()
    ask: Ask | None = None
    climbs: bool = False
    earlier: Lock | None = None


def _settled(
    nodes: Sequence[Node],
    dataset: Dataset,
    evidence: Evidence | None,
    asked: Asked,
    *,
    project: Path,
    lock: Lock | None = None,
    rules_alone: bool = False,
    every_arm: bool = False,
) -> Settled:
    if not waits_for_evidence(nodes):
        return Settled(tuple(steps_of(nodes)))
    # Late: strategies and their policies cost a third of a second, which most runs need not spend.
    from etl_agent.orchestrate.routing import chosen_anew, chosen_before, chosen_by_model
    from etl_agent.orchestrate.strategies import refuse_unknown, strategies_in
    from etl_agent.run.failures import contract_failures

    failures = contract_failures(asked.validation, project=project)
    known = strategies_in(project) if any(routes_of(nodes)) else {}
    refuse_unknown(nodes, known)
    choose = chosen_anew(
        known,
        failures=failures,
        rules_alone=rules_alone,
        sensitive=asked.sensitive,
        ask=asked.ask,
        climbs=asked.climbs,
    )
    if asked.earlier is not None:
        choose = chosen_by_model(asked.earlier, choose, failures=failures)
    if lock is not None:
        choose = chosen_before(lock, choose, failures=failures)
    measures = Measures(
        evidence or _nothing(dataset, asked),
        drifted=_columns_drifted(dataset.names, asked.validation),
        files=tuple(file.name for file in dataset.files),
        absent=frozenset(asked.absent),
    )

    def rejects(sample: pa.RecordBatch) -> float:
        return failures(sample) / sample.num_rows if failures is not None and sample.num_rows else 0.0

    return settle(
        nodes,
        measures,
        choose=choose,
        rejects=None if failures is None else rejects,
        project=project,
        every_arm=every_arm,
    )


def _absent(spec: PipelineSpec, names: Sequence[str], *, project: Path) -> tuple[str, ...]:
    """Name the columns of the contract that neither the files bring nor a step makes: they are null."""
    contract = spec.validation.contract
    missing = [name for name in contract if name not in names] if isinstance(contract, Mapping) else []
    if not missing:
        return ()
    made: set[str] = set()
    for step in runnable(tuple(steps_of(spec.clean)), project=project):
        here = (*names, *missing_columns(step, names))
        made |= set(step.names_after(here)) - set(here)
    return tuple(name for name in missing if name not in made)


def _must_look(nodes: Sequence[Node], lock: Lock | None) -> bool:
    """Tell whether the data must be looked at: not where a lock knows every choice, and no step learns anew."""
    if lock is None or any(isinstance(node, Branch) for node in nodes):
        return waits_for_evidence(nodes)
    known = [lock.route(route.route) for route in routes_of(nodes)]
    return any(route is None or any(learns_here(step) for step in route.steps) for route in known)


def _evidence(dataset: Dataset, asked: Asked) -> Evidence:
    return _with_nulls(evidence_of(dataset, keys=asked.keys), asked.absent)


def _nothing(dataset: Dataset, asked: Asked) -> Evidence:
    none = pa.RecordBatch.from_pydict({name: pa.array([], pa.string()) for name in dataset.names})
    return _with_nulls(Evidence(none, 0, asked.keys), asked.absent)


def _with_nulls(evidence: Evidence, names: Sequence[str]) -> Evidence:
    sample = evidence.sample
    for name in names:
        sample = sample.append_column(pa.field(name, pa.string()), pa.nulls(sample.num_rows, pa.string()))
    return replace(evidence, sample=sample)


def sensitive_in(spec: PipelineSpec, names: Sequence[str]) -> frozenset[str]:
    """Name the columns of which nothing may be told: those called sensitive, and what they are made from or into.

    Args:
        spec: the pipeline.
        names: the columns of its files.
    """
    contract = spec.validation.contract
    declared = [name for name, column in contract.items() if column.sensitive] if isinstance(contract, Mapping) else []
    return kindred(steps_of(spec.clean), names, columns=declared) if declared else frozenset()


def _columns_drifted(names: Sequence[str], validation: Validate) -> bool | None:
    """Tell whether the files' columns differ from the contract's; None without a contract that names its columns."""
    if not isinstance(validation.contract, Mapping):
        return None
    required = {name for name, column in validation.contract.items() if column.required}
    return not required <= set(names) <= set(validation.contract)


def _fell_back(why: str) -> Decision:
    return Decision(node="extract", chosen="fallback", policy="otherwise", reason=why)


def _gave_up(chosen: str, found: Sequence[Difference], evidence: Evidence) -> Decision:
    return Decision(
        node="lock",
        chosen=chosen,
        policy="condition",
        reason=f"the data no longer look as they did: {'; '.join(map(str, found))}",
        evidence={f"{each.what}({each.column})": round(each.moved, 4) for each in found},
        profile_digest=profile_digest(evidence),
    )
