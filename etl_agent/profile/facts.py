"""What is known of one column: mergeable facts of bounded size, taken from its text."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.profile.forms import Forms
from etl_agent.profile.patterns import masked_patterns
from etl_agent.profile.sketches import Counts, Distinct, Frequent, Quantiles

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
        patterns = masked_patterns(values).dictionary_encode()
        forms, numbers = Forms.of(values, counts, patterns)
        return ColumnFacts(
            rows=len(text),
            nulls=text.null_count,
            empties=int(counts[lengths == 0].sum()),
            characters=int((lengths * counts).sum()),
            shortest=int(lengths.min()),
            longest=int(lengths.max()),
            distinct=Distinct.of(values),
            frequent=Frequent.of(values, counts),
            patterns=_frequent_patterns(patterns, counts),
            forms=forms,
            quantiles=_quantiles(values, counts, numbers),
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
        )


def _frequent_patterns(patterns: pa.DictionaryArray, counts: Counts) -> Frequent:
    """Count rows by pattern; cells too long to have one are not counted."""
    has = patterns.is_valid().to_numpy(zero_copy_only=False)
    places = patterns.indices.drop_null().to_numpy(zero_copy_only=False)
    rows = np.bincount(places, weights=counts[has], minlength=len(patterns.dictionary)).astype(np.int64)
    return Frequent.of(patterns.dictionary, rows)


def _quantiles(values: pa.Array, counts: Counts, numbers: pa.Array) -> Quantiles:
    read = pc.cast(values.filter(numbers), pa.float64()).to_numpy(zero_copy_only=False)
    kept = counts[numbers.to_numpy(zero_copy_only=False)]
    finite = np.isfinite(read)
    return Quantiles.of(read[finite], kept[finite])
