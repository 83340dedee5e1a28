"""Codes and telephone numbers with the signs between their parts that the column has, whatever signs they had."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, ClassVar, Literal

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import AfterValidator

from etl_agent.clean.kernels import each
from etl_agent.clean.step import Change, Columns, RowStep, chosen
from etl_agent.clean.values import rewrite

__all__ = ["SIGNS", "SignsAs"]

SIGNS = "-()./_ "
"""Signs that stand between the parts of a code and say nothing of their own."""

_BETWEEN = r"[-()./_ ]*"
_CLASSES = {"9": "[0-9]", "A": "[A-Z]", "a": "[a-z]"}
_RUNS = re.compile(r"9+|A+|a+|[^9Aa]+")


def _checked(pattern: str) -> str:
    if not re.fullmatch(rf"[9Aa{re.escape(SIGNS)}]{{2,64}}", pattern) or not re.search("[9Aa]", pattern):
        raise ValueError(f"{pattern!r} is not made of 9, A, a and the signs {SIGNS!r} alone, such as 999-999-9999")
    if len(re.findall(r"9+|A+|a+", pattern)) > 9:  # a replacement can name no more groups
        raise ValueError(f"{pattern!r} has more than nine parts")
    return pattern


class SignsAs(RowStep):
    """Write codes with the signs of one pattern between their parts; letters and digits stay as they are.

    A cell that has other letters or digits than the pattern stays, and so does one with a sign within a part: there
    the parts are others (A1-23 is not A12-3).

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"], "pattern": "999-999-9999"} | ["(212) 555-0199", "2125550199", "212.555.0199", "212-5550-199", "555-0199", null] | ["212-555-0199", "212-555-0199", "212-555-0199", "212-5550-199", "555-0199", null] |
    | {"columns": ["x"], "pattern": "AA-99"} | ["AB 12", "AB12", "AB/12", "ab-12", "ABC-12"] | ["AB-12", "AB-12", "AB-12", "ab-12", "ABC-12"] |
    """  # noqa: E501  a row of a table is one line

    step: Literal["signs_as"] = "signs_as"
    columns: Columns
    """The columns that hold codes."""
    pattern: Annotated[str, AfterValidator(_checked)]
    """The pattern: 9 is a digit, A a capital, a a small letter, other signs stand for themselves (999-999-9999)."""

    change: ClassVar[Change] = "format"

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the chosen columns."""
        return chosen(self.columns, names)

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Rewrite the cells that have the pattern's letters and digits and other signs."""
        return each(data, self.reads(data.schema.names), self._written)

    @cached_property
    def _parts(self) -> list[str]:
        return _RUNS.findall(self.pattern)

    @property
    def exact(self) -> str:
        """The cells that have the pattern (RE2 syntax)."""
        return "^" + "".join(self._class(part) or re.escape(part) for part in self._parts) + "$"

    @property
    def loose(self) -> str:
        """The cells that have its letters and digits, whatever signs stand around its parts."""
        groups = [f"({found})" for part in self._parts if (found := self._class(part))]
        return f"^{_BETWEEN}{_BETWEEN.join(groups)}{_BETWEEN}$"

    @staticmethod
    def _class(part: str) -> str:
        """Return the expression for a run of one class; nothing for signs."""
        return f"{_CLASSES[part[0]]}{{{len(part)}}}" if part[0] in _CLASSES else ""

    def _written(self, column: pa.StringArray) -> pa.StringArray:
        places = iter(range(1, 10))
        put = "".join(rf"\{next(places)}" if self._class(part) else part for part in self._parts)
        done = pc.match_substring_regex(column, self.exact)
        return rewrite(column, done=done, change=lambda cells: self._changed(cells, put))

    def _changed(self, cells: pa.StringArray, put: str) -> pa.StringArray:
        fits = pc.match_substring_regex(cells, self.loose)
        readable = pc.if_else(fits, cells, pa.nulls(len(cells), pa.string()))
        return pc.replace_substring_regex(readable, self.loose, put)
