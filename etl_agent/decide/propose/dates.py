"""Dates that are written otherwise than nearly all others of their column."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

import pyarrow as pa

from etl_agent.clean.day_form import DateAs, form_pattern
from etl_agent.decide.convention import cells, is_convention, matching, stated
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.proposal import Proposal
from etl_agent.profile.coded import CodedColumn

__all__ = ["propose"]

_DATE = r"^(?:\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}[- ][A-Z][a-z]{2,8}[- ]\d{4}|[A-Z][a-z]{2,8} \d{1,2}, \d{4})$"
_MARKS = ("-", "/", ".")
_ORDERS = (("%Y", "%m", "%d"), ("%d", "%m", "%Y"), ("%m", "%d", "%Y"))
_NAMED = ("%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y")
_CLEAR = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%b %d %Y")
"""Formats that no other one can be taken for."""

_FORMS = (*(mark.join(order) for order, mark in product(_ORDERS, _MARKS)), *_NAMED)
_LATE = r"(?:1[3-9]|2\d|3[01])"


def propose(evidence: Evidence) -> Iterable[Proposal]:
    """Propose the form that is the convention of a column of dates for its other dates.

    Formats that can be taken for each other (03/04 is a day of March or of April) are read only where cells with a
    day beyond 12 show which it is, and none shows the contrary. What is consistent is left as it is.
    """
    for name, column in evidence.coded.columns.items():
        known = stated(column)
        if name in evidence.keys or not is_convention(cells(column, matching(column, _DATE)), known):
            continue
        form = _convention(column, known=known)
        if form is None:
            continue
        step = DateAs(columns=(name,), write=form, formats=_formats(column, form=form))
        changed = _rewritten(step, column)
        if changed and _slips(column, form=form):
            step = step.model_copy(update={"formats": step.formats[1:]})
            changed = _rewritten(step, column)
        if changed:
            figures = {
                "cells": sum(rows for _, rows in changed),
                "in_form": cells(column, matching(column, form_pattern(form))),
                "rows": known,
            }
            yield Proposal(step, "nearly all dates of the column are written in one form", figures)


def _convention(column: CodedColumn, *, known: int) -> str | None:
    """Return the form of nearly all dates; None if there is none, or nothing shows which of two it is."""
    written = [form.replace("%d", day).replace("%m", month) for form in _FORMS for day, month in _zeros(form)]
    held = {form: cells(column, matching(column, form_pattern(form))) for form in dict.fromkeys(written)}
    most = max(held.values())
    best = [form for form, rows in held.items() if rows == most]
    return best[0] if len(best) == 1 and is_convention(most, known) and _proven(column, best[0]) else None


def _zeros(form: str) -> Iterable[tuple[str, str]]:
    """Return the ways to write days and months below ten: both filled up, or neither."""
    return (("%d", "%m"), ("%-d", "%-m")) if "%m" in form else (("%d", "%m"), ("%-d", "%m"))


def _proven(column: CodedColumn, form: str) -> bool:
    """Say whether cells show the order of day and month, where a form leaves it open."""
    padded = form.replace("%-", "%")
    mark = next((mark for mark in _MARKS if padded in (mark.join(_ORDERS[1]), mark.join(_ORDERS[2]))), None)
    return mark is None or _order(column, mark) == padded


def _order(column: CodedColumn, mark: str) -> str | None:
    """Return the format of dates with a year behind day and month, where days beyond 12 settle it."""
    sign, short = f"[{mark}]", r"(?:0?[1-9]|1[0-2])"
    day_first = cells(column, matching(column, rf"^{_LATE}{sign}{short}{sign}\d{{4}}$"))
    month_first = cells(column, matching(column, rf"^{short}{sign}{_LATE}{sign}\d{{4}}$"))
    if bool(day_first) == bool(month_first):
        return None
    return mark.join(_ORDERS[1] if day_first else _ORDERS[2])


def _formats(column: CodedColumn, *, form: str) -> tuple[str, ...]:
    """Return the formats that the cells of a column can be read in without doubt."""
    settled = [order for mark in _MARKS if (order := _order(column, mark)) is not None]
    own = form.replace("%-", "%").replace("%B", "%b")
    return tuple(dict.fromkeys([own, *_CLEAR, *settled]))


def _slips(column: CodedColumn, *, form: str) -> bool:
    """Say whether digits were lost, rather than not written, in dates that lack a zero.

    In a column of few dates that come again, most of those that only lack a zero must be among the others.
    """
    if 2 * len(column.values) > column.counts.sum():
        return False
    own = DateAs(columns=("x",), write=form, formats=(form.replace("%-", "%").replace("%B", "%b"),))
    filled = _rewritten(own, column)
    seen = sum(rows for date, rows in filled if date in column.texts)
    return not is_convention(seen, sum(rows for _, rows in filled))


def _rewritten(step: DateAs, column: CodedColumn) -> list[tuple[str, int]]:
    """Return the dates that the step would write, with their rows."""
    after = step.apply(pa.RecordBatch.from_arrays([column.values], names=list(step.columns))).column(0)
    triples = zip(column.texts, after.to_pylist(), column.counts.tolist(), strict=True)
    return [(now, rows) for before, now, rows in triples if before != now]
