"""How dates are spread over the months: exact counts that merge and stay small."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from etl_agent.profile.sketches import Counts

__all__ = ["Timeline"]

_FIRST, _LAST = 1600, 2399  # years that have months of their own; what is outside is a mistake, and counted as such


@dataclass(frozen=True, slots=True)
class Timeline:
    """When dates are.

    Args:
        months: rows by month, which is twelve times the year plus the month less one.
        outside: rows before 1600 or after 2399.
        first: the first day as the number 20240131, or None if there is none.
        last: the last day.
    """

    months: Mapping[int, int] = field(default_factory=dict)
    outside: int = 0
    first: int | None = None
    last: int | None = None

    @staticmethod
    def of(year: NDArray[np.int64], month: NDArray[np.int64], day: NDArray[np.int64], rows: Counts) -> Timeline:
        """Count one or more days."""
        inside = (year >= _FIRST) & (year <= _LAST)
        days = year * 10_000 + month * 100 + day
        first, last = int(days.min()), int(days.max())
        outside = int(rows[~inside].sum())
        if not inside.any():
            return Timeline({}, outside, first, last)
        found = (year * 12 + month - 1)[inside]
        start = int(found.min())
        counts = np.bincount(found - start, weights=rows[inside]).astype(np.int64)
        used = np.flatnonzero(counts)
        return Timeline(dict(zip((used + start).tolist(), counts[used].tolist(), strict=True)), outside, first, last)

    def combine(self, other: Timeline) -> Timeline:
        """Add up two timelines."""
        months = dict(self.months)
        for month, rows in other.months.items():
            months[month] = months.get(month, 0) + rows
        ends = [end for end in (self.first, self.last, other.first, other.last) if end is not None]
        return Timeline(months, self.outside + other.outside, min(ends, default=None), max(ends, default=None))

    @property
    def rows(self) -> int:
        """Rows of all dates."""
        return sum(self.months.values()) + self.outside
