"""Truth values: every spelling of yes and no becomes true or false."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal, Self

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import model_validator

from etl_agent.clean.step import Change, Columns, RowStep, chosen, replaced

__all__ = ["Booleans"]

_TRUE = ("true", "yes", "y", "1", "t", "on")
_FALSE = ("false", "no", "n", "0", "f", "off")


class Booleans(RowStep):
    """Write the spellings of yes and no as true and false; any other cell stays as it is.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"]} | ["Yes", " n", "1", "maybe", "", null] | ["true", "false", "true", "maybe", "", null] |
    | {"columns": "x", "true": ["ja"], "false": ["nein"]} | ["JA", "nein", "yes"] | ["true", "false", "yes"] |
    """

    step: Literal["booleans"] = "booleans"
    columns: Columns
    """The columns that hold truth values."""
    true: tuple[str, ...] = _TRUE
    """The spellings of true; case and blanks around do not matter."""
    false: tuple[str, ...] = _FALSE
    """The spellings of false; case and blanks around do not matter."""

    change: ClassVar[Change] = "format"

    @model_validator(mode="after")
    def _one_meaning_each(self) -> Self:
        if both := set(map(_folded, self.true)) & set(map(_folded, self.false)):
            raise ValueError(f"a spelling cannot stand for both true and false: {', '.join(sorted(both))}")
        return self

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the chosen columns."""
        return chosen(self.columns, names)

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Look each cell up in one table of spellings."""
        spellings = pa.array([_folded(word) for word in (*self.true, *self.false)], pa.string())
        meanings = pa.array(["true"] * len(self.true) + ["false"] * len(self.false), pa.string())
        for name in self.reads(data.schema.names):
            column = data.column(name)
            found = pc.index_in(pc.utf8_lower(pc.utf8_trim_whitespace(column)), value_set=spellings)
            data = replaced(data, name, pc.coalesce(meanings.take(found), column))
        return data


def _folded(word: str) -> str:
    return str(pc.utf8_lower(pc.utf8_trim_whitespace(pa.scalar(word))).as_py())
