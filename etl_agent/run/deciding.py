"""Deciding what a pipeline's branches and routes become, on a sample of its dataset."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from etl_agent.decide.decision import Decision
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.measures import Measures
from etl_agent.orchestrate.routing import chosen_anew, chosen_before
from etl_agent.orchestrate.sequential import Node, PipelineSpec, waits_for_evidence
from etl_agent.orchestrate.settle import Choose, Settled, settle
from etl_agent.run.failures import contract_failures
from etl_agent.run.sampling import evidence_of
from etl_agent.validate.spec import Validate

if TYPE_CHECKING:
    from etl_agent.extract.dataset import Dataset
    from etl_agent.orchestrate.lock import Lock

__all__ = ["Decided", "decide", "decide_nodes"]


@dataclass(frozen=True, slots=True)
class Decided:
    """What a pipeline does with this dataset.

    Args:
        settled: the steps, and the decisions behind them.
        evidence: what was looked at; None where nothing had to be decided.
    """

    settled: Settled
    evidence: Evidence | None = None


def decide(spec: PipelineSpec, dataset: Dataset, *, project: Path, lock: Lock | None = None) -> Decided:
    """Settle the nodes of a pipeline; the dataset is read only if one of them must look at it.

    Args:
        spec: the pipeline.
        dataset: its files.
        project: the folder that its paths are relative to.
        lock: what was chosen before; routes that it knows are not decided again.

    Raises:
        ConfigurationError: a strategy or a column that a node names is not there.
    """
    contract = spec.validation.contract
    promised = tuple(contract) if isinstance(contract, Mapping) else ()
    decided = decide_nodes(
        spec.clean,
        dataset,
        project=project,
        validation=spec.validation,
        keys=spec.load.primary_key,
        absent=[name for name in promised if name not in dataset.names],
        lock=lock,
    )
    if dataset.fell_back is None:
        return decided
    fallback = Decision(node="extract", chosen="fallback", policy="otherwise", reason=dataset.fell_back)
    settled = replace(decided.settled, decisions=(fallback, *decided.settled.decisions))
    return replace(decided, settled=settled)


def decide_nodes(
    nodes: Sequence[Node],
    dataset: Dataset,
    *,
    project: Path,
    validation: Validate = Validate(),  # noqa: B008  frozen
    keys: Collection[str] = (),
    absent: Sequence[str] = (),
    lock: Lock | None = None,
) -> Decided:
    """Settle a list of nodes.

    Args:
        nodes: what stands in ``clean``.
        dataset: the files.
        project: the folder that paths and modules are relative to.
        validation: what the rows must fulfil, which measures proposed steps too.
        keys: columns of which no proposed step may change a cell.
        absent: columns that no file brings and that are null.
        lock: what was chosen before.

    Raises:
        ConfigurationError: a strategy or a column that a node names is not there.
    """
    if not waits_for_evidence(nodes):
        return Decided(Settled(tuple(nodes)))  # type: ignore[arg-type]  # all of them are steps
    evidence = _with_nulls(evidence_of(dataset, keys=keys), absent)
    failures = contract_failures(validation, project=project)
    choose: Choose = chosen_anew(project=project, failures=failures)
    if lock is not None:
        choose = chosen_before(lock, choose, failures=failures)
    measures = Measures(
        evidence,
        drifted=_drifted(dataset.names, validation),
        files=tuple(file.name for file in dataset.files),
    )

    def rejects(sample: pa.RecordBatch) -> float:
        return failures(sample) / sample.num_rows if failures is not None and sample.num_rows else 0.0

    settled = settle(nodes, measures, choose=choose, rejects=None if failures is None else rejects, project=project)
    return Decided(settled, evidence)


def _with_nulls(evidence: Evidence, names: Sequence[str]) -> Evidence:
    sample = evidence.sample
    for name in names:
        sample = sample.append_column(pa.field(name, pa.string()), pa.nulls(sample.num_rows, pa.string()))
    return replace(evidence, sample=sample)


def _drifted(names: Sequence[str], validation: Validate) -> bool | None:
    """Tell whether the files' columns differ from the contract's; None without a contract that names its columns."""
    if not isinstance(validation.contract, Mapping):
        return None
    required = {name for name, column in validation.contract.items() if column.required}
    return not required <= set(names) <= set(validation.contract)
