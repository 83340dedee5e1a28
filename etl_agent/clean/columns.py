"""Columns: renamed, dropped, selected and set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal, Self

import pyarrow as pa
from pydantic import Field, model_validator

from etl_agent.clean.step import Change, RowStep, replaced
from etl_agent.clean.values import CellText
from etl_agent.errors import ConfigurationError
from etl_agent.frozen import Name, SomeNames

__all__ = ["Constant", "Drop", "Rename", "Select", "added", "once"]


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


def once(names: Sequence[str]) -> None:
    """Refuse names that stand twice.

    Raises:
        ValueError: one does, so that the spec is wrong.
    """
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"the column {twice[0]!r} is named twice")


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
        once(tuple(self.columns.values()))
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


class _Listed(RowStep):
    """What steps on a list of columns have in common that leave every cell as it is."""

    columns: SomeNames

    change: ClassVar[Change] = "columns"

    @model_validator(mode="after")
    def _once(self) -> Self:
        once(self.columns)
        return self

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002  the columns are declared
        """Name the listed columns."""
        return self.columns

    def writes(self, names: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002  it changes no cell
        """Name no column: cells stay as they are."""
        return ()


class Drop(_Listed):
    """Take columns away.

    | with | before | after |
    |---|---|---|
    | {"columns": ["a"]} | {"a": ["1"], "b": ["2"]} | {"b": ["2"]} |
    """

    step: Literal["drop"] = "drop"
    columns: SomeNames
    """The columns to take away."""

    def names_after(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the columns that are left."""
        return tuple(name for name in names if name not in self.columns)

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Keep the other columns."""
        return data.select(list(self.names_after(data.schema.names)))


class Select(_Listed):
    """Keep the named columns, in the order in which they are named.

    | with | before | after |
    |---|---|---|
    | {"columns": ["b", "a"]} | {"a": ["1"], "b": ["2"], "c": ["3"]} | {"b": ["2"], "a": ["1"]} |
    """

    step: Literal["select"] = "select"
    columns: SomeNames
    """The columns to keep."""

    def names_after(self, names: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002  the columns are declared
        """Name the columns that stay."""
        return self.columns

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Keep the named columns."""
        return data.select(list(self.columns))


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
