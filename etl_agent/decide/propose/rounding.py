"""Rounding errors of binary arithmetic in columns whose other numbers are short."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from etl_agent.clean.rounding import BLOWN_UP, BinaryNoise, meant
from etl_agent.decide.convention import cells, matching
from etl_agent.decide.evidence import Evidence
from etl_agent.decide.proposal import Proposal
from etl_agent.profile.coded import CodedColumn

__all__ = ["propose"]

_NUMBER = r"^[-+]?\d+(?:\.\d+)?$"
_LONG = r"\.\d{12}"  # more digits than anything is measured with


def propose(evidence: Evidence) -> Iterable[Proposal]:
    """Propose to write the decimals that were meant, where fewer than half of a column's numbers were blown up.

    A column most of whose numbers have all the digits of a float was calculated, not written: it is left as it is.
    """
    for name, column in evidence.coded.columns.items():
        if name in evidence.keys:
            continue
        found, numbers = _blown_up(column)
        if 0 < 2 * found < numbers:
            yield Proposal(
                BinaryNoise(columns=(name,)),
                "few decimals differ from short ones by no more than the errors of binary arithmetic",
                {"cells": found, "numbers": numbers},
            )


def _blown_up(column: CodedColumn) -> tuple[int, int]:
    """Count the cells that are short decimals blown up, and the numbers; none where long numbers are common."""
    candidates = np.flatnonzero(matching(column, BLOWN_UP))
    if not len(candidates):
        return 0, 0
    found = np.array([place for place in candidates if meant(column.texts[place])], np.int64)
    numbers = cells(column, matching(column, _NUMBER))
    long = cells(column, matching(column, _LONG))
    return (cells(column, found), numbers) if 2 * long < numbers else (0, numbers)
