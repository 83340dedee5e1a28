"""Dates and times as people write them: the layouts of a column, and which of day and month comes first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.profile.months import languages, month_numbers
from etl_agent.profile.spelled import Mask, Spelled, as_mask

__all__ = ["Moments"]

_MADE = r"^(?:[aA]+\.?,? ?)?(?:9[-/. ]9[-/. ]9|9(?:aa?)?[-/ .,]*A?a?[-/ .,]*9|A?a?\.? ?9a?,? ?9|9)(?:[ T,A].*)?$|^ ?9:9"
"""Collapsed patterns that may be a date or a time."""
_TAIL = r"(?:(?:,? +|A)99?:99(?::99(?:[.,]9{1,9})?)?(?: ?[aA]\.?[aA]\.?)?(?: ?(?:A|AAA|[-+]99:?(?:99)?))?)?"
_WEEKDAY = r"(?:[aA]{2,10}\.?,? )?"
_NAME = r"(?:A?a{2,9}|A{3,9})\.?"
_TIME = r"^ ?99?:99(?::99(?:[.,]9{1,9})?)?(?: ?[aA]\.?[aA]\.?)? ?$"
_CLOCK = r"^ ?(?:[01]?\d|2[0-4]):[0-5]\d"
_DAY, _MONTH = "(?:0?[1-9]|[12][0-9]|3[01])", "(?:0?[1-9]|1[0-2])"
_LATE = "(?:1[3-9]|2[0-9]|3[01])"  # a number that is a day and cannot be a month


@dataclass(frozen=True, slots=True)
class _Layout:
    """A layout: its word, the masked patterns that may have it, and what a value in it must match."""

    word: str
    made: str
    value: str


@cache
def _layouts() -> tuple[_Layout, ...]:
    """Return the layouts by what they may be taken for: at most one fits a value."""
    found = []
    for mark in "-/. ":
        s = "\\" + mark
        found.append(
            _Layout(
                f"%Y{mark}%m{mark}%d", rf"^ ?9999{s}99?{s}99?{_TAIL} ?$", rf"^ ?\d{{4}}{s}{_MONTH}{s}{_DAY}(?:\D|$)"
            )
        )
        for letter, digits in (("Y", "9999"), ("y", "99")):
            made = rf"^ ?99?{s}99?{s}{digits}{_TAIL} ?$"
            for first, second, word in (
                (_LATE, _MONTH, f"%d{mark}%m{mark}%{letter}"),
                (_MONTH, _LATE, f"%m{mark}%d{mark}%{letter}"),
                (_MONTH, _MONTH, f"?{mark}?{mark}%{letter}"),
            ):
                found.append(_Layout(word, made, rf"^ ?{first}{s}{second}{s}\d"))
    name = rf"(?i:{'|'.join(sorted(month_numbers(languages()), key=len, reverse=True))})"  # type: ignore[arg-type]
    for letter, digits in (("Y", "9999"), ("y", "99")):
        found.append(
            _Layout(
                f"%d %b %{letter}",
                rf"^ ?{_WEEKDAY}99?(?:aa|\.)?[-/ ,]?{_NAME}[-/ ,]{{0,2}}{digits}{_TAIL} ?$",
                rf"^ ?(?:\pL{{2,10}}\.?,? )?{_DAY}(?:st|nd|rd|th|\.)?[-/ ,]?{name}\.?[-/ ,]{{0,2}}\d",
            )
        )
    found.append(
        _Layout(
            "%b %d, %Y",
            rf"^ ?{_WEEKDAY}{_NAME}[- ]?99?(?:aa)?[-, ]{{1,2}}9999{_TAIL} ?$",
            rf"^ ?(?:\pL{{2,10}}\.?,? )?{name}\.?[- ]?{_DAY}(?:st|nd|rd|th)?[-, ]{{1,2}}\d",
        )
    )
    found.append(
        _Layout("%Y%m%d", r"^99999999(?:A999999)?$", r"^(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
    )
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Moments:
    """How many cells are a date or a time, by layout.

    Args:
        dates: cells by layout in strftime words, ``?/?/%Y`` where day and month can both be the first.
        timed: cells with a date and a time of day behind it; they are in ``dates`` too.
        times: cells with a time of day alone.
    """

    dates: Mapping[str, int] = field(default_factory=dict)
    timed: int = 0
    times: int = 0

    @property
    def rows(self) -> int:
        """Cells with a date, alone or with a time."""
        return sum(self.dates.values())

    @property
    def formats(self) -> tuple[tuple[str, ...], bool]:
        """The layouts of the dates, the most frequent first, and whether two readings are open.

        Where some cells can only have the day first, or only the month, so have all those that could have either.
        """
        rows = dict(self.dates)
        doubt = False
        for word in [word for word in rows if word.startswith("?")]:
            first, second = (
                word.replace("?", "%d", 1).replace("?", "%m"),
                word.replace("?", "%m", 1).replace("?", "%d"),
            )
            if (first in rows) == (second in rows):
                doubt = True
            else:
                settled = first if first in rows else second
                rows[settled] += rows.pop(word)
        return tuple(sorted(rows, key=lambda word: (-rows[word], word))), doubt

    def combine(self, other: Moments) -> Moments:
        """Add up two counts."""
        dates = {word: self.dates.get(word, 0) + other.dates.get(word, 0) for word in {**self.dates, **other.dates}}
        return Moments(dates, self.timed + other.timed, self.times + other.times)

    @staticmethod
    def of(spelled: Spelled) -> Moments:
        """Count the dates and times among distinct values."""
        made = spelled.gate(_MADE)
        if not made.any():
            return Moments()
        clock = spelled.matching(_TIME, among=made)
        dates: dict[str, int] = {}
        timed = 0
        for word, rows, with_time in _dates(spelled, made & ~clock):
            dates[word] = dates.get(word, 0) + rows
            timed += with_time
        return Moments(dates, timed, _matching(spelled, clock, _CLOCK)[0])


def _dates(spelled: Spelled, made: Mask) -> Iterator[tuple[str, int, int]]:
    patterns: dict[str, tuple[Mask, Mask]] = {}
    for layout in _layouts():
        if layout.made not in patterns:
            like = spelled.matching(layout.made, among=made)
            patterns[layout.made] = like, spelled.matching("9[:]99", among=like)
        like, with_time = patterns[layout.made]
        if like.any():
            rows, timed = _matching(spelled, like, layout.value, of_these=with_time)
            if rows:
                yield layout.word, rows, timed


def _matching(spelled: Spelled, patterns: Mask, form: str, *, of_these: Mask | None = None) -> tuple[int, int]:
    """Count the rows of some patterns whose values match, and how many of them are of fewer patterns."""
    places = spelled.places(patterns)
    if not len(places):
        return 0, 0
    fits = places[as_mask(pc.match_substring_regex(spelled.values.take(pa.array(places)), form))]
    rows = int(spelled.rows[fits].sum())
    if of_these is None or not of_these.any():
        return rows, 0
    return rows, int(spelled.rows[fits[spelled.in_patterns(fits, of_these)]].sum())
