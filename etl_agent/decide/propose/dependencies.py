"""Dependencies: cells that contradict what other columns of their row say, or lack what these settle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.batch import as_mask
from etl_agent.clean.dependencies import FillDependencies, RepairDependencies
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.proposal import Proposal
from etl_agent.profile.coded import CodedTable

__all__ = ["propose"]

_MOST_FILLED = 2  # nulls that are filled for each wrong cell of the column: more of them are nulls that are meant


def propose(evidence: Evidence) -> Iterable[Proposal]:
    """Propose the repair of each column in which the vote of the others changes something, then the filling of it.

    Nulls are filled only in columns whose values are found to be wrong about as often: where values are never wrong
    they hardly get lost either, and a null says that there is none.
    """
    names = tuple(name for name in evidence.names if name not in evidence.keys)
    if not names:
        return
    before = evidence.sample
    repair = RepairDependencies(columns=names).taught(evidence.coded)
    repaired = repair.apply(before)
    wrong = _changed(before, repaired, names)
    for name, cells in wrong.items():
        narrowed = repair.narrowed((name,))
        yield Proposal(
            narrowed,
            "some cells contradict what other columns of their row settle",
            {"column": name, "cells": cells, "rules": _rules(narrowed, name)},
        )
    open_names = tuple(name for name in wrong if before.column(name).null_count)
    if not open_names:
        return
    fill = FillDependencies(columns=open_names).taught(CodedTable.of(repaired))
    for name, cells in _changed(repaired, fill.apply(repaired), open_names).items():
        if cells <= _MOST_FILLED * wrong[name]:
            narrower = fill.narrowed((name,))
            yield Proposal(
                narrower,
                "some cells are empty that other columns of their row settle, in a column that is wrong as often",
                {"column": name, "cells": cells, "rules": _rules(narrower, name), "wrong": wrong[name]},
            )


def _changed(before: pa.RecordBatch, after: pa.RecordBatch, names: Sequence[str]) -> Mapping[str, int]:
    """Count the cells of each column that differ, of those columns with any."""
    counts = {
        name: int(
            np.count_nonzero(as_mask(pc.not_equal(before.column(name), after.column(name))))
            + before.column(name).null_count
            - after.column(name).null_count
        )
        for name in names
    }
    return {name: count for name, count in counts.items() if count}


def _rules(step: RepairDependencies | FillDependencies, name: str) -> int:
    """Count the rules that speak of a column."""
    return sum(rule.column == name for rule in step.learned.rules) if step.learned else 0
