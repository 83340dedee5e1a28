"""What a change does to one value: whether both texts can be read as the same value, and by which reading."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Literal

from etl_agent.decide.gate.conversions import conversion_targets
from etl_agent.profile.months import languages, month_numbers
from etl_agent.profile.nulls import null_sort
from etl_agent.profile.words import TRUTHS

__all__ = ["NUMBER", "Reading", "Relation", "reading"]

Relation = Literal[
    "blanks",
    "case",
    "marks",
    "number",
    "digits",
    "rounded",
    "zeros",
    "unit",
    "converted",
    "moment",
    "clock",
    "truth",
    "missing",
    "value",
]
"""What a change of a cell does. All but the last leave the meaning as it is, if the column is what it seems.

blanks: blanks, invisible characters, Unicode forms, mis-decoded text. case: small letters and capitals. marks: signs
between the same letters and digits. number: an amount as a plain number, the same digits. digits: the same number with
other digits (1.0 and 1). rounded: a number without the error of binary arithmetic. zeros: leading zeros. unit: a unit,
currency or percent sign taken away. converted: a number in another unit. moment: a date or time in ISO 8601. clock:
the time of day alone. truth: true or false. missing: another way to write that there is no value. value: none of
these: another value.
"""

_LONGEST = 400  # characters of a value that is read; nothing with a reading is longer, and hostile ones could cost much
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
"""A number in canonical text."""

_LIGHT = frozenset("._,;:/\\'\"`´\u2018\u2019\u201c\u201d()[]{}-\u2010\u2011\u2012\u2013\u2014&")
_AMOUNT = re.compile(r"([^\d.,]{0,12})([.,]?\d(?:[\d.,'\u2019 ]*\d)?)([^\d.,][^\d]{0,23})?\.?")
_DAY = r"(\d{4})-(\d\d)-(\d\d)"
_CLOCK = r"(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:?\d\d)?"
_ISO = re.compile(rf"(?:{_DAY})?(?:(?:(?<=\d)[ T])?{_CLOCK})?")
_ANY_CLOCK = re.compile(
    r"(?<!\d)(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*(?:([AaPp])\.?\s?[Mm]\.?)?\s*(Z|UTC|GMT|[+-]\d\d:?(?:\d\d)?)?(?!\w)"
)
_BINARY = 2.0**-44  # of a number: 53 bits are kept, and sums and products lose some of them


@dataclass(frozen=True, slots=True)
class Reading:
    """How a text was read as the value that the other one is.

    Args:
        relation: what the change does.
        decimal: the mark that was read as the decimal mark; empty where there was none.
        groups: the mark that was read as standing between groups of digits; empty where there was none.
        affix: what stood around the digits, or beside a time of day, and was taken away.
        order: of a date: ``dmy``, ``mdy``, ``either`` where both give the same, ``named``, ``ymd``, ``ydm``,
            ``yy`` (a two-digit year first), ``serial``; empty for a time alone.
        units: of a conversion, the units that the result can be in.
    """

    relation: Relation
    decimal: str = ""
    groups: str = ""
    affix: str = ""
    order: str = ""
    units: frozenset[str] = frozenset()


_VALUE = Reading("value")


def reading(before: str, after: str) -> Reading:
    """Tell what a change of a cell does.

    Args:
        before: the text before.
        after: the text after, another one.
    """
    if _bare(before) == _bare(after) or _decoded(before) == after:
        return Reading("blanks")
    if max(len(before), len(after)) > _LONGEST:
        return Reading("case") if _bare(before).casefold() == _bare(after).casefold() else _VALUE
    before, after = _bare(before), _bare(after)
    if before.casefold() == after.casefold():
        return Reading("case")
    if null_sort(before) is not None and null_sort(after) is not None:
        return Reading("missing")
    if (truth := _truth(before)) is not None and truth == _truth(after):
        return Reading("truth")
    if after[:1].isdigit() or after[:1] == "-":
        if found := _moment(before, after) or _clock(before, after) or _numeric(before, after):
            return found
        if NUMBER.fullmatch(after) or NUMBER.fullmatch(before):
            return _VALUE  # a sign, a point or a digit too many makes another number
    if _content(before) == _content(after) != "" and _amount(before) == _amount(after):
        return Reading("marks")
    return _VALUE


def _bare(text: str) -> str:
    """Write a text without what is not seen: blanks at the ends and runs of them, invisible characters, forms."""
    if text.isascii():
        return " ".join(text.split())
    if not any(unicodedata.decomposition(sign).startswith(("<super>", "<sub>", "<fraction>")) for sign in text):
        text = unicodedata.normalize("NFKC", text)  # those signs mean something: 10² is not 102
    return " ".join(
        "".join(sign for sign in text if unicodedata.category(sign) not in ("Cf", "Cc") or sign in "\t\r\n").split()
    )


def _decoded(text: str) -> str | None:
    """Return a text that was decoded by the wrong single-byte code as it was meant, where its bytes prove it."""
    if text.isascii():
        return None
    for code in ("cp1252", "latin-1"):
        try:
            return text.encode(code).decode("utf-8")
        except UnicodeError:
            continue
    return None


def _content(text: str) -> str:
    """Return a text without case, accents, blanks and light punctuation; other signs say something, as in C# or †."""
    plain = text if text.isascii() else unicodedata.normalize("NFKD", text)
    return "".join(
        sign for sign in plain if not (sign.isspace() or sign in _LIGHT or unicodedata.category(sign) == "Mn")
    ).casefold()


@cache
def _sides() -> dict[str, bool]:
    return {word: side for pair in TRUTHS.values() for word, side in zip(pair, (True, False), strict=True)}


def _truth(text: str) -> bool | None:
    return _sides().get(text.lower()) if len(text) <= 5 else None


