"""Dates and times as people write them: their layouts, which of day and month comes first, and when they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from etl_agent.batch import Mask, as_mask
from etl_agent.profile.months import languages, month_numbers
from etl_agent.profile.sketches import Counts
from etl_agent.profile.spelled import Spelled
from etl_agent.profile.timeline import Timeline

__all__ = ["Moments"]

Days = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]

_NUMERIC_MADE = r"^ ?9(?:-9-|/9/|\.9\.| 9 )9"
_TOGETHER_MADE = r"^9(?:A9)?$"
_NAMED_MADE = r"^ ?(?:A?a?\.?,? )?(?:9(?:aa?|\.)?[-/ ,]?(?:A?a|A)\.?[-/ ,]{0,2}9|(?:A?a|A)\.?[- ]?9a?[-, ]{1,2}9)"
_TAIL = r"(?:(?:,? +|A)99?:99(?::99(?:[.,]9{1,9})?)?(?: ?[aA]\.?[aA]\.?)?(?: ?(?:A|AAA|[-+]99:?(?:99)?))?)?"
_WEEKDAY = r"(?:[aA]{2,10}\.?,? )?"
_NAME = r"(?:A?a{2,9}|A{3,9})\.?"
_TIME = r"^ ?99?:99(?::99(?:[.,]9{1,9})?)?(?: ?[aA]\.?[aA]\.?)? ?$"
_CLOCK = r"^ ?(?:[01]?\d|2[0-4]):[0-5]\d"
_NUMERIC = {
    mark: rf"^( ?)(9999{sign}99?{sign}99?|99?{sign}99?{sign}(?:9999|99)){_TAIL} ?$"
    for mark, sign in (("-", "-"), ("/", "/"), (".", r"\."), (" ", " "))
}
_ZERO = ord("0")
_MONTHS, _MOST_DAYS = 12, 31
_PIVOT = 69  # two-digit years from 69 on are of the 1900s, as POSIX has it


@dataclass(frozen=True, slots=True)
class Moments:
    """How many cells are a date or a time, by layout.

    Args:
        dates: cells by layout in strftime words, ``?/?/%Y`` where day and month can both be the first.
        timed: cells with a date and a time of day behind it; they are in ``dates`` too.
        times: cells with a time of day alone.
        timelines: when the dates are, by layout; of ``?/?/%Y`` by both of the layouts that it can be, with a mark.
    """

    dates: Mapping[str, int] = field(default_factory=dict)
    timed: int = 0
    times: int = 0
    timelines: Mapping[str, Timeline] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Cells with a date, alone or with a time."""
        return sum(self.dates.values())

    @property
    def _settled(self) -> Mapping[str, str | None]:
        """What the layouts that leave day and month open are by the other cells; None if those do not tell.

        Where some cells can only have the day first, or only the month, so have all those that could have either.
        """
        settled: dict[str, str | None] = {}
        for word in (word for word in self.dates if word.startswith("?")):
            sure = [other for other in _readings(word) if other in self.dates]
            settled[word] = sure[0] if len(sure) == 1 else None
        return settled

    @property
    def formats(self) -> tuple[tuple[str, ...], bool]:
        """The layouts of the dates, the most frequent first, and whether two readings are open."""
        rows: dict[str, int] = {}
        for word, count in self.dates.items():
            name = self._settled.get(word) or word
            rows[name] = rows.get(name, 0) + count
        return tuple(sorted(rows, key=lambda word: (-rows[word], word))), None in self._settled.values()

    @property
    def timeline(self) -> Timeline:
        """When the dates are, without those that can be read in two ways."""
        settled = {f"{word} {reading}" for word, reading in self._settled.items()}
        merged = Timeline()
        for word, timeline in self.timelines.items():
            if not word.startswith("?") or word in settled:
                merged = merged.combine(timeline)
        return merged

    def combine(self, other: Moments) -> Moments:
        """Add up two counts."""
        dates = {word: self.dates.get(word, 0) + other.dates.get(word, 0) for word in {**self.dates, **other.dates}}
        none = Timeline()
        timelines = {
            word: self.timelines.get(word, none).combine(other.timelines.get(word, none))
            for word in {**self.timelines, **other.timelines}
        }
        return Moments(dates, self.timed + other.timed, self.times + other.times, timelines)

    @staticmethod
    def of(spelled: Spelled) -> Moments:
        """Count the dates and times among distinct values."""
        clock = spelled.matching(_TIME, among=spelled.gate("^ ?9:9"))
        seen = Moments(times=_times(spelled, spelled.places(clock)))
        for word, days, places in (*_numeric(spelled), *_together(spelled), *_named(spelled)):
            seen = seen.combine(_of_layout(spelled, word, days, places))
        return seen


def _readings(word: str) -> tuple[str, str]:
    """Return what a layout can be that leaves day and month open, the day first."""
    day_first, month_first = (
        word.replace("?", one, 1).replace("?", other) for one, other in (("%d", "%m"), ("%m", "%d"))
    )
    return day_first, month_first


def _of_layout(spelled: Spelled, word: str, days: Days, places: NDArray[np.int64]) -> Moments:
    """Count the dates of one layout.

    Args:
        spelled: the values.
        word: the layout; ``?/?/%Y`` stands for each order of day and month.
        days: the parts of each value: year, month and day, or the year, first and second of an open order.
        places: the values.
    """
    timed = spelled.having(spelled.matching("9:99", among=spelled.gate("9:9")))[places]
    found = Moments()
    for layout, fits, timelines in _orders(word, days):
        rows = spelled.rows[places[fits]]
        if rows.size:
            lines = {
                name: Timeline.of(year[fits], month[fits], day[fits], rows) for name, (year, month, day) in timelines
            }
            found = found.combine(Moments({layout: int(rows.sum())}, int(rows[timed[fits]].sum()), 0, lines))
    return found


