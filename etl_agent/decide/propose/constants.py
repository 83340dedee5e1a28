"""Noise in columns that have but one value: what stands there instead can only stand for that one."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from etl_agent.clean.categories import MapValues
from etl_agent.clean.fill import Fill
from etl_agent.decide.convention import is_convention
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.proposal import Proposal
from etl_agent.profile.nulls import null_sort

__all__ = ["propose"]

_LEAST = 50
"""Cells that agree: by the rule of succession the next one differs with a chance of less than one in fifty."""

_MOST = 100
"""Values of a column with one value, its slips included, whose errors are few."""


def propose(evidence: Evidence) -> Iterable[Proposal]:
    """Propose the only value of a column for cells of nothing but signs, and for the nulls beside them.

    Nulls alone are left: where a column says "Y" or nothing, nothing is the other answer. Signs show that cells of
    this column were destroyed, and then the few nulls have the same cause.

    Source: the rule of succession, Laplace, "Essai philosophique sur les probabilités" (1814).
    """
    for name, column in evidence.coded.columns.items():
        if name in evidence.keys or len(column.values) > _MOST:
            continue
        signs = [place for place, text in enumerate(column.texts) if null_sort(text) == "sign"]
        values = np.setdiff1d(np.arange(len(column.values)), signs)
        if not signs or not len(values):
            continue
        most = values[np.argmax(column.counts[values])]
        only, rows = column.texts[most], int(column.counts[most])
        if rows < _LEAST or not is_convention(rows, evidence.sample.num_rows):
            continue
        if not all(_slip(column.texts[place], of=only) for place in values if place != most):
            continue
        figures = {"agreeing": rows, "signs": int(column.counts[signs].sum()), "nulls": column.nulls}
        reason = "the column has one value but for slips, and signs that are none"
        yield Proposal(
            MapValues(columns=(name,), values={column.texts[place]: only for place in signs}), reason, figures
        )
        if column.nulls:
            yield Proposal(Fill(columns=(name,), value=only), reason, figures)


def _slip(text: str, *, of: str) -> bool:
    """Say whether a text is a value with a sign too many: no second value, but a slip that others repair."""
    return of in text and len(text) == len(of) + 1
