"""What is known of one column: mergeable facts of bounded size, taken from its text."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from etl_agent.profile.cells import Cells, hashed
from etl_agent.profile.forms import Forms
from etl_agent.profile.moments import Moments
from etl_agent.profile.nulls import null_spellings
from etl_agent.profile.numerals import Numerals
from etl_agent.profile.quantiles import Quantiles
from etl_agent.profile.sketches import Counts, Distinct, Frequent, Hashes
from etl_agent.profile.spelled import Spelled
from etl_agent.profile.words import Words

__all__ = ["ColumnFacts"]

_SHORT = 4096  # characters up to which values are counted by length; longer ones are sorted instead
_FEW_VALUES, _FEW_BYTES = 64, 4096  # of a column whose facts cost more than telling that it was seen before
_REMEMBERED = 4096  # such columns; their cells take a few megabytes


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """Facts about a column of text.

    Args:
        rows: cells seen.
        nulls: cells without a value.
        empties: cells with the empty string.
        characters: characters of all values together.
        lengths: how the characters of each value are spread.
        distinct: how many distinct values there are.
        frequent: the most frequent values. They are cell text: the only part that shows any.
        patterns: the most frequent masked patterns (``AA-999``).
        forms: how many cells stand for a number, a date and so on.
        null_spellings: cells that hold a null spelling (``N/A``, ``-``), by what stands in them; they are values here.
        numerals: cells that are numbers as people write them.
        moments: cells that are dates or times as people write them.
        words: cells that have a form of their own, such as an address.
    """

    rows: int = 0
    nulls: int = 0
    empties: int = 0
    characters: int = 0
    lengths: Quantiles = field(default_factory=Quantiles)
    distinct: Distinct = field(default_factory=Distinct)
    frequent: Frequent = field(default_factory=Frequent)
    patterns: Frequent = field(default_factory=Frequent)
    forms: Forms = field(default_factory=Forms)
    null_spellings: Frequent = field(default_factory=Frequent)
    numerals: Numerals = field(default_factory=Numerals)
    moments: Moments = field(default_factory=Moments)
    words: Words = field(default_factory=Words)

    @property
    def quantiles(self) -> Quantiles:
        """How the cells that are numbers are spread."""
        return self.numerals.quantiles

    @property
    def shortest(self) -> int | None:
        """Characters of the shortest value, or None if there is no value."""
        return None if self.lengths.least is None else int(self.lengths.least)

    @property
    def longest(self) -> int | None:
        """Characters of the longest value, or None if there is no value."""
        return None if self.lengths.most is None else int(self.lengths.most)

    @property
    def values(self) -> int:
        """Cells that have a value; the empty string is one."""
        return self.rows - self.nulls

    @staticmethod
    def observe(text: pa.Array) -> ColumnFacts:
        """Take the facts of some cells (``pa.string()``)."""
        return ColumnFacts.of(Cells.of(text))

    @staticmethod
    def of(cells: Cells) -> ColumnFacts:
        """Take the facts of encoded cells: of the distinct values, weighted by how often they occur."""
        values, rows = cells.spelled.values, len(cells.codes)
        if not len(values):
            return ColumnFacts(rows=rows, nulls=rows)
        if len(values) <= _FEW_VALUES and values.nbytes <= _FEW_BYTES:
            return _of_few(tuple(values.to_pylist()), tuple(cells.spelled.rows.tolist()), cells.nulls)
        return _of(cells.spelled, cells.hashes, cells.nulls)

    def combine(self, other: ColumnFacts) -> ColumnFacts:
        """Merge the facts of other cells of the same column."""
        return ColumnFacts(
            rows=self.rows + other.rows,
            nulls=self.nulls + other.nulls,
            empties=self.empties + other.empties,
            characters=self.characters + other.characters,
            lengths=self.lengths.combine(other.lengths),
            distinct=self.distinct.combine(other.distinct),
            frequent=self.frequent.combine(other.frequent),
            patterns=self.patterns.combine(other.patterns),
            forms=self.forms.combine(other.forms),
            null_spellings=self.null_spellings.combine(other.null_spellings),
            numerals=self.numerals.combine(other.numerals),
            moments=self.moments.combine(other.moments),
            words=self.words.combine(other.words),
        )


@lru_cache(maxsize=_REMEMBERED)
def _of_few(values: tuple[str, ...], counts: tuple[int, ...], nulls: int) -> ColumnFacts:
    """Take the facts of a small column once: a plan of a wide file asks for the same ones at every step."""
    spelled = Spelled(pa.array(values, pa.string()), np.array(counts, np.int64))
    return _of(spelled, hashed(spelled.values), nulls)


def _of(spelled: Spelled, hashes: Hashes, nulls: int) -> ColumnFacts:
    counts = spelled.rows
    lengths = pc.utf8_length(spelled.values).to_numpy(zero_copy_only=False)
    return ColumnFacts(
        rows=int(counts.sum()) + nulls,
        nulls=nulls,
        empties=int(counts[lengths == 0].sum()),
        characters=int((lengths * counts).sum()),
        lengths=_spread(lengths, counts),
        distinct=Distinct.of(hashes, counts),
        frequent=Frequent.of(spelled.values, counts),
        patterns=Frequent.of(spelled.patterns, spelled.pattern_rows),
        forms=Forms.of(spelled),
        null_spellings=null_spellings(spelled),
        numerals=Numerals.of(spelled),
        moments=Moments.of(spelled),
        words=Words.of(spelled),
    )


def _spread(lengths: NDArray[np.int32], counts: Counts) -> Quantiles:
    if lengths.max() < _SHORT:
        rows = np.bincount(lengths, weights=counts).astype(np.int64)
        found = np.flatnonzero(rows)
        return Quantiles.of(found.astype(np.float64), rows[found])
    found, places = np.unique(lengths, return_inverse=True)
    return Quantiles.of(found.astype(np.float64), np.bincount(places, weights=counts).astype(np.int64))
