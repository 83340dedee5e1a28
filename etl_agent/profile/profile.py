"""All that is known of a dataset, in one object that merges: facts of columns and rows, and how they hang together."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from etl_agent.profile.candidate_keys import CandidateKey, key_columns
from etl_agent.profile.cells import Cells, RowHashes
from etl_agent.profile.coded import CodedTable
from etl_agent.profile.estimates import Estimates, estimates
from etl_agent.profile.facts import ColumnFacts
from etl_agent.profile.kinds import ColumnKind, column_kind
from etl_agent.profile.patterns import masked_patterns
from etl_agent.profile.relations import Relations, relations
from etl_agent.profile.sample import RowSample
from etl_agent.profile.sketches import Counted, Distinct
from etl_agent.profile.table import TableFacts

__all__ = ["Profile"]


@dataclass(frozen=True)
class Profile:
    """A profile of a dataset or of a piece of it; ``Profile()`` has seen nothing.

    Pieces can be profiled anywhere and merged in any order: the profile depends on the rows alone.

    Args:
        facts: facts of the columns.
        distinct_rows: how many different rows there are.
        sample: some of the rows, or all of a small dataset.
        malformed: records that could not be read as rows; nothing else counts them.
    """

    facts: TableFacts = field(default_factory=TableFacts)
    distinct_rows: Distinct = field(default_factory=Distinct)
    sample: RowSample = field(default_factory=RowSample)
    malformed: int = 0

    @staticmethod
    def observe(
        data: pa.RecordBatch, numbers: NDArray[np.int64], *, malformed: int = 0, like: RowSample | None = None
    ) -> Profile:
        """Profile a batch of text columns.

        Args:
            data: the rows.
            numbers: the number of each row in the dataset.
            malformed: records beside these rows that could not be read.
            like: a sample that this one's will be merged with: then fewer rows need a look.
        """
        columns: dict[str, ColumnFacts] = {}
        rows = RowHashes(np.zeros(data.num_rows, np.uint64))
        for name in data.schema.names:  # one after the other: what is known of a column's cells takes memory
            cells = Cells.of(data.column(name))
            columns[name] = ColumnFacts.of(cells)
            rows.add(name, cells)
        distinct = Distinct.of(rows.hashes, np.ones(data.num_rows, np.int64))
        sample = RowSample.of(data, numbers, limit=like.limit) if like else RowSample.of(data, numbers)
        return Profile(TableFacts(data.num_rows, columns), distinct, sample, malformed)

    def combine(self, *others: Profile) -> Profile:
        """Merge the profiles of other pieces; where a column was missing, its cells were null."""
        facts, rows, malformed = self.facts, self.distinct_rows, self.malformed
        for other in others:
            facts, rows = facts.combine(other.facts), rows.combine(other.distinct_rows)
            malformed += other.malformed
        return Profile(facts, rows, self.sample.combine(*(other.sample for other in others)), malformed)

    @property
    def rows(self) -> int:
        """Rows seen."""
        return self.facts.rows

    @cached_property
    def kinds(self) -> Mapping[str, ColumnKind]:
        """The semantic kind of each column."""
        return {name: column_kind(facts, name=name) for name, facts in self.facts.columns.items()}

    @cached_property
    def coded(self) -> CodedTable | None:
        """The sample as codes; None if there are no rows."""
        return CodedTable.of(self.sample.data) if len(self.sample) and self.sample.data is not None else None

    @cached_property
    def duplicates(self) -> Counted:
        """How many different rows there are: exact if the sample is the dataset."""
        if not self.sample.whole:
            return self.distinct_rows.counted
        return Counted(self.rows - self.relations.repeats.exact, 0, self.rows)

    @cached_property
    def distinct(self) -> Mapping[str, Counted]:
        """How many distinct values each column has: exact if the sample is the dataset."""
        if self.coded is None or not self.sample.whole:
            return {name: facts.distinct.counted for name, facts in self.facts.columns.items()}
        counts = {name: column.counts for name, column in self.coded.columns.items()}
        return {name: Counted(len(found), int((found == 1).sum()), int(found.sum())) for name, found in counts.items()}

    @cached_property
    def keys(self) -> tuple[CandidateKey, ...]:
        """The columns that are keys by themselves."""
        kinds = {name: found.kind for name, found in self.kinds.items()}
        return key_columns(self.facts, kinds, distinct=self.distinct)

    @cached_property
    def relations(self) -> Relations:
        """What columns have to do with each other, found on the sample."""
        kinds = {name: found.kind for name, found in self.kinds.items()}
        return Relations() if self.coded is None else relations(self.coded, kinds, whole=self.sample.whole)

    @cached_property
    def _fair(self) -> pa.RecordBatch | None:
        return self.sample.fair

    def frequent(self, name: str) -> Estimates:
        """Return how often the frequent values of a column occur."""
        facts = self.facts.columns[name]
        return estimates(facts.frequent, self._cells(name), rows=self.rows, apart=facts.null_spellings)

    def patterns(self, name: str) -> Estimates:
        """Return how often the frequent masked patterns of a column occur."""
        known, cells = self.facts.columns[name].patterns, self._cells(name)
        return estimates(known, masked_patterns(cells) if known.error else cells, rows=self.rows)

    def _cells(self, name: str) -> pa.Array:
        """Return the cells of a column in the sample."""
        return self._fair.column(name) if self._fair is not None else pa.nulls(0, pa.string())

    def as_dict(self, *, values: bool = True, sensitive: Collection[str] = ()) -> dict[str, Any]:
        """Write the profile as plain data.

        Args:
            values: whether to show what is a cell's value: frequent and rare values, ranges, quantiles and units.
                Without them there are counts, lengths and masked patterns only.
            sensitive: columns of which no value is ever shown.
        """
        from etl_agent.profile.render import as_dict

        return as_dict(self, values=values, sensitive=sensitive)
