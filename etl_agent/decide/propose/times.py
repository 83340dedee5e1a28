"""Times of day that are written otherwise than nearly all others of their column."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

import pyarrow as pa

from etl_agent.clean.clock import ClockAs
from etl_agent.decide.convention import cells, is_convention, matching
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.proposal import Proposal
from etl_agent.profile.coded import CodedColumn

__all__ = ["propose"]

_TIME = r"^\d{1,2}:[0-5]\d(?::[0-5]\d)?(?: ?[AaPp](?:\.?[Mm]\.?)?)?$"
_HALVES = ("", *(f"{blank}{half}" for blank in (" ", "") for half in ("a.m.", "A.M.", "am", "AM", "a", "A")))


def propose(evidence: Evidence) -> Iterable[Proposal]:
    """Propose the form of the clock that is the convention of a column for its other times.

    A column without a convention is left as it is, and so is one that keeps to its form throughout, whatever it is.
    """
    for name, column in evidence.coded.columns.items():
        if name in evidence.keys or not is_convention(cells(column, matching(column, _TIME)), _known(column)):
            continue
        step = _convention(name, column)
        if step is not None and (changed := _changed(step, column)):
            yield Proposal(
                step,
                "nearly all times of the column are written in one form",
                {"cells": changed, "in_form": cells(column, matching(column, step.pattern)), "rows": _known(column)},
            )


def _known(column: CodedColumn) -> int:
    return int(column.counts.sum())


def _convention(name: str, column: CodedColumn) -> ClockAs | None:
    """Return the step that writes times as nearly all of a column are; None if there is no such form."""
    for seconds, half in product(("", ":00"), _HALVES):
        short, padded = (ClockAs(columns=(name,), like=f"{zero}9:05{seconds}{half}") for zero in ("", "0"))
        held = {step: cells(column, matching(column, step.pattern)) for step in (short, padded)}
        best = max(held, key=lambda step: held[step])
        if is_convention(held[best], _known(column)):
            return best
    return None


def _changed(step: ClockAs, column: CodedColumn) -> int:
    """Count the cells that the step would change."""
    after = step.apply(pa.RecordBatch.from_arrays([column.values], names=list(step.columns))).column(0)
    pairs = zip(column.texts, after.to_pylist(), column.counts.tolist(), strict=True)
    return sum(rows for before, now, rows in pairs if before != now)
