"""What a dataset measures at one place of a pipeline, and what a condition on it found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from etl_agent.decide.evidence import Evidence
from etl_agent.decide.proposal import Figure
from etl_agent.profile.facts import ColumnFacts
from etl_agent.profile.table import TableFacts

__all__ = ["Measures", "Reading"]


@dataclass(frozen=True)
class Measures:
    """What a dataset measures at one place of the pipeline.

    Args:
        evidence: the sample there, as the steps before leave it.
        facts: the facts of the whole dataset there, where the survey has them; else those of the sample are taken.
        rejects: the share (0 to 1) of the sample's rows that the contract would reject; absent without a contract.
        repeats: the share of the dataset's rows that repeat an earlier row in some columns; absent where only a
            sample was seen, in which most repeats are not.
        drifted: whether the columns differ from the contract or the lock; absent where there is neither.
        files: the names of the dataset's files.
        absent: columns that no file brings, and that are there as nulls.
    """

    evidence: Evidence
    facts: TableFacts | None = None
    rejects: Callable[[], float] | None = None
    repeats: Callable[[Sequence[str]], float] | None = None
    drifted: bool | None = None
    files: tuple[str, ...] = ()
    absent: frozenset[str] = frozenset()

    @property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        return self.evidence.names

    @cached_property
    def reject_share(self) -> float | None:
        """The share of rows that the contract would reject, measured once."""
        return None if self.rejects is None else self.rejects()

    def has(self, name: str) -> bool:
        """Tell whether there is a column: one that no file brings is there once a step has put something into it."""
        sample = self.evidence.sample
        return name in self.names and not (name in self.absent and sample.column(name).null_count == sample.num_rows)

    def column(self, name: str) -> ColumnFacts | None:
        """Return the facts of a column; None if there is none of that name."""
        return (self.facts or self.evidence.facts).columns.get(name)

    def repeated(self, columns: Sequence[str]) -> float | None:
        """Return the share of rows that repeat an earlier one in these columns; None if it cannot be told."""
        if self.repeats:
            return self.repeats(columns)
        rows: int = self.evidence.sample.num_rows
        if not self.evidence.whole or not rows or not columns:
            return None
        groups = int(self.evidence.coded.joint(columns).max()) + 1
        return (rows - groups) / rows


@dataclass(frozen=True, slots=True)
class Reading:
    """What a measure was, and whether its condition holds.

    Args:
        name: the measure and what it is of: ``null_share(email)``.
        figure: what was measured; absent where there was nothing to measure.
        holds: whether the condition holds; absent where there was nothing to measure.
        said: the condition and the figure in words.
    """

    name: str
    figure: Figure | None
    holds: bool | None
    said: str
