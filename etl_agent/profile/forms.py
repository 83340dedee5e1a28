"""The forms in which text stands for a number, a truth value, a date or a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

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
_WRITTEN: Mapping[str, str] = {
    "date": DATE,
    "time": _SECONDS,
    "timestamp": f"{DATE} {_SECONDS}",
    "any time": TIME,
    "any timestamp": f"{DATE}[ T]{TIME}{OFFSET}?",
}
_MOST_PATTERNS = 4096  # in one batch; a column of numbers or dates has far fewer


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
    def of(values: pa.Array, counts: NDArray[np.int64], patterns: pa.DictionaryArray) -> tuple[Forms, pa.Array]:
        """Count the forms of distinct values, looking closer only where a value's pattern leaves room for one.

        Args:
            values: distinct values.
            counts: rows of each.
            patterns: the masked pattern of each value; null for one that is too long for any form.

        Returns:
            The counts, and which values are numbers.
        """
        none = pa.array(np.zeros(len(values), np.bool_))
        if len(patterns.dictionary) > _MOST_PATTERNS or not len(values):
            return Forms(), none
        rows: dict[str, int] = {}
        truths = pc.is_in(values, value_set=pa.array(["true", "false"]))
        _note(rows, "boolean", counts, truths)
        if _any(patterns, r"^9999-99-99|^99:99"):
            for form, written in _WRITTEN.items():
                _note(rows, form, counts, pc.match_substring_regex(values, f"^(?:{written})$"))
        numbers = _of_values(patterns, r"^[+-]?(?:9+\.?9*|\.9+)$")
        if numbers is None:
            return Forms(rows), none
        return _numbers(rows, values, counts, numbers), numbers


def _numbers(rows: dict[str, int], values: pa.Array, counts: NDArray[np.int64], numbers: pa.Array) -> Forms:
    _note(rows, "number", counts, numbers)
    kept = _numpy(numbers)
    values, counts = values.filter(numbers), counts[kept]
    integers = pc.match_substring_regex(values, r"^(?:0|-?[1-9]\d*)$")
    _note(rows, "integer", counts, integers)
    # "-0.00" would come back without its sign.
    decimals = pc.match_substring_regex(values, r"^(?:(?:0|[1-9]\d*)\.\d+|-(?:[1-9]\d*\.\d+|0\.\d*[1-9]\d*))$")
    _note(rows, "decimal", counts, decimals)
    unsigned = pc.utf8_ltrim(values, characters="+-")
    point = pc.find_substring(unsigned, pattern=".").to_numpy(zero_copy_only=False)
    length = pc.binary_length(unsigned).to_numpy(zero_copy_only=False)
    whole = np.where(point < 0, length, point)
    scale = np.where(point < 0, 0, length - point - 1)
    exact = _numpy(decimals)
    found, places = np.unique(scale[exact], return_inverse=True)
    by_scale = np.bincount(places, weights=counts[exact], minlength=len(found)).astype(np.int64)
    large = _numpy(integers) & (length > 18)
    return Forms(
        rows,
        dict(zip(found.tolist(), by_scale.tolist(), strict=True)),
        int(whole.max()),
        int(scale.max()),
        _beyond(values.filter(pa.array(large)), counts[large]),
    )


def _beyond(values: pa.Array, counts: NDArray[np.int64]) -> int:
    """Count the integers of 19 or more digits that 64 bits do not hold; there are few kinds of them."""
    numbers = values.to_pylist()
    return sum(
        rows
        for number, rows in zip(numbers, counts.tolist(), strict=True)
        if len(number) > 20 or not -(2**63) <= int(number) < 2**63
    )


def _of_values(patterns: pa.DictionaryArray, form: str) -> pa.Array | None:
    """Tell which values' patterns match; None if none does."""
    matching = pc.match_substring_regex(patterns.dictionary, form)
    if not matching.true_count:
        return None
    return pc.fill_null(matching.take(patterns.indices), fill_value=False)


def _any(patterns: pa.DictionaryArray, form: str) -> bool:
    return bool(pc.match_substring_regex(patterns.dictionary, form).true_count)


def _note(rows: dict[str, int], form: str, counts: NDArray[np.int64], matching: pa.Array) -> None:
    if matching.true_count:
        rows[form] = int(counts[_numpy(matching)].sum())


def _numpy(truths: pa.Array) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = truths.to_numpy(zero_copy_only=False)
    return found


def _added(left: Mapping[Key, int], right: Mapping[Key, int]) -> dict[Key, int]:
    return {key: left.get(key, 0) + right.get(key, 0) for key in (*left, *(key for key in right if key not in left))}
