"""The survey: passes over the dataset that pin what steps left open, before any row flows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from etl_agent.clean.own import answering
from etl_agent.clean.step import CarryStep, FittedStep, KeyStep, RowStep, SiftStep, Step
from etl_agent.errors import EtlAgentError
from etl_agent.orchestrate.plan import PlannedStep, next_survey

__all__ = ["Fits", "fit_steps"]

Reader = Callable[[], Iterable[tuple[str, pa.RecordBatch]]]
"""Begin a pass over the dataset: pairs of the file's name and a batch that entered the door."""


@dataclass(frozen=True, slots=True)
class Fits:
    """What the survey pinned.

    Args:
        steps: the plan's steps.
        pinned: the pinned step by label and file; under the file None where one fit serves all files.
    """

    steps: tuple[PlannedStep, ...]
    pinned: Mapping[tuple[str, str | None], Step] = field(default_factory=dict)

    def of_file(self, file: str) -> tuple[tuple[str, Step], ...]:
        """Return the labelled steps that the batches of a file go through."""
        return tuple((planned.label, self._step(planned, file)) for planned in self.steps)

    def _step(self, planned: PlannedStep, file: str) -> Step:
        for key in ((planned.label, file), (planned.label, None)):
            if key in self.pinned:
                return self.pinned[key]
        return planned.step


def fit_steps(
    steps: Sequence[PlannedStep],
    names: Sequence[str],
    *,
    read: Reader,
    files: Sequence[str],
    where: str,
    watch: Callable[[pa.RecordBatch], None] | None = None,
) -> Fits:
    """Pin every waiting step, with as few passes over the data as their order allows.

    Args:
        steps: the plan's steps.
        names: columns that enter the first step.
        read: begins a pass.
        files: the dataset's files; one without rows is fitted to no evidence.
        where: the pipeline, for errors.
        watch: sees every batch after all steps, in one pass after the last fit (types are inferred there).

    Raises:
        AmbiguousFormat: a column allows several readings.
    """
    fits = Fits(tuple(steps))
    fitted: set[str] = set()
    while ready := next_survey(steps, names, fitted=fitted):
        summaries = _observe(fits, ready, read)
        fits = Fits(fits.steps, {**fits.pinned, **_pinned(steps, ready, summaries, files, where)})
        fitted.update(ready)
    if watch is not None:
        _watch(fits, read, watch)
    return fits


def _observe(fits: Fits, ready: Sequence[str], read: Reader) -> dict[tuple[str, str | None], Any]:
    """Make one pass: show each ready step the batches as the settled steps before it leave them."""
    summaries: dict[tuple[str, str | None], Any] = {}
    states: dict[str, Any] = {}
    for file, batch in read():
        data = batch
        for label, step in fits.of_file(file):
            with answering(label, step):
                if label in ready and isinstance(step, FittedStep):
                    key = (label, file if step.per == "file" else None)
                    seen = step.observe(data)
                    summaries[key] = step.combine(summaries[key], seen) if key in summaries else seen
                elif not (isinstance(step, FittedStep) and not step.fitted):
                    data = _applied(label, step, data, states)
            if label == ready[-1]:
                break  # what comes later may need a fit that is not there yet
    return summaries


def _pinned(
    steps: Sequence[PlannedStep],
    ready: Sequence[str],
    summaries: Mapping[tuple[str, str | None], Any],
    files: Sequence[str],
    where: str,
) -> dict[tuple[str, str | None], Step]:
    pinned: dict[tuple[str, str | None], Step] = {}
    for planned in steps:
        step = planned.step
        if planned.label not in ready or not isinstance(step, FittedStep):
            continue
        for file in files if step.per == "file" else (None,):
            key = (planned.label, file)
            nothing = step.observe(_empty(step, ()))
            try:
                pinned[key] = step.fit(summaries.get(key, nothing))
            except EtlAgentError as error:
                place = f"{where}: clean, step {planned.label}" + (f", {file}" if file else "")
                error.where = f"{place}, {error.where}" if error.where else place
                raise
    return pinned


def _watch(fits: Fits, read: Reader, watch: Callable[[pa.RecordBatch], None]) -> None:
    states: dict[str, Any] = {}
    for file, batch in read():
        data = batch
        for label, step in fits.of_file(file):
            with answering(label, step):
                data = _applied(label, step, data, states)
        watch(data)


def _applied(label: str, step: Step, data: pa.RecordBatch, states: dict[str, Any]) -> pa.RecordBatch:
    """Apply a settled step to the columns alone; keys that repeat stay, since they are only known at the end."""
    match step:
        case RowStep():
            return step.apply(data)
        case CarryStep():
            data, states[label] = step.carry(data, states[label] if label in states else step.start())
            return data
        case SiftStep():
            masks = [finding.failed for finding in step.find(data)]
            return data.filter(pa.array(~np.logical_or.reduce(masks))) if masks else data
        case KeyStep():
            return data
        case _:
            raise TypeError(f"step {label!r} is of no known kind: {type(step).__name__}")


def _empty(step: Step, names: Sequence[str]) -> pa.RecordBatch:
    """Make a batch without rows that has every column the step reads."""
    columns = step.reads(names)
    return pa.RecordBatch.from_pydict({name: pa.array([], pa.string()) for name in columns})
