"""Numbers in the one form that a column has for them: stray marks and fractions of nothing but zeros go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.batch import as_mask
from etl_agent.clean.kernels import each, patched
from etl_agent.clean.step import Change, Columns, RowStep, chosen

__all__ = ["FOREIGN", "ForeignForm", "NumberAs"]

ForeignForm = Literal["decimal_comma", "grouped", "zero_fraction"]
"""decimal_comma: 3,14 for 3.14. grouped: 12,345 for 12345. zero_fraction: 12.0 for 12."""

FOREIGN: Mapping[ForeignForm, str] = {
    "decimal_comma": r"^[-+]?\d+,\d+$",
    "grouped": r"^[-+]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?$",
    "zero_fraction": r"^[-+]?\d+\.0+$",
}
"""The cells of each form (RE2 syntax)."""

_PUT: Mapping[ForeignForm, tuple[str, str]] = {
    "decimal_comma": (",", "."),
    "grouped": (",", ""),
    "zero_fraction": (r"\.0+$", ""),
}


class NumberAs(RowStep):
    """Write numbers that stand in a foreign form as plain numbers, every other digit as it was.

    The forms are declared, and no two of them that read one cell differently: 1,234 is 1.234 or 1234, never both.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"], "foreign": "decimal_comma"} | ["3,14", "-0,5", "1,234.5", "3.1", "3,1,4", null] | ["3.14", "-0.5", "1,234.5", "3.1", "3,1,4", null] |
    | {"columns": ["x"], "foreign": "grouped"} | ["12,345", "1,234.50", "12,34", "0,123", "12345"] | ["12345", "1234.50", "12,34", "0,123", "12345"] |
    | {"columns": ["x"], "foreign": "zero_fraction"} | ["12.0", "007.00", "12.10", "12"] | ["12", "007", "12.10", "12"] |
    """  # noqa: E501  a row of a table is one line

    step: Literal["number_as"] = "number_as"
    columns: Columns
    """The columns that hold numbers."""
    foreign: ForeignForm
    """The form that does not belong there: ``decimal_comma`` (3,14), ``grouped`` (12,345), ``zero_fraction`` (12.0)."""

    change: ClassVar[Change] = "format"

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the chosen columns."""
        return chosen(self.columns, names)

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Rewrite the cells that have the foreign form."""
        return each(data, self.reads(data.schema.names), self._plain)

    def _plain(self, column: pa.StringArray) -> pa.StringArray:
        found = as_mask(pc.match_substring_regex(column, FOREIGN[self.foreign]))
        pattern, put = _PUT[self.foreign]
        return patched(column, found, lambda cells: pc.replace_substring_regex(cells, pattern, put))
