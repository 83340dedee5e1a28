"""The distinct values of a column with their patterns, so that most questions are asked of few patterns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from etl_agent.profile.patterns import collapsed_patterns, masked_patterns

__all__ = ["Counts", "Mask", "Spelled", "as_mask"]

Counts = NDArray[np.int64]
Mask = NDArray[np.bool_]


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
    def masked(self) -> pa.DictionaryArray:
        """The masked pattern of each value; null for one of more than 64 bytes."""
        return masked_patterns(self.values).dictionary_encode()

    @cached_property
    def _codes(self) -> Counts:
        codes: Counts = pc.fill_null(self.masked.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
        return codes

    @property
    def patterns(self) -> pa.StringArray:
        """The distinct masked patterns."""
        return self.masked.dictionary

    @cached_property
    def pattern_rows(self) -> Counts:
        """Rows of each pattern; cells that are too long to have one are in none."""
        has = self._codes >= 0
        rows = np.bincount(self._codes[has], weights=self.rows[has], minlength=len(self.patterns))
        return rows.astype(np.int64)

    @cached_property
    def _collapsed(self) -> pa.DictionaryArray:
        return collapsed_patterns(self.patterns).dictionary_encode()

    @cached_property
    def bytes(self) -> Counts:
        """Bytes of each value."""
        lengths: Counts = pc.binary_length(self.values).to_numpy(zero_copy_only=False)
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
        chosen: Mask = found[made.indices.to_numpy(zero_copy_only=False)]
        return chosen

    def matching(self, form: str, *, among: Mask) -> Mask:
        """Tell which of some patterns match a regular expression."""
        found = among.copy()
        if among.any():
            found[among] = as_mask(pc.match_substring_regex(self.patterns.filter(pa.array(among)), form))
        return found

    def places(self, patterns: Mask) -> Counts:
        """Return the places of the values that have one of some patterns."""
        if not patterns.any():
            return np.zeros(0, np.int64)
        return np.flatnonzero(np.append(patterns, [False])[self._codes])  # the code -1 finds the end

    def in_patterns(self, places: Counts, patterns: Mask) -> Mask:
        """Tell which of some values have one of some patterns."""
        chosen: Mask = np.append(patterns, [False])[self._codes[places]]
        return chosen

    def count(self, patterns: Mask) -> int:
        """Count the rows of some patterns."""
        return int(self.pattern_rows[patterns].sum())


def as_mask(truths: pa.Array) -> Mask:
    """Return an Arrow array of truths without null as an array of numpy."""
    found: Mask = truths.to_numpy(zero_copy_only=False)
    return found
