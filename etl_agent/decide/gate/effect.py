"""What a step does to the sample: the cells of each column before and after it, as codes of one list of values."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from etl_agent.batch import Mask
from etl_agent.decide.gate.reading import Reading
from etl_agent.decide.gate.readings import reading
from etl_agent.profile.coded import Codes
from etl_agent.profile.nulls import null_sort
from etl_agent.profile.patterns import masked_patterns

__all__ = ["ColumnEffect", "Pairs", "column_effects"]

_LONGEST_MARKER = 24  # bytes of a spelling of no value, with blanks
MOST_PAIRS = 2048
"""Different changes of a column that are looked at one by one. Of more, as many are taken evenly: what a twentieth of
them has in common is then missed with a chance of 0.95 ** 2048, which is none."""


@dataclass(frozen=True)
class Pairs:
    """The different changes of a column: a value, and what stands in its place.

    Args:
        before: the code of the value.
        after: the code of what stands in its place.
        rows: rows with this change.
        of_row: for each replaced row the place of its change here, or -1 where the change is not among these.
    """

    before: Codes
    after: Codes
    rows: Codes
    of_row: Codes


@dataclass(frozen=True)
class ColumnEffect:
    """The cells of a column before and after a step.

    Args:
        name: the column.
        values: the distinct values of both, in the order in which they first appear.
        before: the place of each cell's value before; -1 for a null.
        after: the same, after.
    """

    name: str
    values: pa.StringArray
    before: Codes
    after: Codes

    @staticmethod
    def of(name: str, before: pa.Array, after: pa.Array) -> ColumnEffect:
        """Code a column's cells before and after a step."""
        both = pa.chunked_array([before, after]).combine_chunks().dictionary_encode()
        codes = pc.fill_null(both.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
        return ColumnEffect(name, both.dictionary, codes[: len(before)], codes[len(before) :])

    @property
    def rows(self) -> int:
        """Rows of the sample."""
        return len(self.before)

    @cached_property
    def markers(self) -> Mask:
        """Which values are spellings of no value; the last entry is for null, whose code is -1."""
        found = np.zeros(len(self.values) + 1, np.bool_)
        short = np.flatnonzero(
            pc.less_equal(pc.binary_length(self.values), _LONGEST_MARKER).to_numpy(zero_copy_only=False)
        )
        patterns = masked_patterns(self.values.take(pa.array(short)))
        # Most short values have a pattern that no marker has: a number, a code of letters and digits.
        odd = pc.invert(pc.match_substring_regex(patterns, "^[^#]*9")).to_numpy(zero_copy_only=False).astype(np.bool_)
        short = short[odd]
        found[short] = [_is_marker(text) for text in self.texts(short)]
        found[-1] = True
        return found

    @cached_property
    def filled(self) -> Codes:
        """The rows that had no value, or a marker for none, and have a value; or a marker instead of a null."""
        made = self.markers[self.before] & ~self.markers[self.after]
        return np.flatnonzero(made | ((self.before < 0) & (self.after >= 0)))

    @cached_property
    def emptied(self) -> Codes:
        """The rows that had a value and have none."""
        return np.flatnonzero((self.before >= 0) & (self.after < 0))

    @cached_property
    def replaced(self) -> Codes:
        """The rows that had a value and have another, or a marker and have another marker."""
        differ = (self.before >= 0) & (self.after >= 0) & (self.before != self.after)
        differ[self.filled] = False
        return np.flatnonzero(differ)

    @cached_property
    def counts(self) -> Codes:
        """Rows of each value before the step."""
        return np.bincount(self.before[self.before >= 0], minlength=len(self.values)).astype(np.int64)

    @cached_property
    def kept_counts(self) -> Codes:
        """Rows of each value that the step leaves as they are."""
        kept = self.before[(self.before == self.after) & (self.before >= 0)]
        return np.bincount(kept, minlength=len(self.values)).astype(np.int64)

    @cached_property
    def pairs(self) -> Pairs:
        """The different changes from a value to another."""
        width = len(self.values) + 1
        keys = self.before[self.replaced] * width + self.after[self.replaced]
        found, place, rows = np.unique(keys, return_inverse=True, return_counts=True)
        if len(found) > MOST_PAIRS:
            chosen = np.linspace(0, len(found) - 1, MOST_PAIRS).astype(np.int64)
            at = np.full(len(found), -1, np.int64)
            at[chosen] = np.arange(len(chosen))
            found, rows, place = found[chosen], rows[chosen], at[place]
        return Pairs(found // width, found % width, rows.astype(np.int64), place.astype(np.int64))

    @cached_property
    def readings(self) -> tuple[Reading, ...]:
        """What each of the different changes does to the value."""
        pairs = self.pairs
        return tuple(map(reading, self.texts(pairs.before), self.texts(pairs.after)))

    def rows_matching(self, pattern: str, *, kept: bool = False, counts: Codes | None = None) -> int:
        """Count the rows whose value before the step matches a regular expression.

        Args:
            pattern: what a part of the value must match (RE2 syntax).
            kept: whether only the rows count that the step leaves as they are.
            counts: the rows of each value, if others than those.
        """
        rows = counts if counts is not None else self.kept_counts if kept else self.counts
        held = np.flatnonzero(rows > 0)
        found = pc.match_substring_regex(self.values.take(pa.array(held)), pattern).to_numpy(zero_copy_only=False)
        return int(rows[held][found].sum())

    def texts(self, codes: Codes) -> list[str]:
        """Return the values that some codes stand for, none of which is a null."""
        found: list[str] = self.values.take(pa.array(codes)).to_pylist()
        return found

    def of_relations(self, relations: frozenset[str]) -> NDArray[np.int64]:
        """Return the places of the different changes that are of some relations."""
        return np.flatnonzero(np.array([each.relation in relations for each in self.readings], np.bool_))

    def rows_of(self, places: NDArray[np.int64]) -> Codes:
        """Return the rows of the sample that have one of some changes."""
        chosen: Mask = np.zeros(len(self.pairs.rows) + 1, np.bool_)
        chosen[places] = True
        chosen[-1] = False
        return self.replaced[chosen[self.pairs.of_row]]


def _is_marker(text: str) -> bool:
    """Tell whether a text is written for no value, and for nothing else: words such as NA can be values."""
    return null_sort(text) not in (None, "word")


def column_effects(before: pa.RecordBatch, after: pa.RecordBatch) -> tuple[ColumnEffect, ...]:
    """Return the effect on every column that both have and whose cells differ."""
    shared = [name for name in before.schema.names if name in set(after.schema.names)]
    return tuple(
        ColumnEffect.of(name, before.column(name), after.column(name))
        for name in shared
        if not before.column(name).equals(after.column(name))
    )