def _orders(word: str, days: Days) -> Iterator[tuple[str, Mask, list[tuple[str, Days]]]]:
    """Tell days of the calendar apart by the order of day and month that they have."""
    year, first, second = days
    some = (first > 0) & (second > 0)
    if "?" not in word:
        yield word, some & (first <= _MONTHS) & (second <= _MOST_DAYS), [(word, days)]
        return
    day_first, month_first = _readings(word)
    late, also_late = first > _MONTHS, second > _MONTHS
    yield day_first, some & late & ~also_late & (first <= _MOST_DAYS), [(day_first, (year, second, first))]
    yield month_first, some & also_late & ~late & (second <= _MOST_DAYS), [(month_first, days)]
    both = [(f"{word} {day_first}", (year, second, first)), (f"{word} {month_first}", days)]
    yield word, some & ~late & ~also_late, both


def _numeric(spelled: Spelled) -> Iterator[tuple[str, Days, NDArray[np.int64]]]:
    """Read dates of digits and marks, the digits' places being the same in all values of a pattern."""
    left = spelled.gate(_NUMERIC_MADE)
    for mark, made in _NUMERIC.items():
        like = spelled.matching(made, among=left)
        if not like.any():
            continue
        left = left & ~like
        heads = pc.replace_substring_regex(spelled.patterns.filter(pa.array(like)), made, r"\1\2").dictionary_encode()
        head = np.full(len(like), -1, np.int64)
        head[like] = heads.indices.to_numpy()
        for code, text in enumerate(heads.dictionary.to_pylist()):
            places = spelled.places(head == code)
            one, two, three = _runs(spelled, places, text)
            blank, digits = len(text) - len(text.lstrip()), text.strip()
            if digits[4] == mark and digits[:4] == "9999":
                yield f"%Y{mark}%m{mark}%d", (one, two, three), places
            else:
                long = digits.endswith("9999") and len(text) - blank >= len("9/9/9999")
                year = three if long else np.where(three < _PIVOT, 2000, 1900) + three
                yield f"?{mark}?{mark}{'%Y' if long else '%y'}", (year, one, two), places


def _runs(spelled: Spelled, places: NDArray[np.int64], pattern: str) -> list[NDArray[np.int64]]:
    """Return the numbers of the runs of digits in values of one pattern."""
    runs: list[NDArray[np.int64]] = []
    for at, sign in enumerate(pattern):
        if sign != "9":
            continue
        digit = spelled.byte(places, at).astype(np.int64) - _ZERO
        if at and pattern[at - 1] == "9":
            runs[-1] = runs[-1] * 10 + digit
        else:
            runs.append(digit)
    return runs


def _together(spelled: Spelled) -> Iterator[tuple[str, Days, NDArray[np.int64]]]:
    """Read dates of eight digits; of the years between 1900 and 2099, as other numbers have eight digits too."""
    places = spelled.places(spelled.matching(r"^99999999(?:A999999)?$", among=spelled.gate(_TOGETHER_MADE)))
    if len(places):
        (number,) = _runs(spelled, places, "99999999")
        year = number // 10_000
        likely = (year >= 1900) & (year < 2100)
        yield "%Y%m%d", (year[likely], number[likely] // 100 % 100, number[likely] % 100), places[likely]


@cache
def _names() -> tuple[Mapping[str, str], str]:
    """Return the numbers of the names of months, and a regular expression of the names."""
    numbers = month_numbers(languages())
    return numbers, "|".join(sorted(numbers, key=len, reverse=True))


def _named(spelled: Spelled) -> Iterator[tuple[str, Days, NDArray[np.int64]]]:
    """Read dates with the name of a month."""
    made = spelled.gate(_NAMED_MADE)
    if not made.any():
        return
    numbers, names = _names()
    weekday, day, name = r"(?:\pL{2,10}\.?,? )?", r"(?P<d>\d\d?)", rf"(?P<b>{names})"
    like, form = rf"99?(?:aa|\.)?[-/ ,]?{_NAME}[-/ ,]{{0,2}}", rf"{day}(?:\pL\pL|\.)?[-/ ,]?{name}\.?[-/ ,]{{0,2}}"
    for word, pattern, value in (
        ("%d %b %Y", f"{like}9999", form),
        ("%d %b %y", f"{like}99", form),
        ("%b %d, %Y", rf"{_NAME}[- ]?99?(?:aa)?[-, ]{{1,2}}9999", rf"{name}\.?[- ]?{day}(?:\pL\pL)?[-, ]{{1,2}}"),
    ):
        places = spelled.places(spelled.matching(rf"^ ?{_WEEKDAY}{pattern}{_TAIL} ?$", among=made))
        if not len(places):
            continue
        parts = pc.extract_regex(spelled.chosen(places), rf"(?i)^ ?{weekday}{value}(?P<y>\d+)")
        read = as_mask(parts.is_valid())
        parts, places = parts.filter(pa.array(read)), places[read]
        if len(places):
            month = pc.index_in(pc.utf8_lower(parts.field("b")), value_set=pa.array(list(numbers))).to_numpy()
            months = np.array([int(number) for number in numbers.values()])[month]
            year, days = (pc.cast(parts.field(letter), pa.int64()).to_numpy() for letter in "yd")
            short = year < 100
            year = np.where(short, np.where(year < _PIVOT, 2000, 1900) + year, year)
            yield word, (year, months, days), places


def _times(spelled: Spelled, places: NDArray[np.int64]) -> int:
    if not len(places):
        return 0
    fits = as_mask(pc.match_substring_regex(spelled.chosen(places), _CLOCK))
    rows: Counts = spelled.rows[places[fits]]
    return int(rows.sum())
