"""The measures that conditions can be about: a closed vocabulary, one class a measure."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from typing import Annotated, Generic, Literal, TypeVar

import pyarrow as pa
from pydantic import Field

from etl_agent.decide.comparison import Compared, Count, Measure, Number, Share
from etl_agent.decide.measures import Measures, Reading
from etl_agent.decide.pattern import Pattern, matching_whole
from etl_agent.frozen import ONE_OR_MORE, Name, SomeNames
from etl_agent.profile.facts import ColumnFacts
from etl_agent.profile.kinds import Kind

__all__ = ["MEASURES", "HasColumn", "Kinds"]

Bound = TypeVar("Bound", bound=float)

_LONGEST = 30  # characters of a pattern that are repeated in the record


Kinds = Annotated[tuple[Kind, ...], Field(min_length=1), ONE_OR_MORE]
"""A semantic kind, or several."""


class _OfColumn(Compared[Bound], Generic[Bound]):
    """A number that a column's facts give."""

    column: Name
    """The column."""

    def columns(self) -> tuple[str, ...]:
        """Name the column."""
        return (self.column,)

    def measured(self, measures: Measures) -> float | None:
        """Take the number from the facts."""
        facts = measures.column(self.column)
        return None if facts is None else self.of(facts)

    @abstractmethod
    def of(self, facts: ColumnFacts) -> float | None:
        """Return the number that the facts give; None if there is none."""


class NullShare(_OfColumn[Share]):
    """The share (0 to 1) of a column's cells that are null."""

    measure: Literal["null_share"]

    def of(self, facts: ColumnFacts) -> float | None:
        """Count nulls."""
        return facts.nulls / facts.rows if facts.rows else None


class EmptyShare(_OfColumn[Share]):
    """The share (0 to 1) of a column's cells that are null or the empty string."""

    measure: Literal["empty_share"]

    def of(self, facts: ColumnFacts) -> float | None:
        """Count nulls and empty strings."""
        return (facts.nulls + facts.empties) / facts.rows if facts.rows else None


class DistinctValues(_OfColumn[Count]):
    """How many different values a column has: exact up to 2,047, then within a few percent."""

    measure: Literal["distinct"]

    def of(self, facts: ColumnFacts) -> float | None:
        """Count values."""
        return facts.distinct.count


class DistinctShare(_OfColumn[Share]):
    """The share (0 to 1) of a column's values that are different: 1 where none repeats."""

    measure: Literal["distinct_share"]

    def of(self, facts: ColumnFacts) -> float | None:
        """Count values."""
        return min(facts.distinct.count / facts.values, 1.0) if facts.values else None


class Least(_OfColumn[Number]):
    """The least number of a column; cells that are no plain number do not count."""

    measure: Literal["min"]

    def of(self, facts: ColumnFacts) -> float | None:
        """Take the least."""
        return facts.quantiles.least


class Greatest(_OfColumn[Number]):
    """The greatest number of a column; cells that are no plain number do not count."""

    measure: Literal["max"]

    def of(self, facts: ColumnFacts) -> float | None:
        """Take the greatest."""
        return facts.quantiles.most


class Median(_OfColumn[Number]):
    """The median of a column's numbers, within 1 %; cells that are no plain number do not count."""

    measure: Literal["median"]

    def of(self, facts: ColumnFacts) -> float | None:
        """Take the middle."""
        return facts.quantiles.at(0.5)


class Longest(_OfColumn[Count]):
    """The characters of a column's longest value."""

    measure: Literal["longest"]

    def of(self, facts: ColumnFacts) -> float | None:
        """Take the length."""
        return facts.longest if facts.values else None


class PatternShare(Compared[Share]):
    """The share (0 to 1) of a column's values that match a pattern as a whole, on the sample."""

    measure: Literal["matches_pattern_share"]
    column: Name
    """The column."""
    pattern: Pattern
    """The regular expression (RE2 syntax) that the whole value must match."""

    def columns(self) -> tuple[str, ...]:
        """Name the column."""
        return (self.column,)

    def _of(self) -> tuple[str, ...]:
        if len(self.pattern) <= _LONGEST:
            return (self.column, self.pattern)
        digest = hashlib.sha256(self.pattern.encode()).hexdigest()[:6]  # tells patterns that begin alike apart
        return (self.column, f"{self.pattern[:_LONGEST]}... #{digest}")

    def measured(self, measures: Measures) -> float | None:
        """Match every different value once."""
        column = measures.evidence.coded.columns.get(self.column)
        if column is None or not len(column.values):
            return None
        matching = matching_whole(column.values, self.pattern)
        return float(column.counts[matching].sum() / column.counts.sum())


