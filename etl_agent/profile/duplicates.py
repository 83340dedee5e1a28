"""Rows that stand more than once, to the letter or but for case and blanks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from etl_agent.profile.coded import CodedColumn, CodedTable, Codes

__all__ = ["Repeats", "repeats"]


@dataclass(frozen=True, slots=True)
class Repeats:
    """How many rows repeat an earlier one.

    Args:
        exact: rows that are equal to an earlier one.
        alike: rows that equal an earlier one but for case and blanks, and are not among the exact ones.
    """

    exact: int
    alike: int


def repeats(coded: CodedTable) -> Repeats:
    """Count the rows of a table that repeat an earlier one."""
    exact = _repeated((column.codes for column in coded.columns.values()), rows=coded.rows)
    loose = _repeated((_folded(column) for column in coded.columns.values()), rows=coded.rows)
    return Repeats(exact, loose - exact)


def _folded(column: CodedColumn) -> Codes:
    """Number the cells so that those have one number that differ in case and blanks only."""
    folded = pc.replace_substring_regex(pc.utf8_lower(column.values), r"\s+", "")
    places: Codes = np.append(folded.dictionary_encode().indices.to_numpy(), -1).astype(np.int64)
    return places[column.codes]


def _repeated(columns: Iterable[Codes], *, rows: int) -> int:
    """Count the rows whose codes an earlier row has."""
    joint = np.zeros(rows, np.int64)
    for codes in columns:
        _, joint = np.unique(joint * (int(codes.max(initial=-1)) + 2) + codes + 1, return_inverse=True)
    return rows - (int(joint.max(initial=-1)) + 1)
