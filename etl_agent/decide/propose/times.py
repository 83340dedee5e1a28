"""Times of day that are written otherwise than nearly all others of their column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import product

import numpy as np
import pyarrow as pa

from etl_agent.batch import Mask
from etl_agent.clean.clock import ClockAs
from etl_agent.decide.accidents import even
from etl_agent.decide.convention import cells, is_convention, matching, stated
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.proposal import Proposal
from etl_agent.profile.coded import CodedColumn

__all__ = ["propose"]

_TIME = r"^\d{1,2}:[0-5]\d(?::[0-5]\d)?(?: ?[AaPp](?:\.?[Mm]\.?)?)?$"
_HALVES = ("", *(f"{blank}{half}" for blank in (" ", "") for half in ("a.m.", "A.M.", "am", "AM", "a", "A")))


def propose(evidence: Evidence) -> Iterable[Proposal]:
    """Propose the form of the clock that is the convention of a column for its other times.

    A column without a convention is left as it is, and so is one that keeps to its form throughout, whatever it is, or
    has another form for some times of the day only.
    """
    for name, column in evidence.coded.columns.items():
        if name in evidence.keys or not is_convention(cells(column, matching(column, _TIME)), _known(column)):
            continue
        step = _convention(name, column)
        if step is not None and (changed := _changed(step, column)) and _anywhere(step, column):
            yield Proposal(
                step,
                "nearly all times of the column are written in one form",
                {"cells": changed, "in_form": cells(column, matching(column, step.pattern)), "rows": _known(column)},
            )


def _known(column: CodedColumn) -> int:
    return stated(column)


def _convention(name: str, column: CodedColumn) -> ClockAs | None:
    """Return the step that writes times as nearly all of a column are; None if there is no such form."""
    for seconds, half in product(("", ":00"), _HALVES):
        short, padded = (ClockAs(columns=(name,), like=f"{zero}9:05{seconds}{half}") for zero in ("", "0"))
        held = {step: cells(column, matching(column, step.pattern)) for step in (short, padded)}
        best = max(held, key=lambda step: held[step])
        if is_convention(held[best], _known(column)):
            return best
    return None


def _after(step: ClockAs, values: pa.StringArray) -> list[str]:
    written: list[str] = (
        step.apply(pa.RecordBatch.from_arrays([values], names=list(step.columns))).column(0).to_pylist()
    )
    return written


def _changed(step: ClockAs, column: CodedColumn) -> int:
    """Count the cells that the step would change."""
    triples = zip(column.texts, _after(step, column.values), column.counts.tolist(), strict=True)
    return sum(rows for before, now, rows in triples if before != now)


def _rewritten(step: ClockAs, column: CodedColumn, values: Mask) -> Counter[str]:
    """Count the cells of some values by what the step would write."""
    found: Counter[str] = Counter()
    after = _after(step, column.values.filter(pa.array(values)))
    for time, rows in zip(after, column.counts[values].tolist(), strict=True):
        found[time] += rows
    return found


def _anywhere(step: ClockAs, column: CodedColumn) -> bool:
    """Say whether any time may be in another form: if only some are, as 11:00 pm beside 7:30, they are meant so.

    A date or a remark beside a time is no form of a clock: it may well stand only where the day is another one.
    """
    held, alone = matching(column, step.pattern), matching(column, _TIME)
    struck = _rewritten(step, column, alone & ~held)
    rows = _rewritten(step, column, held)
    times = sorted({*rows, *struck})
    found, others = (np.array([part.get(time, 0) for time in times], np.int64) for part in (struck, rows))
    return even(found, found + others)
