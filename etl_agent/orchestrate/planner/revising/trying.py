"""Trying on the sample how many cells of a column keep what the contract promises, after some steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.clean.step import FittedStep, RowStep, Step
from etl_agent.decide.evidence import Evidence
from etl_agent.errors import AmbiguousFormat
from etl_agent.orchestrate.planner.given import Given
from etl_agent.orchestrate.planner.revising.walking import Walk, brought, history, source_of
from etl_agent.orchestrate.sequential import PipelineSpec
from etl_agent.profile.facts import ColumnFacts
from etl_agent.validate.casts import cast
from etl_agent.validate.formats import PATTERNS
from etl_agent.validate.spec import ColumnContract

__all__ = ["Trial", "broken", "cells_after", "trial"]


@dataclass(frozen=True)
class Trial:
    """A column of the sample as it reaches the contract.

    Args:
        origin: the column of the files.
        steps: the steps that write it so far, each for that column alone.
        raw: its cells in the files.
        cells: its cells after the steps; None where the steps cannot say how to read them.
    """

    origin: str
    steps: tuple[Step, ...]
    raw: pa.StringArray
    cells: pa.StringArray | None

    @property
    def facts(self) -> ColumnFacts:
        """What is known of the cells as they reach the contract; of those of the files where that cannot be said."""
        return ColumnFacts.observe(self.raw if self.cells is None else self.cells)

    def with_steps(self, steps: Sequence[Step]) -> pa.StringArray | None:
        """Return the cells after some more steps."""
        return cells_after(self.raw, (*self.steps, *steps), column=self.origin)


def trial(spec: PipelineSpec, given: Given, *, column: str, walked: Walk | None = None) -> Trial | None:
    """Follow a column of the sample to the contract.

    Args:
        spec: the pipeline.
        given: what the user gave.
        column: a column behind the last node of ``clean``.
        walked: the walk of the files' columns through the nodes, where many columns are asked for.

    Returns:
        The column; None where it does not come from one column of the files by steps that are known beforehand, or
        where there is no sample.
    """
    source = source_of(spec, given)
    if source is None:
        return None
    found = history(spec, brought(spec, source), column=column, walked=walked)
    sample = source.profile.sample.data
    if found is None or sample is None or not sample.num_rows or found[0] not in sample.schema.names:
        return None
    origin, steps = found
    raw = sample.column(origin)
    return Trial(origin, steps, raw, cells_after(raw, steps, column=origin))


def cells_after(cells: pa.StringArray, steps: Sequence[Step], *, column: str) -> pa.StringArray | None:
    """Return the cells of a column after steps; None where the cells can be read in several ways.

    Steps that learn from the other rows what a slip is are left out: they change no column's form.
    """
    evidence = Evidence(pa.RecordBatch.from_arrays([cells], names=[column]), len(cells))
    for step in steps:
        if not isinstance(step, RowStep) or (isinstance(step, FittedStep) and step.learns == "anew"):
            continue
        try:
            evidence = evidence.after(evidence.pinned(step))
        except AmbiguousFormat:
            return None
    return evidence.sample.column(0)


def broken(cells: pa.StringArray, contract: ColumnContract) -> Mapping[str, int]:
    """Count the cells that break a promise, by the key of the contract that says it; each cell under all it breaks.

    Args:
        cells: text, as it reaches the contract.
        contract: what the column promises. Whether values are unique is not looked at.
    """
    counts: dict[str, int] = {}
    if not contract.nullable:
        counts["nullable"] = cells.null_count
    cells = pc.drop_null(cells)
    read = cast(cells, to=contract.column_type, timezone=contract.zone)
    counts["type"] = sum(misfit.cells.sum() for misfit in read.misfits)
    values = pc.drop_null(read.values)
    for name, bound in (("min", contract.min), ("max", contract.max)):
        if bound is not None:
            compare = pc.less if name == "min" else pc.greater
            counts[name] = compare(values, _value(bound, contract)).true_count
    if contract.one_of is not None:
        good = pa.concat_arrays([_read(bound, contract) for bound in contract.one_of])
        counts["one_of"] = len(values) - pc.is_in(values, value_set=good).true_count
    if contract.column_type.kind == "text":
        counts |= _written(values, contract)
    return {name: int(count) for name, count in counts.items() if count}


def _written(values: pa.StringArray, contract: ColumnContract) -> dict[str, int]:
    """Count the texts that are not written as the contract says."""
    counts: dict[str, int] = {}
    patterns = {"matches": contract.matches, "format": PATTERNS[contract.format] if contract.format else None}
    for name, pattern in patterns.items():
        if pattern is not None:
            counts[name] = len(values) - pc.match_substring_regex(values, f"^(?:{pattern})$").true_count
    if contract.min_length is not None:
        counts["min_length"] = pc.less(pc.utf8_length(values), contract.min_length).true_count
    if contract.max_length is not None:
        counts["max_length"] = pc.greater(pc.utf8_length(values), contract.max_length).true_count
    return counts


def _read(bound: str, contract: ColumnContract) -> pa.Array:
    return cast(pa.array([bound], pa.string()), to=contract.column_type, timezone=contract.zone).values


def _value(bound: str, contract: ColumnContract) -> pa.Scalar:
    return _read(bound, contract)[0]
