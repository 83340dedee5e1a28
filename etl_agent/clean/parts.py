"""Parts of cells: a column split into several, and several combined into one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, model_validator

from etl_agent.clean.columns import added, once
from etl_agent.clean.step import Change, RowStep, replaced
from etl_agent.frozen import Name

__all__ = ["Combine", "Split"]


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
        once(self.into)
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
