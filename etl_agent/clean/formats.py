"""Formats of dates and times in strftime words: how a cell in a format is read into canonical text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.profile.forms import DATE
from etl_agent.profile.months import Language, month_numbers

__all__ = ["EXCEL", "DateFormat", "check_format", "compiled", "read_times", "read_where_agreed"]

EXCEL = "excel"
"""The word for serial numbers as Excel keeps them: days since 1899-12-30, the fraction being the time of day."""

_ZONE = r"Z|z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2}"
_WORDS: Mapping[str, str] = {
    "Y": r"(?P<Y>\d{4})",
    "y": r"(?P<y>\d{2})",
    "m": r"(?P<m>\d{1,2})",
    "d": r"(?P<d>\d{1,2})",
    "H": r"(?P<H>\d{1,2})",
    "I": r"(?P<H>\d{1,2})",
    "M": r"(?P<M>\d{2})",
    "S": r"(?P<S>\d{2})",
    "f": r"(?P<f>\d{1,9})",
    "p": r"(?P<p>[AaPp]\.?[Mm]\.?)",
    "z": rf"(?P<z>{_ZONE})",
    "a": r"\pL+\.?",
    "A": r"\pL+\.?",
    "%": "%",
}
_CLOCK_ALONE = r"(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2}))?"
_CLOCK = rf"(?:T|,? +){_CLOCK_ALONE}"
_MORE = rf"(?:[.,](?P<f>\d{{1,9}}))?(?: ?(?P<p>[AaPp]\.?[Mm]\.?))?(?: ?(?P<z>{_ZONE}))?\s*"
"""A time of day behind a format that has no words for it, in two parts: a pattern with more than four groups costs
three times as much."""

_REAL = rf"^{DATE}(?: (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:[+-](?:0\d|1[0-4]):[0-5]\d)?)?$"
"""A day that the calendar has, with a time that the clock has."""

_NOTHING = pa.nulls(1, pa.string())[0]  # made without pa.scalar, which imports pandas


@cache
def _half_days() -> tuple[pa.StringArray, pa.StringArray, pa.StringArray]:
    """Return the hours of a half day, and what they are before and after noon; made when first asked for."""
    hours = range(1, 13)
    return (
        pa.array([f"{hour:02d}" for hour in hours]),
        pa.array([f"{hour % 12:02d}" for hour in hours]),
        pa.array([f"{hour % 12 + 12:02d}" for hour in hours]),
    )


def check_format(word: str) -> str:
    """Return a format if it can be read.

    Raises:
        ValueError: it has an unknown word, a word twice, or does not give a day, month and year.
    """
    if word == EXCEL:
        return word
    letters = _letters(word)
    unknown = [f"%{letter}" for letter in letters if letter not in (*_WORDS, "b", "B", "F", "T")]
    if unknown or re.search(r"%(?!.)", word):
        known = ", ".join(f"%{letter}" for letter in (*_WORDS, "b", "B", "F", "T"))
        raise ValueError(f"{word!r} has a word that is not known: {', '.join(unknown) or '%'} (valid: {known})")
    full = _letters(_expanded(word))
    parts = ["y" if letter == "Y" else "m" if letter in "bB" else "H" if letter == "I" else letter for letter in full]
    if lacking := [part for part in "ymd" if parts.count(part) != 1]:
        raise ValueError(f"{word!r} must have one word each for year, month and day; wrong: {', '.join(lacking)}")
    if any(parts.count(part) > 1 for part in "HMSfpz") or ("I" in full and "p" not in full):
        raise ValueError(f"{word!r} has a word twice, or %I without %p")
    return word


def _letters(word: str) -> list[str]:
    return re.findall(r"%(.)", word)


def _expanded(word: str) -> str:
    return word.replace("%F", "%Y-%m-%d").replace("%T", "%H:%M:%S").replace("%B", "%b")


@dataclass(frozen=True)
class DateFormat:
    """A format that reads cells.

    Args:
        word: the format in strftime words, or ``excel``.
        months: the languages of the names of months.
        first_year: the year that begins the hundred years of two-digit years, where the format has them.
    """

    word: str
    months: tuple[Language, ...] = ("en",)
    first_year: int | None = None

    @cached_property
    def _parts(self) -> str:
        """The format as a regular expression (RE2 syntax), with a named group for each word."""
        pieces = re.split(r"(%.)", _expanded(self.word))
        built = []
        for place, piece in enumerate(pieces):
            if not piece.startswith("%"):
                built.append(re.sub(r"(?:\\ )+", " +", re.escape(piece)))
            elif piece == "%b":
                built.append(rf"(?P<b>{'|'.join(sorted(self._numbers, key=len, reverse=True))})\.?")
            elif piece in ("%m", "%d") and _runs_on(pieces, place):
                built.append(_WORDS[piece[1]].replace("{1,2}", "{2}"))
            elif piece == "%d" and "%b" in pieces:
                built.append(_WORDS["d"] + "(?:st|nd|rd|th)?")
            else:
                built.append(_WORDS[piece[1]])
        return "".join(built)

    @cached_property
    def _timed(self) -> bool:
        return re.search(r"%[HI]", _expanded(self.word)) is not None

    @cached_property
    def _whole(self) -> str:
        """The regular expression of a whole cell."""
        return rf"(?i)^\s*{self._parts}{'' if self._timed else rf'(?:{_CLOCK}{_MORE})?'}\s*$"

    @cached_property
    def _start(self) -> str:
        """The regular expression of a cell known to match, with the time of day as one group."""
        rest = r"\s*" if self._timed else r"(?P<rest>(?:\D.*)?)"
        return rf"(?i)^\s*{self._parts}{rest}$"

    @cached_property
    def _numbers(self) -> dict[str, str]:
        return month_numbers(self.months)

    def read(self, cells: pa.Array) -> pa.Array:
        """Read cells as dates (2025-04-03), with a time where they have one (2025-04-03 12:30:00.5+02:00).

        Returns:
            As many cells; null where a cell is not in this format, or the calendar has no such day.
        """
        if self.word == EXCEL:
            return _from_excel(cells)
        fits = pc.fill_null(pc.match_substring_regex(cells, self._whole), fill_value=False)
        if not pc.any(fits).as_py():
            return pa.nulls(len(cells), pa.string())
        read = self._joined(_extracted(cells.filter(fits), self._start))
        read = pc.if_else(pc.match_substring_regex(read, _REAL), read, _NOTHING)
        return read if len(read) == len(cells) else pc.replace_with_mask(pa.nulls(len(cells), pa.string()), fits, read)

    def _joined(self, parts: Mapping[str, pa.Array]) -> pa.Array:
        year = parts["Y"] if "Y" in parts else self._full_year(parts["y"])
        month = self._month(parts["b"]) if "b" in parts else _two(parts["m"])
        day = pc.binary_join_element_wise(year, month, _two(parts["d"]), "-")
        if "H" in parts:
            return pc.binary_join_element_wise(day, _time(parts), " ")
        timed = pc.not_equal(pc.utf8_trim_whitespace(parts["rest"]), "")
        if not pc.any(timed).as_py():
            return day
        clock = _extracted(parts["rest"].filter(timed), rf"(?i)^{_CLOCK}(?P<more>(?:[^\d:].*)?)$")
        if pc.any(pc.not_equal(clock["more"], "")).as_py():
            clock |= _extracted(clock["more"], rf"(?i)^{_MORE}$")
        time = pc.binary_join_element_wise(day.filter(timed), _time(clock), " ")
        return pc.replace_with_mask(day, timed, time)

    def _full_year(self, short: pa.Array) -> pa.Array:
        if self.first_year is None:
            return pa.nulls(len(short), pa.string())
        century, first = divmod(self.first_year, 100)
        early = pc.greater_equal(short, f"{first:02d}")
        return pc.binary_join_element_wise(pc.if_else(early, f"{century:02d}", f"{century + 1:02d}"), short, "")

    def _month(self, names: pa.Array) -> pa.Array:
        found = pc.index_in(pc.utf8_lower(names), value_set=pa.array(list(self._numbers)))
        return pa.array(list(self._numbers.values())).take(found)


def read_times(cells: pa.Array) -> pa.Array:
    """Read times of day (9:05, 9:05:30.5, 9:05 pm) as 09:05:00, 09:05:30.5, 21:05:00; null where a cell is none."""
    pattern = rf"(?i)^\s*{_CLOCK_ALONE}(?:[.,](?P<f>\d{{1,9}}))?(?: ?(?P<p>[ap]\.?m\.?))?\s*$"
    fits = pc.fill_null(pc.match_substring_regex(cells, pattern), fill_value=False)
    if not pc.any(fits).as_py():
        return pa.nulls(len(cells), pa.string())
    read = _time(_extracted(cells.filter(fits), pattern))
    read = pc.if_else(pc.match_substring_regex(read, r"^(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?$"), read, _NOTHING)
    return pc.replace_with_mask(pa.nulls(len(cells), pa.string()), fits, read)


def _runs_on(pieces: Sequence[str], place: int) -> bool:
    """Tell whether the digits of a word touch those of the next or the last one, so that each must be full."""
    touching = [pieces[at : at + 2] for at in (place - 1, place + 1) if 0 < at < len(pieces) - 1]
    return any(between == "" for between, *_ in touching)


def _extracted(cells: pa.Array, pattern: str) -> dict[str, pa.Array]:
    """Return the named groups of cells that match."""
    parts = pc.extract_regex(cells, pattern)
    return {field.name: parts.field(place) for place, field in enumerate(parts.type)}


def _two(digits: pa.Array) -> pa.Array:
    return pc.utf8_lpad(digits, 2, "0")


def _time(parts: Mapping[str, pa.Array]) -> pa.Array:
    """Join the parts of a time; null where a twelve-hour clock has no such hour."""
    empty = pa.array([""] * 1).take(pa.array(np.zeros(len(parts["H"]), np.int64)))
    hour, half = _two(parts["H"]), pc.utf8_lower(parts.get("p", empty))
    if pc.any(pc.not_equal(half, "")).as_py():
        hours, before_noon, after_noon = _half_days()
        at = pc.index_in(hour, value_set=hours)
        clock = pc.if_else(pc.starts_with(half, "p"), after_noon.take(at), before_noon.take(at))
        hour = pc.if_else(pc.equal(half, ""), hour, clock)
    minute, second = (_or_zero(parts.get(name, empty)) for name in "MS")
    time = pc.binary_join_element_wise(hour, minute, second, ":")
    fraction = parts.get("f", empty)
    fraction = pc.if_else(pc.equal(fraction, ""), "", pc.binary_join_element_wise(".", fraction, ""))
    return pc.binary_join_element_wise(time, fraction, _offset(parts.get("z", empty)), "")


def _or_zero(digits: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(digits, ""), "00", digits)


def _offset(zone: pa.Array) -> pa.Array:
    """Write a zone as an offset: +02:00."""
    if not pc.any(pc.not_equal(zone, "")).as_py():
        return zone
    offset = pc.replace_substring_regex(zone, r"^(?i)(?:Z|UTC|GMT)$", "+00:00")
    offset = pc.replace_substring_regex(offset, r"^([+-]\d\d)(\d\d)$", r"\1:\2")
    return pc.replace_substring_regex(offset, r"^([+-]\d\d)$", r"\1:00")


def _from_excel(cells: pa.Array) -> pa.Array:
    """Read serial numbers, times to the nearest second; day 60 is one that the calendar never had."""
    digits = pc.if_else(pc.match_substring_regex(cells, r"^\d{1,7}(?:\.\d+)?$"), cells, _NOTHING)
    serials = pc.fill_null(pc.cast(digits, pa.float64()), 0).to_numpy(zero_copy_only=False)
    seconds = np.rint(serials * 86_400).astype(np.int64)
    real = (serials >= 1) & (serials < 2_958_466) & ((serials < 60) | (serials >= 61))
    seconds[serials < 60] += 86_400
    moments = (np.datetime64("1899-12-30", "s") + seconds.astype("timedelta64[s]")).astype("datetime64[s]")
    text = pc.strftime(pa.array(moments), format="%Y-%m-%d %H:%M:%S")
    whole = pa.array(seconds % 86_400 == 0)
    return pc.if_else(pa.array(real), pc.if_else(whole, pc.utf8_slice_codeunits(text, 0, 10), text), _NOTHING)


@lru_cache(maxsize=256)
def compiled(word: str, *, months: tuple[Language, ...], first_year: int | None) -> DateFormat:
    """Return a format, with what it derives kept for the next batch."""
    return DateFormat(word, months, first_year)


def read_where_agreed(cells: pa.Array, formats: Sequence[DateFormat]) -> pa.Array:
    """Read cells by several formats; a cell that two of them read differently stays unread (null)."""
    read = pa.nulls(len(cells), pa.string())
    torn = pa.array(np.zeros(len(cells), np.bool_))
    for form in formats:
        now = form.read(cells)
        torn = pc.or_(torn, pc.fill_null(pc.not_equal(read, now), fill_value=False))
        read = pc.coalesce(read, now)
    return pc.if_else(torn, _NOTHING, read)
