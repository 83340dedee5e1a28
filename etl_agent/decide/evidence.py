"""What a decision looks at: a sample of the rows as they stand at one place of the pipeline, and facts of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import pyarrow as pa

from etl_agent.clean.step import CarryStep, FittedStep, RowStep, Step
from etl_agent.profile.coded import CodedColumn, CodedTable
from etl_agent.profile.facts import ColumnFacts
from etl_agent.profile.kinds import ColumnKind, Kind, column_kind
from etl_agent.profile.table import TableFacts

__all__ = ["Evidence"]


@dataclass(frozen=True)
class _Column:
    """A column of the sample, and what follows from its cells."""

    name: str
    cells: pa.StringArray

    @cached_property
    def coded(self) -> CodedColumn:
        return CodedColumn.of(self.cells)

    @cached_property
    def facts(self) -> ColumnFacts:
        return ColumnFacts.observe(self.cells)

    @cached_property
    def kind(self) -> ColumnKind:
        return column_kind(self.facts, name=self.name)


@dataclass(frozen=True)
class Evidence:
    """A sample, with the facts that follow from it.

    Args:
        sample: rows as text columns; all rows of a dataset that is small.
        rows: rows of the dataset.
        keys: columns that a declared key is made of: no proposed step may change a cell of them.
    """

    sample: pa.RecordBatch
    rows: int
    keys: frozenset[str] = frozenset()
    _before: Mapping[str, _Column] = field(default_factory=dict, repr=False, compare=False)
    """The columns as they were before the last step: what is known of those that it left as they were stays known."""

    @property
    def whole(self) -> bool:
        """Whether the sample is the whole dataset."""
        return bool(self.sample.num_rows >= self.rows)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        return tuple(self.sample.schema.names)

    @cached_property
    def _columns(self) -> Mapping[str, _Column]:
        return {name: self._column(name) for name in self.names}

    def _column(self, name: str) -> _Column:
        cells, before = self.sample.column(name), self._before.get(name)
        return before if before is not None and before.cells.equals(cells) else _Column(name, cells)

    @cached_property
    def coded(self) -> CodedTable:
        """The sample as codes."""
        return CodedTable(self.sample.num_rows, {name: column.coded for name, column in self._columns.items()})

    @cached_property
    def facts(self) -> TableFacts:
        """The facts of the sample."""
        return TableFacts(self.sample.num_rows, {name: column.facts for name, column in self._columns.items()})

    @cached_property
    def column_kinds(self) -> Mapping[str, ColumnKind]:
        """The semantic kind of each column, with its share, formats and unit."""
        return {name: column.kind for name, column in self._columns.items()}

    @cached_property
    def kinds(self) -> Mapping[str, Kind]:
        """The semantic kind of each column."""
        return {name: found.kind for name, found in self.column_kinds.items()}

    def pinned(self, step: Step) -> Step:
        """Pin what a step leaves to the data by the sample; a step that leaves nothing open is returned as it is.

        Raises:
            AmbiguousFormat: the sample allows several readings.
        """
        if isinstance(step, FittedStep) and not step.fitted:
            return step.fit(step.observe(self.sample))
        return step

    def after(self, step: Step) -> Evidence:
        """Return the evidence as a pinned step leaves it. Steps that take rows out leave the sample as it is."""
        match step:
            case RowStep():
                return self._with(step.apply(self.sample))
            case CarryStep():
                return self._with(step.carry(self.sample, step.start())[0])
            case _:
                return self

    def _with(self, sample: pa.RecordBatch) -> Evidence:
        return replace(self, sample=sample, _before=self._columns)
