"""What the values of a column say, however each of them is written: texts that are equal where the meaning is."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable

from etl_agent.profile.coded import CodedColumn
from etl_agent.profile.patterns import collapsed_patterns

__all__ = ["meanings", "shapes"]

Reading = Callable[[str], str | None]

_LONGEST = 256  # characters of a value that are looked at; a longer one means nothing but itself
_CLOCK = re.compile(
    r"(?<![\w:.,/+-])(?P<H>\d{1,2}):(?P<M>[0-5]\d)(?::(?P<S>[0-5]\d))?(?![\d:])"
    r"(?: ?(?P<half>[ap])(?:(?=\b|(?-i:[A-Z]))|\.?m\b\.?))?",
    re.IGNORECASE,
)
_TWELVE = 12
_EDGES = r"(?<![\w.,:/+-]){}(?![\w:/+-]|[.,]\d)"
_GROUPED = re.compile(r"(?!9[.,]9$)9(?:[^9Aa]+9)+")  # shapes of two runs of digits or more that are no number


def shapes(column: CodedColumn) -> tuple[str, ...]:
    """Return the shape of each distinct value: runs of digits, capitals and other letters written once."""
    return tuple(collapsed_patterns(column.values).to_pylist())


def meanings(column: CodedColumn) -> tuple[str | None, ...]:
    """Return for each distinct value of a column what it says; None where it says nothing that can be compared.

    Most values of a column are written in one way, and what the others have around that is noise: where the usual
    value is a time of day, ``12/02 9:05 a.m. (-00:00)`` and ``09:05 AM`` both say 09:05; where it is a group of
    numbers, as dates and telephone numbers are, a value says the one such group that is in it. Elsewhere values
    that differ in nothing but case, width, blanks and signs at their ends say the same.

    Args:
        column: any number of values.
    """
    reading = _reading(column)
    return tuple(reading(value) if len(value) <= _LONGEST else value for value in column.texts)


def _reading(column: CodedColumn) -> Reading:
    counts = column.counts.tolist()
    clocks = [_CLOCK.fullmatch(value.strip()) if len(value) <= _LONGEST else None for value in column.texts]
    halved = sum(rows for rows, clock in zip(counts, clocks, strict=True) if clock and clock["half"])
    if 2 * sum(rows for rows, clock in zip(counts, clocks, strict=True) if clock) > sum(counts):
        return lambda value: _time_in(value, halves=2 * halved > sum(counts))
    rows_of: Counter[str] = Counter()
    for shape, rows in zip(shapes(column), counts, strict=True):
        rows_of[shape] += rows
    usual = max(rows_of, key=lambda shape: (rows_of[shape], shape), default="")
    if 2 * rows_of[usual] > sum(counts) and _GROUPED.fullmatch(usual):
        pattern = re.compile(_EDGES.format(r"\d+".join(re.escape(signs) for signs in usual.split("9"))))
        return lambda value: _group_in(value, pattern)
    return _folded


def _time_in(value: str, *, halves: bool) -> str | None:
    """Read the only time of day in a value; in a column of two halves of twelve hours one without a half is open."""
    found = list(_CLOCK.finditer(value.replace("&nbsp", " ")))
    if len(found) != 1:
        return None
    hour, half = int(found[0]["H"]), (found[0]["half"] or "").lower()
    if half:
        if not 1 <= hour <= _TWELVE:
            return None
        hour = hour % _TWELVE + (_TWELVE if half == "p" else 0)
    elif hour >= 2 * _TWELVE or (halves and 1 <= hour <= _TWELVE):
        return None
    return f"{hour:02d}:{found[0]['M']}:{found[0]['S'] or '00'}"


def _group_in(value: str, pattern: re.Pattern[str]) -> str:
    found = pattern.findall(value)
    return str(found[0]) if len(found) == 1 else _folded(value)


def _folded(value: str) -> str:
    text = " ".join(unicodedata.normalize("NFKC", value).casefold().split())
    return text.strip(" .,;:*'\"") or text
