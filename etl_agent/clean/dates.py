"""Dates and times: cells in any format become canonical text, the order of day and month settled by the evidence."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from etl_agent.batch import as_mask
from etl_agent.clean.evidence import Counts, Evidence, ambiguous, combined, note
from etl_agent.clean.formats import DateFormat, check_format, compiled, read_where_agreed
from etl_agent.clean.step import Change, Columns, FittedStep, chosen, replaced
from etl_agent.clean.values import rewrite
from etl_agent.clean.zones import check_zone, in_zone
from etl_agent.errors import AmbiguousFormat, Unfit
from etl_agent.frozen import Frozen
from etl_agent.profile.months import Language

__all__ = ["POSIX_CENTURY", "ColumnFormats", "Dates", "Timestamps"]

POSIX_CENTURY = 1969
"""The ``two_digit_years`` of POSIX: 69 is 1969, 68 is 2068. Source: POSIX.1-2017, strptime, %y."""

_ALWAYS = "%Y-%m-%d"
_TELLS_NOTHING = r"^\D*$|^\s*\d{4}-\d"  # no date at all, or one in the format that is always read
_CLEAR = (
    "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d %b %Y", "%d-%b-%Y", "%d/%b/%Y", "%d. %b %Y", "%d %b, %Y", "%d%b%Y",
    "%b %d, %Y", "%b %d %Y", "%b-%d-%Y", "%Y-%b-%d", "%Y %b %d", "%a, %d %b %Y", "%a %d %b %Y", "%a, %b %d, %Y",
)  # fmt: skip
"""Formats that no other one can be taken for."""

_CLEAR_SHORT = ("%d %b %y", "%d-%b-%y", "%d/%b/%y", "%b %d, %y")
_TWICE = tuple((f"%d{mark}%m{mark}%Y", f"%m{mark}%d{mark}%Y") for mark in "/.-")
_TWICE_SHORT = tuple((f"%d{mark}%m{mark}%y", f"%m{mark}%d{mark}%y", f"%y{mark}%m{mark}%d") for mark in "/.-")
"""Formats that only the evidence can tell from each other."""

_Format = Annotated[str, AfterValidator(check_format)]


class ColumnFormats(Frozen):
    """The formats of one column."""

    column: str
    """The column."""
    formats: tuple[_Format, ...]
    """Its formats, in strftime words."""


class _Moments(FittedStep):
    """What steps on dates and on times have in common."""

    columns: Columns
    """The columns to read."""
    formats: Annotated[
        Literal["auto"] | tuple[_Format, ...],
        BeforeValidator(lambda value: (value,) if isinstance(value, str) and value != "auto" else value),
    ] = "auto"
    """The formats in strftime words (``%d.%m.%Y``), ``excel`` for Excel's serial numbers, or auto: decided for each
    column and file by all its cells. A format without words for the time reads a time behind the date as well. A
    cell that two of the formats read differently stays as it is."""
    months: tuple[Language, ...] = ("en",)
    """The languages of the names of months."""
    two_digit_years: Annotated[int, Field(ge=1000, le=9900)] | None = None
    """The first of the hundred years that two-digit years stand for: with 1950, 49 is 2049 and 50 is 1950. Without
    it they are not read."""
    learned: tuple[ColumnFormats, ...] | None = None
    """What the columns' cells settled; left out by hand, written by a lock."""

    change: ClassVar[Change] = "format"
    per: ClassVar[Literal["file", "dataset"]] = "file"

    @property
    @abstractmethod
    def _done(self) -> str:
        """The pattern of cells that need no change, whether or not the calendar has such a day."""

    @model_validator(mode="after")
    def _short_years_have_a_century(self) -> Self:
        short = [word for word in self.formats if "%y" in word] if self.formats != "auto" else []
        if short and self.two_digit_years is None:
            raise ValueError(f"{short[0]} has two-digit years: declare two_digit_years, such as 1950")
        return self

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the chosen columns."""
        return chosen(self.columns, names)

    @property
    def fitted(self) -> bool:
        """Whether the formats are learned or declared."""
        return self.learned is not None or self.formats != "auto"

    def observe(self, data: pa.RecordBatch) -> Evidence:
        """Count the cells of each column by the formats that read them."""
        return {name: self._seen(data.column(name)) for name in self.reads(data.schema.names)}

    def combine(self, left: Any, right: Any) -> Evidence:
        """Add the counts."""
        return combined(left, right)

    def fit(self, summary: Any) -> Self:
        """Decide the formats of each column.

        Raises:
            AmbiguousFormat: some cells can be read with the day or with the month first, and no cell settles it.
        """
        learned = [
            ColumnFormats(column=column, formats=self._decided(counts, column=column))
            for column, counts in sorted(summary.items())
        ]
        return self.model_copy(update={"learned": tuple(learned)})

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Rewrite the cells that are not canonical yet."""
        for name in self.reads(data.schema.names):
            column, formats = data.column(name), [self._format(word) for word in self._words(name)]
            done = pc.match_substring_regex(column, self._done)
            data = replaced(data, name, rewrite(column, done=done, change=partial(self._written, formats=formats)))
        return data

    def _written(self, cells: pa.Array, *, formats: Sequence[DateFormat]) -> pa.Array:
        return self._settled(read_where_agreed(cells, formats))

    def _settled(self, read: pa.Array) -> pa.Array:
        """Return what the step makes of what was read; null where it keeps the cell."""
        return read

    def _format(self, word: str) -> DateFormat:
        return compiled(word, months=self.months, first_year=self.two_digit_years)

    def _words(self, column: str) -> tuple[str, ...]:
        if self.learned is not None:
            return next((each.formats for each in self.learned if each.column == column), (_ALWAYS,))
        if self.formats == "auto":
            raise AssertionError("the step must be fitted before it is applied")
        return self.formats

    def _families(self) -> tuple[tuple[str, ...], ...]:
        """The formats to try: those that may be taken for each other together."""
        short = self.two_digit_years is not None
        clear = (*_CLEAR, *_CLEAR_SHORT) if short else _CLEAR
        return (*_TWICE, *(_TWICE_SHORT if short else ()), *((word,) for word in clear))

    def _seen(self, column: pa.Array) -> Counts:
        counts: Counts = {}
        cells = column.filter(pc.invert(pc.match_substring_regex(column, self._done)))
        cells = cells.filter(pc.invert(pc.match_substring_regex(cells, _TELLS_NOTHING)))
        for family in self._families():
            if not len(cells):
                break
            read = [self._settled(self._format(word).read(cells)) for word in family]
            cells = _count_family(counts, cells, family=family, read=read)
        return counts

    def _decided(self, counts: Counts, *, column: str) -> tuple[str, ...]:
        """Return the formats of a column, given what was counted."""
        words = [_ALWAYS]
        for family in self._families():
            settled = [word for word in family if word in counts]
            for kind, (_, sample) in counts.items():
                several = kind.split("|")
                if len(several) > 1 and set(several) <= set(family) and len(set(several) & set(settled)) != 1:
                    raise self._torn(sample, several, column=column)
            agreed = {word for kind in counts if kind.startswith("=") for word in kind[1:].split("|")}
            words += self._prevailing(settled, counts, column=column) or [word for word in family if word in agreed]
        return tuple(words)

    def _prevailing(self, settled: Sequence[str], counts: Counts, *, column: str) -> list[str]:
        """Return the format that most cells are in, of formats that contradict each other without a cell in doubt."""
        most = [word for word in settled if counts[word][0] == max(counts[other][0] for other in settled)]
        if len(most) > 1:
            raise AmbiguousFormat(
                " but ".join(f"{counts[word][1]!r} is {word}" for word in most) + ", in as many cells each",
                where=f"clean, step {self.name}, column {column}",
                choices=most,
                next_command=f"declare formats in the step {self.name}",
                unfit=[Unfit(column, "ambiguous", step=self.name)],
            )
        return most

    def _torn(self, sample: str, words: Sequence[str], *, column: str) -> Exception:
        readings = {word: self._format(word).read(pa.array([sample]))[0].as_py() for word in words}
        return ambiguous(column, sample=sample, readings=readings, declare="formats", step=self.name)


