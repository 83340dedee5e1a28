"""What a cleaning step is: a frozen spec with typed parameters that turns columns into cleaner columns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

import pyarrow as pa
from pydantic import BeforeValidator, Field

from etl_agent.errors import ConfigurationError, did_you_mean
from etl_agent.frozen import Frozen, Name
from etl_agent.rejects import Finding

__all__ = [
    "CarryStep",
    "Change",
    "Columns",
    "Effect",
    "FittedStep",
    "KeyStep",
    "RowStep",
    "Scope",
    "SiftStep",
    "Step",
    "chosen",
    "missing_columns",
    "replaced",
    "unknown_column",
]

Scope = Literal["row", "fitted", "table"]
"""row: any batch alone. fitted: learns from the survey first, then works batch by batch. table: needs the whole
dataset, in order or at its end."""

Change = Literal["format", "value", "fill", "remove", "columns"]
"""format: the same value, written otherwise. value: another value. fill: a value where there was none. remove:
rows leave the flow. columns: columns come, go or change their names, cells stay as they are."""

Effect = Literal["quarantine", "filter"]

Columns = Annotated[
    Literal["all"] | Annotated[tuple[Name, ...], Field(min_length=1)],
    BeforeValidator(lambda value: (value,) if isinstance(value, str) and value != "all" else value),
]
"""Which columns a step works on: a name, a list of names, or ``all``."""


class Step(Frozen, ABC):
    """One cleaning operation. Each subclass has a literal ``step`` field, its name in pipeline files.

    A step never logs, counts or judges itself: the runner compares what went in with what came out. It works on
    text columns, makes new ones, and gives the same answer whatever rows stand beside a row (``row`` scope).
    """

    scope: ClassVar[Scope] = "row"
    change: ClassVar[Change]
    version: ClassVar[int] = 1
    """Raised whenever the same parameters begin to give other results; a lock records it."""

    @property
    def name(self) -> str:
        """The step's name in pipeline files."""
        return str(self.model_dump()["step"])

    @abstractmethod
    def reads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the columns that must be there, given the columns that are."""

    def writes(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the columns whose cells may differ afterwards; by default those that it reads."""
        return self.reads(names)

    def names_after(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the columns that there are afterwards, in order; by default the same."""
        return tuple(names)


class RowStep(Step):
    """A step that turns each row into one row."""

    @abstractmethod
    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Return the columns after the step: as many rows, in the same order; the input is untouched.

        Args:
            data: text columns (``pa.string()``), any number of rows, also none.
        """


class FittedStep(RowStep):
    """A row step some of whose parameters may be left to the data.

    The survey shows it every batch (``observe``), merges what it saw (``combine``) and asks for the same step
    with every parameter pinned (``fit``); only that one is applied, and it is what a lock keeps.
    """

    scope: ClassVar[Scope] = "fitted"
    per: ClassVar[Literal["file", "dataset"]] = "dataset"
    """file: formats may differ from file to file, so each file gets a fit of its own."""
    learns: ClassVar[Literal["once", "anew"]] = "once"
    """once: a lock keeps what was learned. anew: the data's own redundancy teaches, so every run learns afresh."""

    @property
    @abstractmethod
    def fitted(self) -> bool:
        """Whether every parameter is pinned, so that ``apply`` may be called."""

    def forgotten(self) -> Self:
        """Return the step as it was before it learned anything: by convention that stands in its field ``learned``."""
        return self.model_copy(update={"learned": type(self).model_fields["learned"].get_default()})

    @abstractmethod
    def observe(self, data: pa.RecordBatch) -> Any:
        """Summarise a batch in bounded memory; the summary is plain data (dicts, lists, numbers, text)."""

    @abstractmethod
    def combine(self, left: Any, right: Any) -> Any:
        """Merge two summaries: associative, and the order of the two does not matter to ``fit``."""

    @abstractmethod
    def fit(self, summary: Any) -> Self:
        """Return the same step with every parameter pinned by what was seen.

        Raises:
            AmbiguousFormat: the evidence allows several readings; both are named.
        """


class SiftStep(Step):
    """A step that takes rows out: into quarantine, or out of the load by the user's word."""

    change: ClassVar[Change] = "remove"

    @property
    @abstractmethod
    def effect(self) -> Effect:
        """What becomes of the rows that are found."""

    @abstractmethod
    def find(self, data: pa.RecordBatch) -> tuple[Finding, ...]:
        """Find the rows to take out, one finding a check; an empty tuple or all-false masks mean none."""

    def writes(self, names: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002  a sift changes no cell
        """Name no column: cells stay as they are."""
        return ()


class CarryStep(Step):
    """A step that must see the batches in order, because a row depends on rows before it."""

    scope: ClassVar[Scope] = "table"

    @abstractmethod
    def start(self) -> Any:
        """Return the state before the first row."""

    @abstractmethod
    def carry(self, data: pa.RecordBatch, state: Any) -> tuple[pa.RecordBatch, Any]:
        """Return the columns after the step and the state for the next batch; neither input is changed."""


class KeyStep(Step):
    """A step that keeps one row of those with the same key in the whole dataset."""

    scope: ClassVar[Scope] = "table"
    change: ClassVar[Change] = "remove"

    keep: Literal["first", "last", "most_complete", "newest"]
    """Which row of those with the same key stays. ``newest`` is by the greatest value of ``newest_by``."""

    @abstractmethod
    def key(self, data: pa.RecordBatch) -> tuple[pa.Array, ...]:
        """Return the columns whose values together are the key, one value a row. A null is a value like others."""

    @abstractmethod
    def rank(self, data: pa.RecordBatch) -> pa.Array | None:
        """Return what the best row of a key is chosen by (greater is better, int64), or None for the row order."""

    def writes(self, names: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002  it changes no cell
        """Name no column: cells stay as they are."""
        return ()


def chosen(columns: Literal["all"] | tuple[str, ...], names: Sequence[str]) -> tuple[str, ...]:
    """Resolve a ``columns`` parameter against the columns that there are."""
    return tuple(names) if columns == "all" else columns


def replaced(data: pa.RecordBatch, name: str, values: pa.Array) -> pa.RecordBatch:
    """Return the columns with one of them replaced, or added at the end."""
    place = data.schema.get_field_index(name)
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    field = pa.field(name, values.type)
    if place < 0:
        return data.append_column(field, values)
    return data.set_column(place, field, values)


def missing_columns(step: Step, names: Sequence[str]) -> tuple[str, ...]:
    """Name the columns that a step reads and that are not there."""
    present = set(names)
    return tuple(name for name in step.reads(names) if name not in present)


def unknown_column(name: str, names: Iterable[str], *, where: str | None = None) -> ConfigurationError:
    """Make the error for a column that is not there, with its near matches."""
    listed = tuple(names)
    return ConfigurationError(
        f"there is no column {name!r}{did_you_mean(name, listed)}", where=where, choices=listed[:20]
    )
