"""Steps that learn from how the cells of whole rows go together."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Literal, Self

import pyarrow as pa

from etl_agent.clean.step import Columns, FittedStep, chosen
from etl_agent.clean.tallied_rows import added_rows, rows_of, tallied_rows
from etl_agent.profile.coded import CodedTable

__all__ = ["Taught"]


class Taught(FittedStep):
    """A step that a bounded sample of the rows teaches; it keeps what it learned in its field ``learned``."""

    columns: Columns
    """The columns that may change; the others still have a say."""

    learns: ClassVar[Literal["once", "anew"]] = "anew"

    @property
    @abstractmethod
    def listened_to(self) -> tuple[str, ...]:
        """The columns that have a say in what was learned."""

    @abstractmethod
    def taught(self, coded: CodedTable) -> Self:
        """Return the step with what a table teaches."""

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name all columns while nothing is learned, then those that have a say."""
        return tuple(dict.fromkeys((*self.listened_to, *self.writes(names)))) if self.fitted else tuple(names)

    def writes(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the columns that may change."""
        return chosen(self.columns, names)

    def observe(self, data: pa.RecordBatch) -> Any:
        """Count the rows by their content."""
        return tallied_rows(data, data.schema.names)

    def combine(self, left: Any, right: Any) -> Any:
        """Add the counts."""
        return added_rows(left, right)

    def fit(self, summary: Any) -> Self:
        """Learn from the rows."""
        return self.taught(CodedTable.of(rows_of(summary)))
