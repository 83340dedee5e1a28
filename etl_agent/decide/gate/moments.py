"""Dates and times as people write them: read as the moment that another text is."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import cache

from etl_agent.decide.gate.reading import Reading
from etl_agent.profile.months import languages, month_numbers

__all__ = ["clock_reading", "date_reading"]

_ANY_CLOCK = re.compile(
    r"(?<!\d)(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*(?:([AaPp])\.?\s?[Mm]\.?)?\s*(Z|UTC|GMT|[+-]\d\d:?(?:\d\d)?)?(?!\w)"
)
_ISO_CLOCK = re.compile(r"\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?")
_MIDNIGHT = (0, 0, 0, None)


def date_reading(before: str, after: str) -> Reading | None:
    """Read a text as the date that the other one is, with or without a time; None if it is not.

    Args:
        before: the text before.
        after: the text after, in any format; if it is not ISO 8601, the order in which it is written is told.
    """
    was, is_ = _ANY_CLOCK.search(before), _ANY_CLOCK.search(after)
    if not _same_clock(was, is_):
        return None
    first, second = (text[: clock.start()] if clock else text for text, clock in ((before, was), (after, is_)))
    if not second.strip(" T"):
        return Reading("moment") if was and is_ and not first.strip() and _ISO_CLOCK.fullmatch(after) else None
    found = None
    for day, into in _days(second.removesuffix("T")):
        order = _order(first.removesuffix("T"), day)
        if not order or (found is not None and order == "ydm"):
            continue
        same = into in ("dmy", "mdy") and order in (into, "either")
        written = "same" if same else "" if into in ("ymd", "named") else into
        certain = same or order in ("ymd", "named", "either") or day.day > 12
        if found is None or found.order == "ydm":
            found = Reading("moment", certain=certain, order="same" if same else order, into=written)
    return found


def _days(text: str) -> list[tuple[date, str]]:
    """Return the days that a text may be, each with the order in which it gives them; the surest first."""
    digits = re.findall(r"\d+", text)
    if any(len(number) > 4 for number in digits):  # no year
        return []
    numbers = [int(number) for number in digits]
    months = [_months()[word.casefold()] for word in re.findall(r"[^\W\d_]{3,}", text) if word.casefold() in _months()]
    found: list[tuple[int, int, int, str]] = []
    if months and len(numbers) == 2:
        year = next((number for number, held in zip(numbers, digits, strict=True) if len(held) == 4), None)
        other = next((number for number, held in zip(numbers, digits, strict=True) if len(held) <= 2), None)
        found += [(year, months[0], other, "named")] if year is not None and other is not None else []
    elif len(numbers) == 3 and len(digits[0]) == 4:
        found += [(numbers[0], numbers[1], numbers[2], "ymd")]
    elif len(numbers) == 3 and len(digits[2]) == 4 and not months:
        found += [(numbers[2], numbers[1], numbers[0], "dmy"), (numbers[2], numbers[0], numbers[1], "mdy")]
    days = []
    for year, month, day, order in found:
        try:
            days.append((date(year, month, day), order))
        except ValueError:
            continue
    return days


def clock_reading(before: str, after: str) -> Reading | None:
    """Read a text as the time of day that the other one is, in any spelling; what stood beside it is the affix."""
    found, meant = _ANY_CLOCK.search(before), _ANY_CLOCK.fullmatch(after)
    if found is None or meant is None or _hours(found) != _hours(meant):
        return None
    beside = before[: found.start()] + " " + before[found.end() :]
    numbers = [int(number) for number in re.findall(r"(?<![\d:])\d{1,2}(?![\d:])", beside)][:2]
    months = [
        _months()[word.casefold()] for word in re.findall(r"[^\W\d_]{3,}", beside) if word.casefold() in _months()
    ]
    day = "/".join(map(str, sorted({*numbers, *months})))
    return Reading("clock", affix=day or ("note" if re.search(r"\w", beside) else ""))


def _hours(clock: re.Match[str]) -> tuple[int, int, int, str | None]:
    hour = int(clock[1])
    if clock[5]:
        hour = hour % 12 + (12 if clock[5] in "Pp" else 0)
    return hour % 24, int(clock[2]), int(clock[3] or 0), _offset(clock[6])


def _same_clock(was: re.Match[str] | None, is_: re.Match[str] | None) -> bool:
    """Tell whether the time of day and its offset are the same; midnight is the same as no time."""
    return (_hours(was) if was else _MIDNIGHT) == (_hours(is_) if is_ else _MIDNIGHT)


def _offset(text: str | None) -> str | None:
    if text is None:
        return None
    return "+0000" if text in ("Z", "UTC", "GMT") else text.replace(":", "").ljust(5, "0")


@cache
def _months() -> dict[str, int]:
    return {name: int(number) for name, number in month_numbers(languages()).items()}


def _order(text: str, day: date) -> str:
    """Return the order in which a text gives a day; empty where it does not."""
    numbers = re.findall(r"\d+", text)
    words = [word.casefold() for word in re.findall(r"[^\W\d_]{3,}", text)]
    values = [int(number) for number in numbers if len(number) <= 8]
    years = (day.year, day.year % 100)
    if any(_months().get(word) == day.month for word in words):
        named = len(values) == 2 and day.day in values and any(year in values for year in years)
        return "named" if named else ""
    if len(values) == 1 and len(numbers) == 1:
        return _packed(numbers[0], day)
    if len(values) != 3 or len(numbers) != 3:
        return ""
    first, second, third = values
    if sorted(map(len, numbers))[1] > 2 or len(numbers[1]) > 2:
        return ""
    if len(numbers[0]) == 4:
        if first != day.year:
            return ""
        if (second, third) == (day.month, day.day):
            return "ymd"
        return "ydm" if (third, second) == (day.month, day.day) else ""
    if third in years and {first, second} == {day.day, day.month}:
        return "either" if first == second else "dmy" if first == day.day else "mdy"
    two = len(numbers[0]) == 2 and (first, second, third) == (years[1], day.month, day.day)
    return "yy" if two else ""


def _packed(digits: str, day: date) -> str:
    if len(digits) == 8 and digits == day.strftime("%Y%m%d"):
        return "ymd"
    serial = 4 <= len(digits) <= 5 and date(1899, 12, 30) + timedelta(days=int(digits)) == day
    return "serial" if serial else ""