def _count_family(counts: Counts, cells: pa.Array, *, family: Sequence[str], read: Sequence[pa.Array]) -> pa.Array:
    """Count cells by the formats of a family that read them; return those that none reads."""
    readable = [as_mask(pc.is_valid(column)) for column in read]
    bits = sum((mask.astype(np.int64) << place for place, mask in enumerate(readable)), np.zeros(len(cells), np.int64))
    torn = np.zeros(len(cells), np.bool_)
    for place, column in enumerate(read):
        for other in read[:place]:
            torn |= as_mask(pc.not_equal(column, other))
    for value in np.unique(bits[bits > 0]).tolist():
        words = "|".join(word for place, word in enumerate(family) if value >> place & 1)
        same = bits == value
        if "|" not in words:
            note(counts, words, cells=cells.filter(pa.array(same)))
        else:
            note(counts, words, cells=cells.filter(pa.array(same & torn)))
            note(counts, f"={words}", cells=cells.filter(pa.array(same & ~torn)))
    return cells.filter(pa.array(bits == 0))


class Dates(_Moments):
    """Write dates as 2025-04-03; a cell that is no date, or no day of the calendar, stays as it is.

    A time behind the date is dropped only where it is midnight; any other cell with a time stays as it is.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"]} | ["04/13/2025", "03/04/2025", "3 Apr 2025", null] | ["2025-04-13", "2025-03-04", "2025-04-03", null] |
    | {"columns": ["x"]} | ["31.12.2024", "1.2.2025", "30.2.2025", "soon"] | ["2024-12-31", "2025-02-01", "30.2.2025", "soon"] |
    | {"columns": "x", "formats": "%d-%m-%y", "two_digit_years": 1950} | ["03-04-25", "03-04-68"] | ["2025-04-03", "1968-04-03"] |
    | {"columns": "x", "formats": ["%d. %B %Y", "excel"], "months": ["de"]} | ["3. März 2025", "45750"] | ["2025-03-03", "2025-04-03"] |
    """  # noqa: E501  a row of a table is one line

    step: Literal["dates"] = "dates"

    @property
    def _done(self) -> str:
        return r"^\d{4}-\d\d-\d\d$"

    def _settled(self, read: pa.Array) -> pa.Array:
        """Keep dates, and those with midnight behind them."""
        if pc.max(pc.binary_length(read)).as_py() in (None, 10):
            return read
        days = pc.replace_substring_regex(read, r" 00:00:00(?:\.0+)?$", "")
        return pc.if_else(pc.equal(pc.binary_length(days), 10), days, pa.scalar(None, pa.string()))


