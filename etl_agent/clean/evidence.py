"""Evidence on how a column is written: cells counted by what settles them, with one sample of each kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.errors import AmbiguousFormat, Unfit

__all__ = ["Counts", "Evidence", "ambiguous", "combined", "matching", "note", "shortest"]

Counts = dict[str, list[Any]]
"""For each kind of cell how many there are, and as a sample the smallest of the shortest, whatever their order."""

Evidence = dict[str, Counts]
"""What was counted, for each column."""

_SAMPLE = 80  # characters of a sample that are kept


def shortest(cells: pa.Array) -> str:
    """Return the smallest of the shortest cells, cut where it is long; there must be one that is not null."""
    lengths = pc.utf8_length(cells)
    return str(pc.min(cells.filter(pc.equal(lengths, pc.min(lengths)))).as_py())[:_SAMPLE]


def note(counts: Counts, kind: str, *, cells: pa.Array) -> None:
    """Count cells of a kind; none of them is null."""
    if len(cells):
        _add(counts, kind, [len(cells), shortest(cells)])


def _add(counts: Counts, kind: str, entry: list[Any]) -> None:
    held = counts.get(kind)
    if held is None:
        counts[kind] = list(entry)
    else:
        counts[kind] = [held[0] + entry[0], min(held[1], entry[1], key=lambda cell: (len(cell), cell))]


def combined(left: Evidence, right: Evidence) -> Evidence:
    """Add the counts of two pieces of a dataset."""
    merged: Evidence = {}
    for side in (left, right):
        for column, counts in side.items():
            into = merged.setdefault(column, {})
            for kind, entry in counts.items():
                _add(into, kind, entry)
    return merged


def ambiguous(column: str, *, sample: str, readings: Mapping[str, str], declare: str, step: str) -> AmbiguousFormat:
    """Make the error for a column that can be read in several ways.

    Args:
        column: the column.
        sample: a cell that shows it.
        readings: what the sample would mean, by the parameter value that makes it so.
        declare: the parameter that settles it.
        step: the step's name.
    """
    meanings = " or ".join(f"{meaning} ({word})" for word, meaning in readings.items())
    return AmbiguousFormat(
        f"{sample!r} means {meanings}, and no cell settles which",
        where=f"clean, step {step}, column {column}",
        choices=tuple(readings),
        next_command=f"declare {declare} in the step {step}",
        unfit=[Unfit(column, "ambiguous", step=step)],
    )


def matching(cells: pa.Array, patterns: Iterable[tuple[str, str]]) -> Iterable[tuple[str, pa.Array]]:
    """Sort cells by the first pattern that each matches; cells that match none are left out."""
    for kind, pattern in patterns:
        if not len(cells):
            return
        found = pc.match_substring_regex(cells, pattern)
        yield kind, cells.filter(found)
        cells = cells.filter(pc.invert(found))
