"""Dates in the one form that a column has for them: a few that are written otherwise are read and written again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import Annotated, ClassVar, Literal

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import AfterValidator, Field

from etl_agent.clean.formats import EXCEL, check_format, compiled, read_where_agreed
from etl_agent.clean.kernels import each
from etl_agent.clean.step import Change, Columns, RowStep, chosen
from etl_agent.clean.values import rewrite

__all__ = ["DateAs", "form_pattern"]

_LONGEST = 40  # bytes of a cell that is read; no date is longer
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_SHORT_DAY, _SHORT_MONTH = "[1-9]|[12][0-9]|3[01]", "[1-9]|1[0-2]"
_WRITTEN = {
    "%Y": "[1-9][0-9]{3}",
    "%m": "0[1-9]|1[0-2]",
    "%-m": _SHORT_MONTH,
    "%d": "0[1-9]|[12][0-9]|3[01]",
    "%-d": _SHORT_DAY,
    "%b": "|".join(name[:3] for name in _MONTHS),
    "%B": "|".join(_MONTHS),
}
_ISO = r"^(\d{4}-\d\d-\d\d)(?: 00:00:00)?$"
_SLIP = r"(?:^|\D)\d(?:\D+0\d|\D+\d{4}\D+0\d)(?:\D|$)|(?:^|\D)0\d\D+(?:\d{4}\D+)?\d(?:\D|$)"
"""A day or month of one digit beside one that is filled up: no habit, but a digit that was lost."""


def _pieces(words: str) -> list[str]:
    return [piece for piece in re.split(r"(%-?.)", words) if piece]


def form_pattern(words: str) -> str:
    """Return the pattern (RE2 syntax) of cells that have a form."""
    return "^" + "".join(f"(?:{_WRITTEN[p]})" if p.startswith("%") else re.escape(p) for p in _pieces(words)) + "$"


def _checked(words: str) -> str:
    used = [piece for piece in _pieces(words) if piece.startswith("%")]
    if unknown := [piece for piece in used if piece not in _WRITTEN]:
        raise ValueError(f"{words!r} has a word that is not written here: {unknown[0]} (valid: {', '.join(_WRITTEN)})")
    if sorted(piece[-1].lower().replace("b", "m") for piece in used) != ["d", "m", "y"]:
        raise ValueError(f"{words!r} must have one word each for year, month and day")
    return words


def _readable(words: str) -> str:
    if words == EXCEL or "%y" in words:
        raise ValueError(f"{words!r} is not read here: the step dates reads serial numbers and two-digit years")
    return check_format(words)


class DateAs(RowStep):
    """Write dates in one form; a cell that is no date, or one with a time of day, stays as it is.

    A cell that two of the formats read differently stays, and so does one where one part is filled up to two digits
    and another is not (2008/09/6): there a digit may have been lost.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"], "write": "%Y/%m/%d", "formats": ["%Y/%m/%d", "%d.%m.%Y", "%b %d, %Y"]} | ["2008/9/26", "26.09.2008", "Sep 26, 2008", "2008/09/6", "n/a", null] | ["2008/09/26", "2008/09/26", "2008/09/26", "2008/09/6", "n/a", null] |
    | {"columns": "x", "write": "%-m/%-d/%Y", "formats": ["%Y-%m-%d"]} | ["2025-04-03", "2025-04-03 00:00:00", "2025-04-03 10:00", "2025-02-30"] | ["4/3/2025", "4/3/2025", "2025-04-03 10:00", "2025-02-30"] |
    | {"columns": "x", "write": "%d %b %Y", "formats": ["%Y-%m-%d"]} | ["2025-04-03"] | ["03 Apr 2025"] |
    """  # noqa: E501  a row of a table is one line

    step: Literal["date_as"] = "date_as"
    columns: Columns
    """The columns that hold dates."""
    write: Annotated[str, AfterValidator(_checked)]
    """The form in strftime words: %Y, %m, %d, %-m and %-d without a zero in front, %b (Apr), %B (April)."""
    formats: tuple[Annotated[str, AfterValidator(_readable)], ...] = Field(min_length=1)
    """The formats to read, in strftime words."""

    change: ClassVar[Change] = "format"

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the chosen columns."""
        return chosen(self.columns, names)

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Read the cells that have not the form, and write them in it."""
        return each(data, self.reads(data.schema.names), self._rewritten)

    def _rewritten(self, column: pa.StringArray) -> pa.StringArray:
        done = pc.or_(
            pc.greater(pc.binary_length(column), _LONGEST), pc.match_substring_regex(column, form_pattern(self.write))
        )
        done = pc.or_(done, pc.match_substring_regex(column, _SLIP))
        return rewrite(column, done=done, change=self._changed)

    def _changed(self, cells: pa.StringArray) -> pa.StringArray:
        """Return the cells in the form, null where none of the formats reads them."""
        dates = read_where_agreed(cells, [compiled(words, months=("en",), first_year=None) for words in self.formats])
        plain = pc.match_substring_regex(dates, _ISO)
        dates = pc.if_else(plain, pc.utf8_slice_codeunits(dates, 0, 10), pa.nulls(len(dates), pa.string()))
        parts = {"Y": (0, 4), "m": (5, 7), "d": (8, 10)}
        cut = {word: pc.utf8_slice_codeunits(dates, *place) for word, place in parts.items()}
        names = partial(_named, cut["m"])
        written = {
            "%Y": cut["Y"],
            "%m": cut["m"],
            "%d": cut["d"],
            "%-m": pc.utf8_ltrim(cut["m"], characters="0"),
            "%-d": pc.utf8_ltrim(cut["d"], characters="0"),
            **({"%b": names([name[:3] for name in _MONTHS])} if "%b" in self.write else {}),
            **({"%B": names(list(_MONTHS))} if "%B" in self.write else {}),
        }
        return pc.binary_join_element_wise(*(written.get(piece, piece) for piece in _pieces(self.write)), "")


def _named(months: pa.StringArray, names: list[str]) -> pa.StringArray:
    places = pc.index_in(months, value_set=pa.array([f"{month:02d}" for month in range(1, 13)]))
    return pa.array(names).take(places)
