"""Columns: renamed, dropped, selected, split, combined and set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BeforeValidator, Field, model_validator

from etl_agent.clean.kernels import CellText
from etl_agent.clean.step import Change, RowStep, replaced
from etl_agent.errors import ConfigurationError

__all__ = ["Combine", "Constant", "Drop", "Name", "Rename", "Select", "Split", "added"]

Name = Annotated[str, Field(min_length=1)]
"""The name of a column."""

Names = Annotated[
    tuple[Name, ...],
    BeforeValidator(lambda value: (value,) if isinstance(value, str) else value),
    Field(min_length=1),
]
"""A name or a list of names."""


def added(names: Sequence[str], new: Sequence[str], *, step: str) -> tuple[str, ...]:
    """Name the columns with new ones behind them.

    Raises:
        ConfigurationError: a new name is taken, so that the cells of a column would be lost.
    """
    after = (*names, *new)
    _distinct(after, step=step)
    return after


def _distinct(names: Sequence[str], *, step: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigurationError(
            f"there would be two columns {twice[0]!r}; drop or rename one first, or choose another name",
            where=f"step {step}",
        )


class Rename(RowStep):
    """Give columns other names; their order and their cells stay.

    | with | before | after |
    |---|---|---|
    | {"columns": {"a": "b"}} | {"a": ["1"], "c": ["2"]} | {"b": ["1"], "c": ["2"]} |
    | {"columns": {"a": "c", "c": "a"}} | {"a": ["1"], "c": ["2"]} | {"c": ["1"], "a": ["2"]} |
    """

    step: Literal["rename"] = "rename"
    columns: Mapping[Name, Name] = Field(min_length=1)
    """The new name of each column, by its old name."""

    change: ClassVar[Change] = "columns"

    @model_validator(mode="after")
    def _once(self) -> Self:
        _refuse_twice(tuple(self.columns.values()))
        return self

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002  the old names are declared
        """Name the columns by their old names."""
        return tuple(self.columns)

    def writes(self, names: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002  the new names are declared
        """Name the columns by their new names."""
        return tuple(self.columns.values())

    def names_after(self, names: Sequence[str]) -> tuple[str, ...]:
        """Put the new names in the places of the old ones."""
        after = tuple(self.columns.get(name, name) for name in names)
        _distinct(after, step=self.step)
        return after

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Rename without touching a cell."""
        return data.rename_columns(list(self.names_after(data.schema.names)))


