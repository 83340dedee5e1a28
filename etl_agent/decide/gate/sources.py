"""Steps that weigh sources: the rows must be reports, and sources that were not asked must confirm what was settled."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from etl_agent.clean.conflicts import FillFromSources, ResolveConflicts
from etl_agent.clean.step import replaced
from etl_agent.decide.gate.ruling import Objection
from etl_agent.profile.coded import CodedColumn, CodedTable
from etl_agent.profile.entities import EntityStructure, entities
from etl_agent.profile.meaning import meanings

__all__ = ["object_to_weighing"]

# More of the hidden claims must say what is settled without them than do not. Not many more: sources that mean another
# thing are hidden, too, and say so; how sure each fact is among those that contradict it is what its belief tells.
_CONFIRMED = 1 / 2
_EVERY = 4  # one source in four is not asked
_SAME = 0.9  # of the changed cells are changed alike by what the sample itself teaches
_TAUGHT = 0.5  # belief from which on the sample does not contradict: steps before this one move it a little


def object_to_weighing(
    step: ResolveConflicts | FillFromSources, sample: pa.RecordBatch, table: CodedTable
) -> Objection | None:
    """Say what speaks against a step that weighs sources against each other; None if nothing does.

    Whatever the step says that it learned, it is learned here again, and what it writes must follow from the rows.
    And it is learned without a quarter of the sources: their claims, unheard, must mostly be what was settled.

    Args:
        step: the step, pinned.
        sample: the rows.
        table: the same rows as codes.
    """
    if not any(_fits(step, structure) for structure in entities(table)):
        return Objection("the rows are no reports of several sources on the same entities", {"source": step.source})
    taught = step.forgotten().model_copy(update={"certain": _TAUGHT})
    taught = taught.fit(taught.observe(sample))
    before, after, again = sample, step.apply(sample), taught.apply(sample)
    changed = same = 0
    for name in step.columns:
        mine, now, theirs = (data.column(name).to_pylist() for data in (before, after, again))
        changed += sum(one != other for one, other in zip(mine, now, strict=True))
        same += sum(one != other == third for one, other, third in zip(mine, now, theirs, strict=True))
    if same < _SAME * changed:
        figures = {"cells": changed, "follow_from_the_rows": round(same / changed, 3)}
        return Objection("what it writes does not follow from what the sources say", figures)
    for name in step.columns:
        settled, confirmed = _unheard(step, sample, name)
        if confirmed < _CONFIRMED * settled:
            share = round(confirmed / settled, 3)
            return Objection("sources that were not asked say otherwise", {"column": name, "confirmed": share})
    return None


def _fits(step: ResolveConflicts | FillFromSources, structure: EntityStructure) -> bool:
    """Say whether the step speaks of the sources, entities and claims that the rows hold."""
    claims = {claim.column for claim in structure.claims}
    of_these = structure.source == step.source and set(structure.entity) == set(step.entity)
    return of_these and claims.issuperset(step.columns)


def _unheard(step: ResolveConflicts | FillFromSources, sample: pa.RecordBatch, name: str) -> tuple[int, int]:
    """Count the claims of sources that were not heard on settled facts, and those that say what was settled."""
    source = CodedColumn.of(sample.column(step.source)).codes
    hidden = (source >= 0) & (source % _EVERY == _EVERY - 1)
    column = sample.column(name)
    deaf = replaced(sample, name, pc.if_else(pa.array(hidden), pa.nulls(len(column), pa.string()), column))
    beside = tuple(other for other in (*step.columns, *step.beside) if other != name)
    fill = FillFromSources(source=step.source, entity=step.entity, columns=(name,), beside=beside)
    filled = fill.fit(fill.observe(deaf)).apply(deaf).column(name)
    rows = np.flatnonzero(hidden & _valid(column) & _valid(filled))
    both = CodedColumn.of(pa.concat_arrays([column, filled]))
    said = [*meanings(both), None]
    claimed, settled = both.codes[: len(column)][rows], both.codes[len(column) :][rows]
    pairs = zip(claimed.tolist(), settled.tolist(), strict=True)
    return len(rows), sum(said[one] is not None and said[one] == said[other] for one, other in pairs)


def _valid(column: pa.StringArray) -> NDArray[np.bool_]:
    return np.asarray(column.is_valid().to_numpy(zero_copy_only=False), np.bool_)
