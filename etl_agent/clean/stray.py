"""Stray signs: a sign that got before or behind values and says nothing is taken away."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import AfterValidator, Field

from etl_agent.batch import as_mask
from etl_agent.clean.kernels import each, patched
from etl_agent.clean.step import Change, Columns, RowStep, chosen

__all__ = ["StraySigns"]


def _checked(run: str) -> str:
    if run[0].isalnum() or run[0].isspace() or run.strip(run[0]):
        raise ValueError(f"{run!r} is not one sign, alone or repeated, such as ; or //")
    return run


class StraySigns(RowStep):
    """Take a run of one sign away from the end or the beginning of values; a cell of nothing else stays.

    The run must be exactly as long as the parameter says, and a cell in which a blank stands before it stays.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"], "run": ";"} | ["58.04;", "12.10", "7;;", ";", "a ;", null] | ["58.04", "12.10", "7;;", ";", "a ;", null] |
    | {"columns": ["x"], "run": "..", "at": "start"} | ["..2016-10-06", "...", ".5", "..é"] | ["2016-10-06", "...", ".5", "é"] |
    """  # noqa: E501  a row of a table is one line

    step: Literal["stray_signs"] = "stray_signs"
    columns: Columns
    """The columns to work on."""
    run: Annotated[str, Field(min_length=1, max_length=8), AfterValidator(_checked)]
    """The sign, as often as it stands there: ``;``, ``//``."""
    at: Literal["start", "end"] = "end"
    """Where it stands."""

    change: ClassVar[Change] = "format"

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the chosen columns."""
        return chosen(self.columns, names)

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Cut the cells that have the run."""
        return each(data, self.reads(data.schema.names), self._cut)

    @property
    def pattern(self) -> str:
        """The cells that have the run (RE2 syntax)."""
        sign, run = re.escape(self.run[0]), re.escape(self.run)
        return rf"^{run}[^\s{sign}]" if self.at == "start" else rf"[^\s{sign}]{run}$"

    def _cut(self, column: pa.StringArray) -> pa.StringArray:
        near = pc.starts_with if self.at == "start" else pc.ends_with
        if not near(column, self.run).true_count:
            return column
        found = as_mask(pc.match_substring_regex(column, self.pattern))
        start, stop = (len(self.run), None) if self.at == "start" else (0, -len(self.run))
        return patched(column, found, lambda cells: pc.utf8_slice_codeunits(cells, start, stop))
