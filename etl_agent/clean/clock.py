"""Times of day in the one form that a column has for them, without the date or the remark that stands beside a few."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, ClassVar, Literal, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import AfterValidator

from etl_agent.batch import as_mask
from etl_agent.clean.kernels import each, patched, per_value
from etl_agent.clean.step import Change, Columns, RowStep, chosen

__all__ = ["ClockAs", "ClockForm", "Time", "time_in"]

_LONGEST = 64  # characters of a cell that is read; a time with a date and a remark is no longer
_LIKE = re.compile(r"(0?)9:05(:00)?((?: ?)(?:a\.m\.|A\.M\.|am|AM|a|A))?")
_OTHER_HALF = str.maketrans("aA", "pP")

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
_WEEKDAY = r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}\.?"
_TIME = re.compile(
    r"(?<![\d:.])(?P<hour>\d{1,2}):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?(?![\d:])\s*"
    rf"(?P<half>noon|midnight|[ap](?:(?={_MONTH}|{_WEEKDAY})|\.?m\.?|(?=[^a-z]|$)))?",
    re.IGNORECASE,
)
_REMARK = re.compile(r"\([^()]*\)|&nbsp;?", re.IGNORECASE)
_BLANKS = re.compile(r"[\s,;*]+")
_DATED = re.compile(
    rf"(?:{_WEEKDAY}|\d{{1,4}}([/.-])\d{{1,2}}(?:\1\d{{1,4}})?|\d{{1,2}}[/.-]?{_MONTH}(?:[/.-]?\d{{2,4}})?|T|at|-)",
    re.IGNORECASE,
)
_MONTH_ALONE = re.compile(_MONTH, re.IGNORECASE)
_DAY_OR_YEAR = re.compile(r"\d{1,2}(?:st|nd|rd|th)?|\d{4}", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]*[a-z][^\W\d_]*[.!]?")  # not EST or UTC: a time of another zone is another time


class Time(NamedTuple):
    """A time as it is written: the second and the half of the day only where they are."""

    hour: int
    minute: str
    second: str
    half: str


@lru_cache(maxsize=64)
def _form(like: str) -> tuple[str, str, str] | None:
    """Return the zero before a short hour, the seconds, and how times before noon end; None for another example."""
    match = _LIKE.fullmatch(like)
    return (match[1], match[2] or "", match[3] or "") if match else None


def _checked(like: str) -> str:
    if _form(like) is None:
        raise ValueError(
            f"{like!r} does not show five past nine in the morning as 9:05, 09:05:00, 9:05 a.m. or 09:05AM do"
        )
    return like


ClockForm = Annotated[str, AfterValidator(_checked)]
"""Five past nine in the morning as the column writes it: ``9:05``, ``09:05:00``, ``9:05 a.m.``, ``09:05AM``."""


class ClockAs(RowStep):
    """Write times of day as one example shows; a cell that could be read in two ways stays as it is.

    A date, a weekday, an offset or a remark in brackets beside a time is dropped, and so are words behind it: the
    column is one of times alone. A cell that holds two times, or digits that are no date, stays.

    | with | before | after |
    |---|---|---|
    | {"columns": ["x"], "like": "9:05 a.m."} | ["8:25aMar 14", "3/24/19 12:47 a.m.", "20:35", "9:15 PM (late)", null] | ["8:25 a.m.", "12:47 a.m.", "8:35 p.m.", "9:15 p.m.", null] |
    | {"columns": ["x"], "like": "9:05 a.m."} | ["9:05", "9:05 - 9:30 a.m.", "after 9:05 a.m.", "9:05 AM EST"] | ["9:05", "9:05 - 9:30 a.m.", "after 9:05 a.m.", "9:05 AM EST"] |
    | {"columns": ["x"], "like": "09:05"} | ["8:25", "8:25 pm", "12:00 noon", "08:25:30"] | ["08:25", "20:25", "12:00", "08:25:30"] |
    """  # noqa: E501  a row of a table is one line

    step: Literal["clock_as"] = "clock_as"
    columns: Columns
    """The columns that hold times of day."""
    like: ClockForm
    """Five past nine in the morning, as times shall be written: ``9:05``, ``09:05:00``, ``9:05 a.m.``, ``09:05AM``."""

    change: ClassVar[Change] = "format"

    def reads(self, names: Sequence[str]) -> tuple[str, ...]:
        """Name the chosen columns."""
        return chosen(self.columns, names)

    def apply(self, data: pa.RecordBatch) -> pa.RecordBatch:
        """Read each distinct cell that has not the form."""
        return each(data, self.reads(data.schema.names), self._written)

    @property
    def pattern(self) -> str:
        """The cells that have the form (RE2 syntax)."""
        zero, seconds, half = self._parts
        short = "0" if zero else ""
        hours = rf"(?:{short}[1-9]|1[0-2])" if half else rf"(?:{short}\d|1\d|2[0-3])"
        ending = f"(?:{re.escape(half)}|{re.escape(half.translate(_OTHER_HALF))})" if half else ""
        return rf"^{hours}:[0-5]\d{':[0-5][0-9]' if seconds else ''}{ending}$"

    @property
    def _parts(self) -> tuple[str, str, str]:
        form = _form(self.like)
        if form is None:
            raise AssertionError("the example was checked")
        return form

    def _written(self, column: pa.StringArray) -> pa.StringArray:
        maybe = pc.and_(pc.match_substring(column, ":"), pc.less_equal(pc.utf8_length(column), _LONGEST))
        other = pc.and_(maybe, pc.invert(pc.match_substring_regex(column, self.pattern)))
        return patched(column, as_mask(other), lambda cells: per_value(cells, self._rewritten))

    def _rewritten(self, cell: str) -> str:
        time = time_in(cell)
        return cell if time is None else self._in_form(time) or cell

    def _in_form(self, time: Time) -> str | None:
        """Write a time; None where that would guess the half of the day, or lose or make up seconds."""
        zero, seconds, half = self._parts
        hour = _hour_of_day(time)
        if hour is None or (half and not time.half and 0 < hour <= 12):
            return None
        if bool(seconds) != bool(time.second) and (time.second not in ("", "00") or not half):
            return None
        ending = half if hour < 12 else half.translate(_OTHER_HALF)
        number = (hour % 12 or 12) if half else hour
        second = f":{time.second or '00'}" if seconds else ""
        return f"{number:02d}:{time.minute}{second}{ending}" if zero else f"{number}:{time.minute}{second}{ending}"


def _hour_of_day(time: Time) -> int | None:
    """Return the hour from 0 to 23; None where a clock has no such hour."""
    if not time.half:
        return time.hour if time.hour < 24 else None
    if not 1 <= time.hour <= 12 or (time.half in "nm" and time.hour != 12):
        return None
    return time.hour % 12 + (12 if time.half in "pn" else 0)


def time_in(cell: str) -> Time | None:
    """Read the only time in a cell; None where something else stands there that may matter."""
    text = _REMARK.sub(" ", cell)
    times = list(_TIME.finditer(text))
    if len(times) != 1:
        return None
    time = times[0]
    if not _only_dates(text[: time.start()], words=False) or not _only_dates(text[time.end() :], words=True):
        return None
    half = (time["half"] or " ")[0].lower().strip()
    return Time(int(time["hour"]), time["minute"], time["second"] or "", half)


def _only_dates(text: str, *, words: bool) -> bool:
    """Say whether nothing but dates and weekdays stands in a text, or also words."""
    tokens = [token for token in _BLANKS.split(text) if token]
    month = any(_MONTH_ALONE.fullmatch(token) for token in tokens)
    return all(
        _DATED.fullmatch(token)
        or (month and (_MONTH_ALONE.fullmatch(token) or _DAY_OR_YEAR.fullmatch(token)))
        or (words and _WORD.fullmatch(token))
        for token in tokens
    )
