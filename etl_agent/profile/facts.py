"""What is known of one column: mergeable facts of bounded size, taken from its text."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.profile.forms import Forms
from etl_agent.profile.moments import Moments
from etl_agent.profile.nulls import null_spellings
from etl_agent.profile.numerals import Numerals
from etl_agent.profile.sketches import Counts, Distinct, Frequent, Quantiles
from etl_agent.profile.spelled import Spelled
from etl_agent.profile.words import Words

__all__ = ["ColumnFacts"]


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """Facts about a column of text.

    Args:
        rows: cells seen.
        nulls: cells without a value.
        empties: cells with the empty string.
        characters: characters of all values together.
        shortest: characters of the shortest value, or None if there is no value.
        longest: characters of the longest value.
        distinct: how many distinct values there are.
        frequent: the most frequent values. They are cell text: the only part that shows any.
        patterns: the most frequent masked patterns (``AA-999``).
        forms: how many cells stand for a number, a date and so on.
        quantiles: quantiles of the cells that are numbers.
        null_spellings: cells that hold a null spelling (``N/A``, ``-``), by what stands in them; they are values here.
        numerals: cells that are numbers as people write them.
        moments: cells that are dates or times as people write them.
        words: cells that have a form of their own, such as an address.
    """

    rows: int = 0
    nulls: int = 0
    empties: int = 0
    characters: int = 0
    shortest: int | None = None
    longest: int | None = None
    distinct: Distinct = field(default_factory=Distinct)
    frequent: Frequent = field(default_factory=Frequent)
    patterns: Frequent = field(default_factory=Frequent)
    forms: Forms = field(default_factory=Forms)
    quantiles: Quantiles = field(default_factory=Quantiles)
    null_spellings: Frequent = field(default_factory=Frequent)
    numerals: Numerals = field(default_factory=Numerals)
    moments: Moments = field(default_factory=Moments)
    words: Words = field(default_factory=Words)

    @property
    def values(self) -> int:
        """Cells that have a value; the empty string is one."""
        return self.rows - self.nulls

    @staticmethod
    def observe(text: pa.Array) -> ColumnFacts:
        """Take the facts of some cells (``pa.string()``): of the distinct ones, weighted by how often they occur."""
        counted = pc.value_counts(text.drop_null())
        values = counted.field("values")
        counts: Counts = counted.field("counts").to_numpy(zero_copy_only=False)
        if not len(values):
            return ColumnFacts(rows=len(text), nulls=len(text))
        lengths = pc.utf8_length(values).to_numpy(zero_copy_only=False)
        spelled = Spelled(values, counts)
        forms, numbers = Forms.of(values, counts, spelled.masked)
        return ColumnFacts(
            rows=len(text),
            nulls=text.null_count,
            empties=int(counts[lengths == 0].sum()),
            characters=int((lengths * counts).sum()),
            shortest=int(lengths.min()),
            longest=int(lengths.max()),
            distinct=Distinct.of(values),
            frequent=Frequent.of(values, counts),
            patterns=Frequent.of(spelled.patterns, spelled.pattern_rows),
            forms=forms,
            quantiles=_quantiles(values, counts, numbers),
            null_spellings=null_spellings(spelled),
            numerals=Numerals.of(spelled),
            moments=Moments.of(spelled),
            words=Words.of(spelled),
        )

    def combine(self, other: ColumnFacts) -> ColumnFacts:
        """Merge the facts of other cells of the same column."""
        ends = [end for end in (self.shortest, self.longest, other.shortest, other.longest) if end is not None]
        return ColumnFacts(
            rows=self.rows + other.rows,
            nulls=self.nulls + other.nulls,
            empties=self.empties + other.empties,
            characters=self.characters + other.characters,
            shortest=min(ends, default=None),
            longest=max(ends, default=None),
            distinct=self.distinct.combine(other.distinct),
            frequent=self.frequent.combine(other.frequent),
            patterns=self.patterns.combine(other.patterns),
            forms=self.forms.combine(other.forms),
            quantiles=self.quantiles.combine(other.quantiles),
            null_spellings=self.null_spellings.combine(other.null_spellings),
            numerals=self.numerals.combine(other.numerals),
            moments=self.moments.combine(other.moments),
            words=self.words.combine(other.words),
        )


def _quantiles(values: pa.Array, counts: Counts, numbers: pa.Array) -> Quantiles:
    read = pc.cast(values.filter(numbers), pa.float64()).to_numpy(zero_copy_only=False)
    kept = counts[numbers.to_numpy(zero_copy_only=False)]
    finite = np.isfinite(read)
    return Quantiles.of(read[finite], kept[finite])
