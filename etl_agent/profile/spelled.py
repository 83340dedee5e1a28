"""The distinct values of a column with their patterns, so that most questions are asked of few patterns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from etl_agent.batch import Mask, as_mask
from etl_agent.profile.patterns import collapsed_patterns, masked_patterns
from etl_agent.profile.sketches import Counts

__all__ = ["Spelled"]


@dataclass(frozen=True)
class Spelled:
    """Distinct values, how often each occurs, and how they are spelled.

    A regular expression over a million values costs a second; values of one spelling share a pattern (``AA-99``), and
    patterns of one make share a collapsed one (``A-9``), of which there are few. So a question goes to the collapsed
    patterns first, then to the patterns those stand for, and to the values last.

    Args:
        values: the distinct values, without null.
        rows: rows of each.
    """

    values: pa.StringArray
    rows: Counts

    @cached_property
    def _masked(self) -> pa.DictionaryArray:
        return masked_patterns(self.values).dictionary_encode()

    @cached_property
    def _codes(self) -> NDArray[np.int32]:
        codes = self._masked.indices
        found: NDArray[np.int32] = (pc.fill_null(codes, -1) if codes.null_count else codes).to_numpy()
        return found

    @property
    def patterns(self) -> pa.StringArray:
        """The distinct masked patterns."""
        return self._masked.dictionary

    @cached_property
    def pattern_rows(self) -> Counts:
        """Rows of each pattern; cells that are too long to have one are in none."""
        return self.rows_by_pattern(~self.long)

    @cached_property
    def _collapsed(self) -> pa.DictionaryArray:
        return collapsed_patterns(self.patterns).dictionary_encode()

    @cached_property
    def bytes(self) -> NDArray[np.int32]:
        """Bytes of each value."""
        lengths: NDArray[np.int32] = pc.binary_length(self.values).to_numpy(zero_copy_only=False)
        return lengths

    @cached_property
    def long(self) -> Mask:
        """Which values are too long to have a pattern."""
        return self._codes < 0

    def gate(self, form: str) -> Mask:
        """Tell which patterns have a collapsed pattern that matches a regular expression."""
        made = self._collapsed
        if not len(made.dictionary):
            return np.zeros(0, np.bool_)
        found = as_mask(pc.match_substring_regex(made.dictionary, form))
        if not found.any():
            return np.zeros(len(self.patterns), np.bool_)
        chosen: Mask = found[made.indices.to_numpy()]
        return chosen

    def matching(self, form: str, *, among: Mask) -> Mask:
        """Tell which of some patterns match a regular expression."""
        found = among.copy()
        if among.any():
            found[among] = as_mask(pc.match_substring_regex(self.patterns.filter(pa.array(among)), form))
        return found

    def places(self, patterns: Mask) -> NDArray[np.int64]:
        """Return the places of the values that have one of some patterns."""
        return np.flatnonzero(self.having(patterns)) if patterns.any() else np.zeros(0, np.int64)

    def having(self, patterns: Mask) -> Mask:
        """Tell which values have one of some patterns."""
        chosen: Mask = np.append(patterns, [False])[self._codes]  # the code -1 finds the end
        return chosen

    def chosen(self, places: NDArray[np.int64]) -> pa.StringArray:
        """Return the values at some places."""
        return self.values if len(places) == len(self.values) else self.values.take(pa.array(places))

    def part(self, places: NDArray[np.int64]) -> Spelled:
        """Return the values at some places, with their rows."""
        return Spelled(self.chosen(places), self.rows[places])

    def count(self, patterns: Mask) -> int:
        """Count the rows of some patterns."""
        return int(self.pattern_rows[patterns].sum())

    def rows_by_pattern(self, values: Mask) -> Counts:
        """Count the rows of some values by pattern; each of them must have one."""
        rows = np.bincount(self._codes[values], weights=self.rows[values], minlength=len(self.patterns))
        return rows.astype(np.int64)

    def byte(self, places: NDArray[np.int64], at: NDArray[np.integer[Any]] | int) -> NDArray[np.uint8]:
        """Return one byte of each of some values, which must be so long."""
        _, offsets, data = self.values.buffers()
        starts = np.frombuffer(offsets, np.int32)[self.values.offset :][places]
        found: NDArray[np.uint8] = np.frombuffer(data, np.uint8)[starts + at]
        return found
