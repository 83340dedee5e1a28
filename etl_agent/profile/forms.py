"""The forms in which text stands for a number, a truth value, a date or a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl_agent.batch import Mask, as_mask
from etl_agent.profile.sketches import Counts
from etl_agent.profile.spelled import Spelled

__all__ = ["DATE", "OFFSET", "TIME", "Forms"]

_YEAR = r"(?:\d{3}[1-9]|\d{2}[1-9]\d|\d[1-9]\d{2}|[1-9]\d{3})"  # no year 0: SQL and Python have none
_LEAP = r"(?:\d\d(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"
DATE = (
    rf"(?:{_YEAR}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)"
    rf"|02-(?:0[1-9]|1\d|2[0-8]))|{_LEAP}-02-29)"
)
"""A day of the calendar, as YYYY-MM-DD."""
TIME = r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?"
"""A time of day: hh:mm, hh:mm:ss, with up to 6 decimals."""
OFFSET = r"(?:Z|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)"
"""The distance of a local time from UTC."""

Key = TypeVar("Key")

_SECONDS = r"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d"
_MOMENTS = (
    # the form, another that its cells have as well, their patterns, and what their values must match
    ("date", None, r"^9999-99-99$", f"^{DATE}$"),
    ("time", "any time", r"^99:99:99$", f"^{_SECONDS}$"),
    ("any time", None, r"^99:99(?::99\.9+)?$", f"^{TIME}$"),
    ("timestamp", "any timestamp", r"^9999-99-99 99:99:99$", f"^{DATE} {_SECONDS}$"),
    ("any timestamp", None, r"^9999-99-99[ A]99:99", f"^{DATE}[ T]{TIME}{OFFSET}?$"),
)
_ZERO = ord("0")


@dataclass(frozen=True, slots=True)
class Forms:
    """How many cells have each form.

    Args:
        rows: cells by form. Those of ``integer``, ``decimal``, ``boolean``, ``date``, ``time`` and ``timestamp``
            are written just as their value would be written back. ``number``, ``any time`` and ``any timestamp``
            also count other spellings of a value (+5, 007, .5, 12:30, 2024-01-01T12:30Z).
        scales: cells of ``decimal`` by digits after the point.
        whole: the most digits before the point of any ``number``.
        scale: the most digits after the point of any ``number``.
        large: cells of ``integer`` that 64 bits do not hold.
    """

    rows: Mapping[str, int] = field(default_factory=dict)
    scales: Mapping[int, int] = field(default_factory=dict)
    whole: int = 0
    scale: int = 0
    large: int = 0

    def combine(self, other: Forms) -> Forms:
        """Add up two counts."""
        return Forms(
            _added(self.rows, other.rows),
            _added(self.scales, other.scales),
            max(self.whole, other.whole),
            max(self.scale, other.scale),
            self.large + other.large,
        )

    @staticmethod
    def of(spelled: Spelled) -> Forms:
        """Count the forms of distinct values, looking closer only where a value's pattern leaves room for one."""
        rows = dict(_moments(spelled))
        truths = spelled.part(spelled.places(spelled.gate("^a$")))
        if len(truths.values):
            found = as_mask(pc.is_in(truths.values, value_set=pa.array(["true", "false"])))
            rows["boolean"] = int(truths.rows[found].sum())
        numbers = spelled.gate(r"^[+-]?(?:9\.?9?|\.9)$")
        rows["number"] = spelled.count(numbers)
        exact = spelled.matching(r"^-?9+(?:\.9+)?$", among=numbers)
        by_pattern = _written_back(spelled, exact)
        whole, scale = _digits(spelled.patterns.filter(pa.array(exact)))
        found_rows = by_pattern[exact]
        rows["integer"] = int(found_rows[scale == 0].sum())
        rows["decimal"] = int(found_rows[scale > 0].sum())
        large = np.zeros(len(exact), np.bool_)
        large[exact] = (scale == 0) & (whole > 18)
        used = scale > 0
        scales = np.bincount(scale[used], weights=found_rows[used]).astype(np.int64)
        all_whole, all_scale = _digits(spelled.patterns.filter(pa.array(numbers)))
        return Forms(
            {form: count for form, count in rows.items() if count},
            {int(digits): int(scales[digits]) for digits in np.flatnonzero(scales)},
            int(all_whole.max(initial=0)),
            int(all_scale.max(initial=0)),
            _beyond(spelled.part(spelled.places(large))),
        )


def _moments(spelled: Spelled) -> Iterator[tuple[str, int]]:
    """Count the cells that are dates and times as they would be written back, and in other spellings."""
    rows: dict[str, int] = {}
    left = spelled.gate(r"^9-9-9(?:[ A]9:|$)|^9:9")
    for form, also, made, written in _MOMENTS:
        like = spelled.matching(made, among=left)
        left = left & ~like
        places = spelled.places(like)
        if len(places):
            fits = as_mask(pc.match_substring_regex(spelled.chosen(places), written))
            count = int(spelled.rows[places[fits]].sum())
            for name in (form, also):
                if name is not None:
                    rows[name] = rows.get(name, 0) + count
    return iter(rows.items())


def _written_back(spelled: Spelled, exact: Mask) -> Counts:
    """Count the rows of numbers by pattern, without those that would lose a zero in front or the sign of a zero."""
    places = spelled.places(exact)
    if not len(places):
        return np.zeros(len(exact), np.int64)
    negative = spelled.having(spelled.matching("^-", among=exact))[places]
    padded = spelled.having(spelled.matching("^-?99", among=exact))[places]
    zero = spelled.byte(places, negative.astype(np.int64)) == _ZERO
    bad = padded & zero
    signed = np.flatnonzero(negative & zero & ~bad)
    bad[signed] = as_mask(pc.match_substring_regex(spelled.values.take(pa.array(places[signed])), r"^-[0.]+$"))
    kept = np.zeros(len(spelled.values), np.bool_)
    kept[places[~bad]] = True
    return spelled.rows_by_pattern(kept)


def _digits(patterns: pa.Array) -> tuple[Counts, Counts]:
    """Count the digits before and after the point in patterns of numbers."""
    unsigned = pc.utf8_ltrim(patterns, characters="+-")
    point = pc.find_substring(unsigned, pattern=".").to_numpy(zero_copy_only=False).astype(np.int64)
    length = pc.binary_length(unsigned).to_numpy(zero_copy_only=False).astype(np.int64)
    return np.where(point < 0, length, point), np.where(point < 0, 0, length - point - 1)


def _beyond(integers: Spelled) -> int:
    """Count the integers of 19 or more digits that 64 bits do not hold."""
    numbers = integers.values.to_pylist()
    return sum(
        rows
        for number, rows in zip(numbers, integers.rows.tolist(), strict=True)
        if len(number) > 20 or not -(2**63) <= int(number) < 2**63
    )


def _added(left: Mapping[Key, int], right: Mapping[Key, int]) -> dict[Key, int]:
    return {key: left.get(key, 0) + right.get(key, 0) for key in {**left, **right}}
