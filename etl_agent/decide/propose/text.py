"""Text hygiene: blanks, invisible characters and mis-decoded text, where few cells of a column have them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa

from etl_agent.batch import Mask
from etl_agent.clean.step import RowStep
from etl_agent.clean.text import CollapseBlanks, Invisible, Mojibake, Strip
from etl_agent.decide.convention import cells, fitting, matching
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.proposal import Proposal
from etl_agent.profile.coded import CodedColumn

__all__ = ["propose"]

_SPACED = r"[.!?:;]\s{2,}|\s{2,}.*\S\s{2,}"  # how some people write a text, or put its parts asunder
_LEAST = 3  # cells that show an accident of this column, and no whim of one text
_FEW = 0.1  # of the cells: an accident that strikes more of them inside is a habit


def propose(evidence: Evidence) -> Iterable[Proposal]:
    """Propose each step for the columns in which it changes fewer cells than it leaves.

    Columns all of whose cells end in blanks were padded to a width by a program that may want them so again: what is
    consistent is no dirt. Several blanks inside a cell are an accident only where the same text is there with single
    blanks, and more often; or where few cells have them, at one place and not behind a sentence, and other values of
    the column have the same pattern with single blanks.
    """
    plain = {name: column for name, column in evidence.coded.columns.items() if name not in evidence.keys}
    for step, reason in (
        (Invisible(columns="all"), "few cells hold characters that nobody sees"),
        (Mojibake(columns="all"), "few cells hold UTF-8 that was read as another encoding"),
        (Strip(columns="all"), "few cells begin or end with blanks"),
    ):
        found = {name: _changed(step, column) for name, column in plain.items()}
        rows = {name: cells(plain[name], changed) for name, changed in found.items()}
        chosen = [name for name, count in rows.items() if 0 < 2 * count < evidence.sample.num_rows]
        yield from _proposal(step, columns=chosen, reason=reason, rows=sum(rows[name] for name in chosen))
        plain = {name: _after(step, column) if name in chosen else column for name, column in plain.items()}
    collapse = CollapseBlanks(columns="all")
    doubled = {name: _seen_collapsed(collapse, column) for name, column in plain.items()}
    yield from _proposal(
        collapse,
        columns=[name for name, count in doubled.items() if count],
        reason="values stand there with single blanks too, or others of their pattern do",
        rows=sum(doubled.values()),
    )


def _proposal(step: RowStep, *, columns: Sequence[str], reason: str, rows: int) -> Iterable[Proposal]:
    if columns:
        yield Proposal(step.model_copy(update={"columns": tuple(columns)}), reason, {"cells": rows})


def _applied(step: RowStep, values: pa.StringArray) -> pa.StringArray:
    return step.apply(pa.RecordBatch.from_arrays([values], names=["x"])).column("x")


def _after(step: RowStep, column: CodedColumn) -> CodedColumn:
    return CodedColumn.of(_applied(step, column.values).take(pa.array(column.codes, mask=column.codes < 0)))


def _changed(step: RowStep, column: CodedColumn) -> Mask:
    """Say which distinct values a step changes."""
    after = _applied(step, column.values)
    if after.equals(column.values):
        return np.zeros(len(column.values), np.bool_)
    pairs = zip(column.texts, after.to_pylist(), strict=True)
    return np.array([before != now for before, now in pairs], np.bool_)


def _seen_collapsed(step: RowStep, column: CodedColumn) -> int:
    """Count the cells that the step would change; none where one of the values may be written so on purpose."""
    changed = _changed(step, column)
    if not changed.any():
        return 0
    after = _applied(step, column.values.filter(pa.array(changed)))
    counts = dict(zip(column.texts, column.counts.tolist(), strict=True))
    pairs = zip(after.to_pylist(), column.counts[changed].tolist(), strict=True)
    if not all(counts.get(value, 0) > rows for value, rows in pairs):
        few = _LEAST <= cells(column, changed) < _FEW * column.counts.sum()
        if not few or matching(column, _SPACED).any() or not fitting(column, after, among=~changed).all():
            return 0
    return cells(column, changed)
