"""Codes and telephone numbers whose signs differ from those of nearly all others of their column."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from pydantic import ValidationError

from etl_agent.clean.sign_form import SIGNS, SignsAs
from etl_agent.decide.convention import cells, is_convention, matching
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.proposal import Proposal
from etl_agent.profile.coded import CodedColumn
from etl_agent.profile.kinds import Kind
from etl_agent.profile.patterns import masked_patterns

__all__ = ["propose"]

_LEFT: frozenset[Kind] = frozenset(
    {"date", "time", "timestamp", "integer", "number", "money", "percent", "quantity", "text", "email", "url"}
)
"""Kinds whose signs mean something, or that have proposers of their own."""

_INSIDE = re.compile(rf"[9Aa][{re.escape(SIGNS)}]+[9Aa]")
_LEAST_PART = 4  # letters and digits of a code: of fewer, 1-2 and 12 may be two codes


def propose(evidence: Evidence) -> Iterable[Proposal]:
    """Propose the pattern of nearly all codes of a column for those with the same letters and digits.

    What differs must be nothing but the signs around the same parts; a code whose parts are cut otherwise is another
    code. Columns of numbers, dates, times and words are left: there signs mean something. A code has a digit.
    """
    for name, column in evidence.coded.columns.items():
        if name in evidence.keys or evidence.kinds[name] in _LEFT:
            continue
        step = _convention(name, column)
        if step is None:
            continue
        held = matching(column, step.exact)
        changed = cells(column, matching(column, step.loose) & ~held)
        if changed:
            figures = {"cells": changed, "in_pattern": cells(column, held), "rows": int(column.counts.sum())}
            yield Proposal(step, "nearly all codes of the column have the same signs between their parts", figures)


def _convention(name: str, column: CodedColumn) -> SignsAs | None:
    """Return the step for the pattern of nearly all values; None if there is none, or it has no signs inside."""
    rows: Counter[str] = Counter()
    for pattern, count in zip(masked_patterns(column.values).to_pylist(), column.counts.tolist(), strict=True):
        if pattern is not None:
            rows[pattern] += count
    if not rows:
        return None
    pattern, most = rows.most_common(1)[0]
    parts = sum(sign in "9Aa" for sign in pattern)
    if (
        "9" not in pattern
        or parts < _LEAST_PART
        or not _INSIDE.search(pattern)
        or not is_convention(most, int(column.counts.sum()))
    ):
        return None
    try:
        return SignsAs(columns=(name,), pattern=pattern)
    except ValidationError:
        return None  # it holds signs that may mean something