def _numeric(before: str, after: str) -> Reading | None:
    """Read a text as the number that the other one is."""
    if not NUMBER.fullmatch(after):
        return None
    if before.isdigit() and after.isdigit() and before.lstrip("0") == after.lstrip("0"):
        return Reading("zeros")
    found = _AMOUNT.fullmatch(before.replace("\u2212", "-"))
    if found is None:
        return _same_number(before, after)
    ahead, body, behind = found[1], found[2], found[3] or ""
    negative = _negative(ahead, behind)
    affix = "".join(sign for sign in ahead + behind if sign not in "+-() ")
    if any(sign.isalpha() for sign in ahead) and not _currency(ahead):
        return None  # a code like AB12 is not an amount with a unit in front
    marks = _marks(body, after.removeprefix("-"))
    if marks is None or (negative != after.startswith("-") and set(after) & set("123456789")):
        return _converted(before, body, affix, after) or _same_number(before, after)
    decimal, groups = marks
    return Reading("unit" if affix else "number", decimal=decimal, groups=groups, affix=affix.casefold())


def _amount(text: str) -> tuple[bool, str] | None:
    """Return the sign and the digits and marks of an amount; None for what is none."""
    found = _AMOUNT.fullmatch(text.replace("\u2212", "-"))
    return None if found is None else (_negative(found[1], found[3] or ""), found[2])


def _negative(ahead: str, behind: str) -> bool:
    return "-" in ahead or behind.strip().startswith("-") or ("(" in ahead and ")" in behind)


def _currency(text: str) -> bool:
    word = "".join(sign for sign in text if sign not in "+-() ")
    return any(unicodedata.category(sign) == "Sc" for sign in word) or (len(word) == 3 and word.isupper())


def _marks(body: str, number: str) -> tuple[str, str] | None:
    """Return the decimal mark and the mark between groups by which digits were read; None if they were not."""
    whole, _, fraction = number.partition(".")
    if "".join(filter(str.isdigit, body)).lstrip("0") != (whole + fraction).lstrip("0"):
        return None
    end = len(body) - len(fraction)
    decimal = body[end - 1] if fraction else ""
    head = body[: end - 1] if fraction else body
    if fraction and (decimal.isdigit() or "".join(filter(str.isdigit, body[end:])) != fraction):
        return None
    signs = {sign for sign in head if not sign.isdigit()}
    if not signs:
        return decimal, ""
    groups = signs.pop()
    if signs or groups == decimal:
        return None
    pieces = head.split(groups)
    threes = all(len(piece) == 3 for piece in pieces[1:])
    indian = len(pieces[-1]) == 3 and all(len(piece) == 2 for piece in pieces[1:-1])
    if not 1 <= len(pieces[0]) <= 3 or not (threes or indian):
        return None
    return decimal, groups


def _same_number(before: str, after: str) -> Reading | None:
    """Tell whether a text is the same number with other digits: 1.0, 1e3, +5; or but for the error of binary sums."""
    if len(before) > 40:
        return None
    try:
        was, is_ = Decimal(before), Decimal(after)
    except InvalidOperation:
        return None
    if was == is_:
        return Reading("digits")
    near = max(abs(was.adjusted()), abs(is_.adjusted())) < 300 and abs(float(was - is_)) <= _BINARY * abs(float(was))
    return Reading("rounded") if near and len(after) < len(before) else None


def _converted(before: str, body: str, affix: str, after: str) -> Reading | None:
    try:
        number = Decimal(body.replace(",", "."))
    except InvalidOperation:
        return None
    if affix == "%" and number == 100 * Decimal(after):
        return Reading("unit", affix="%/100")
    if not affix:
        return None
    if "," not in body and (number == Decimal(after) or _same_number(body, after)):
        return Reading("unit", decimal="." if "." in body else "", affix=affix.casefold())
    units = conversion_targets(-number if before.lstrip().startswith("-") else number, affix, Decimal(after))
    return Reading("converted", affix=affix, units=units) if units else None


def _moment(before: str, after: str) -> Reading | None:
    """Read a text as the date or time that the other one is."""
    iso = _ISO.fullmatch(after)
    if iso is None or not (iso[1] or iso[4]):
        return None
    clock = _ANY_CLOCK.search(before)
    if not _same_clock(clock, iso):
        return None
    if iso[1] is None:
        return Reading("moment") if clock and not before[: clock.start()].strip() else None
    try:
        day = date(int(iso[1]), int(iso[2]), int(iso[3]))
    except ValueError:
        return None
    order = _order(before[: clock.start()] if clock else before, day)
    return Reading("moment", order=order) if order else None


def _clock(before: str, after: str) -> Reading | None:
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


def _same_clock(clock: re.Match[str] | None, iso: re.Match[str]) -> bool:
    """Tell whether the time of day and its offset are the same; midnight is the same as no time."""
    written = (int(iso[4] or 0), int(iso[5] or 0), int(iso[6] or 0))
    if clock is None:
        return written == (0, 0, 0)
    hours = _hours(clock)
    return hours[:3] == written and hours[3] == _offset(iso[8])


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
    if len(numbers[0]) == 4:
        orders = {(day.month, day.day): "ymd", (day.day, day.month): "ydm"}
        return orders.get((second, third), "") if first == day.year else ""
    if third in years and {first, second} == {day.day, day.month}:
        return "either" if first == second else "dmy" if first == day.day else "mdy"
    return "yy" if (first, second, third) == (years[1], day.month, day.day) else ""


def _packed(digits: str, day: date) -> str:
    if len(digits) == 8 and digits == day.strftime("%Y%m%d"):
        return "ymd"
    serial = 4 <= len(digits) <= 5 and date(1899, 12, 30) + timedelta(days=int(digits)) == day
    return "serial" if serial else ""