class Drop(RowStep):
    """Take columns away.

    | with | before | after |
    |---|---|---|
    | {"columns": ["a"]} | {"a": ["1"], "b": ["2"]} | {"b": ["2"]} |
    """

    step: Literal["drop"] = "drop"
    columns: Names
    """The columns to take away."""

    change: ClassVar[Change] = "columns"

    @model_validator(mode="after")
    def _once(self) -> Self:
        _refuse_twice(self.columns)
        return self

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002  the columns are declared
        """Name the columns that go."""
        return self.columns

    def writes(self, names: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002  it changes no cell
        """Name no column: cells stay as they are."""
        return ()

    def names_after(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the columns that are left."""
        return tuple(name for name in names if name not in self.columns)

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Keep the other columns."""
        return data.select(list(self.names_after(data.schema.names)))


class Select(RowStep):
    """Keep the named columns, in the order in which they are named.

    | with | before | after |
    |---|---|---|
    | {"columns": ["b", "a"]} | {"a": ["1"], "b": ["2"], "c": ["3"]} | {"b": ["2"], "a": ["1"]} |
    """

    step: Literal["select"] = "select"
    columns: Names
    """The columns to keep."""

    change: ClassVar[Change] = "columns"

    @model_validator(mode="after")
    def _once(self) -> Self:
        _refuse_twice(self.columns)
        return self

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002  the columns are declared
        """Name the columns that stay."""
        return self.columns

    def writes(self, names: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002  it changes no cell
        """Name no column: cells stay as they are."""
        return ()

    def names_after(self, names: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002  the columns are declared
        """Name the columns that stay."""
        return self.columns

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Keep the named columns."""
        return data.select(list(self.columns))


class Split(RowStep):
    """Split a column at a separator into new columns; the column itself stays.

    The last part keeps whatever is left over. Parts that a cell does not have are null.

    | with | before | after |
    |---|---|---|
    | {"column": "x", "by": " ", "into": ["a", "b"]} | ["1 2", "1", "1 2 3", "", null] | {"x": ["1 2", "1", "1 2 3", "", null], "a": ["1", "1", "1", "", null], "b": ["2", null, "2 3", null, null]} |
    | {"column": "x", "by": " ", "into": ["a", "b"], "start": "right"} | ["1 2 3", "1"] | {"x": ["1 2 3", "1"], "a": ["1 2", "1"], "b": ["3", null]} |
    """  # noqa: E501  an example stands on one line

    step: Literal["split"] = "split"
    column: Name
    """The column to split."""
    by: str = Field(min_length=1)
    """The separator, taken literally."""
    into: Annotated[tuple[Name, ...], Field(min_length=2)]
    """The names of the new columns, one for each part."""
    start: Literal["left", "right"] = "left"
    """The end at which splitting starts: with ``right`` the first part keeps what is left over."""

    change: ClassVar[Change] = "columns"

    @model_validator(mode="after")
    def _once(self) -> Self:
        _refuse_twice(self.into)
        return self

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002  the column is declared
        """Name the column to split."""
        return (self.column,)

    def writes(self, names: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002  the columns are declared
        """Name the new columns."""
        return self.into

    def names_after(self, names: Sequence[str]) -> tuple[str, ...]:
        """Add the new columns at the end."""
        return added(names, self.into, step=self.step)

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Split with one kernel call and gather each part by its place in the lists."""
        self.names_after(data.schema.names)
        parts = pc.split_pattern(
            data.column(self.column), self.by, max_splits=len(self.into) - 1, reverse=self.start == "right"
        )
        lengths = pc.fill_null(pc.list_value_length(parts), 0).to_numpy(zero_copy_only=False)
        values, begins = parts.flatten(), np.cumsum(lengths) - lengths
        for place, name in enumerate(self.into):
            at = pa.array(begins + place, pa.int64(), mask=lengths <= place)
            data = replaced(data, name, values.take(at))
        return data


class Combine(RowStep):
    """Join columns into a new one; the columns themselves stay.

    | with | before | after |
    |---|---|---|
    | {"columns": ["a", "b"], "into": "c"} | {"a": ["1", "", null], "b": ["2", "3", null]} | {"a": ["1", "", null], "b": ["2", "3", null], "c": ["1 2", " 3", null]} |
    | {"columns": ["a", "b"], "into": "c", "by": "-"} | {"a": ["1"], "b": [null]} | {"a": ["1"], "b": [null], "c": ["1"]} |
    | {"columns": ["a", "b"], "into": "c", "nulls": "spread"} | {"a": ["1"], "b": [null]} | {"a": ["1"], "b": [null], "c": [null]} |
    """  # noqa: E501  an example stands on one line

    step: Literal["combine"] = "combine"
    columns: Annotated[tuple[Name, ...], Field(min_length=2)]
    """The columns to join, in order."""
    into: Name
    """The name of the new column."""
    by: str = " "
    """What to put between the parts."""
    nulls: Literal["skip", "spread"] = "skip"
    """What a null part does: ``skip`` leaves it out, ``spread`` makes the whole null. Nulls alone always give null."""

    change: ClassVar[Change] = "columns"

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002  the columns are declared
        """Name the columns to join."""
        return self.columns

    def writes(self, names: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002  the column is declared
        """Name the new column."""
        return (self.into,)

    def names_after(self, names: Sequence[str]) -> tuple[str, ...]:
        """Add the new column at the end."""
        return added(names, (self.into,), step=self.step)

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Join with one kernel call."""
        self.names_after(data.schema.names)
        parts = [data.column(name) for name in self.columns]
        if self.nulls == "spread":
            return replaced(data, self.into, pc.binary_join_element_wise(*parts, self.by))
        return replaced(data, self.into, _joined(parts, by=self.by))


def _joined(parts: Sequence[pa.StringArray], *, by: str) -> pa.StringArray:
    """Join what there is in each row; the kernel gives no cell at all for a row of nulls, so it is shown none."""
    some = pc.is_valid(pc.coalesce(*parts))
    if some.true_count == len(some):
        return pc.binary_join_element_wise(*parts, by, null_handling="skip")
    joined = pc.binary_join_element_wise(*(part.filter(some) for part in parts), by, null_handling="skip")
    return pc.replace_with_mask(pa.nulls(len(some), pa.string()), some, joined)


class Constant(RowStep):
    """Put the same value into every cell of a column, which is made where there is none.

    | with | before | after |
    |---|---|---|
    | {"column": "y", "value": "web"} | {"x": ["1", null]} | {"x": ["1", null], "y": ["web", "web"]} |
    | {"column": "x", "value": false} | ["1", "", null] | ["false", "false", "false"] |
    | {"column": "x", "value": null} | ["1"] | [null] |
    """

    step: Literal["constant"] = "constant"
    column: Name
    """The column to set."""
    value: CellText | None
    """The value of every cell; ``null`` for none."""

    change: ClassVar[Change] = "value"

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002  no cell matters
        """Name no column: nothing need be there."""
        return ()

    def writes(self, names: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002  the column is declared
        """Name the column that is set."""
        return (self.column,)

    def names_after(self, names: Sequence[str]) -> tuple[str, ...]:
        """Add the column at the end where there is none."""
        return tuple(names) if self.column in names else (*names, self.column)

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Repeat the value."""
        return replaced(data, self.column, pa.repeat(pa.scalar(self.value, pa.string()), len(data)))


def _refuse_twice(names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"the column {twice[0]!r} is named twice")
