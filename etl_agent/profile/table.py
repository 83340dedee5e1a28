"""What is known of all columns of a dataset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from etl_agent.profile.facts import ColumnFacts

__all__ = ["TableFacts"]


@dataclass(frozen=True, slots=True)
class TableFacts:
    """Facts about the columns of a dataset; ``TableFacts()`` has seen nothing.

    Args:
        rows: rows seen.
        columns: the facts of each column, in the order of the data.
    """

    rows: int = 0
    columns: Mapping[str, ColumnFacts] = field(default_factory=dict)

    @staticmethod
    def observe(data: pa.RecordBatch) -> TableFacts:
        """Take the facts of a batch of text columns."""
        names = data.schema.names
        return TableFacts(data.num_rows, {name: ColumnFacts.observe(data.column(name)) for name in names})

    def combine(self, other: TableFacts) -> TableFacts:
        """Merge the facts of other rows; where a column was missing, its cells were null."""
        names = dict.fromkeys([*self.columns, *other.columns])
        columns = {name: self._of(name).combine(other._of(name)) for name in names}
        return TableFacts(self.rows + other.rows, columns)

    def _of(self, name: str) -> ColumnFacts:
        return self.columns.get(name, ColumnFacts(rows=self.rows, nulls=self.rows))
