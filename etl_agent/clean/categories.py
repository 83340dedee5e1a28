"""Categories: values mapped to other values, and spellings brought to the one that is declared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BeforeValidator, Field, model_validator

from etl_agent.clean.folding import Difference, folded
from etl_agent.clean.kernels import each
from etl_agent.clean.step import Change, Columns, RowStep, chosen
from etl_agent.clean.values import CellText

__all__ = ["Canonical", "MapValues"]

Otherwise = Literal["leave", "null"]


def _key(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("quote this key: without quotes YAML reads yes, no, on, off, true and false as truth values")  # noqa: TRY004  pydantic turns only a ValueError into a mistake of the spec
    return value


class _Values(RowStep):
    """The part that the category steps share."""

    change: ClassVar[Change] = "value"

    columns: Columns
    """The columns to work on."""
    otherwise: Otherwise = "leave"
    """What becomes of a cell that fits no declared value: ``leave`` keeps it for the contract to judge, ``null``
    removes it, also where it is the empty string."""

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the chosen columns."""
        return chosen(self.columns, names)


class MapValues(_Values):
    """Replace whole cells by the values declared for them; null is never looked up.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"], "values": {"m": "male", "?": null}} | ["m", "M", "?", ""] | ["male", "M", null, ""] |
    | {"columns": ["x"], "values": {"1": "a"}, "otherwise": "null"} | ["1", "2", "", null] | ["a", null, null, null] |
    """

    step: Literal["map_values"] = "map_values"
    values: dict[Annotated[CellText, BeforeValidator(_key)], CellText | None] = Field(min_length=1)
    """The new cell for each old one; ``null`` as the new one removes the value. Blanks and case count."""

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Look each cell up among the declared ones."""
        old, new = pa.array(list(self.values), pa.string()), pa.array(list(self.values.values()), pa.string())
        return each(data, self.reads(data.schema.names), lambda column: self._mapped(column, old, new))

    def _mapped(self, column: pa.StringArray, old: pa.StringArray, new: pa.StringArray) -> pa.StringArray:
        at = pc.index_in(column, old)
        if self.otherwise == "null":
            return new.take(at)
        return column if at.null_count == len(at) else pc.if_else(at.is_valid(), new.take(at), column)


class Canonical(_Values):
    """Bring each cell to the declared spelling, whatever its case, blanks and punctuation.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"], "values": ["In Progress"]} | ["in-progress ", "INPROGRESS", "no"] | ["In Progress", "In Progress", "no"] |
    | {"columns": ["x"], "values": ["US"], "otherwise": "null"} | ["u.s.", "USA", "", null] | ["US", null, null, null] |
    | {"columns": ["x"], "values": ["C", "C#"], "ignore": ["case"]} | ["c", "c#", "c "] | ["C", "C#", "c "] |
    """  # noqa: E501  an example stands on one line

    step: Literal["canonical"] = "canonical"
    values: tuple[CellText, ...] = Field(min_length=1)
    """The declared spellings."""
    ignore: tuple[Difference, ...] = ("case", "blanks", "punctuation")
    """Differences that do not count. Punctuation is dots, commas, hyphens, dashes, underscores, slashes, apostrophes,
    quotes and brackets; signs such as ``+`` and ``#`` always count."""

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        seen: dict[str, str] = {}
        for value, plain in zip(self.values, self._folded(self._spellings).to_pylist(), strict=True):
            if not plain:
                raise ValueError(f"{value!r} holds nothing but what is ignored")
            if seen.setdefault(plain, value) != value:
                raise ValueError(f"{seen[plain]!r} and {value!r} are the same without what is ignored: ignore less")
        return self

    @property
    def _spellings(self) -> pa.StringArray:
        return pa.array(self.values, pa.string())

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Fold each distinct cell that is not yet a declared spelling and look it up."""
        spellings = self._spellings
        folded = self._folded(spellings)
        return each(data, self.reads(data.schema.names), lambda column: self._spelled(column, spellings, folded))

    def _spelled(self, column: pa.StringArray, spellings: pa.StringArray, folded: pa.StringArray) -> pa.StringArray:
        if pc.is_in(column, spellings).true_count + column.null_count == len(column):
            return column
        cells = column.dictionary_encode()
        values = cells.dictionary
        found = spellings.take(pc.index_in(self._folded(values), folded))
        if self.otherwise == "leave":
            found = pc.coalesce(found, values)
        return found.take(cells.indices)

    def _folded(self, cells: pa.StringArray) -> pa.StringArray:
        return folded(cells, ignore=self.ignore)