class DuplicateShare(Compared[Share]):
    """The share (0 to 1) of rows that repeat an earlier row, in all columns or in some."""

    measure: Literal["duplicate_share"]
    among: SomeNames | None = Field(default=None, alias="columns")
    """The columns that are compared; without them all are."""

    def columns(self) -> tuple[str, ...]:
        """Name the columns that are compared."""
        return self.among or ()

    def measured(self, measures: Measures) -> float | None:
        """Count repeats, where the whole dataset was seen."""
        return measures.repeated(self.among or measures.names)


class RejectShare(Compared[Share]):
    """The share (0 to 1) of rows that the contract would reject, on the sample after the steps so far."""

    measure: Literal["reject_share"]

    def measured(self, measures: Measures) -> float | None:
        """Ask the contract."""
        return measures.reject_share


class RowCount(Compared[Count]):
    """The rows of the dataset."""

    measure: Literal["row_count"]

    def measured(self, measures: Measures) -> float | None:
        """Take the number."""
        return measures.evidence.rows


class ColumnCount(Compared[Count]):
    """The columns of the dataset."""

    measure: Literal["column_count"]

    def measured(self, measures: Measures) -> float | None:
        """Count the columns."""
        return len(measures.names)


class MatchesKind(Measure):
    """A column is of a semantic kind, or of one of several."""

    measure: Literal["matches_kind"]
    column: Name
    """The column."""
    kind: Kinds
    """The kind, or the kinds."""

    def columns(self) -> tuple[str, ...]:
        """Name the column."""
        return (self.column,)

    def read(self, measures: Measures) -> Reading:
        """Look the kind up."""
        name, kind = f"kind({self.column})", measures.evidence.kinds.get(self.column)
        if kind is None:
            return Reading(name, None, None, f"{name}: there is nothing to measure")
        holds = kind in self.kind
        return Reading(
            name, kind, holds, f"{self.column} is of kind {kind}, {'' if holds else 'not '}{' or '.join(self.kind)}"
        )


class HasColumn(Measure):
    """There is a column of a name: the files bring it, or a step before has made it."""

    measure: Literal["has_column"]
    column: Name
    """The column."""

    def read(self, measures: Measures) -> Reading:
        """Look for the column."""
        holds = measures.has(self.column)
        said = f"there is {'a' if holds else 'no'} column {self.column}"
        return Reading(f"has_column({self.column})", int(holds), holds, said)


class Drifted(Measure):
    """The columns differ from those of the contract, or of the lock."""

    measure: Literal["drifted"]

    def read(self, measures: Measures) -> Reading:
        """Ask whether they do."""
        holds = measures.drifted
        if holds is None:
            return Reading("drifted", None, None, "drifted: there is neither a contract nor a lock")
        return Reading("drifted", int(holds), holds, f"the columns have {'' if holds else 'not '}drifted")


class FileName(Measure):
    """Every file's name matches a pattern."""

    measure: Literal["file_name"]
    matches: Pattern
    """The regular expression (RE2 syntax) that the whole name must match, without its folders."""

    def read(self, measures: Measures) -> Reading:
        """Match every name."""
        if not measures.files:
            return Reading("file_name", None, None, "file_name: there is no file")
        names = pa.array([file.replace("\\", "/").rpartition("/")[2] for file in measures.files], pa.string())
        matching = int(matching_whole(names, self.matches).sum())
        said = f"{matching} of {len(names)} file names match {self.matches}"
        return Reading("file_name", matching, matching == len(names), said)


MEASURES: tuple[type[Measure], ...] = (
    NullShare,
    EmptyShare,
    DistinctValues,
    DistinctShare,
    Least,
    Greatest,
    Median,
    Longest,
    PatternShare,
    MatchesKind,
    HasColumn,
    DuplicateShare,
    RejectShare,
    RowCount,
    ColumnCount,
    Drifted,
    FileName,
)
"""Every measure. A new one is a class and a line here."""