class Timestamps(_Moments):
    """Write times as 2025-04-03 12:30:00, with the fraction and the offset that they have; a date alone stays one.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"]} | ["04/13/2025 14:05", "3 Apr 2025", "yesterday", null] | ["2025-04-13 14:05:00", "2025-04-03", "yesterday", null] |
    | {"columns": ["x"]} | ["2025-04-03T12:30:00.250Z", "20250403 1:05 pm"] | ["2025-04-03 12:30:00.250+00:00", "2025-04-03 13:05:00"] |
    | {"columns": "x", "formats": ["%d.%m.%Y %H:%M"]} | ["3.4.2025 9:30", "03.04.2025"] | ["2025-04-03 09:30:00", "03.04.2025"] |
    | {"columns": "x", "formats": ["%d %b %Y"], "date_alone": "midnight"} | ["3 Apr 2025", "2025-04-03"] | ["2025-04-03 00:00:00", "2025-04-03 00:00:00"] |
    | {"columns": "x", "to_timezone": "Europe/Berlin"} | ["2025-07-01T10:00:00.50Z", "2025-12-01 10:00:00-05:00"] | ["2025-07-01 12:00:00.50+02:00", "2025-12-01 16:00:00+01:00"] |
    """  # noqa: E501  a row of a table is one line

    step: Literal["timestamps"] = "timestamps"

    date_alone: Literal["keep", "midnight"] = "keep"
    """What becomes of a date without a time: it stays a date, which a contract does not take for a time, or it
    becomes its midnight."""
    to_timezone: Annotated[str, AfterValidator(check_zone)] | None = None
    """The zone (``Europe/Berlin``, ``UTC``) in whose time and offset those times are written that have an offset. A
    time without one is read by the contract's ``timezone``."""

    @property
    def _done(self) -> str:
        offset = r"(?:[+-]\d\d:\d\d)?" if self.to_timezone is None else ""
        time = rf" \d\d:\d\d:\d\d(?:\.\d+)?{offset}"
        return rf"^\d{{4}}-\d\d-\d\d{f'(?:{time})?' if self.date_alone == 'keep' else time}$"

    def _words(self, column: str) -> tuple[str, ...]:
        words = super()._words(column)
        own = self.date_alone == "midnight" or self.to_timezone is not None  # then also cells that are canonical
        return (_ALWAYS, *words) if own and _ALWAYS not in words else words

    def _settled(self, read: pa.Array) -> pa.Array:
        """Add midnight to dates, and move times to the zone, by the user's word."""
        if self.date_alone == "midnight":
            midnight = pc.binary_join_element_wise(read, "00:00:00", " ")
            read = pc.if_else(pc.equal(pc.binary_length(read), 10), midnight, read)
        return read if self.to_timezone is None else in_zone(read, self.to_timezone)
