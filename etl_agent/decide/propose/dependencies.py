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
from etl_agent.profile.coded import CodedColumn, CodedTable

__all__ = ["propose"]

_MOST_FILLED = 2  # nulls for each wrong cell of the column: more of them are nulls that are meant


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
    open_names = tuple(name for name in wrong if 0 < before.column(name).null_count <= _MOST_FILLED * wrong[name])
    yield from _fills(repaired, open_names, wrong)


def _fills(repaired: pa.RecordBatch, open_names: Sequence[str], wrong: Mapping[str, int]) -> Iterable[Proposal]:
    """Propose the filling of columns in which nulls are no more than wrong cells make likely.

    Of a value that is a single character a slip of the hand leaves nothing, or two characters, or another one: then
    nulls are as many as other slips, and need not be rare.
    """
    if not open_names:
        return
    coded = CodedTable.of(repaired)
    single = tuple(name for name in open_names if _holds_single_characters(coded.columns[name]))
    others = tuple(name for name in open_names if name not in single)
    steps = [FillDependencies(columns=others)] if others else []
    steps += [FillDependencies(columns=single, most_nulls=1)] if single else []
    for step in steps:
        fill = step.taught(coded)
        for name, cells in _changed(repaired, fill.apply(repaired), open_names).items():
            narrower = fill.narrowed((name,))
            yield Proposal(
                narrower,
                "some cells are empty that other columns of their row settle, in a column that is wrong as often",
                {"column": name, "cells": cells, "rules": _rules(narrower, name), "wrong": wrong[name]},
            )


def _holds_single_characters(column: CodedColumn) -> bool:
    """Tell whether most cells that have a value hold a single character."""
    short = np.array([len(text) == 1 for text in column.texts], np.bool_)
    return 2 * int(column.counts[short].sum()) > int(column.counts.sum())


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
